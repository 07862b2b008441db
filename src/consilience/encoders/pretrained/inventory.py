"""Every model on this machine that a recipe can name, described from its files alone: no library, no network."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from consilience.encoders.pretrained.locate import Found, local_models, weight_files
from consilience.encoders.pretrained.weights import count_parameters

IMAGE = (
    "vit",
    "deit",
    "swin",
    "swinv2",
    "convnext",
    "convnextv2",
    "dinov2",
    "beit",
    "resnet",
    "mobilenet_v2",
    "clip",
    "siglip",
)
AUDIO = (
    "wav2vec2",
    "hubert",
    "wavlm",
    "whisper",
    "audio-spectrogram-transformer",
    "data2vec-audio",
    "clap",
    "unispeech",
)
DECODERS = ("ForCausalLM", "LMHeadModel")
STATIC = ("model2vec", "static")
ENCODERS = {"text": "hf_text", "decoder": "hf_text", "static": "static_text", "image": "hf_image", "audio": "hf_audio"}


class Described(NamedTuple):
    """A model on this machine.

    name: what a recipe calls it. kind: text, decoder (a causal language model, read as text), image or audio.
    library: transformers, timm or static (a table of vectors). parameters: numbers in its weights. size: of the
    weights, bytes. licence: as its files say, or None. place: folder, cache or package. folder: where its files lie.
    encoder: the encoder that reads it, or None.
    """

    name: str
    kind: str
    library: str
    parameters: int
    size: int
    licence: str | None
    place: str
    folder: str
    encoder: str | None


def inventory() -> list[Described]:
    """Every model in the Hugging Face cache and in installed packages, by name."""
    return [describe(found) for found in local_models()]


def describe(found: Found) -> Described:
    """What the files of a model's folder say of it.

    Raises:
        InputError: when a weight file is broken.
    """
    kind, library = _kind(found.folder)
    return Described(
        found.name,
        kind,
        library,
        count_parameters(found.folder),
        sum(path.stat().st_size for path in weight_files(found.folder)),
        _licence(found),
        found.place,
        str(found.folder),
        "timm_image" if library == "timm" else ENCODERS["static" if library == "static" else kind],
    )


def text_models() -> list[Described]:
    """The models that the encoder `hf_text` reads and that bring a tokenizer."""
    return [m for m in inventory() if m.encoder == "hf_text" and (Path(m.folder) / "tokenizer.json").is_file()]


def architectures() -> dict[str, int | None]:
    """Library of image networks → how many architectures it knows, with weights to be given; None where it is not
    installed."""
    return {name: _count(name) if find_spec(name) else None for name in ("timm", "torchvision")}


@cache
def _count(library: str) -> int:
    return len(import_module("timm" if library == "timm" else "torchvision.models").list_models())


def _kind(folder: Path) -> tuple[str, str]:
    """(kind, library)."""
    config = _json(folder / "config.json")
    if not config or config.get("model_type") in STATIC:
        return "text", "static"
    if "architecture" in config and "model_type" not in config:
        return "image", "timm"
    model = str(config.get("model_type"))
    hearing = _json(folder / "preprocessor_config.json")
    if model in AUDIO or "sampling_rate" in hearing:
        return "audio", "transformers"
    if model in IMAGE or "image_size" in config or hearing.get("image_processor_type"):
        return "image", "transformers"
    made_for = config.get("architectures") or []
    return ("decoder" if any(str(a).endswith(DECODERS) for a in made_for) else "text"), "transformers"


def _licence(found: Found) -> str | None:
    """As the model's own card says, else as the package that carries it."""
    card = found.folder / "README.md"
    if card.is_file():
        front = re.match(r"\A---\n(.*?)\n---", card.read_text(encoding="utf-8", errors="replace"), re.DOTALL)
        noted = re.search(r"^license:\s*(\S+)", front.group(1), re.MULTILINE) if front else None
        if noted:
            return noted.group(1)
    if found.package is None:
        return None
    try:
        told = metadata(found.package)
    except PackageNotFoundError:
        return None
    return next((str(told[name]) for name in ("License-Expression", "License") if name in told), None)


def _json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    found = json.loads(path.read_text(encoding="utf-8"))
    return found if isinstance(found, dict) else {}
