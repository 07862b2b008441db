from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from consilience.core.recipe import Prepare
from consilience.modalities import soundtrack
from consilience.modalities.audio import Audio


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Two seconds of 440 Hz beside a grey picture."""
    av: Any = pytest.importorskip("av")
    path = tmp_path / "film.mkv"
    with av.open(str(path), "w") as out:
        picture = out.add_stream("mpeg4", rate=10)
        picture.width, picture.height, picture.pix_fmt = 32, 32, "yuv420p"
        sound = out.add_stream("pcm_s16le", rate=8000, layout="mono")
        for _ in range(20):
            frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 90, np.uint8), format="rgb24")
            out.mux(picture.encode(frame))
        wave = (np.sin(np.arange(16000) / 8000 * 2 * np.pi * 440) * 9000).astype(np.int16)
        heard = av.AudioFrame.from_ndarray(wave[None], format="s16", layout="mono")
        heard.rate = 8000
        out.mux(sound.encode(heard))
        for stream in (picture, sound):
            out.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("as_bytes", [False, True])
def test_the_sound_of_a_video_is_read_as_audio(film: Path, as_bytes: bool) -> None:
    column = {"s": pl.Series("s", [film.read_bytes() if as_bytes else str(film)])}
    facts = Audio.learn(column, Prepare())
    assert facts["sample_rate"] == 8000
    found, problems = Audio.arrays(column, facts)
    assert not problems
    power = np.abs(np.fft.rfft(found["wave"][0, 0, :8000].astype(float)))
    assert int(power.argmax()) == 440


def test_without_the_library_the_extra_is_named(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soundtrack, "find_spec", lambda name: None)
    facts = {"columns": ["s"], "sample_rate": 8000, "samples": 800, "seconds": 0.1}
    _, problems = Audio.arrays({"s": pl.Series("s", [str(film)])}, facts)
    assert "consilience[video]" in problems[0].examples[0]
