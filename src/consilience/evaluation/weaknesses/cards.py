"""One row as plain JSON values: its cells, its pictures as small PNG or JPEG addresses, its sounds as short WAV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from consilience.artifacts.bundle import Bundle
from consilience.data.schema import IGNORE
from consilience.data.wording import clipped
from consilience.evaluation.analysis import Card, Language
from consilience.evaluation.evidence import Rows
from consilience.evaluation.weaknesses.probes.base import probe_of
from consilience.modalities.cells import as_text
from consilience.modalities.form import form_of

Array = np.ndarray[Any, Any]

LONGEST_CELL, LONGEST_TEXT = 80, 400
"""Characters of a cell, and of a text."""
MOST_CELLS = 12
MOST_COLUMNS = 60
"""Columns looked at for a card, the first of the table."""
BUDGET = 120_000
"""Characters of pictures and sounds of one gallery; rows beyond it come without."""


def row_cards(places: Sequence[tuple[Rows, int]], bundle: Bundle) -> list[dict[str, Any]]:
    """[{"row", "cells": [[name, text]], "texts", "images": [[name, address]], "sounds"}] of (rows, position) pairs."""
    found, spent = [], 0
    for rows, position in places:
        one = rows.at(np.array([position], np.int64))
        card: dict[str, Any] = {"row": int(one.index[0]), **_cells(one, bundle), "images": [], "sounds": []}
        if spent < BUDGET:
            card |= _media(one, bundle)
            spent += sum(len(address) for kind in ("images", "sounds") for _, address in card[kind])
        found.append(card)
    return found


def _cells(one: Rows, bundle: Bundle) -> dict[str, list[list[str]]]:
    modality, target = bundle.recipe.columns, bundle.recipe.target
    cells, texts = [], []
    for column in one.frame[one.frame.columns[:MOST_COLUMNS]].iter_columns():
        text = as_text(column)[0]
        if text is None or column.name == target:
            continue
        known = modality.get(column.name, IGNORE)
        if known == IGNORE:
            continue
        if form_of(known).field == "text":
            texts.append([column.name, clipped(text, LONGEST_TEXT)])
        else:
            number = column[0]
            shown = f"{number:.5g}" if isinstance(number, float) and number != round(number) else text
            cells.append([column.name, clipped(shown, LONGEST_CELL)])
    return {"cells": cells[:MOST_CELLS], "texts": texts}


def _media(one: Rows, bundle: Bundle) -> dict[str, list[list[str]]]:
    found: dict[str, list[list[str]]] = {"images": [], "sounds": []}
    arrays = one.features.gather(one.index)
    for group in bundle.groups:
        facts = bundle.facts["groups"][group]
        probe = probe_of(facts["modality"])
        for place, column in enumerate(facts["columns"]):
            if (shown := probe.shown(arrays[group], facts, place)) is not None:
                found[shown.kind].append([column, shown.address])
    return found


def show_card(card: Mapping[str, Any], heading: str, lines: Sequence[str], language: Language) -> Card:
    """A card of `row_cards` under a heading; `lines` come before the row's own cells."""
    pattern = "{name}: {text}" if language == "en" else "{name}：{text}"
    own = [pattern.format(name=name, text=text) for name, text in [*card["cells"], *card["texts"]]]
    pairs = {kind: tuple((str(name), str(address)) for name, address in card[kind]) for kind in ("images", "sounds")}
    return Card(heading, (*lines, *own), pairs["images"], pairs["sounds"])
