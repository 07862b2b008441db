from __future__ import annotations

import numpy as np

from consilience.evaluation.weaknesses.probes.video import frames_dropped, video_noise
from consilience.references.video import summarise_videos, video_width


def videos() -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    mask = np.ones((6, 1, 5), bool)
    mask[0], mask[1, 0, 2:] = False, False
    frame = random.integers(1, 256, (6, 1, 5, 8, 8, 3)).astype(np.uint8) * mask[..., None, None, None]
    second = np.arange(1, 6, dtype=np.float32) * mask
    return {"frame": frame, "second": second, "mask": mask}


def test_dropped_frames_leave_the_others_in_order() -> None:
    given, random = videos(), np.random.default_rng(1)
    worn = frames_dropped(given, 0.5, random)
    assert worn["mask"].sum() < given["mask"].sum()
    assert (worn["mask"].any(-1) == given["mask"].any(-1)).all(), "a video keeps at least one frame"
    assert (np.diff(worn["mask"].astype(int), axis=-1) <= 0).all(), "kept frames move up"
    for row in range(1, 6):
        kept = worn["second"][row, 0][worn["mask"][row, 0]]
        assert (np.diff(kept) > 0).all()
        for at, second in enumerate(kept):
            assert np.array_equal(worn["frame"][row, 0, at], given["frame"][row, 0, int(second) - 1])
    assert not worn["frame"][~worn["mask"]].any()
    assert all(worn[k].dtype == given[k].dtype for k in given)
    assert frames_dropped(given, 0.999, random)["mask"].sum(-1).max() == 1


def test_noise_stays_within_frames_that_are_there() -> None:
    given = videos()
    worn = video_noise(given, 0.2, np.random.default_rng(1))
    assert worn["frame"].dtype == np.uint8
    assert not worn["frame"][~given["mask"]].any()
    assert (worn["frame"] != given["frame"]).any()


def test_references_read_a_row_of_numbers() -> None:
    given = videos()
    found = summarise_videos(given["frame"], given["second"], given["mask"])
    assert found.shape == (6, video_width())
    assert np.isnan(found[0]).all()
    assert np.isfinite(found[1:]).all()
    assert found[2, -1] == np.float32(np.log1p(5.0))
