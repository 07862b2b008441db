"""Audio: 16-bit mono waves at one rate. Files longer than T samples are cut: the first T samples are kept."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, NamedTuple, final

import numpy as np
import polars as pl

from consilience.modalities.audio_decode import measure, read_wave
from consilience.modalities.base import Arrays, Columns, Facts, Guess, Prepared, Problem
from consilience.modalities.form import Extent, Form, file_form
from consilience.modalities.media import (
    Cell,
    UnreadableError,
    guess_media,
    located,
    none_readable,
    sampled,
    unreadable,
)

if TYPE_CHECKING:
    from consilience.core.recipe import Prepare

EXTENSIONS = frozenset(
    (
        ".wav",
        ".wave",
        ".flac",
        ".ogg",
        ".oga",
        ".opus",
        ".mp3",
        ".aiff",
        ".aif",
        ".aifc",
        ".au",
        ".caf",
        ".m4a",
        ".aac",
        ".wma",
    )
)
HIGHEST_RATE = 16_000
"""Hz, unless the recipe says more."""
LONGEST = 10.0
"""Seconds, unless the recipe says more."""
SHORTEST = 0.1
COVERED = 0.99
"""Share of the training files that are kept whole."""
STEP = 256
"""A batch is cut to a multiple of this many samples."""


@final
class Audio:
    """wave int16 [N, C, T], length int32 [N, C] in samples, mask bool [N, C]."""

    media: ClassVar[bool] = True
    form: ClassVar[Form] = file_form("a sound file", "audio/*", lambda data: Extent(seconds=measure(data)[1]))

    @staticmethod
    def score(column: pl.Series) -> Guess:
        return guess_media(column, "audio", EXTENSIONS, starts_like_audio)

    @staticmethod
    def learn(columns: Columns, settings: Prepare) -> Facts:
        """facts: columns; sample_rate, Hz; samples T; seconds, T in seconds.

        Raises:
            InputError: when a column has cells and not one of them can be read.
        """
        measured = [found for name, series in columns.items() for found in _measure(name, series)]
        rates = sorted(m.rate for m in measured) or [HIGHEST_RATE]
        rate = settings.sample_rate or min(HIGHEST_RATE, rates[len(rates) // 2])
        limit = settings.max_seconds or LONGEST
        usual = float(np.quantile([m.seconds for m in measured], COVERED)) if measured else SHORTEST
        samples = math.ceil(round(max(SHORTEST, min(limit, usual)) * rate, 3))
        return {
            "columns": list(columns),
            "sample_rate": rate,
            "samples": samples,
            "seconds": samples / rate,
        }

    @staticmethod
    def arrays(columns: Columns, facts: Facts) -> Prepared:
        rows = len(next(iter(columns.values())))
        wave = np.zeros((rows, len(facts["columns"]), facts["samples"]), np.int16)
        length = np.zeros(wave.shape[:2], np.int32)
        problems: list[Problem] = []
        for place, name in enumerate(facts["columns"]):
            failures: list[tuple[int, Cell, str]] = []
            for row, cell in located(columns[name]):
                try:
                    found = read_wave(cell, facts["sample_rate"], facts["samples"])
                except UnreadableError as error:
                    failures.append((row, cell, str(error)))
                    continue
                wave[row, place, : len(found)] = found
                length[row, place] = len(found)
            problems += unreadable(name, failures)
        return Prepared({"wave": wave, "length": length, "mask": length > 0}, problems)

    @staticmethod
    def trim(arrays: Arrays) -> Arrays:
        """Cut to the longest wave of the batch, rounded up to a multiple of 256 samples."""
        longest = int(arrays["length"].max(initial=1))
        return {**arrays, "wave": arrays["wave"][..., : -(-longest // STEP) * STEP]}


class Measured(NamedTuple):
    """rate: Hz. seconds: duration."""

    rate: int
    seconds: float


def starts_like_audio(head: bytes) -> bool:
    if head[:4] == b"RIFF":
        return head[8:12] == b"WAVE"
    if head[:4] == b"FORM":
        return head[8:11] == b"AIF"
    if head[:4] in (b"fLaC", b"OggS", b"caff", b".snd", b"RF64") or head[:3] == b"ID3":
        return True
    return len(head) > 1 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2  # MPEG audio, layer III


def _measure(name: str, series: pl.Series) -> list[Measured]:
    """Rate and duration of a sample of a column's files, from their headers."""
    found, failures = [], []
    for cell in sampled(series):
        try:
            found.append(Measured(*measure(cell)))
        except UnreadableError as error:
            failures.append(f"{cell if isinstance(cell, str) else 'bytes'}: {error}")
    if failures and not found:
        raise none_readable(name, "audio", failures)
    return found
