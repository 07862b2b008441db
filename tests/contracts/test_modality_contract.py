"""Every registered modality keeps the contract of `modalities.base`; a new one only adds sample cells."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import soundfile
from PIL import Image

from consilience.core.recipe import Prepare
from consilience.core.registry import get, names

HOSTILE = [
    "",
    " ",
    "n/a",
    "😀" * 50,
    "\x00\x01",
    "a" * 5000,
    "-inf",
    "1e999",
    "٣",
    "NaN",
    "<script>",
    "/etc",
    "|",
    ",;,",
]


def image(shade: int) -> bytes:
    file = io.BytesIO()
    Image.new("L", (12, 10), shade).save(file, "PNG")
    return file.getvalue()


def sound(length: int) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, np.sin(np.arange(length)), 8000, format="WAV")
    return file.getvalue()


DNA = [">seq 1\nACGTACGTACGT\nACGTACGTTTGA", "ACG-TACGTRYACGTACGGTACG", "TTTTTTTTTTACGTTTTTTTTTT"]


def video(shade: int, frames: int = 6) -> bytes:
    cv2 = pytest.importorskip("cv2")
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "made.avi")
        writer = cv2.VideoWriter(path, cv2.VideoWriter_fourcc(*"MJPG"), 10, (32, 24))
        for number in range(frames):
            writer.write(np.full((24, 32, 3), (shade + 5 * number) % 256, np.uint8))
        writer.release()
        return Path(path).read_bytes()


CELLS: dict[str, list[Any]] = {
    "number": [1.5, 2.0, None, -7.25, 1e6, 3.0, 2.5],
    "category": ["red", "blue", None, "red", "green", "blue", "red"],
    "date": ["2024-01-02", "2023-05-06 07:08", None, "1999-12-31", "2024-02-29", "2020-01-01", "2021-03-04"],
    "text": ["one two three", "四五六七八九", None, "ten eleven", "twelve", "one two", "three 四五"],
    "sequence": ["ACGTACGTACGTACGTACGTACGA", "acgtnnacgtacgtacgtacgtt", None, "GATTACAGATTACAGATTACA", *DNA],
    "image": [image(10), image(200), None, image(90), image(91), image(0), image(255)],
    "series": [
        [1.5, 2.0, 3.0, 4.5],
        [2.0] * 6,
        None,
        [0.5, None, 7.0, 8.0, 1.0],
        [9.0, 8.0, 7.0, 6.0],
        [1.0, 1.5, 2.0, 3.0],
        [4.5] * 4,
    ],
    "audio": [sound(900), sound(1600), None, sound(400), sound(800), sound(801), sound(20)],
    "video": [video(10), video(200), None, video(90, 3), video(91), video(60), video(120, 1)],
}
MODALITIES = names("modality")


def sample(name: str) -> dict[str, pl.Series]:
    cells = CELLS[name]
    return {"first": pl.Series("first", cells), "第二 col": pl.Series("第二 col", cells[::-1])}


def learned(name: str) -> dict[str, Any]:
    facts: dict[str, Any] = get("modality", name).learn(sample(name), Prepare())
    return facts


def equal(a: dict[str, Any], b: dict[str, Any]) -> bool:
    return a.keys() == b.keys() and all(a[k].dtype == b[k].dtype and np.array_equal(a[k], b[k]) for k in a)


def test_every_modality_has_sample_cells() -> None:
    assert set(MODALITIES) == set(CELLS)


@pytest.mark.parametrize("name", MODALITIES)
class TestModality:
    def test_facts_are_json_and_repeat(self, name: str) -> None:
        facts = learned(name)
        assert facts == json.loads(json.dumps(facts, allow_nan=False)) == learned(name)
        assert facts["columns"] == ["first", "第二 col"]

    def test_arrays_have_a_mask_and_zeros_beneath(self, name: str) -> None:
        arrays, problems = get("modality", name).arrays(sample(name), learned(name))
        mask = arrays["mask"]
        assert not problems
        assert mask.dtype == bool
        assert mask.shape[:2] == (7, 2)
        present = mask.reshape(7, 2, -1).any(-1)
        assert np.array_equal(present, [[row != 2, row != 4] for row in range(7)])
        for array in arrays.values():
            assert array.shape[:2] == (7, 2)
            assert not array[~present].any()

    def test_rows_never_see_each_other(self, name: str) -> None:
        modality, facts = get("modality", name), learned(name)
        whole = modality.arrays(sample(name), facts).arrays
        for start, stop in ((0, 3), (3, 4), (4, 7)):
            part = modality.arrays({k: c.slice(start, stop - start) for k, c in sample(name).items()}, facts)
            assert equal(part.arrays, {k: a[start:stop] for k, a in whole.items()})

    def test_no_rows_have_the_shapes_of_many(self, name: str) -> None:
        modality, facts = get("modality", name), learned(name)
        many = modality.arrays(sample(name), facts).arrays
        none = modality.arrays({k: c.clear() for k, c in sample(name).items()}, facts).arrays
        assert {k: (a.shape[1:], a.dtype) for k, a in many.items()} == {
            k: (a.shape[1:], a.dtype) for k, a in none.items()
        }
        assert all(len(a) == 0 for a in none.values())

    def test_hostile_cells_are_missing_counted_or_read(self, name: str) -> None:
        columns = {k: pl.Series(k, HOSTILE) for k in ("first", "第二 col")}
        arrays, problems = get("modality", name).arrays(columns, learned(name))
        for problem in problems:
            assert 0 < problem.count <= len(HOSTILE)
            assert len(problem.rows) == len(problem.examples) <= 20
            assert problem.column in columns
        for array in arrays.values():
            assert array.shape[0] == len(HOSTILE)
            assert array.dtype.kind != "f" or np.isfinite(array).all()

    @pytest.mark.parametrize("dtype", [pl.String, pl.Binary, pl.Null, pl.Float64, pl.Int64])
    def test_a_column_of_nulls_is_missing(self, name: str, dtype: Any) -> None:
        modality = get("modality", name)
        nulls = {k: pl.Series(k, [None] * 4, dtype=dtype) for k in ("first", "第二 col")}
        arrays, problems = modality.arrays(nulls, learned(name))
        assert not arrays["mask"].any()
        assert not problems
        assert not modality.arrays(nulls, modality.learn(nulls, Prepare())).arrays["mask"].any()

    def test_trim_keeps_every_value(self, name: str) -> None:
        modality = get("modality", name)
        whole = modality.arrays(sample(name), learned(name)).arrays
        cut = modality.trim({k: a[3:5] for k, a in whole.items()})
        assert cut.keys() == whole.keys()
        for key, array in cut.items():
            assert np.count_nonzero(array) == np.count_nonzero(whole[key][3:5])
            assert array.dtype == whole[key].dtype

    def test_scores_lie_between_zero_and_one(self, name: str) -> None:
        modality = get("modality", name)
        own = next(iter(sample(name).values())).drop_nulls()
        for column in (own, own.clear(), pl.Series(HOSTILE), pl.Series([b"x"]), pl.Series([[1, 2]])):
            guess = modality.score(column)
            assert 0 <= guess.score <= 1
            assert guess.reason
        assert isinstance(modality.media, bool)

    def test_its_own_cells_score_highest(self, name: str) -> None:
        column = pl.Series(CELLS[name] * 5).drop_nulls()
        scores = {other: get("modality", other).score(column).score for other in MODALITIES}
        if name != "text":  # seven short texts five times over look like categories, rightly
            assert max(scores, key=lambda n: scores[n]) == name


def test_importing_them_loads_neither_torch_nor_decoders() -> None:
    code = (
        "import sys; from consilience.core.registry import get, names; import consilience.data.features; "
        "[get('modality', n) for n in names('modality')]; "
        "heavy = ('torch', 'sklearn', 'cv2', 'soundfile', 'soxr', 'tokenizers'); "
        "print([m for m in heavy if m in sys.modules])"
    )
    environment = {"PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True)
    assert run.stdout.decode().strip() == "[]"
