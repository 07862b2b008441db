"""What the words, regions, moments and stretches of each row spoke for, as plain values."""

from __future__ import annotations

from typing import Any

import numpy as np

from consilience.artifacts.network import Index
from consilience.explanation import drawing
from consilience.explanation.attribution import Attribution, attribute
from consilience.explanation.image_pieces import ImagePieces
from consilience.explanation.pieces import pieces_of
from consilience.explanation.scorer import Scorer
from consilience.explanation.series_pieces import PARTS, SeriesPieces
from consilience.explanation.sound_pieces import BANDS, MOMENTS, SoundPieces
from consilience.explanation.subject import Subject
from consilience.explanation.text_pieces import TextPieces

Array = np.ndarray[Any, Any]
Parts = dict[str, list[dict[str, Any]]]

STRONGEST = 5
"""Regions and moments that are listed."""


def media_parts(subject: Subject, classes: Index, seconds: float) -> list[Parts]:
    """{"texts", "images", "sounds", "series"} of every row; see `explain.explain_rows`. seconds: longest sound kept."""
    found: list[Parts] = [{"texts": [], "images": [], "sounds": [], "series": []} for _ in range(len(subject))]
    for group in subject.groups("text", "image", "audio", "series"):
        pieces = pieces_of(subject, group)
        assert pieces is not None, "these modalities have pieces"
        done = attribute(Scorer(subject, pieces, classes))
        for row, parts in enumerate(found):
            if not pieces.present[row].any():
                continue
            said = _said(group, done, row)
            if isinstance(pieces, TextPieces):
                parts["texts"] += _texts(pieces, done, row, said)
            elif isinstance(pieces, ImagePieces):
                parts["images"] += _images(subject, pieces, done, row, said)
            elif isinstance(pieces, SoundPieces):
                parts["sounds"] += _sounds(subject, pieces, done, row, (said, seconds))
            elif isinstance(pieces, SeriesPieces):
                parts["series"] += _series(subject, pieces, done, row, said)
    return found


def _said(group: str, done: Attribution, row: int) -> dict[str, Any]:
    return {
        "group": group,
        "model": "network",
        "method": done.method,
        "difference": float(done.whole[row] - done.closed[row]),
        "gap": float(done.gap[row]),
    }


def _texts(pieces: TextPieces, done: Attribution, row: int, said: dict[str, Any]) -> list[dict[str, Any]]:
    columns = dict.fromkeys(span.column for span in pieces.spans[row])
    return [
        {
            "column": column,
            **said,
            "words": [
                [span.written, None if span.piece is None else float(done.values[row, span.piece])]
                for span in pieces.spans[row]
                if span.column == column
            ],
        }
        for column in columns
    ]


def _images(
    subject: Subject, pieces: ImagePieces, done: Attribution, row: int, said: dict[str, Any]
) -> list[dict[str, Any]]:
    count, found = pieces.grid[0] * pieces.grid[1], []
    for place, column in enumerate(pieces.columns):
        chosen = slice(place * count, (place + 1) * count)
        if not pieces.present[row, chosen].any():
            continue
        weights, pixels = done.values[row, chosen], subject.arrays[pieces.group]["pixels"][row, place]
        regions = [
            {**pieces.region(place * count + at)[1]._asdict(), "weight": float(weights[at])} for at in _top(weights)
        ]
        pictures = {
            "picture": drawing.picture(pixels),
            "overlay": drawing.picture_overlay(pixels, pieces, weights),
        }
        found.append({"column": column, **said, "regions": regions, **pictures})
    return found


def _sounds(
    subject: Subject, pieces: SoundPieces, done: Attribution, row: int, said: tuple[dict[str, Any], float]
) -> list[dict[str, Any]]:
    count, found = MOMENTS * BANDS, []
    for place, column in enumerate(pieces.columns):
        chosen = slice(place * count, (place + 1) * count)
        if not pieces.present[row, chosen].any():
            continue
        weights = done.values[row, chosen]
        wave = subject.arrays[pieces.group]["wave"][row, place][: pieces.length[row, place]]
        moments = [
            {**pieces.tile(row, place * count + at)[1]._asdict(), "weight": float(weights[at])} for at in _top(weights)
        ]
        media = {
            "seconds": len(wave) / pieces.rate,
            "highest": pieces.rate / 2,
            "overlay": drawing.sound_overlay(wave, pieces, weights),
            "sound": drawing.sound(wave, pieces.rate, said[1]),
        }
        found.append({"column": column, **said[0], "moments": moments, **media})
    return found


def _series(
    subject: Subject, pieces: SeriesPieces, done: Attribution, row: int, said: dict[str, Any]
) -> list[dict[str, Any]]:
    count, found, arrays = pieces.lanes * PARTS, [], subject.arrays[pieces.group]
    for place, column in enumerate(pieces.columns):
        chosen = slice(place * count, (place + 1) * count)
        if not pieces.present[row, chosen].any():
            continue
        weights, length = done.values[row, chosen], int(pieces.length[row, place])
        stretches = [
            {**pieces.stretch(row, place * count + at)[1]._asdict(), "weight": float(weights[at])}
            for at in _top(weights)
        ]
        lines = np.where(arrays["observed"][row, place, :length], arrays["value"][row, place, :length], np.nan)
        overlay = drawing.series_overlay(lines, weights.reshape(pieces.lanes, PARTS))
        found.append({"column": column, **said, "steps": length, "stretches": stretches, "overlay": overlay})
    return found


def _top(weights: Array) -> list[int]:
    order = np.argsort(-np.abs(weights), kind="stable")[:STRONGEST]
    return [int(at) for at in order if weights[at]]
