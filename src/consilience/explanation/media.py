"""What the words, regions, moments and stretches of each row spoke for, as plain values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, get_args

import numpy as np

from consilience.artifacts.network import Index
from consilience.explanation import drawing
from consilience.explanation.attribution import Attribution, attribute
from consilience.explanation.image_pieces import ImagePieces
from consilience.explanation.pieces import Kind, pieced_groups, pieces_of
from consilience.explanation.scorer import Scorer
from consilience.explanation.sequence_pieces import SequencePieces
from consilience.explanation.series_pieces import PARTS, SeriesPieces
from consilience.explanation.sound_pieces import BANDS, MOMENTS, SoundPieces
from consilience.explanation.subject import Subject
from consilience.explanation.text_pieces import TextPieces
from consilience.explanation.video_pieces import VideoPieces

Array = np.ndarray[Any, Any]
Parts = dict[str, list[dict[str, Any]]]

KINDS = get_args(Kind)
STRONGEST = 5
"""Regions and moments that are listed."""


class Told(NamedTuple):
    """What is told of one row of a group. pieces: as its kind has them. seconds: longest sound kept."""

    subject: Subject
    pieces: Any
    done: Attribution
    row: int
    seconds: float


def media_parts(subject: Subject, classes: Index, seconds: float) -> list[Parts]:
    """{"texts", "images", "sounds", "series", "videos"} of every row; see `explain.explain_rows`. seconds: longest
    sound kept."""
    found: list[Parts] = [{kind: [] for kind in KINDS} for _ in range(len(subject))]
    for group in pieced_groups(subject):
        pieces = pieces_of(subject, group)
        assert pieces is not None, "these modalities have pieces"
        done = attribute(Scorer(subject, pieces, classes))
        for row, parts in enumerate(found):
            if not pieces.present[row].any():
                continue
            said = _said(group, done, row)
            parts[pieces.kind] += TELLERS[pieces.kind](Told(subject, pieces, done, row, seconds), said)
    return found


def _said(group: str, done: Attribution, row: int) -> dict[str, Any]:
    return {
        "group": group,
        "model": "network",
        "method": done.method,
        "difference": float(done.whole[row] - done.closed[row]),
        "gap": float(done.gap[row]),
    }


def _texts(told: Told, said: dict[str, Any]) -> list[dict[str, Any]]:
    pieces: TextPieces | SequencePieces = told.pieces
    done, row = told.done, told.row
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


def _images(told: Told, said: dict[str, Any]) -> list[dict[str, Any]]:
    pieces: ImagePieces = told.pieces
    subject, done, row = told.subject, told.done, told.row
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


def _sounds(told: Told, said: dict[str, Any]) -> list[dict[str, Any]]:
    pieces: SoundPieces = told.pieces
    subject, done, row = told.subject, told.done, told.row
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
            "sound": drawing.sound(wave, pieces.rate, told.seconds),
        }
        found.append({"column": column, **said, "moments": moments, **media})
    return found


def _series(told: Told, said: dict[str, Any]) -> list[dict[str, Any]]:
    pieces: SeriesPieces = told.pieces
    subject, done, row = told.subject, told.done, told.row
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


def _videos(told: Told, said: dict[str, Any]) -> list[dict[str, Any]]:
    pieces: VideoPieces = told.pieces
    subject, done, row = told.subject, told.done, told.row
    count, found, arrays = pieces.frames, [], subject.arrays[pieces.group]
    for place, column in enumerate(pieces.columns):
        chosen = slice(place * count, (place + 1) * count)
        there = pieces.present[row, chosen]
        if not there.any():
            continue
        weights, frames = done.values[row, chosen], arrays["frame"][row, place][there]
        moments = [
            {**pieces.moment(row, place * count + at)[1]._asdict(), "weight": float(weights[at])}
            for at in _top(weights)
            if there[at]
        ]
        pictures = {"picture": drawing.strip(frames), "overlay": drawing.strip_overlay(frames, weights[there])}
        found.append({"column": column, **said, "moments": moments, **pictures})
    return found


def _top(weights: Array) -> list[int]:
    order = np.argsort(-np.abs(weights), kind="stable")[:STRONGEST]
    return [int(at) for at in order if weights[at]]


TELLERS: dict[Kind, Callable[[Told, dict[str, Any]], list[dict[str, Any]]]] = {
    "texts": _texts,
    "images": _images,
    "sounds": _sounds,
    "series": _series,
    "videos": _videos,
}
