"""A detector on a network of timm, whose weights lie in a folder: from design to export."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

import consilience
from consilience.core.errors import InputError
from consilience.deployment.export import Options, export
from consilience.model import load
from tests.test_boxes_run import FAST, table


def of_body(body: str, **options: Any) -> dict[str, Any]:
    return {
        **FAST,
        "report": {"analyses": []},
        "encoders": {"image": {"type": "pyramid_image", "width": 8, "body": body, **options}},
    }


def saved(folder: Path) -> dict[str, torch.Tensor]:
    """Weights of a small ResNet, as timm saves a model."""
    network = pytest.importorskip("timm").create_model("test_resnet", pretrained=False)
    folder.mkdir()
    save_file(network.state_dict(), folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({"architecture": "test_resnet"}))
    return load_file(folder / "model.safetensors")


@pytest.mark.slow
def test_trains_loads_and_exports_without_the_folder(tmp_path: Path) -> None:
    path = table(tmp_path)
    given = saved(tmp_path / "saved")
    recipe = of_body(str(tmp_path / "saved"))
    designed = consilience.design(path, "things", recipe=recipe)
    own = consilience.design(path, "things", recipe=FAST)
    body = sum(v.numel() for n, v in given.items() if not n.startswith("fc.") and not n.endswith("num_batches_tracked"))
    found = designed["groups"]["image"]["parameters"]
    assert 0.9 * body < found < 1.1 * body
    assert designed["parameters"] - own["parameters"] == found - own["groups"]["image"]["parameters"]
    model = consilience.fit(path, target="things", run=tmp_path / "run", recipe=recipe)
    shutil.rmtree(tmp_path / "saved")
    network = next((tmp_path / "run" / "bundle").glob("network-*.safetensors"))
    trained = next(v for n, v in load_file(network).items() if n.endswith("body.maps.network.layer4.0.conv1.weight"))
    begun = given["layer4.0.conv1.weight"]
    assert 0 < float((trained - begun).abs().max()) < 0.1 * float(begun.abs().max())  # from the weights, and on
    said = model.predict_table(path)
    assert load(tmp_path / "run").predict_table(path).equals(said)
    told = export(model.run, tmp_path / "bundle", path, Options())
    assert told["proof"]["largest"] <= 1e-4
    there = load(tmp_path / "bundle").predict_table(path)
    assert there["count:square"].to_list() == said["count:square"].to_list()


def test_a_body_that_cannot_be_is_refused_before_training(tmp_path: Path) -> None:
    path = table(tmp_path, 8)
    for body, message in (("resnet81", "did you mean 'resnet18'"), ("test_vit", "none of 8, 32")):
        with pytest.raises(InputError, match=message):
            consilience.fit(path, target="things", run=tmp_path / "r", recipe=of_body(body, pretrained=False))
    assert not list((tmp_path / "r").glob("bundle*"))
