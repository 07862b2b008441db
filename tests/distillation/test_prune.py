"""A narrower run is an ordinary run: fewer channels, the same rows, saved, loaded and exported as ever."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.conftest import mixed_table, png

pytest.importorskip("torch_pruning", reason="consilience[prune] is not installed")

import copy

from consilience import api
from consilience.core.config import Choice
from consilience.core.errors import InputError
from consilience.data.table import read_table
from consilience.deployment.export import export
from consilience.distillation.channels import cut_channels, same_when_built
from consilience.fusion.narrow import narrow, widths_of
from consilience.serving import bench as bench_module

QUICK = (
    "report.analyses=[]",
    "train.epochs=3",
    "references=[]",
    "train.device=cpu",
    "train.networks=1",
    "split.folds=1",
)
IMAGE = {"height": 16, "width": 16, "channels": 1, "mean": [0.1], "std": [0.3], "columns": ["a"]}


def encoder(name: str, facts: dict[str, Any], **options: Any) -> Any:
    component, config = Choice(type=name, **options).configured("encoder")
    return component(config, {**facts, **component.learn(config, facts)}).eval()


@pytest.mark.parametrize("name", ["conv_image", "plain_cnn", "mel_audio", "mobilenet_v3_small"])
@pytest.mark.parametrize("importance", ["taylor", "magnitude"])
def test_channels_go_and_the_rest_is_built_again_from_widths(name: str, importance: Any) -> None:
    if name == "mobilenet_v3_small":
        pytest.importorskip("torchvision", reason="consilience[pretrained] is not installed")
    facts = {"sample_rate": 4000, "samples": 4000, "columns": ["a"]} if name == "mel_audio" else IMAGE
    whole = encoder(name, facts)
    for parameter in whole.parameters():
        parameter.grad = parameter.detach().clone()
    pruned = copy.deepcopy(whole)
    for mine, theirs in zip(pruned.parameters(), whole.parameters(), strict=True):
        mine.grad = theirs.grad
    assert cut_channels(pruned, 0.5, importance) is None
    count = [sum(p.numel() for p in e.parameters()) for e in (pruned, whole)]
    assert count[0] < 0.75 * count[1]
    assert pruned.width == whole.width
    widths = json.loads(json.dumps(widths_of(pruned, whole)))
    built = encoder(name, facts)
    narrow(built, widths)
    assert same_when_built(pruned, built)


def test_what_has_no_channels_to_remove_says_why() -> None:
    facts = {"columns": ["a"], "quantiles": [[0.0, 1.0]], "mean": [0.0], "std": [1.0]}
    numbers = encoder("number_linear", facts)
    assert cut_channels(numbers, 0.5, "magnitude") == "no part of it convolves and trains"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pruning")
    frame = mixed_table(160, seed=2).select("age", "scan", "sick")
    random = np.random.default_rng(0)
    scans = [png((random.random((16, 16)) * 90 + 100 * (s == "yes")).astype(np.uint8)) for s in frame["sick"]]
    frame = frame.with_columns(pl.Series("scan", scans, dtype=pl.Binary))
    frame.write_parquet(folder / "table.parquet")
    api.fit(folder / "table.parquet", "sick", effort=1, settings=QUICK, run=folder / "run")
    return folder / "run"


@pytest.mark.slow
def test_a_narrower_run_is_compared_loaded_and_exported(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_module, "SECONDS", 0.2)
    done = api.prune(run, share=0.5, out=tmp_path / "pruned", settings=("train.epochs=2",))
    found = done.result
    assert list(found["groups"]) == ["image"]
    assert found["groups"]["image"]["after"] < 0.6 * found["groups"]["image"]["before"]
    assert list(found["left"]) == ["number"]
    assert found["student"]["parameters"] < found["teacher"]["parameters"]
    assert found["student"]["bytes"] < found["teacher"]["bytes"]
    assert found["difference"]["low"] <= found["difference"]["value"] <= found["difference"]["high"]
    assert found["student"]["metrics"]["roc_auc"]["value"] > 0.8
    assert json.loads((tmp_path / "pruned" / "prune.json").read_text())["share"] == 0.5
    assert (tmp_path / "pruned" / "report.html").is_file()

    (tmp_path / "pruned" / "metrics.json").rename(tmp_path / "metrics.json")  # as if it had been cut off
    with pytest.raises(InputError, match="cannot go on alone"):
        api.resume(tmp_path / "pruned")
    (tmp_path / "metrics.json").rename(tmp_path / "pruned" / "metrics.json")
    table = run.parent / "table.parquet"
    loaded = api.load(tmp_path / "pruned")
    said = [
        model.predict(table, probabilities=True) if False else model.bundle.predict(read_table(table))[0]
        for model in (done.model, loaded)
    ]
    assert np.array_equal(said[0], said[1])
    export(tmp_path / "pruned", tmp_path / "exported")
    exported = api.load(tmp_path / "exported").bundle.predict(read_table(table))[0]
    assert np.abs(exported - said[0]).max() < 1e-3


def test_what_cannot_be_asked_is_refused(run: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="between 0 and 1, received 1"):
        api.prune(run, share=1.0)
    with pytest.raises(InputError, match="did you mean 'taylor'"):
        api.prune(run, importance="tailor")
    mixed_table(60, media=False).select("age", "dose", "sick").write_parquet(tmp_path / "table.parquet")
    api.fit(tmp_path / "table.parquet", "sick", effort=1, settings=QUICK, run=tmp_path / "numbers")
    with pytest.raises(InputError, match=r"no channel of this run can be removed \(number: "):
        api.prune(tmp_path / "numbers")
    assert not (tmp_path / "numbers-pruned").exists()
