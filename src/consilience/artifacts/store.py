"""A bundle on disk: JSON and safetensors, a manifest with the SHA-256 of every file. Loading executes nothing."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file as load_arrays
from safetensors.numpy import save_file as save_arrays

from consilience.artifacts.bundle import Bundle
from consilience.artifacts.manifest import MANIFEST, read_manifest, write_manifest
from consilience.artifacts.rules import Rules, restored_rules
from consilience.artifacts.several import prefix_of, restore_views, views_state
from consilience.core.config import validate
from consilience.core.errors import InputError
from consilience.core.files import finite, write_json
from consilience.core.recipe import Recipe
from consilience.core.registry import get, names
from consilience.references.base import Reference, State

if TYPE_CHECKING:
    from consilience.fusion.model import Multimodal

GRAPH, SAMPLES, REFERENCE = "network.onnx", "sample.parquet", "reference.json"
"""Of an exported model: the graph, loaded in place of the weights without PyTorch; sample rows; what drift is measured
against."""


def save_bundle(bundle: Bundle, folder: Path) -> None:
    """Write the bundle whole: a temporary folder replaces `folder` at the end."""

    def write(temporary: Path) -> None:
        write_parts(bundle, temporary)
        write_weights(bundle, temporary)
        seal(bundle, temporary, {})

    write_whole(folder, write)


def write_whole(folder: Path, write: Callable[[Path], None]) -> None:
    """`write` fills a temporary folder, which then replaces `folder`: no folder is ever half a model."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    temporary.chmod(0o755)
    try:
        write(temporary)
        for file in temporary.iterdir():  # safetensors writes for the owner alone; a server may be somebody else
            file.chmod(0o644)
        if folder.exists():
            shutil.rmtree(folder)
        os.replace(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_parts(bundle: Bundle, folder: Path) -> None:
    """Everything but the networks: facts, rules, references; of several targets those of each."""
    write_json(folder / "facts.json", bundle.facts)
    _write_judgement(bundle, folder, "")
    for number, view in enumerate(bundle.views.values()):
        _write_judgement(view, folder, prefix_of(number))


def _write_judgement(bundle: Bundle, folder: Path, prefix: str) -> None:
    """Rules and references, in files whose names begin with the prefix."""
    write_json(folder / f"{prefix}rules.json", bundle.rules.state())
    for name, reference in bundle.references.items():
        state = reference.state()
        write_json(folder / f"{prefix}reference-{name}.json", state.values)
        arrays = {k: np.ascontiguousarray(v) for k, v in state.arrays.items()}
        save_arrays(arrays, folder / f"{prefix}reference-{name}.safetensors")


def write_weights(bundle: Bundle, folder: Path) -> None:
    """The networks' weights."""
    from safetensors.torch import save_file

    for i, network in enumerate(bundle.networks):
        weights = {k: v.detach().cpu().contiguous() for k, v in network.state_dict().items()}
        save_file(weights, folder / f"network-{i}.safetensors")


def seal(bundle: Bundle, folder: Path, more: dict[str, Any]) -> None:
    """The manifest, with the hash of every file that stands in the folder; `more` fields beside the usual ones."""
    content = {
        "recipe": bundle.recipe.model_dump(mode="json"),
        "fusion": [network.candidates[0] for network in bundle.networks],
        "references": list(bundle.references),
        "meta": bundle.meta,
        **({"views": views_state(bundle)} if bundle.views else {}),
        **more,
    }
    write_manifest(folder, content)


def load_bundle(folder: Path) -> Bundle:
    """Read a bundle, after checking the hash of every file.

    Raises:
        InputError: when the folder is no bundle, or a file is missing, changed or of another format.
    """
    manifest = read_manifest(folder)
    recipe = validate(Recipe, manifest["recipe"], str(folder / MANIFEST))
    facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
    assert recipe.task is not None, "a bundle holds a resolved recipe"
    task = recipe.task.build("task", facts["task"])

    def judgement(
        prefix: str, named: Sequence[str], facts: dict[str, Any], kind: str
    ) -> tuple[dict[str, Reference], Rules]:
        state = json.loads((folder / f"{prefix}rules.json").read_text(encoding="utf-8"))
        found = {name: _reference(folder, (prefix, name), facts, kind) for name in named}
        return found, restored_rules(list(recipe.groups), state)

    references, rules = judgement("", manifest["references"], facts, task.kind)
    bundle = Bundle(recipe, facts, [], references, rules, manifest["meta"])
    if "onnx" in manifest:
        from consilience.artifacts.onnx_writer import open_exported

        bundle.exported = open_exported(folder / GRAPH, manifest["onnx"], task)
    else:
        bundle.networks = _networks(bundle, folder, manifest["fusion"])
    bundle.views = restore_views(bundle, manifest.get("views", ()), judgement)
    return bundle


def _networks(bundle: Bundle, folder: Path, fusions: list[str]) -> list[Multimodal]:
    import torch

    from consilience.fusion.model import assemble

    _check_encoders(bundle.recipe, folder)
    networks = []
    for i, fusion in enumerate(fusions):
        network = assemble(bundle.recipe, bundle.facts, bundle.task.outputs)
        network.select(fusion)
        _fill(network, folder / f"network-{i}.safetensors")
        if bundle.recipe.train.channels_last:  # as in training: others take other sums, in the last digits
            network = network.to(memory_format=torch.channels_last)
        networks.append(network.eval())
    return networks


def _check_encoders(recipe: Recipe, folder: Path) -> None:
    """
    Raises:
        InputError: when a group's encoder is a module that the program which trained it had registered.
    """
    known = names("encoder")
    for group, chosen in recipe.groups.items():
        if chosen.encoder is not None and chosen.encoder.type not in known:
            raise InputError(
                f"group {group!r} was trained with an encoder {chosen.encoder.type!r} that is not known here",
                where=str(folder),
                fix=f"Register the same module first: register_encoder({chosen.encoder.type!r}, …, "
                f"modality={chosen.modality!r})",
            )


def _fill(network: Multimodal, path: Path) -> None:
    """
    Raises:
        InputError: when the weights are not those of the network that this version builds from the recipe.
    """
    from safetensors.torch import load_file

    try:
        network.load_state_dict(load_file(path))
    except (RuntimeError, SafetensorError):
        raise InputError(
            "the weights do not fit the network that this version of Consilience builds",
            where=str(path),
            fix="Load the model with the version that trained it (manifest.json names it), or train again",
        ) from None


def _reference(folder: Path, named: tuple[str, str], facts: dict[str, Any], kind: str) -> Any:
    """named: prefix of its files, and its name."""
    component = get("reference", named[1])
    reference = component(component.Config(), facts, kind)
    stem = f"{named[0]}reference-{named[1]}"
    values = json.loads((folder / f"{stem}.json").read_text(encoding="utf-8"))
    try:
        arrays = load_arrays(folder / f"{stem}.safetensors")
    except SafetensorError as error:
        raise InputError(f"not readable: {error}", where=f"{stem}.safetensors") from None
    reference.restore(State(values, arrays))
    return reference


def plain(value: Any) -> Any:
    """`value` as JSON would give it back."""
    return json.loads(json.dumps(finite(value)))
