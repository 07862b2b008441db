from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest

from consilience.serving.refused import RefusedError
from consilience.serving.rows import check_medium
from consilience.serving.settings import Settings
from consilience.watching.inputs import figures

made = runpy.run_path(str(Path(__file__).parents[1] / "made_videos.py"))


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = made["write_video"](tmp_path_factory.mktemp("film") / "v.mp4", made["square_frames"]("left", 1, 20))
    return bytes(path.read_bytes())


def test_limits_of_a_request(film: bytes) -> None:
    check_medium(film, "video", "row 0", Settings())
    check_medium(b"no film", "video", "row 0", Settings())  # counts as missing later
    with pytest.raises(RefusedError, match=r"row 0: 32 × 32 pixels, the limit is 1000"):
        check_medium(film, "video", "row 0", Settings(max_pixels=1000))
    with pytest.raises(RefusedError, match=r"row 0: 2 s, the limit is 1 s"):
        check_medium(film, "video", "row 0", Settings(max_seconds=1))


def test_figures_that_drift_is_measured_on(film: bytes, tmp_path: Path) -> None:
    moving = figures(film, "video")
    still_path = made["write_video"](tmp_path / "s.mp4", [np.full((32, 32, 3), 60, np.uint8)] * 20)
    still = figures(still_path.read_bytes(), "video")
    assert moving is not None
    assert still is not None
    assert moving["seconds"] == pytest.approx(2.0)
    assert still["motion"] < 0.005 < moving["motion"]
    assert still["brightness"] == pytest.approx(60 / 255, abs=0.02)
    assert figures(b"no film", "video") == {"unreadable": 1.0}
