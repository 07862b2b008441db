"""The contract of a modality's figures: a cell as a few numbers, on which drift is measured and which a log may keep.

Registered under the modality's name (kind "figures"). A modality without figures of its own has those of how its cells
are written, a medium those of its files.
"""

from __future__ import annotations

import hashlib
from typing import Any, Protocol, final

from consilience.core.registry import find, get
from consilience.modalities.form import form_of
from consilience.watching.figures.text import TextFigures


class Figures(Protocol):
    """Stateless; NumPy only."""

    @staticmethod
    def read(cell: Any) -> dict[str, Any]:
        """{name: float} of a cell that is not missing: the same names for every cell; of bytes also "sha256".

        Raises:
            UnreadableError: when a medium cannot be decoded.
        """
        ...


@final
class FileFigures:
    """What can be said of any file: its size. Of a path, nothing."""

    @staticmethod
    def read(cell: Any) -> dict[str, Any]:
        if not isinstance(cell, bytes):
            return {}
        return {"bytes": float(len(cell)), "sha256": hashlib.sha256(cell).hexdigest()}


def figures_of(modality: str) -> type[Figures] | None:
    """The figures of the modality; None where its cells are kept as they are."""
    if form_of(modality).plain:
        return None
    found: type[Figures] | None = find("figures", modality)
    return found or (FileFigures if get("modality", modality).media else TextFigures)
