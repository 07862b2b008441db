"""Moments and bands of recordings as pieces: a gate quietens one tile of the spectrogram, and the wave is made anew.

The wave goes through a short-time Fourier transform and back, so every audio encoder can be asked, whatever it reads.
A closed gate leaves the tile at the recording's own quiet level, not at silence: encoders that bring each recording to
one loudness would see no difference between a recording and the same one very soft.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, NamedTuple, final

import numpy as np
import torch
from torch import Tensor, nn

from consilience.explanation.pieces import Kind
from consilience.explanation.subject import Subject

Array = np.ndarray[Any, Any]

MOMENTS, BANDS = 12, 6
"""Tiles along time and along frequency."""
WINDOW_SECONDS = 0.032
QUIET, LEAST = 0.1, 0.01
"""Quantile of a frequency's levels over time that counts as quiet, and the least level as a share of the mean."""


class Tile(NamedTuple):
    """A stretch of time (seconds) and of frequency (Hz)."""

    start: float
    end: float
    low: float
    high: float


@final
class SoundPieces:
    """See `pieces.Pieces`. piece = (column · MOMENTS + moment) · BANDS + band; band 0 is the lowest."""

    kind: ClassVar[Kind] = "sounds"

    def __init__(self, subject: Subject, group: str) -> None:
        facts = subject.facts(group)
        self.group = group
        self.columns: list[str] = list(facts["columns"])
        self.rate = int(facts["sample_rate"])
        self.size = 2 ** max(5, round(math.log2(WINDOW_SECONDS * self.rate)))
        self.hop = self.size // 4
        self.edges = band_edges(self.rate, BANDS)
        bins = np.arange(self.size // 2 + 1) * self.rate / self.size
        self.band_of = np.clip(np.searchsorted(self.edges, bins, "right") - 1, 0, BANDS - 1)
        self.length = subject.arrays[group]["length"].astype(np.int64)
        mask = subject.arrays[group]["mask"] & (self.length > 0)
        self.present: Array = np.repeat(mask, MOMENTS * BANDS, axis=1)
        self._floor = self._quiet(torch.from_numpy(subject.arrays[group]["wave"].astype(np.float32)))

    def tile(self, row: int, piece: int) -> tuple[str, Tile]:
        """Column, time and frequencies of a piece of a row."""
        column, inside = divmod(piece, MOMENTS * BANDS)
        moment, band = divmod(inside, BANDS)
        step = float(self.length[row, column]) / self.rate / MOMENTS
        low, high = float(self.edges[band]), float(self.edges[band + 1])
        return self.columns[column], Tile(moment * step, (moment + 1) * step, low, high)

    def smooth(self, encoder: nn.Module, inputs: dict[str, Tensor]) -> bool:
        """True: encoders cast waves to floats themselves, by their contract."""
        return True

    @contextmanager
    def gated(
        self, encoder: nn.Module, inputs: dict[str, Tensor], rows: Tensor, gates: Tensor, between: bool
    ) -> Iterator[dict[str, Tensor]]:
        wave = inputs["wave"].float()
        count, columns, samples = wave.shape
        spectrum, place = self._spectrum(wave)
        length = inputs["length"].long().reshape(-1, 1).clamp(min=1)
        moment = (place * MOMENTS // length).clamp(max=MOMENTS - 1)
        band = torch.from_numpy(self.band_of).to(wave.device)
        tiles = gates.reshape(count * columns, MOMENTS, BANDS)
        open_ = tiles[torch.arange(len(tiles), device=wave.device)[:, None], moment][:, :, band].transpose(1, 2)
        floor = self._floor.to(wave.device)[rows].flatten(0, 1).unsqueeze(-1)
        softest = (floor / spectrum.abs().clamp(min=1e-9)).clamp(max=1)
        softened = spectrum * (softest + open_ * (1 - softest))
        made = torch.istft(softened, self.size, self.hop, window=self._window(wave), length=samples + self.size)
        yield {**inputs, "wave": made[:, :samples].reshape(wave.shape)}

    def _window(self, wave: Tensor) -> Tensor:
        return torch.hann_window(self.size, device=wave.device)

    def _spectrum(self, wave: Tensor) -> tuple[Tensor, Tensor]:
        """[N, C, T] → complex [N · C, bins, frames], and the middle of each frame in samples."""
        flat = torch.nn.functional.pad(wave.flatten(0, 1), (0, self.size))  # room for the shortest
        found = torch.stft(flat, self.size, self.hop, window=self._window(wave), return_complex=True)
        return found, torch.arange(found.shape[2], device=wave.device) * self.hop

    @torch.no_grad()
    def _quiet(self, wave: Tensor) -> Tensor:
        """[n, C, bins] level of each frequency that counts as quiet in a recording."""
        rows = []
        for row in range(len(wave)):
            spectrum, place = self._spectrum(wave[row : row + 1])
            for level, length in zip(spectrum.abs(), self.length[row].tolist(), strict=True):
                real = level[:, place < max(length, 1)]
                rows.append(torch.maximum(real.quantile(QUIET, dim=1), LEAST * real.mean()))
        return torch.stack(rows).reshape(*wave.shape[:2], -1) if rows else torch.zeros(0, wave.shape[1], 1)


def band_edges(rate: int, bands: int) -> Array:
    """Edges [bands + 1] in Hz, evenly spaced on the mel scale (HTK book, section 5.4) from 0 to half the rate."""
    top = 2595 * math.log10(1 + rate / 2 / 700)
    return np.asarray(700 * (10 ** (np.linspace(0, top, bands + 1) / 2595) - 1))
