"""All networks of a bundle as one ONNX graph, weights inside: any batch, any text or sound length.

Written by PyTorch's exporter from a traced program (torch.export), so that what runs in service is what was trained.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from consilience.artifacts.bundle import Bundle
from consilience.artifacts.inference import to_tensors
from consilience.artifacts.onnx_network import OUTPUTS
from consilience.core.errors import MissingExtraError
from consilience.core.registry import get
from consilience.core.tokens import Tokens
from consilience.data.features import Features
from consilience.fusion.base import masked_mean
from consilience.fusion.model import Multimodal, safe_key
from consilience.modalities.base import Arrays
from consilience.modalities.form import form_of

OPSET = 18
EXAMPLES = 4
"""Rows that the graph is traced with."""
UNREAD = frozenset({"size"})
"""Arrays that no network reads: an image's own size, with which the task places boxes."""


def write_onnx(bundle: Bundle, features: Features, path: Path) -> dict[str, Any]:
    """Write `network.onnx`; returns the description that `OnnxNetworks` reads: groups, networks, helpers, inputs,
    pooled.

    Args:
        features: prepared rows, one at least, as examples of shape and type.
    Raises:
        MissingExtraError: when the exporter is not installed.
    """
    if find_spec("onnxscript") is None:
        raise MissingExtraError("onnxscript", "train", "Exporting a network")
    plan = graph_plan(bundle, features)
    module = _Together(bundle.networks, plan.inputs, plan.watched).cpu().eval()
    program = trace(module, plan.example, plan.varying, plan.names, [*OUTPUTS, *plan.pooled.values()])
    program.save(str(path), external_data=False)
    helpers = [g for g in bundle.groups if len(bundle.networks[0].helpers)]
    return {**plan.description, "networks": len(bundle.networks), "helpers": helpers}


class Plan(NamedTuple):
    """What a graph that reads rows is traced with.

    inputs: (group, array) of each input. names: in the graph, "keep" last. example: tensors. varying: axes of each.
    pooled: group whose pooled tokens are told → name of that output. description: groups, inputs, pooled, opset.
    """

    inputs: list[tuple[str, str]]
    names: list[str]
    example: tuple[Tensor, ...]
    varying: tuple[dict[int, Any], ...]
    pooled: dict[str, str]
    description: dict[str, Any]

    @property
    def watched(self) -> list[str]:
        return list(self.pooled)


def graph_plan(bundle: Bundle, features: Features) -> Plan:
    """The inputs of a graph of this bundle, with prepared rows as examples. The graph also tells the pooled tokens of
    groups whose cells are not tested for drift as they are."""
    groups = bundle.groups
    arrays = features.gather(np.resize(np.arange(features.rows), EXAMPLES))
    inputs = [(group, name) for group in groups for name in arrays[group] if name not in UNREAD]
    names = [f"{safe_key(groups.index(group), group)}__{name}" for group, name in inputs]
    watched = [g for g in groups if not form_of(bundle.facts["groups"][g]["modality"]).plain]
    pooled = {g: f"pooled__{safe_key(groups.index(g), g)}" for g in watched}
    description = {
        "groups": groups,
        "inputs": [{"name": n, "group": g, "array": a} for n, (g, a) in zip(names, inputs, strict=True)],
        "pooled": [{"name": n, "group": g} for g, n in pooled.items()],
        "opset": OPSET,
    }
    return Plan(inputs, [*names, "keep"], _example(arrays, inputs), _varying(features, inputs), pooled, description)


def trace(
    module: nn.Module,
    example: tuple[Tensor, ...],
    varying: tuple[dict[int, Any], ...],
    inputs: list[str] | None = None,
    outputs: list[str] | None = None,
) -> Any:
    """The module as an ONNX program (`torch.onnx.ONNXProgram`).

    Args:
        example: its inputs. varying: of each input, axis → `torch.export.Dim`. inputs, outputs: names in the graph.
    """
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it tells of libraries that it does without
    with warnings.catch_warnings():  # the exporter warns of its own deprecations
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            module,
            example,
            dynamo=True,
            opset_version=OPSET,
            input_names=inputs,
            output_names=outputs,
            dynamic_shapes=(varying,),
            verbose=False,
        )
    assert program is not None, "the exporter returns a program"
    return program


class _Together(nn.Module):
    """All networks on the same flat list of arrays; the last one says which groups are shown.

    watched: groups whose pooled tokens are told, as the first network has them.
    """

    def __init__(
        self, networks: Sequence[Multimodal], inputs: Sequence[tuple[str, str]], watched: Sequence[str]
    ) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)
        self.places, self.watched = list(inputs), list(watched)

    def forward(self, *arrays: Tensor) -> tuple[Tensor, ...]:
        """→ logits [R, B, K], helpers [R, M, B, K] (M = 0 groups: [R, 0, B, K]), weights [R, B, M], has [B, M], then
        of each watched group [B, D]."""
        inputs, keep = grouped(self.places, arrays)
        logits, helpers, weights, has = [], [], [], keep
        pooled: list[Tensor] = []
        for network in self.networks:
            assert isinstance(network, Multimodal)
            tokens: dict[str, Tokens] = network.encode(inputs)
            outputs = network.join(tokens, keep)
            pooled = pooled or [masked_mean(tokens[network.keys[g]]).float() for g in self.watched]
            logits.append(outputs.logits.float())
            weights.append(outputs.fused.weights.float())
            own = [outputs.helpers[g].float() for g in network.groups if g in outputs.helpers]
            helpers.append(torch.stack(own or [outputs.logits.float()]))
            has = torch.stack([outputs.has[g] for g in network.groups], 1)
        return torch.stack(logits), torch.stack(helpers), torch.stack(weights), has, *pooled


def grouped(places: Sequence[tuple[str, str]], arrays: Sequence[Tensor]) -> tuple[dict[str, dict[str, Tensor]], Tensor]:
    """A network's inputs and keep [B, M] from the flat list that a graph is given."""
    inputs: dict[str, dict[str, Tensor]] = {}
    for (group, name), array in zip(places, arrays, strict=False):
        inputs.setdefault(group, {})[name] = array
    return inputs, arrays[-1]


def _example(arrays: dict[str, Arrays], inputs: Sequence[tuple[str, str]]) -> tuple[Tensor, ...]:
    tensors = to_tensors(arrays, torch.device("cpu"))
    flat = [tensors[group][name] for group, name in inputs]
    return (*flat, torch.ones(len(flat[0]), len(arrays), dtype=torch.bool))


def _varying(features: Features, inputs: Sequence[tuple[str, str]]) -> tuple[dict[int, Any], ...]:
    """Which axes of each input vary: the batch, and what a modality trims to a batch's longest row."""
    batch = torch.export.Dim("batch")
    found: list[dict[int, Any]] = []
    for group, name in inputs:
        full = {n: np.zeros_like(a[:1]) for n, a in features.whole(group).items()}
        trimmed = get("modality", features.groups[group]["modality"]).trim(full)
        shapes = zip(full[name].shape, trimmed[name].shape, strict=True)
        cut = [axis for axis, (most, least) in enumerate(shapes) if axis and most != least]
        found.append({0: batch, **dict.fromkeys(cut, torch.export.Dim.AUTO)})
    return (*found, {0: batch})
