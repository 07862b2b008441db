"""LogME tells better vectors from worse without training, and `model: auto` takes the best model of this machine."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.conftest import png, wav

import consilience as cs
from consilience.core.errors import InputError
from consilience.training.log_me import log_me

tiny = runpy.run_path(str(Path(__file__).parents[1] / "tiny_models.py"))
RECIPE = {"encoders": {"text": {"type": "hf_text", "model": "auto"}}}


def by_hand(x: np.ndarray, y: np.ndarray) -> float:
    """The evidence of a Bayesian linear model, by the textbook and its own grid of the two precisions."""
    rows, width = x.shape
    best = -np.inf
    for alpha in np.geomspace(1e-3, 1e3, 61):
        for beta in np.geomspace(1e-2, 1e4, 61):
            a = alpha * np.eye(width) + beta * x.T @ x
            mean = beta * np.linalg.solve(a, x.T @ y)
            error = beta / 2 * ((x @ mean - y) ** 2).sum() + alpha / 2 * (mean**2).sum()
            log = width / 2 * np.log(alpha) + rows / 2 * np.log(beta / (2 * np.pi)) - np.linalg.slogdet(a)[1] / 2
            best = max(best, log - error)
    return best / rows


def test_the_fixed_point_finds_the_largest_evidence() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(60, 5))
    y = x @ [1.0, -2.0, 0.0, 0.5, 0.0] + random.normal(size=60) * 0.3
    assert log_me(x, y[:, None]) == pytest.approx(by_hand(x, y), abs=0.01)


def test_vectors_that_say_more_score_higher_even_when_wide() -> None:
    random = np.random.default_rng(1)
    y = random.integers(0, 2, 80)
    noise = random.normal(size=(80, 200))
    told = noise.copy()
    told[:, 0] += 3 * y
    targets = np.stack([1 - y, y], 1)
    assert log_me(told, targets) > log_me(noise, targets) + 0.05


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Hugging Face cache with two models: one knows the words, the other takes every text for the same."""
    import shutil

    import consilience.encoders.pretrained.locate as locate

    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(locate, "distributions", list)
    for name in ("good", "dull"):
        shutil.copytree(tiny["tiny_text"](), tmp_path / f"models--some--{name}" / "snapshots" / "x")
    dull = tmp_path / "models--some--dull" / "snapshots" / "x"
    made = (dull / "tokenizer.json").read_text(encoding="utf-8")
    (dull / "tokenizer.json").write_text(made.replace('"good"', '"zzzz"').replace('"bad"', '"yyyy"'), encoding="utf-8")
    return tmp_path


def table() -> pl.DataFrame:
    random = np.random.default_rng(2)
    y = random.integers(0, 2, 120)
    return pl.DataFrame({"t": [f"the {'good' if v else 'bad'} film {i % 9}" for i, v in enumerate(y)], "y": y})


def test_auto_takes_the_best_and_writes_its_name(cache: Path) -> None:
    heard = []
    frame = table().with_columns(pl.Series("n", np.arange(120) % 7))
    design = cs.design(frame, "y", recipe=RECIPE, effort=1, listener=heard.append, columns={"t": "text"})
    ranked = design["rankings"]["text"]
    assert {r["model"] for r in ranked} == {"some/good", "some/dull"}
    assert ranked[0]["log_me"] >= ranked[1]["log_me"]
    assert design["recipe"]["groups"]["text"]["encoder"]["model"] == ranked[0]["model"]
    assert [e["done"] for e in heard if e.get("name") == "rank"] == [0, 1, 2]


def test_rank_shows_the_models_whatever_the_encoder(cache: Path) -> None:
    design = cs.design(table(), "y", rank=True, effort=1, columns={"t": "text"})
    assert design["groups"]["text"]["encoder"] == "conv_text"
    assert len(design["rankings"]["text"]) == 2
    assert cs.design(table(), "y", effort=1, columns={"t": "text"})["rankings"] == {}


def test_no_model_is_said_with_a_way_out(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(cache / "empty"))
    with pytest.raises(InputError, match="no pretrained text model on this machine"):
        cs.design(table(), "y", recipe=RECIPE, effort=1, columns={"t": "text"})


def picture(level: int) -> bytes:
    return png((np.random.default_rng(level).random((24, 24, 3)) * 60 + 40 + level).astype(np.uint8))


def keep_timm(folder: Path, seed: int, dull: bool = False) -> None:
    """A model of timm as the hub keeps it; a dull one says the same of every image."""
    import timm
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(seed)
    weights = timm.create_model("test_resnet", pretrained=False, num_classes=0).state_dict()
    folder.mkdir(parents=True)
    save_file({name: torch.zeros_like(w) if dull else w for name, w in weights.items()}, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({"architecture": "test_resnet", "pretrained_cfg": {}}))


def keep_transformers(folder: Path, family: str, **options: Any) -> None:
    import torch
    from transformers import AutoConfig, AutoModel
    from transformers.utils import logging

    torch.manual_seed(4)
    logging.disable_progress_bar()
    AutoModel.from_config(AutoConfig.for_model(family, **options)).save_pretrained(folder)


SMALL = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 24}


def test_images_and_sounds_are_ranked_by_their_own_models(cache: Path) -> None:
    pytest.importorskip("timm", reason="consilience[pretrained] is not installed")
    keep_timm(cache / "models--timm--sharp" / "snapshots" / "x", 1)
    keep_timm(cache / "models--timm--blind" / "snapshots" / "x", 1, dull=True)
    keep_transformers(cache / "models--some--vit" / "snapshots" / "x", "vit", image_size=32, patch_size=8, **SMALL)
    sound = {"conv_dim": (8, 8), "conv_stride": (5, 4), "conv_kernel": (10, 8), "num_conv_pos_embeddings": 4}
    sound |= {"num_feat_extract_layers": 2, "num_conv_pos_embedding_groups": 2}
    keep_transformers(cache / "models--some--ear" / "snapshots" / "x", "wav2vec2", **sound, **SMALL)
    y = np.arange(60) % 2
    waves = [wav(0.3 * np.sin(2 * np.pi * (900 if v else 300) * np.arange(800) / 8000)) for v in y]
    images = [None if i % 20 == 3 else picture(90 * v + i % 7) for i, v in enumerate(y)]
    frame = pl.DataFrame({"scan": images, "voice": waves, "y": ["yes" if v else "no" for v in y]})
    found = cs.design(frame, "y", rank=True, effort=1)["rankings"]
    assert {r["model"] for r in found["image"]} == {"timm/sharp", "timm/blind", "some/vit"}
    assert [r["model"] for r in found["audio"]] == ["some/ear"]
    assert found["image"][0]["model"] != "timm/blind"
    assert found["image"][0]["log_me"] > min(r["log_me"] for r in found["image"]) + 0.1

    auto = {"encoders": {"image": {"type": "timm_image", "model": "auto", "pretrained": True, "tune": "frozen"}}}
    design = cs.design(frame, "y", recipe=auto, effort=1)
    assert [r["model"] for r in design["rankings"]["image"]] == ["timm/sharp", "timm/blind"]
    assert design["recipe"]["groups"]["image"]["encoder"]["model"] == "timm/sharp"
