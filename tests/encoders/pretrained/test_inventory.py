"""What is told of the models on this machine, from their files alone."""

from __future__ import annotations

import json
import runpy
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import consilience as cs
from consilience.cli.app import app
from consilience.core.errors import InputError
from consilience.encoders.pretrained.inventory import describe, text_models
from consilience.encoders.pretrained.locate import Found
from consilience.encoders.pretrained.weights import count_parameters

tiny = runpy.run_path(str(Path(__file__).parents[2] / "tiny_models.py"))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    shutil.copytree(tiny["tiny_text"](), tmp_path / "models--some--text" / "snapshots" / "x")
    card = tmp_path / "models--some--text" / "snapshots" / "x" / "README.md"
    card.write_text("---\nlanguage: en\nlicense: mit\n---\n# A model\n", encoding="utf-8")
    return tmp_path


def test_a_model_is_described(cache: Path) -> None:
    (model,) = [m for m in cs.models()["models"] if m["name"] == "some/text"]
    assert (model["kind"], model["library"], model["encoder"]) == ("text", "transformers", "hf_text")
    assert (model["licence"], model["place"]) == ("mit", "cache")
    assert 6_000 < model["parameters"] < model["size"] / 4 + 1
    assert "some/text" in [m.name for m in text_models()]


@pytest.mark.parametrize(
    ("config", "hearing", "kind", "encoder"),
    [
        ({"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"]}, {}, "decoder", "hf_text"),
        ({"model_type": "vit", "image_size": 32}, {}, "image", "hf_image"),
        ({"model_type": "new", "image_size": 32}, {}, "image", "hf_image"),
        ({"model_type": "new"}, {"sampling_rate": 16000}, "audio", "hf_audio"),
        ({"architecture": "resnet18"}, {}, "image", "timm_image"),
        ({"model_type": "model2vec"}, {}, "text", "static_text"),
        ({}, {}, "text", "static_text"),
    ],
)
def test_kinds_are_told_apart(
    tmp_path: Path, config: dict[str, Any], hearing: dict[str, Any], kind: str, encoder: str | None
) -> None:
    shutil.copy(tiny["tiny_static"]() / "model.safetensors", tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    if hearing:
        (tmp_path / "preprocessor_config.json").write_text(json.dumps(hearing), encoding="utf-8")
    told = describe(Found("x", tmp_path, "folder"))
    assert (told.kind, told.encoder, told.licence) == (kind, encoder, None)
    assert told.parameters == 90 * 12


def test_the_command_prints_a_table_and_json(cache: Path) -> None:
    shown = CliRunner().invoke(app, ["models"]).output
    assert "some/text" in shown
    assert "architectures" in shown
    told = json.loads(CliRunner().invoke(app, ["models", "--json"]).output)
    assert told["cache"] == str(cache)
    assert told["architectures"]["timm"] is None or told["architectures"]["timm"] > 100


def test_a_broken_weight_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"no")
    with pytest.raises(InputError, match=r"model\.safetensors: not readable as safetensors"):
        count_parameters(tmp_path)
