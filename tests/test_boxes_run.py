"""A detector from table to service: trained on a few small pictures with the product's own commands."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import polars as pl
import pytest

import consilience
from consilience.core.errors import InputError
from consilience.deployment.export import Options, export
from consilience.model import load

FAST = {
    "effort": 1,
    "prepare": {"image_size": 32, "workers": 0},
    "train": {"epochs": 2, "batch_size": 4, "threads": 1},
    "encoders": {"image": {"type": "pyramid_image", "channels": 4, "width": 8, "blocks": [0, 0, 0, 0]}},
}


def table(folder: Path, rows: int = 16) -> Path:
    random = np.random.default_rng(0)
    found = []
    for i in range(rows):
        high, wide = (24, 32) if i % 2 else (48, 64)
        image = random.integers(0, 40, (high, wide, 3)).astype(np.uint8)
        boxes = []
        if i % 4:
            x, y = int(random.integers(0, wide - 12)), int(random.integers(0, high - 12))
            cv2.rectangle(image, (x, y), (x + 11, y + 11), (80, 80, 255), -1)
            boxes = [{"label": "square" if i % 3 else "tile", "box": [x, y, x + 12, y + 12]}]
        cv2.imwrite(str(folder / f"{i}.png"), image)
        found.append({"picture": f"{i}.png", "age": float(i % 5), "things": json.dumps(boxes)})
    found[5]["things"] = '[{"label": "square", "box": [12, 12, 2, 2]}, {"label": "square", "box": [3, 3, 3, 9]}]'
    path = folder / "table.csv"
    pl.DataFrame(found).write_csv(path)
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path, Path]:
    folder = tmp_path_factory.mktemp("boxes")
    path = table(folder)
    model = consilience.fit(path, target="things", run=folder / "run", recipe=FAST)
    return model, path, folder


def test_the_report_tells_of_boxes(trained: tuple[Any, Path, Path]) -> None:
    model, _, _ = trained
    metrics = model.metrics
    assert metrics["task"] == "boxes"
    assert set(metrics["test"]) == {"map_50", "map", "map_75", "recall_50"}
    assert {"blobs", "majority"} == set(metrics["references"])
    assert [one["label"] for one in metrics["boxes"]["classes"]] == ["square", "tile"]
    assert "not_applicable" in metrics["calibration"]
    assert "subsets" in metrics["contribution"]
    found = {f["code"]: f["details"] for f in metrics["findings"]}
    assert found["box_repairs"] == {"reversed": 1, "dropped": 1}
    html = model.report.read_text(encoding="utf-8")
    assert "Images with the surest mistakes" in html
    assert "目标框" in model.write_report(language="zh", path=model.run / "zh.html").read_text(encoding="utf-8")


def test_prediction_counts_what_is_broken(trained: tuple[Any, Path, Path]) -> None:
    model, path, folder = trained
    (folder / "bad.png").write_bytes(b"no picture")
    frame = pl.DataFrame({"picture": ["1.png", "bad.png", None], "age": [1.0, None, 2.0]})
    frame = frame.with_columns(pl.when(pl.col("picture").is_not_null()).then(str(folder) + "/" + pl.col("picture")))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        said = model.predict_table(frame)
    assert any(p.code == "unreadable_media" for p in model.problems)
    boxes = [json.loads(cell) for cell in said["prediction"]]
    assert boxes[1] == boxes[2] == []  # no picture, no boxes
    assert said.columns == ["prediction", "count:square", "count:tile"]
    assert load(model.run).evaluate(path)["map_50"]["value"] >= 0
    with pytest.raises(InputError, match="no probabilities"):
        model.predict_proba(frame)
    with pytest.raises(InputError, match="finds boxes"):
        model.explain(frame, rows=[0])


@pytest.mark.slow
def test_export_is_proved_and_served(trained: tuple[Any, Path, Path]) -> None:
    model, path, folder = trained
    told = export(model.run, folder / "bundle", path, Options())
    assert told["proof"]["largest"] <= 1e-4
    exported = load(folder / "bundle")
    live, there = model.predict_table(path), exported.predict_table(path)
    assert live["count:square"].to_list() == there["count:square"].to_list()
    from consilience.serving.hosted import Asked, Hosted

    hosted = Hosted("model", folder / "bundle")
    (answer,) = hosted.answer([Asked({"picture": (folder / "1.png").read_bytes(), "age": 1.0})])
    assert answer["prediction"] == json.loads(there["prediction"][1])
    with pytest.raises(InputError, match="not explained"):
        hosted.answer([Asked({"picture": None, "age": None}, explain=True)])
    with pytest.raises(InputError, match="no set or interval"):
        hosted.answer([Asked({"picture": None, "age": None}, level=0.9)])


def test_choices_that_do_not_fit_are_named(tmp_path: Path) -> None:
    path = table(tmp_path, 8)
    with pytest.raises(InputError, match="boxes cannot be averaged"):
        consilience.fit(path, target="things", run=tmp_path / "r", recipe={**FAST, "split": {"folds": 3}})
    with pytest.raises(InputError, match="predicts no boxes"):
        consilience.fit(path, target="things", run=tmp_path / "r", recipe={**FAST, "references": ["linear"]})
    with pytest.raises(InputError, match="no column holds images"):
        consilience.fit(path, target="things", run=tmp_path / "r", recipe=FAST, ignore=["picture"])
