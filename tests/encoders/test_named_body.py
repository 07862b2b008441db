"""The pyramid on a body of timm: weights from this machine only, statistics, places, refusals in one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from consilience.core.config import Choice
from consilience.core.errors import InputError
from consilience.encoders.pyramid_image import PyramidImage

timm = pytest.importorskip("timm")

COLOUR = {"columns": ["a"], "height": 40, "width": 72, "channels": 3, "mean": [0.2, 0.3, 0.4], "std": [0.3] * 3}
GREY = {**COLOUR, "channels": 1, "mean": [0.2], "std": [0.3]}


def make(known: dict[str, Any], **options: Any) -> PyramidImage:
    complete = Choice(type="pyramid_image", **{"width": 8, "channels": 4, **options}).complete("encoder")
    component, config = complete.configured("encoder")
    encoder: PyramidImage = complete.build("encoder", {**known, **component.learn(config, known)})
    return encoder


def pictures(known: dict[str, Any], rows: int = 2) -> dict[str, torch.Tensor]:
    random = torch.Generator().manual_seed(1)
    shape = (rows, 1, known["height"], known["width"], known["channels"])
    pixels = torch.randint(0, 256, shape, dtype=torch.uint8, generator=random)
    return {"pixels": pixels, "mask": torch.ones(rows, 1, dtype=torch.bool)}


def saved(folder: Path, name: str = "test_resnet") -> Any:
    """A network of timm as it is saved for others: weights and config.json with what it was trained with."""
    torch.manual_seed(3)
    network = timm.create_model(name, pretrained=False, num_classes=5).eval()
    folder.mkdir(exist_ok=True)
    save_file(network.state_dict(), folder / "model.safetensors")
    told = {"mean": [0.1, 0.2, 0.3], "std": [0.5, 0.5, 0.5], "num_classes": 5}
    (folder / "config.json").write_text(json.dumps({"architecture": name, "pretrained_cfg": told}))
    return network


@pytest.mark.parametrize("name", ["test_resnet", "test_mambaout", "test_efficientnet"])
def test_weights_of_a_folder_are_those_of_the_maps(name: str, tmp_path: Path) -> None:
    whole = saved(tmp_path, name)
    encoder = make(COLOUR, body=str(tmp_path)).eval()
    assert encoder.body is not None
    encoder.begin()
    assert encoder.body.known["mean"] == [0.1, 0.2, 0.3]
    assert str(tmp_path) not in json.dumps(encoder.body.known)  # a bundle needs no folder
    inputs = pictures(COLOUR)
    maps = encoder.body(inputs["pixels"].flatten(0, 1))
    assert [tuple(m.shape[2:]) for m in maps] == encoder.sizes == [(5, 9), (3, 5), (2, 3)]
    plain = (
        inputs["pixels"].flatten(0, 1).permute(0, 3, 1, 2) / 255 - torch.tensor([0.1, 0.2, 0.3]).reshape(3, 1, 1)
    ) * 2
    last = whole.forward_features(torch.nn.functional.pad(plain, (0, 24, 0, 24)))
    if name == "test_resnet":  # the others do more after their last map
        torch.testing.assert_close(maps[-1], last[:, :, :2, :3], atol=1e-4, rtol=1e-4)
    by_name = make(COLOUR, body=name, weights=str(tmp_path / "model.safetensors")).eval()
    by_name.begin()
    assert by_name.body is not None
    for key, value in by_name.body.maps.state_dict().items():
        assert torch.equal(value, encoder.body.maps.state_dict()[key]), key


@pytest.mark.parametrize("body", ["test_resnet", "timm/test_resnet.r160_in1k", "test_resnet.r160_in1k"])
def test_a_cached_name_of_the_hub_is_found(body: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    snapshots = tmp_path / "models--timm--test_resnet.r160_in1k" / "snapshots"
    snapshots.mkdir(parents=True)
    whole = saved(snapshots / "1")
    encoder = make(COLOUR, body=body)
    encoder.begin()
    assert encoder.body is not None
    weight = encoder.body.maps.state_dict()["network.layer4.0.conv1.weight"]
    assert torch.equal(weight, whole.state_dict()["layer4.0.conv1.weight"])


def test_every_part_trains_and_loads_back_equal() -> None:
    encoder = make(COLOUR, body="test_resnet", pretrained=False, finest=4).train()
    assert len(encoder.sizes) == 4
    encoder(pictures(COLOUR)).x.square().mean().backward()
    assert [name for name, p in encoder.named_parameters() if p.grad is None] == []
    assert encoder.body is not None
    assert encoder.body.rates() == {name: 1.0 for name, _ in encoder.body.named_parameters()}
    again = make(COLOUR, body="test_resnet", pretrained=False, finest=4)
    again.load_state_dict(encoder.state_dict())
    assert torch.equal(again.eval()(pictures(COLOUR)).x, encoder.eval()(pictures(COLOUR)).x)
    without = make(COLOUR, body="test_convnext", pretrained=False).body  # has no batch statistics
    assert without is not None
    assert set(without.rates().values()) == {0.1}


def test_pretrained_statistics_stay_and_a_fixed_body_does_not_train(tmp_path: Path) -> None:
    saved(tmp_path)
    for tune, slow in (("full", True), ("head", False)):
        encoder = make(GREY, body=str(tmp_path), tune=tune)
        encoder.begin()
        encoder.train()
        assert encoder.body is not None
        before = {n: v.clone() for n, v in encoder.body.state_dict().items()}
        encoder(pictures(GREY, 3)).x.sum().backward()
        for name, value in encoder.body.state_dict().items():
            assert torch.equal(value, before[name]), name
        assert all((p.grad is not None) == slow for p in encoder.body.parameters())
        assert (set(encoder.body.rates().values()) == {0.1}) == slow


def test_one_image_trains_with_the_running_statistics() -> None:
    encoder = make(COLOUR, body="test_resnet", pretrained=False).train()
    assert encoder.body is not None
    encoder(pictures(COLOUR, 1)).x.sum().backward()
    norms = [m for m in encoder.body.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert norms
    assert all(int(m.num_batches_tracked or 0) == 0 and m.training for m in norms)


def test_the_own_body_is_as_it_was() -> None:
    encoder = make(COLOUR)
    assert {name.split(".")[0] for name in encoder.state_dict()} == {"stem", "stages", "across", "smooth"}
    assert encoder.rates() == {}
    assert PyramidImage.learn(PyramidImage.Config(), COLOUR) == {}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"body": "resnet81", "pretrained": False}, "timm has no network 'resnet81'. did you mean 'resnet18'"),
        ({"body": "test_vit", "pretrained": False}, "'test_vit' is no body.*maps of strides 16 and none of 8, 32"),
        ({"body": "test_resnet", "tune": "head", "pretrained": False}, "begins at random numbers"),
        ({"body": "test_resnet"}, "no model 'timm/test_resnet.*Nothing is downloaded.*or pretrained: false"),
        ({"body": "nobody/nothing"}, "no model 'nobody/nothing' on this machine: it is no folder"),
        ({"weights": "x"}, "weights of no body"),
        ({"body": ""}, "field 'body'.*at least 1 character"),
    ],
)
def test_refusals_say_what_to_mend(
    options: dict[str, Any], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(InputError, match=message) as caught:
        make(COLOUR, **options)
    assert "\n" not in str(caught.value)


def test_weights_must_be_whole_and_of_the_network(tmp_path: Path) -> None:
    saved(tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    save_file({n: v for n, v in tensors.items() if n != "layer4.0.conv1.weight"}, tmp_path / "model.safetensors")
    with pytest.raises(InputError, match=r"the weight 'layer4.*conv1.weight' is missing"):
        make(COLOUR, body=str(tmp_path)).begin()
    save_file({**tensors, "conv1.0.weight": torch.zeros(1)}, tmp_path / "model.safetensors")
    with pytest.raises(InputError, match="not the weights of test_resnet"):
        make(COLOUR, body=str(tmp_path)).begin()
    (tmp_path / "weights.pth").write_bytes(b"x")
    with pytest.raises(InputError, match=r"can run code when read: \.pth"):
        make(COLOUR, body="test_resnet", weights=str(tmp_path / "weights.pth"))
