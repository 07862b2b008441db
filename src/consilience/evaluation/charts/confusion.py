"""A confusion matrix as a heat map: a row is an actual class, a column a predicted one, shades are shares."""

from __future__ import annotations

from collections.abc import Sequence

from consilience.evaluation.charts.svg import (
    FONT,
    document,
    element,
    shortened,
    text,
    text_width,
    tooltip,
)
from consilience.evaluation.language import Language, say

MOST_CLASSES = 20
LARGEST = 52.0


def confusion(
    labels: Sequence[str],
    matrix: Sequence[Sequence[int]],
    names: tuple[str, str],
    width: int = 720,
    language: Language = "en",
) -> str:
    """
    Args:
        labels: K class names.
        matrix: [K, K] counts, matrix[actual][predicted].
        names: what the axes are called (actual, predicted).
        width: px; counts are written only into cells that hold them.
        language: of what a screen reader says.
    """
    classes = len(labels)
    widest = max((text_width(label) for label in labels), default=0.0)
    left = 34 + min(widest, 70.0 if width < 500 else 160.0)
    cell = min(LARGEST, (width - left - 8) / max(classes, 1))
    upright = widest <= cell - 6
    top = 30 + (14 if upright else min(widest, 90.0) * 0.75 + 8)
    parts = [
        text(left + cell * classes / 2, 10, names[1], class_="axis", text_anchor="middle"),
        element(
            "g",
            text(0, 0, names[0], class_="axis", text_anchor="middle"),
            transform=f"translate(10 {top + cell * classes / 2:.1f}) rotate(-90)",
        ),
    ]
    for number, label in enumerate(labels):
        middle = (number + 0.5) * cell
        parts.append(text(left - 6, top + middle, shortened(label, left - 30), class_="tick", text_anchor="end"))
        parts.append(_column_label(label, (left + middle, top - 8), upright))
    for row, counts in enumerate(matrix):
        total = sum(counts)
        for column, count in enumerate(counts):
            at = (left + column * cell, top + row * cell, cell)
            places = {"row_name": names[0], "row": labels[row], "column_name": names[1], "column": labels[column]}
            words = say("page.chart.cell", language, **places, count=count, total=total)
            parts.append(_cell(count, total, row == column, at, words))
    right = sum(matrix[i][i] for i in range(classes))
    total = sum(map(sum, matrix))
    said = say("page.chart.confusion", language, classes=classes, right=right, total=total)
    return document(width, top + cell * classes + 6, said, parts)


def _column_label(label: str, at: tuple[float, float], upright: bool) -> str:
    if upright:
        return text(*at, label, class_="tick", text_anchor="middle")
    slanted = text(0, 0, shortened(label, 86), class_="tick")
    return element("g", slanted, transform=f"translate({at[0]:.1f} {at[1]:.1f}) rotate(-48)")


def _cell(count: int, total: int, right: bool, at: tuple[float, float, float], words: str) -> str:
    x, y, cell = at
    share = count / total if total else 0.0
    inside = [
        tooltip(words),
        element("rect", class_="empty", x=x + 0.75, y=y + 0.75, width=cell - 1.5, height=cell - 1.5, rx=2),
    ]
    if count:
        opacity = 0.10 + 0.90 * share
        inside.append(
            element(
                "rect",
                class_="right" if right else "wrong",
                x=x + 0.75,
                y=y + 0.75,
                width=cell - 1.5,
                height=cell - 1.5,
                rx=2,
                fill_opacity=f"{opacity:.3f}",
            )
        )
        shown = str(count)
        size = min(FONT, (cell - 4) / max(len(shown), 1) / 0.6)
        if size >= 7:
            tone = "on" if share > (0.45 if right else 0.6) else "off"
            inside.append(
                text(
                    x + cell / 2,
                    y + cell / 2,
                    shown,
                    class_=f"count {tone}",
                    text_anchor="middle",
                    font_size=size,
                )
            )
    return element("g", "".join(inside))


def worst_pairs(
    labels: Sequence[str], matrix: Sequence[Sequence[int]], most: int = 15
) -> list[tuple[str, str, int, float]]:
    """(actual, predicted, count, share of the actual class) of the pairs confused most often, most first."""
    pairs = [
        (labels[row], labels[column], int(count), count / sum(counts))
        for row, counts in enumerate(matrix)
        for column, count in enumerate(counts)
        if row != column and count
    ]
    return sorted(pairs, key=lambda pair: (-pair[2], -pair[3], pair[0], pair[1]))[:most]
