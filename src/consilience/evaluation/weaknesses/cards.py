"""One row as plain JSON values: its cells, its pictures as small PNG or JPEG addresses, its sounds as short WAV."""

from __future__ import annotations

import base64
import io
import wave as wave_file
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from consilience.artifacts.bundle import Bundle
from consilience.data.wording import clipped
from consilience.evaluation.analysis import Card, Language
from consilience.evaluation.evidence import Rows
from consilience.modalities.cells import as_text

Array = np.ndarray[Any, Any]

LONGEST_CELL, LONGEST_TEXT = 80, 400
"""Characters of a cell, and of a text."""
MOST_CELLS = 12
MOST_COLUMNS = 60
"""Columns looked at for a card, the first of the table."""
PNG_PIXELS = 96 * 96
"""Larger pictures become JPEG."""
SECONDS, RATE = 3.0, 8000
"""Longest sound kept, and the highest rate, Hz."""
STRIP = 6
"""Frames shown of a video."""
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
        if modality.get(column.name) in ("text", "sequence"):
            texts.append([column.name, clipped(text, LONGEST_TEXT)])
        elif modality.get(column.name, "ignore") != "ignore":
            number = column[0]
            shown = f"{number:.5g}" if isinstance(number, float) and number != round(number) else text
            cells.append([column.name, clipped(shown, LONGEST_CELL)])
    return {"cells": cells[:MOST_CELLS], "texts": texts}


def _media(one: Rows, bundle: Bundle) -> dict[str, list[list[str]]]:
    found: dict[str, list[list[str]]] = {"images": [], "sounds": []}
    arrays = one.features.gather(one.index)
    for group in bundle.groups:
        facts = bundle.facts["groups"][group]
        for place, column in enumerate(facts["columns"]):
            if facts["modality"] == "image" and arrays[group]["mask"][0, place]:
                found["images"].append([column, picture_address(arrays[group]["pixels"][0, place])])
            if facts["modality"] == "video" and arrays[group]["mask"][0, place].any():
                shown = arrays[group]["frame"][0, place][arrays[group]["mask"][0, place]]
                found["images"].append([column, picture_address(film_strip(shown))])
            if facts["modality"] == "audio" and arrays[group]["mask"][0, place]:
                length = int(arrays[group]["length"][0, place])
                sound = arrays[group]["wave"][0, place, :length]
                found["sounds"].append([column, sound_address(sound, int(facts["sample_rate"]))])
    return found


def film_strip(frames: Array) -> Array:
    """At most STRIP of the frames uint8 [F, H, W, K] side by side: [H, at most STRIP · W, K]."""
    chosen = frames[np.unique(np.linspace(0, len(frames) - 1, min(STRIP, len(frames))).astype(np.int64))]
    return np.concatenate(list(chosen), axis=1)


def picture_address(pixels: Array) -> str:
    """uint8 [H, W, K] (K = 1 grey, 3 RGB) as a data address."""
    import cv2

    small = pixels.shape[0] * pixels.shape[1] <= PNG_PIXELS
    image = pixels[:, :, 0] if pixels.shape[2] == 1 else pixels[:, :, ::-1]
    options = [] if small else [int(cv2.IMWRITE_JPEG_QUALITY), 75]
    _, data = cv2.imencode(".png" if small else ".jpg", np.ascontiguousarray(image), options)
    return f"data:image/{'png' if small else 'jpeg'};base64,{base64.b64encode(data.tobytes()).decode()}"


def sound_address(sound: Array, rate: int) -> str:
    """int16 [T] as a WAV data address: its first seconds, at a rate of at most RATE."""
    import soxr

    sound = sound[: int(SECONDS * rate)]
    if rate > RATE:
        sound, rate = np.asarray(soxr.resample(sound, rate, RATE)), RATE
    file = io.BytesIO()
    with wave_file.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(np.ascontiguousarray(sound, "<i2").tobytes())
    return f"data:audio/wav;base64,{base64.b64encode(file.getvalue()).decode()}"


def show_card(card: Mapping[str, Any], heading: str, lines: Sequence[str], language: Language) -> Card:
    """A card of `row_cards` under a heading; `lines` come before the row's own cells."""
    pattern = "{name}: {text}" if language == "en" else "{name}：{text}"
    own = [pattern.format(name=name, text=text) for name, text in [*card["cells"], *card["texts"]]]
    pairs = {kind: tuple((str(name), str(address)) for name, address in card[kind]) for kind in ("images", "sounds")}
    return Card(heading, (*lines, *own), pairs["images"], pairs["sounds"])
