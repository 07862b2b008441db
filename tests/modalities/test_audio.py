from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import soundfile

from consilience.core.errors import InputError
from consilience.core.recipe import Prepare
from consilience.modalities.audio import Audio


def tone(seconds: float = 0.5, rate: int = 8000, pitch: float = 440.0) -> np.ndarray[Any, Any]:
    return 0.5 * np.sin(2 * np.pi * pitch * np.arange(int(seconds * rate)) / rate)


def encoded(wave: np.ndarray[Any, Any], rate: int = 8000, kind: str = "WAV", subtype: str | None = None) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, wave, rate, format=kind, subtype=subtype)
    return file.getvalue()


def learned(cells: list[Any], **settings: Any) -> dict[str, Any]:
    return Audio.learn({"a": column(cells)}, Prepare(**settings))


def column(cells: list[Any]) -> pl.Series:
    return pl.Series("a", cells, dtype=pl.String if any(isinstance(c, str) for c in cells) else pl.Binary)


def waves(cells: list[Any], facts: dict[str, Any]) -> list[np.ndarray[Any, Any]]:
    arrays, problems = Audio.arrays({"a": column(cells)}, facts)
    assert not problems
    return [w[:n] for w, n in zip(arrays["wave"][:, 0], arrays["length"][:, 0], strict=True)]


def pitch_of(wave: np.ndarray[Any, Any], rate: int) -> float:
    return float(np.argmax(np.abs(np.fft.rfft(wave.astype(float)))) * rate / len(wave))


def test_sixteen_bit_waves_keep_their_samples() -> None:
    samples = (tone() * 32767).astype(np.int16)
    facts = learned([encoded(samples)])
    assert facts == {"columns": ["a"], "sample_rate": 8000, "samples": 4000, "seconds": 0.5}
    assert np.array_equal(waves([encoded(samples)], facts)[0], samples)


@pytest.mark.parametrize(
    ("kind", "subtype"),
    [("WAV", "FLOAT"), ("WAV", "PCM_24"), ("WAV", "PCM_U8"), ("FLAC", None), ("OGG", None), ("MP3", None)],
)
def test_formats(kind: str, subtype: str | None) -> None:
    wave = tone(1.0, 16000)
    facts = learned([encoded(wave, 16000)])
    found = waves([encoded(wave, 16000, kind, subtype)], facts)[0]
    assert abs(pitch_of(found, 16000) - 440) < 3
    assert np.abs(found).max() == pytest.approx(0.5 * 32768, rel=0.06)


def test_other_rates_are_resampled_and_channels_averaged() -> None:
    facts = learned([encoded(tone(1.0))])
    stereo = np.stack([tone(1.0, 44100), np.zeros(44100)], 1)
    (found,) = waves([encoded(stereo, 44100)], facts)
    assert abs(len(found) - 8000) <= 2
    assert abs(pitch_of(found, 8000) - 440) < 2
    assert np.abs(found[100:-100]).max() == pytest.approx(0.25 * 32768, rel=0.05)


def test_rate_is_the_median_at_most_sixteen_thousand() -> None:
    assert learned([encoded(tone(0.2, r), r) for r in (8000, 11025, 44100)])["sample_rate"] == 11025
    assert learned([encoded(tone(0.2, 48000), 48000)])["sample_rate"] == 16000
    assert learned([encoded(tone())], sample_rate=22050)["sample_rate"] == 22050


def test_longer_files_keep_their_beginning() -> None:
    facts = learned([encoded(tone(0.5))], max_seconds=0.25)
    wave = np.concatenate([tone(0.25, pitch=300), tone(0.25, pitch=900)])
    (found,) = waves([encoded(wave)], facts)
    assert len(found) == facts["samples"] == 2000
    assert abs(pitch_of(found, 8000) - 300) < 5
    assert learned([encoded(np.zeros(8000 * 12))])["seconds"] == 10


def test_lengths_and_padding() -> None:
    arrays, _ = Audio.arrays({"a": column([encoded(tone(0.1)), None])}, learned([encoded(tone(0.5))]))
    assert arrays["wave"].dtype == np.int16
    assert arrays["length"].tolist() == [[800], [0]]
    assert arrays["mask"].tolist() == [[True], [False]]
    assert not arrays["wave"][0, 0, 800:].any()
    assert Audio.trim(arrays)["wave"].shape == (2, 1, 1024)
    assert Audio.trim({k: v[1:] for k, v in arrays.items()})["wave"].shape[-1] >= 1


def test_bad_files_are_missing_and_named(tmp_path: Path) -> None:
    good, text, hollow, empty = (tmp_path / n for n in ("g.wav", "t.wav", "h.wav", "e.wav"))
    good.write_bytes(encoded(tone()))
    text.write_text("hello, I am no sound at all")
    hollow.write_bytes(encoded(np.zeros(0)))
    empty.write_bytes(b"")
    facts = learned([str(good)])
    cells = [str(good), str(text), str(hollow), "", str(empty), str(tmp_path / "gone.wav"), str(tmp_path)]
    arrays, problems = Audio.arrays({"a": column(cells)}, facts)
    assert arrays["mask"][:, 0].tolist() == [True] + [False] * 6
    (problem,) = problems
    assert (problem.code, problem.count, problem.rows) == ("unreadable_media", 5, [1, 2, 4, 5, 6])
    reasons = [example.rpartition(": ")[2] for example in problem.examples]
    assert reasons[1:4] == ["audio file without samples", "file is empty", "file not found"]
    assert problem.examples[0].startswith(f"{text}: not an audio file")


def test_samples_that_are_no_numbers_become_silence() -> None:
    wave = tone().astype(np.float32)
    wave[10:20] = np.nan
    (found,) = waves([encoded(wave, subtype="FLOAT")], learned([encoded(tone())]))
    assert not found[10:20].any()


def test_nothing_readable_is_an_error_and_nothing_there_is_none() -> None:
    with pytest.raises(InputError, match="none of the 1 audio cells"):
        learned([b"not a sound", None])
    facts = learned([None])
    assert not Audio.arrays({"a": column([None])}, facts).arrays["mask"].any()


def test_scores_open_no_file() -> None:
    assert Audio.score(pl.Series(["/nowhere/a.WAV", "b.mp3"])).score > 0.9
    assert Audio.score(pl.Series(["a.png", "b.png"])).score == 0
    for kind in ("WAV", "FLAC", "OGG", "MP3", "AIFF"):
        assert Audio.score(pl.Series([encoded(tone(), kind=kind)])).score > 0.9
    assert Audio.score(pl.Series([b"\xff\xd8\xff\xe0 jpeg"])).score == 0
