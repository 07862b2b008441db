"""A row's inputs as the log keeps them: all of it, or the few figures that drift is measured on."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Mapping
from typing import Any, final

from consilience.core.registry import get
from consilience.modalities.cells import cell_text
from consilience.modalities.media import UnreadableError
from consilience.watching.figures.base import figures_of

Row = Mapping[str, Any]
LEFT_OUT = {"left_out": 1.0}
"""In place of figures that were not computed."""
SHARE, BURST = 0.01, 0.25
"""Seconds for figures in each second, and seconds that may be saved up."""


def full_row(row: Row, columns: Mapping[str, str]) -> dict[str, Any]:
    """Every cell; media as base64."""
    return {c: base64.b64encode(v).decode() if isinstance(v := row[c], bytes) else v for c in columns}


@final
class Summaries:
    """`summary_row` within a budget of time: under load the figures of most texts and media are left out.

    Figures of a picture take as long as a small model's answer, and the same processors answer requests. Drift is
    looked for in some thousand rows: that many are summarised whole at any rate of requests.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock, self._left, self._last = clock, BURST, clock()

    def read(self, row: Row, columns: Mapping[str, str]) -> dict[str, Any]:
        """The summary of a row; {"left_out": 1.0} in place of figures where the budget is spent."""
        now = self._clock()
        self._left = min(BURST, self._left + SHARE * (now - self._last))
        self._last = now
        if self._left <= 0:
            return {
                c: LEFT_OUT if row[c] is not None and figures_of(m) is not None else _summary(row[c], m)
                for c, m in columns.items()
            }
        found = summary_row(row, columns)
        self._left -= self._clock() - now
        return found


def summary_row(row: Row, columns: Mapping[str, str]) -> dict[str, Any]:
    """Numbers and dates as they are, categories as canonical text; of texts and media only `figures`."""
    return {c: _summary(row[c], modality) for c, modality in columns.items()}


def _summary(cell: Any, modality: str) -> Any:
    if figures_of(modality) is not None:
        return figures(cell, modality)
    return cell_text(cell) if modality == "category" else cell


def logged_row(row: Row, columns: Mapping[str, str]) -> dict[str, Any]:
    """A logged row as `summary_row` gives it, also where the log holds full inputs."""
    return {c: _summarised(row.get(c), modality) for c, modality in columns.items()}


def _summarised(cell: Any, modality: str) -> Any:
    if modality == "category":
        return cell_text(cell)
    if figures_of(modality) is None or not isinstance(cell, (str, list)):
        return cell
    return figures(base64.b64decode(str(cell)) if get("modality", modality).media else cell, modality)


def figures(cell: Any, modality: str) -> dict[str, Any] | None:
    """Figures of a cell; None where missing or where the modality has none, {"unreadable": 1.0} where a medium cannot
    be decoded."""
    reader = figures_of(modality)
    if cell is None or reader is None:
        return None
    try:
        return reader.read(cell)
    except UnreadableError:
        return {"unreadable": 1.0}
