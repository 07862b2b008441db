"""Folders of models: a name may have several versions, and a repository several names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from consilience.artifacts.run_folder import find_bundle
from consilience.core.errors import InputError

NAME = re.compile(r"[0-9A-Za-z_-][0-9A-Za-z_.-]{0,79}")
"""What can stand in an address and is no hidden folder."""


def name_models(given: Sequence[str]) -> dict[str, list[Path]]:
    """name → folders of "name=folder" or "folder" (named like the folder); a name given again is a later version.

    Raises:
        InputError: for a name that fits no address, a folder given twice, or no such folder.
    """
    found: dict[str, list[Path]] = {}
    for text in given:
        name, _, folder = text.rpartition("=")
        path = Path(folder)
        if not path.is_dir():
            raise InputError("no such folder", where=text)
        name = name or re.sub(r"[^0-9A-Za-z_.-]+", "-", path.resolve().name)
        if not NAME.fullmatch(name):
            raise InputError(f"{name!r} cannot stand in an address", where=text, fix="Letters, digits, _ . and - can")
        if any(path.resolve() == other.resolve() for other in found.get(name, ())):
            raise InputError(f"the folder is given twice as {name!r}", where=text)
        found.setdefault(name, []).append(path)
    return found


def models_of(repository: Path) -> dict[str, list[Path]]:
    """name → folder of each model in the folder `repository`.

    Raises:
        InputError: when there is no such folder, or it holds no model.
    """
    if not repository.is_dir():
        raise InputError("no such folder", where=str(repository))
    found = {p.name: [p] for p in sorted(repository.iterdir()) if NAME.fullmatch(p.name) and versions_of(p)}
    if not found:
        raise InputError("the folder holds no model", where=str(repository))
    return found


def versions_of(folder: Path) -> list[Path]:
    """The folder itself where it is a run or bundle folder; else the models in it, the latest last: by name, numbers
    in names by their value. Empty where there is none."""
    if is_model(folder):
        return [folder]
    if not folder.is_dir():
        return []
    inside = [p for p in folder.iterdir() if NAME.fullmatch(p.name) and is_model(p)]
    return sorted(
        inside,
        key=lambda p: [
            (part.isdigit(), int(part) if part.isdigit() else 0, part) for part in re.split(r"(\d+)", p.name)
        ],
    )


def is_model(folder: Path) -> bool:
    try:
        find_bundle(folder)
    except InputError:
        return False
    return True
