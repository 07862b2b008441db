"""A modality from another package goes all the way, from a table to drift, with no line of it in the house."""

from __future__ import annotations

import base64
import importlib
import random
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from starlette.testclient import TestClient

import consilience as cs
from consilience.core import registry
from consilience.core.errors import InputError
from consilience.core.files import read_json
from consilience.data.table import read_table
from consilience.deployment.export import export
from consilience.serving.app import make_app
from consilience.serving.house import House
from consilience.serving.settings import Settings
from consilience.watching.monitor import monitor

ENTRY_POINTS = """
[consilience.modality]
colour = colours:Colour
swatch = colours:Swatch
[consilience.encoder]
mixed_colour = colours:MixedColour
mixed_swatch = colours:MixedSwatch
[consilience.reading]
colour = colours:ColourReading
[consilience.figures]
colour = colours:ColourFigures
"""


def table(rows: int, seed: int, red: tuple[int, int] = (0, 255)) -> pl.DataFrame:
    """A colour tells the label: warm or not."""
    chance, made = random.Random(seed), []
    for row in range(rows):
        rgb = [chance.randint(*red), chance.randint(0, 255), chance.randint(0, 255)]
        colour = "#" + bytes(rgb).hex() if row % 9 else None
        swatch = b"SWATCH" + bytes([rgb[0], 0, rgb[2]]) if row % 7 else None
        made.append({"hue": colour, "card": swatch, "size": chance.gauss(0, 1), "warm": rgb[0] > rgb[2]})
    return pl.DataFrame(made).with_columns(pl.col("warm").replace_strict({True: "yes", False: "no"}))


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The package as pip would leave it: a module, and entry points beside it."""
    folder = tmp_path_factory.mktemp("site")
    about = folder / "colours-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: colours\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(ENTRY_POINTS)
    paths = [str(folder), str(Path(__file__).parent / "plugin")]
    sys.path[:0] = paths
    importlib.invalidate_caches()
    registry._plugins.cache_clear()
    yield
    sys.path[:] = [path for path in sys.path if path not in paths]
    sys.modules.pop("colours", None)
    registry._plugins.cache_clear()


@pytest.fixture(scope="module")
def run(plugin: None, tmp_path_factory: pytest.TempPathFactory) -> tuple[cs.Model, Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("colours")
    report = {"analyses": ["contribution", "errors", "explanation", "robustness", "slices"], "examples": 2}
    recipe = {"effort": 1, "report": report, "train": {"epochs": 3}, "references": ["linear", "trees"]}
    model = cs.fit(table(160, 1), "warm", test=table(80, 2), recipe=recipe, run=folder / "run")
    told = export(folder / "run", folder / "bundle", table(80, 2))
    return model, folder, told


@pytest.mark.slow
def test_columns_are_recognised(plugin: None) -> None:
    found = cs.inspect(table(160, 1), "warm")
    assert found.schema.modalities == {"hue": "colour", "card": "swatch", "size": "number"}
    assert "colour" in registry.names("modality")
    assert registry.find("pieces", "colour") is None


@pytest.mark.slow
def test_a_modality_without_an_encoder_says_what_it_needs(plugin: None, monkeypatch: pytest.MonkeyPatch) -> None:
    known = registry._plugins("encoder")
    monkeypatch.delitem(known, "mixed_colour")
    with pytest.raises(InputError, match="no encoder reads 'colour'"):
        cs.design(table(160, 1), "warm")


@pytest.mark.slow
def test_it_trains_and_is_reported(run: tuple[cs.Model, Path, dict[str, Any]]) -> None:
    model, folder, _ = run
    metrics = read_json(folder / "run" / "metrics.json")
    assert set(model.groups) == {"colour", "number", "swatch"}
    assert metrics["references"]["trees"]["roc_auc"]["value"] > 0.8, "trees read the colour through its reading"
    page = (folder / "run" / "report.html").read_text(encoding="utf-8")
    assert "hue" in page
    assert "does not read swatch" in (folder / "run" / "bundle" / "reference-trees.json").read_text(encoding="utf-8")
    worn = {(c["group"], c["kind"]) for c in metrics["robustness"]["curves"]}
    assert {("colour", "missing"), ("swatch", "missing")} <= worn


@pytest.mark.slow
def test_it_predicts_explains_and_survives_broken_cells(run: tuple[cs.Model, Path, dict[str, Any]]) -> None:
    model, _, _ = run
    rows = table(4, 3)
    assert len(model.predict(rows)) == 4
    broken = rows.with_columns(
        pl.Series("hue", ["#zz", "", None, "#00ff00"]), pl.Series("card", [b"?", b"", None, b"x"])
    )
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        assert np.isfinite(model.predict_proba(broken)).all()
    assert "no colour" in " ".join(str(one.message) for one in said)
    [one] = model.explain(rows.slice(1, 1))
    assert {cell["column"] for cell in one["cells"]} == {"hue", "size"}, "a cell without pieces is explained whole"
    assert set(one["shares"]) == {"colour", "number", "swatch"}


@pytest.mark.slow
def test_what_is_exported_says_the_same(run: tuple[cs.Model, Path, dict[str, Any]]) -> None:
    model, folder, told = run
    assert told["proof"]["largest"] < 1e-4
    exported, rows = cs.load(folder / "bundle"), table(20, 4)
    np.testing.assert_allclose(exported.predict_proba(rows), model.predict_proba(rows), atol=1e-5)


@pytest.mark.slow
def test_a_server_takes_it(run: tuple[cs.Model, Path, dict[str, Any]]) -> None:
    model, folder, _ = run
    rows = table(3, 5)
    asked = [
        {**row, "card": row["card"] and base64.b64encode(row["card"]).decode()} for row in rows.drop("warm").to_dicts()
    ]
    with TestClient(make_app(House({"c": folder / "bundle"}, Settings()))) as client:
        said = client.post("/v1/models/c/predict", json={"rows": asked, "explain": True}).json()["predictions"]
        assert [one["prediction"] for one in said] == list(model.predict(rows))
        page = client.get("/").text
        assert 'type="file" accept="" data-column="card"' in page
        assert '<input id="f1" data-column="hue"' in page
        schemas = str(client.get("/openapi.json").json())
        assert "#[0-9a-f]{6}" in schemas
        assert client.post("/v1/models/c/predict", json={"rows": [{"card": "/etc/passwd"}]}).status_code == 422


@pytest.mark.slow
def test_drift_is_seen_in_its_figures(run: tuple[cs.Model, Path, dict[str, Any]]) -> None:
    _, folder, _ = run
    found = monitor(folder / "bundle", table=read_table(table(200, 6, red=(200, 255))))
    assert any(look["column"] == "hue" and look["figure"] == "red" for look in found["alarms"])
    assert set(found["columns"]["reference"]["card"]["figures"]) == {"bytes"}
    quiet = monitor(folder / "bundle", table=read_table(table(200, 7)))
    assert not [look for look in quiet["alarms"] if look["column"] in ("hue", "card")]
