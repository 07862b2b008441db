"""A name → the folder on this machine that holds a model. Never the network.

Three places are looked at, in this order: a folder of that path; the Hugging Face cache (`org/name`); an installed
Python package that carries a model folder. A model folder holds a description (config.json or tokenizer.json) and
weights as safetensors: other weight files are pickles, which run code when read.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution, distributions
from pathlib import Path
from typing import Literal, NamedTuple

from consilience.core.errors import InputError, nearest

Place = Literal["folder", "cache", "package"]
DESCRIPTIONS = ("config.json", "tokenizer.json")
REPOSITORY = "models--"
"""Begins the folder of a model in the Hugging Face cache."""


class Found(NamedTuple):
    """A model on this machine. name: what a recipe calls it. folder: where its files lie. place: how it was found.
    package: name of the Python package that carries it, else None."""

    name: str
    folder: Path
    place: Place
    package: str | None = None


def locate(name: str) -> Found:
    """The model that `name` stands for: a folder, `org/name` in the Hugging Face cache, or a Python package by its
    own or its import name.

    Raises:
        InputError: when nothing on this machine goes by that name; the message says where it was looked for.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        return Found(name, _checked(folder), "folder")
    cached = _cached(name)
    if cached is not None:
        return Found(name, cached, "cache")
    carried = list(_of_package(name))
    if len(carried) == 1:
        return carried[0]._replace(name=name)
    if carried:
        named = ", ".join(repr(found.name) for found in carried)
        raise InputError(f"the package {name!r} carries several models", fix=f"Name one of {named}")
    raise _not_found(name)


def local_models() -> list[Found]:
    """Every model in the Hugging Face cache and in installed Python packages, by name."""
    cached = [
        Found("/".join(entry.name.removeprefix(REPOSITORY).split("--")), snapshot, "cache")
        for entry in _entries()
        if (snapshot := _snapshot(entry)) is not None
    ]
    carried = [found for package in distributions() for found in _carried(package)]
    return sorted({(f.name, f.folder): f for f in [*cached, *carried]}.values())


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of a folder, sorted; empty where it holds none."""
    return sorted(folder.glob("*.safetensors"))


def hub_cache() -> Path:
    """The Hugging Face cache: HF_HUB_CACHE, else HF_HOME/hub, else the user's cache folder."""
    for variable in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if named := os.environ.get(variable):
            return Path(named).expanduser()
    home = os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")) / "huggingface"
    return Path(home).expanduser() / "hub"


def is_model(folder: Path) -> bool:
    """True for a folder with a description and weights that can be read without running code."""
    return any((folder / name).is_file() for name in DESCRIPTIONS) and bool(weight_files(folder))


def _checked(folder: Path) -> Path:
    """
    Raises:
        InputError: when the folder holds no model.
    """
    if is_model(folder):
        return folder.resolve()
    if not any((folder / name).is_file() for name in DESCRIPTIONS):
        raise InputError("the folder holds no config.json", where=str(folder), fix="Name the folder of a saved model")
    raise InputError(
        "the folder holds no weights as safetensors (weights in other files are pickles, which run code when read)",
        where=str(folder),
        fix="Save the model again with save_pretrained(folder, safe_serialization=True)",
    )


def _entries() -> list[Path]:
    root = hub_cache()
    return sorted(root.glob(f"{REPOSITORY}*")) if root.is_dir() else []


def _cached(name: str) -> Path | None:
    entry = hub_cache() / (REPOSITORY + name.replace("/", "--"))
    return _snapshot(entry) if "\0" not in name and entry.is_dir() else None


def _snapshot(entry: Path) -> Path | None:
    """The snapshot that `refs/main` names, else the newest one that holds a model."""
    reference = entry / "refs" / "main"
    named = entry / "snapshots" / (reference.read_text(encoding="utf-8").strip() if reference.is_file() else "-")
    others = sorted((entry / "snapshots").glob("*"), key=lambda folder: folder.stat().st_mtime, reverse=True)
    return next((folder for folder in (named, *others) if is_model(folder)), None)


def _of_package(name: str) -> Iterator[Found]:
    """The models of the package of this name, of this import name, or `package/folder`."""
    package, _, inner = name.partition("/")
    for candidate in dict.fromkeys((package, package.replace("_", "-"))):
        try:
            carried = _carried(distribution(candidate))
        except (PackageNotFoundError, ValueError):
            continue
        yield from (found for found in carried if not inner or found.name.endswith(f"/{inner}"))
        return
    for other in distributions():
        inside = Path(str(other.locate_file(package))).resolve()
        for found in _carried(other):
            if found.name == name or (found.folder.is_relative_to(inside) and found.name.endswith(inner)):
                yield found


def _carried(package: Distribution) -> list[Found]:
    """The model folders among the files that a package installed."""
    record = package.read_text("RECORD") or ""
    listed = re.findall(r"^\"?([^,\"\n]+)/[^/,\"\n]+\.safetensors\"?,", record, flags=re.MULTILINE)
    folders = {inner: Path(str(package.locate_file(inner))) for inner in dict.fromkeys(listed)}
    held = {inner: folder.resolve() for inner, folder in folders.items() if is_model(folder)}
    name = str(package.metadata["Name"])
    several = len(held) > 1
    return [
        Found(f"{name}/{inner.split('/', 1)[-1]}" if several else name, folder, "package", name)
        for inner, folder in held.items()
    ]


def _not_found(name: str) -> InputError:
    known = [found.name for found in local_models()]
    choices = nearest(name, known) if known else "none was found there; save a model's folder here and name its path"
    return InputError(
        f"no model {name!r} on this machine: it is no folder, no entry of the Hugging Face cache ({hub_cache()}) "
        "and no installed Python package that carries a model",
        fix=f"Nothing is downloaded; {choices}",
    )
