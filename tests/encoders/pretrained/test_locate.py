"""Where a model is looked for on this machine, and what is said when it is nowhere."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from consilience.core.errors import InputError
from consilience.encoders.pretrained.locate import hub_cache, local_models, locate


def make_model(folder: Path, weights: str = "model.safetensors") -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"model_type": "bert"}), encoding="utf-8")
    if weights.endswith("safetensors"):
        save_file({"a": np.zeros((2, 3), np.float32)}, folder / weights)
    else:
        (folder / weights).write_bytes(b"a pickle")
    return folder


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def test_a_folder_is_found_by_its_path(tmp_path: Path) -> None:
    folder = make_model(tmp_path / "mine")
    assert locate(str(folder)) == (str(folder), folder.resolve(), "folder", None)


def test_a_folder_with_pickled_weights_only_is_refused(tmp_path: Path) -> None:
    folder = make_model(tmp_path / "mine", "pytorch_model.bin")
    with pytest.raises(InputError, match="safetensors"):
        locate(str(folder))
    with pytest.raises(InputError, match=r"no config\.json"):
        locate(str(tmp_path))


def test_an_entry_of_the_cache_is_found_by_what_main_names(cache: Path) -> None:
    entry = cache / "models--some--thing"
    make_model(entry / "snapshots" / "old")
    new = make_model(entry / "snapshots" / "new")
    (entry / "refs").mkdir()
    (entry / "refs" / "main").write_text("new\n", encoding="utf-8")
    assert locate("some/thing")[1:] == (new, "cache", None)
    (entry / "refs" / "main").write_text("gone", encoding="utf-8")
    assert locate("some/thing").folder.parent == new.parent
    assert "some/thing" in [found.name for found in local_models()]


def test_an_installed_package_that_carries_a_model(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    make_model(site / "tiny_weights" / "inner" / "model")
    make_model(site / "many" / "one")
    make_model(site / "many" / "two")
    packages = {"tiny-weights": ["tiny_weights/inner/model"], "many-models": ["many/one", "many/two"]}
    for name, folders in packages.items():
        info = site / f"{name.replace('-', '_')}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
        lines = [f"{folder}/{file},sha256=x,1\n" for folder in folders for file in ("config.json", "model.safetensors")]
        (info / "RECORD").write_text("".join(lines), encoding="utf-8")
    monkeypatch.syspath_prepend(str(site))
    folder = (site / "tiny_weights" / "inner" / "model").resolve()
    for name in ("tiny-weights", "tiny_weights"):
        assert locate(name) == (name, folder, "package", "tiny-weights")
    assert locate("many-models/two").folder.name == "two"
    assert locate("many/one").folder.name == "one"
    with pytest.raises(InputError, match=r"several models.*'many-models/one'"):
        locate("many-models")
    assert {"tiny-weights", "many-models/one", "many-models/two"} <= {found.name for found in local_models()}


def test_what_is_nowhere_is_one_line_with_the_places_and_the_nearest_name(cache: Path) -> None:
    make_model(cache / "models--some--thing" / "snapshots" / "x")
    with pytest.raises(InputError) as error:
        locate("some/thign")
    line = str(error.value)
    assert "\n" not in line
    assert str(cache) in line
    assert "some/thing" in line


def test_the_cache_follows_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.delenv("HUGGINGFACE_HUB_CACHE", raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    assert hub_cache() == tmp_path / "hub"
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "x"))
    assert hub_cache() == tmp_path / "x"
