"""Prints explained rows: prediction, shares as bars, words, columns, regions, moments, similar rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from consilience.core.errors import InputError, nearest
from consilience.evaluation.analysis import Language
from consilience.explanation.cards import bars, heading_parts, lines, words
from consilience.explanation.words import say

LENGTH = 24
"""Letters of the longest bar."""
DEFAULT_FIRST = 5


def known_language(language: str) -> Language:
    """
    Raises:
        InputError: for a language that is not spoken.
    """
    if language == "en":
        return "en"
    if language == "zh":
        return "zh"
    raise InputError(f"no language {language!r}", where="--language", fix=nearest(language, ("en", "zh")))


def chosen_rows(rows: str | None, first: int | None, total: int) -> list[int]:
    """Row numbers that `--rows` or `--first` name.

    Raises:
        InputError: when they are no numbers, or both are given.
    """
    if rows is not None and first is not None:
        raise InputError("--rows and --first exclude each other")
    if rows is None:
        count = DEFAULT_FIRST if first is None else first
        if count < 1:
            raise InputError(f"--first takes a number of rows, received {count}")
        return list(range(min(count, total)))
    try:
        return [int(part) for part in rows.split(",") if part.strip()]
    except ValueError:
        raise InputError(f"--rows takes row numbers such as 0,5,9, received {rows!r}") from None


def print_explanations(
    found: Sequence[Mapping[str, Any]], language: Language = "en", console: Console | None = None
) -> None:
    """One block a row."""
    console = console or Console(highlight=False)
    for one in found:
        console.print()
        console.print(Text(" · ".join(heading_parts(one, language)), style="bold"))
        console.print(_bars(one, language))
        for text in one["texts"]:
            console.print(_words(text, language))
        for kind in ("images", "sounds", "series"):
            for seen in one[kind]:
                console.print(Text(_places(seen, kind)))
        for line in lines(one, language):
            console.print(Text(line))
    for note in sorted({str(one["note"]) for one in found if one.get("note")}):
        console.print(Text(say(language, "note_rows", reason=note), style="yellow"), soft_wrap=True)


def _bars(one: Mapping[str, Any], language: Language) -> Grid:
    grid = Grid(box=None, padding=(0, 1, 0, 0), show_header=False)
    grid.add_column(no_wrap=True, max_width=44)
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(no_wrap=True)
    for label, weight, shown in bars(one, language):
        length = round(LENGTH * abs(weight))
        bar = Text("█" * length, style="blue") if weight > 0 else Text("▒" * length, style="yellow")
        grid.add_row(Text(label), Text(shown), bar)
    return grid


def _words(text: Mapping[str, Any], language: Language) -> Text:
    """The text with words for the prediction in blue, words against it underlined in yellow."""
    line = Text(f"{text['column']}: ")
    for word in words(text["words"], language):
        style = "" if not word.weight else "bold blue" if word.weight > 0 else "underline yellow"
        line.append(word.text, style=style).append(" ")
    return line


def _places(seen: Mapping[str, Any], kind: str) -> str:
    """The strongest regions (per cent from the left and the top) or tiles (seconds, Hz)."""
    places = []
    for part in seen[{"images": "regions", "sounds": "moments", "series": "stretches"}[kind]][:3]:
        if kind == "images":
            right, bottom = part["left"] + part["width"], part["top"] + part["height"]
            across = f"x {100 * part['left']:.0f}–{100 * right:.0f} %"
            where = f"{across}, y {100 * part['top']:.0f}–{100 * bottom:.0f} %"
        elif kind == "series":
            channel = "" if part["channel"] is None else f", channel {part['channel']}"
            where = f"steps {part['start']}–{part['end'] - 1}{channel}"
        else:
            where = f"{part['start']:.2f}–{part['end']:.2f} s, {part['low']:.0f}–{part['high']:.0f} Hz"
        places.append(f"{'+' if part['weight'] > 0 else '−'} {where}")
    return f"{seen['column']}: " + "; ".join(places)
