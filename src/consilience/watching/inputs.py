"""A row's inputs as the log keeps them: all of it, or the few figures that drift is measured on."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable, Mapping
from typing import Any, final

import numpy as np

from consilience.modalities.cells import cell_text
from consilience.modalities.media import UnreadableError
from consilience.modalities.series_steps import cell_column, read_steps

Row = Mapping[str, Any]
LEFT_OUT = {"left_out": 1.0}
"""In place of figures that were not computed."""
SHARE, BURST = 0.01, 0.25
"""Seconds for figures in each second, and seconds that may be saved up."""
SAMPLE_RATE = 8_000
MOST_SECONDS = 10


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
                c: LEFT_OUT if m in FIGURES and row[c] is not None else _summary(row[c], m) for c, m in columns.items()
            }
        found = summary_row(row, columns)
        self._left -= self._clock() - now
        return found


def summary_row(row: Row, columns: Mapping[str, str]) -> dict[str, Any]:
    """Numbers and dates as they are, categories as canonical text; of texts and media only `figures`."""
    return {c: _summary(row[c], modality) for c, modality in columns.items()}


def _summary(cell: Any, modality: str) -> Any:
    if modality in FIGURES:
        return figures(cell, modality)
    return cell_text(cell) if modality == "category" else cell


def logged_row(row: Row, columns: Mapping[str, str]) -> dict[str, Any]:
    """A logged row as `summary_row` gives it, also where the log holds full inputs."""
    return {c: _summarised(row.get(c), modality) for c, modality in columns.items()}


def _summarised(cell: Any, modality: str) -> Any:
    if modality == "category":
        return cell_text(cell)
    if modality not in FIGURES or not isinstance(cell, (str, list)):
        return cell
    return figures(base64.b64decode(str(cell)) if modality in ("image", "audio") else cell, modality)


def figures(cell: Any, modality: str) -> dict[str, Any] | None:
    """Figures of a text, image or recording; None where missing, {"unreadable": 1.0} where it cannot be decoded."""
    if cell is None:
        return None
    try:
        return FIGURES[modality](cell)
    except UnreadableError:
        return {"unreadable": 1.0}


def _text(cell: Any) -> dict[str, Any]:
    """Length, words, and the shares of letters, digits, blanks and characters beyond ASCII."""
    text = str(cell)
    size = max(len(text), 1)
    return {
        "characters": float(len(text)),
        "words": float(len(text.split())),
        "letters": sum(c.isalpha() for c in text) / size,
        "digits": sum(c.isdigit() for c in text) / size,
        "beyond_ascii": sum(ord(c) > 127 for c in text) / size,
        "variety": len(set(text.lower().split())) / max(len(text.split()), 1),
    }


def _image(cell: Any) -> dict[str, Any]:
    """Size, brightness, contrast, edges, colour and the mean of a 4 × 4 grid, 0..1."""
    from consilience.modalities.image_decode import channels_of, decode, open_image, opencv, to_8_bits

    data, header = open_image(cell, 64_000_000)
    pixels = channels_of(to_8_bits(decode(data, header, False, 64)[..., :3], 65535), 3)
    pixels = np.ascontiguousarray(pixels).astype(np.float32) / 255
    grey = pixels.mean(2)
    small = opencv().resize(grey, (4, 4), interpolation=opencv().INTER_AREA)
    grid = {f"grid{i}": float(v) for i, v in enumerate(small.reshape(-1))}
    return {
        "width": float(header.width),
        "height": float(header.height),
        "brightness": float(grey.mean()),
        "contrast": float(grey.std()),
        "edges": float(np.abs(np.diff(grey, axis=0)).mean() + np.abs(np.diff(grey, axis=1)).mean()),
        "colour": float((pixels.max(2) - pixels.min(2)).mean()),
        **grid,
        "sha256": hashlib.sha256(data).hexdigest() if isinstance(cell, bytes) else None,
    }


def _audio(cell: Any) -> dict[str, Any]:
    """Duration, loudness, zero crossings and the shares of five bands of frequency."""
    from consilience.modalities.audio_decode import measure, read_wave

    seconds = measure(cell)[1]
    wave = read_wave(cell, SAMPLE_RATE, SAMPLE_RATE * MOST_SECONDS).astype(np.float32) / 32768
    power = np.abs(np.fft.rfft(wave)) ** 2
    edges = np.searchsorted(np.fft.rfftfreq(len(wave), 1 / SAMPLE_RATE), (250, 500, 1000, 2000))
    bands = [float(part.sum()) for part in np.split(power, edges)]
    total = max(sum(bands), 1e-12)
    return {
        "seconds": float(seconds),
        "loudness": float(np.log10((wave**2).mean() + 1e-10)),
        "crossings": float((np.diff(np.signbit(wave)) != 0).mean()) if len(wave) > 1 else 0.0,
        **{f"band{i}": b / total for i, b in enumerate(bands)},
        "sha256": hashlib.sha256(cell).hexdigest() if isinstance(cell, bytes) else None,
    }


def _series(cell: Any) -> dict[str, Any]:
    """Steps, channels, share of points that are missing, and mean, deviation and mean step of all points."""
    steps = read_steps(cell_column(cell))
    seen = steps.values[np.isfinite(steps.values)]
    if not len(seen):
        return {"unreadable": 1.0}
    between = np.diff(steps.values, axis=0)
    between = between[np.isfinite(between)]
    return {
        "steps": float(len(steps.values)),
        "channels": float(steps.values.shape[1]),
        "missing": 1 - len(seen) / steps.values.size,
        "mean": float(seen.mean()),
        "deviation": float(seen.std()),
        "mean_step": float(np.abs(between).mean()) if len(between) else 0.0,
    }


FIGURES: dict[str, Callable[[Any], dict[str, Any]]] = {
    "text": _text,
    "image": _image,
    "audio": _audio,
    "series": _series,
}
