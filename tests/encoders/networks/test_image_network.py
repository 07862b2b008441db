"""Image networks by name: every one trains at small sizes, sizes are tried, weights come from this machine only."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from consilience.core.config import Choice
from consilience.core.errors import InputError
from consilience.core.presets import OTHERS, PRESETS, TORCHVISION
from consilience.core.recipe import Prepare
from consilience.core.registry import get, names
from consilience.encoders.image_network import ImageNetwork
from consilience.encoders.networks.letterbox import Letterbox
from consilience.encoders.networks.library import Spec
from consilience.encoders.networks.sides import wanted_side

GREY = {"columns": ["a"], "height": 28, "width": 28, "channels": 1, "mean": [0.2], "std": [0.3]}
COLOUR = {**GREY, "height": 24, "width": 36, "channels": 3, "mean": [0.2, 0.3, 0.4], "std": [0.3] * 3}
LARGE = ("convnext", "vit", "wide_resnet", "swin", "densenet")
"""Families whose smallest member is built without numbers."""
SMALLEST = [members[0] for members in TORCHVISION.values()] + ["vit_tiny"]
NAMES = [n for n, p in PRESETS["encoder"].items() if p.component == "image_network" and "model" in p.options]
TINY = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}


def make(kind: str, facts: dict[str, Any], **options: Any) -> ImageNetwork:
    complete = Choice(type=kind, **options).complete("encoder")
    component, config = complete.configured("encoder")
    encoder: ImageNetwork = complete.build("encoder", {**facts, **component.learn(config, facts)})
    return encoder


def pictures(facts: dict[str, Any], rows: int = 2) -> dict[str, torch.Tensor]:
    shape = (rows, len(facts["columns"]), facts["height"], facts["width"], facts["channels"])
    random = torch.Generator().manual_seed(1)
    return {
        "pixels": torch.randint(0, 256, shape, dtype=torch.uint8, generator=random),
        "mask": torch.ones(shape[:2], dtype=torch.bool),
    }


def takes_a_step(name: str, facts: dict[str, Any]) -> None:
    encoder = make(name, facts).train()
    pixels = torch.zeros(2, facts["height"], facts["width"], facts["channels"], dtype=torch.uint8)
    pixels[0] += 100
    x = encoder.look(pixels)
    assert x.shape == (2, 1, encoder.width)
    x.sum().backward()
    assert [n for n, p in encoder.body.named_parameters() if p.grad is None] == []


@pytest.mark.parametrize("name", SMALLEST)
def test_every_family_takes_a_step_on_digits(name: str) -> None:
    family = OTHERS[name][0] if name in OTHERS else next(f for f, m in TORCHVISION.items() if name in m)
    with torch.device("meta" if family in LARGE and name not in OTHERS else "cpu"):
        takes_a_step(name, GREY)


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in NAMES if n not in SMALLEST])
def test_every_name_takes_a_step(name: str) -> None:
    takes_a_step(name, {**COLOUR, "height": 64, "width": 64})


@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_one_of_its_library_and_listed(name: str) -> None:
    component, config = Choice(type=name).configured("encoder")
    assert component is ImageNetwork
    assert name in names("encoder")
    if config.library == "torchvision":
        assert config.model in __import__("torchvision").models.list_models()
    else:
        assert __import__("timm").is_model(config.model)


@pytest.mark.parametrize(("name", "side"), [("alexnet", 63), ("inception_v3", 75), ("vgg11", 32), ("vit_b_16", 32)])
def test_the_smallest_size_is_measured(name: str, side: int) -> None:
    with torch.device("meta"):
        component, config = Choice(type=name).configured("encoder")
        assert component.learn(config, GREY)["network"]["input"] == [side, side]


def test_a_larger_size_is_what_the_network_sees() -> None:
    encoder = make("squeezenet", COLOUR, size=72)
    assert encoder.side == (48, 72)
    seen: list[tuple[int, ...]] = []
    encoder.body.register_forward_pre_hook(lambda _, given: seen.append(tuple(given[0].shape)))
    encoder.eval()(pictures(COLOUR))
    assert seen == [(2, 3, 48, 72)]
    assert ImageNetwork.settings(encoder.options, Prepare(image_size=64)).image_size == 72


def test_auxiliary_classifiers_and_hidden_classifier_layers_are_left_out() -> None:
    with torch.device("meta"):
        found = [n for n, _ in make("googlenet", GREY).body.named_modules() if "aux" in n.lower()]
    assert found == []
    with torch.device("meta"):
        assert sum(p.numel() for p in make("vgg16", GREY).parameters()) < 15_000_000


def test_letterbox_keeps_the_aspect_ratio() -> None:
    box = Letterbox((10, 20), (40, 40))
    out = box(torch.ones(1, 3, 10, 20))
    assert out.shape == (1, 3, 40, 40)
    assert out[0, 0, :, 0].sum() == 20
    assert (out[0, :, 10:30] == 1).all()
    same = torch.rand(1, 3, 10, 20)
    assert Letterbox((10, 20), (10, 20))(same) is same


def test_sides_are_whole_patches() -> None:
    spec = Spec([0.0] * 3, [1.0] * 3, 224, True, False, 16, {})
    assert wanted_side(spec, (28, 40), None) == (32, 48)
    assert wanted_side(spec, (28, 40), 96) == (80, 96)
    assert wanted_side(spec._replace(square=True), (28, 40), None) == (48, 48)


@pytest.mark.parametrize("facts", [GREY, COLOUR], ids=["grey", "colour"])
def test_pretrained_torchvision_weights_are_those_of_the_file(facts: dict[str, Any], tmp_path: Path) -> None:
    models = pytest.importorskip("torchvision").models
    whole = models.squeezenet1_1(weights=None).eval()
    save_file(whole.state_dict(), tmp_path / "weights.safetensors")
    options = {"pretrained": True, "weights": str(tmp_path / "weights.safetensors"), "size": 48}
    encoder = make("squeezenet", facts, **options).eval()
    assert encoder.spec.mean == [0.485, 0.456, 0.406]
    encoder.begin()
    x = torch.rand(2, 3, 48, 48)
    torch.testing.assert_close(encoder.body(x)[:, 0], whole.features(x).mean((2, 3)), atol=1e-5, rtol=1e-5)
    assert set(encoder.rates().values()) == {0.1}
    inputs = pictures(facts)
    grey = inputs["pixels"].flatten(0, 1).expand(-1, -1, -1, 3).permute(0, 3, 1, 2) / 255
    scaled = (grey - torch.tensor(encoder.spec.mean)[:, None, None]) / torch.tensor(encoder.spec.std)[:, None, None]
    torch.testing.assert_close(encoder.planes(inputs["pixels"].flatten(0, 1).expand(-1, -1, -1, 3)), scaled)


def test_pretrained_timm_weights_fit_another_image_size(tmp_path: Path) -> None:
    timm = pytest.importorskip("timm")
    torch.manual_seed(0)
    whole = timm.create_model("test_vit", pretrained=False, num_classes=5).eval()
    save_file(whole.state_dict(), tmp_path / "model.safetensors")
    told = {"mean": [0.1, 0.2, 0.3], "std": [0.5, 0.5, 0.5], "input_size": [3, 160, 160], "fixed_input_size": True}
    (tmp_path / "config.json").write_text(json.dumps({"architecture": "test_vit", "pretrained_cfg": told}))
    native = make("timm_image", COLOUR, model="test_vit", pretrained=True, weights=str(tmp_path), tune="head").eval()
    native.begin()
    x = torch.rand(1, 3, *native.side)
    assert native.side == (112, 160)  # whole patches of the native 160 pixels, in the shape of the images
    square = make("timm_image", GREY, model=str(tmp_path), pretrained=True, tune="head").eval()
    assert square.spec.mean == [0.1, 0.2, 0.3]
    square.begin()
    x = torch.rand(1, 3, 160, 160)
    torch.testing.assert_close(square.body(x)[:, 0], whole.forward_head(whole.forward_features(x), pre_logits=True))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "resnet81"}, "timm has no network 'resnet81'. did you mean 'resnet"),
        ({"model": "resnet18", "library": "torchvision", "tokens": "patch"}, "one token an image"),
        ({"model": "resnet18", "library": "torchvision", "checkpointing": True}, "no checkpointing"),
        ({"model": "resnet18", "tune": "frozen"}, "begins at random numbers"),
        ({"model": "test_vit", "options": {"depht": 1}}, "refuses the options"),
        ({"model": "vitt", "library": "transformers"}, "no architecture 'vitt'.*did you mean 'vit'"),
        ({"model": "vit", "library": "transformers", "options": {"hidden_size": "x"}}, "not a configuration of 'vit'"),
    ],
)
def test_errors_say_what_to_mend(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        make("timm_image", GREY, **options)


def test_a_typo_finds_the_network() -> None:
    with pytest.raises(InputError, match="did you mean 'resnet18'"):
        get("encoder", "resnet81")


def test_weights_must_be_there_whole_and_safe(tmp_path: Path) -> None:
    encoder = make("squeezenet", GREY, pretrained=True, weights=str(tmp_path / "none"))
    with pytest.raises(InputError, match="no model"):
        encoder.begin()
    (tmp_path / "weights.pth").write_bytes(b"x")
    encoder = make("squeezenet", GREY, pretrained=True, weights=str(tmp_path / "weights.pth"))
    with pytest.raises(InputError, match=r"can run code when read: \.pth"):
        encoder.begin()
    save_file({"features.0.weight": torch.zeros(1)}, tmp_path / "weights.safetensors")
    encoder = make("squeezenet", GREY, pretrained=True, weights=str(tmp_path / "weights.safetensors"))
    with pytest.raises(InputError, match="has shape"):
        encoder.begin()
    with pytest.raises(InputError, match="no pretrained weights are named"):
        make("squeezenet", GREY, pretrained=True).begin()


def saved_vit(folder: Path, kind: str = "vit", **options: Any) -> Any:
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(2)
    usual = {} if kind == "convnext" else {**TINY, "image_size": 32, "patch_size": 8}
    config = transformers.AutoConfig.for_model(kind, **{**usual, **options})
    model = transformers.AutoModel.from_config(config).eval()
    transformers.utils.logging.disable_progress_bar()
    model.save_pretrained(folder)
    return model


def test_frozen_networks_say_the_same_from_pixels_and_from_what_was_kept(tmp_path: Path) -> None:
    saved_vit(tmp_path)
    encoder = make("hf_image", COLOUR, model=str(tmp_path))
    encoder.begin()
    assert encoder.fixed
    assert [n for n, p in encoder.body.named_parameters() if p.requires_grad] == []
    inputs = pictures(COLOUR)
    inputs["mask"][1] = False
    kept = encoder.eval().before(inputs)
    assert kept["features"].shape == (2, 1, 1, 16)
    torch.testing.assert_close(encoder(kept).x, encoder(inputs).x)
    encoder.train().dropout.eval()
    torch.testing.assert_close(encoder(inputs).x[:1], encoder(kept).x[:1])  # no augmentation either
    assert encoder.fixed_by() != make("hf_image", COLOUR, model=str(tmp_path), tokens="patch").fixed_by()


@pytest.mark.parametrize(("tune", "some"), [("head", False), ("last_n", True), ("lora", True), ("full", True)])
def test_tune_says_what_trains(tune: str, some: bool, tmp_path: Path) -> None:
    saved_vit(tmp_path, num_hidden_layers=3)
    encoder = make("hf_image", COLOUR, model=str(tmp_path), tune=tune, last=1).train()
    encoder.begin()
    learning = {n for n, p in encoder.body.named_parameters() if p.requires_grad}
    assert bool(learning) == some
    assert set(encoder.rates()) == {f"body.{n}" for n in learning}
    x = encoder(pictures(COLOUR)).x
    assert x.requires_grad == some
    again = make("hf_image", COLOUR, model=str(tmp_path), tune=tune, last=1)
    again.load_state_dict(encoder.state_dict())
    torch.testing.assert_close(again.eval()(pictures(COLOUR)).x, encoder.eval()(pictures(COLOUR)).x)


def test_statistics_of_what_does_not_train_stay() -> None:
    encoder = make("timm_image", COLOUR, model="test_resnet", pretrained=True, weights="unused", tune="head").train()
    before = {n: v.clone() for n, v in encoder.body.state_dict().items()}
    encoder(pictures(COLOUR, 4))
    for name, value in encoder.body.state_dict().items():
        torch.testing.assert_close(value, before[name])


def test_one_image_trains_with_the_running_statistics() -> None:
    encoder = make("resnet18", GREY).train()
    encoder(pictures(GREY, 1)).x.sum().backward()
    norms = [m for m in encoder.body.modules() if isinstance(m, nn.BatchNorm2d)]
    assert all(int(m.num_batches_tracked) == 0 and m.training for m in norms)


def test_networks_without_batch_normalisation_learn_slower() -> None:
    assert set(make("squeezenet", GREY).rates().values()) == {0.1}
    assert set(make("timm_image", GREY, model="test_resnet").rates().values()) == {1.0}
    assert set(make("squeezenet", GREY, rate=0.5).rates().values()) == {0.5}


TOWERS: dict[str, dict[str, Any]] = {
    "vit": {},
    "dinov2": {"mlp_ratio": 2},
    "clip_vision_model": {},
    "siglip_vision_model": {},
    "convnext": {"hidden_sizes": [8, 8, 16, 16], "depths": [1, 1, 1, 1]},
}


@pytest.mark.parametrize("kind", TOWERS)
def test_towers_of_transformers_are_rebuilt_without_their_source(kind: str, tmp_path: Path) -> None:
    model = saved_vit(tmp_path / "saved", kind, **TOWERS[kind])
    options = {"model": str(tmp_path / "saved"), "tune": "full"}
    complete = Choice(type="hf_image", **options).complete("encoder")
    _, config = complete.configured("encoder")
    facts = {**COLOUR, "height": 32, "width": 32}
    facts |= ImageNetwork.learn(config, facts)
    assert str(tmp_path) not in str(facts)
    encoder = complete.build("encoder", facts)
    encoder.begin()
    x = torch.rand(2, 3, *encoder.side)
    said = model(pixel_values=x)
    expected = said.last_hidden_state[:, 0] if kind == "vit" else said.pooler_output
    torch.testing.assert_close(encoder.eval().body(x)[:, 0], expected, atol=1e-5, rtol=1e-5)
    (tmp_path / "saved" / "model.safetensors").unlink()
    (tmp_path / "saved" / "config.json").unlink()
    again = complete.build("encoder", facts)
    again.load_state_dict(encoder.state_dict())
    inputs = pictures(facts)
    torch.testing.assert_close(again.eval()(inputs).x, encoder(inputs).x)


def test_the_image_half_of_clip_is_read_from_the_whole(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    half = {**TINY, "image_size": 32, "patch_size": 8}
    text = {**TINY, "vocab_size": 30, "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 2}
    torch.manual_seed(3)
    model = transformers.CLIPModel(transformers.CLIPConfig(vision_config=half, text_config=text)).eval()
    transformers.utils.logging.disable_progress_bar()
    model.save_pretrained(tmp_path)
    (tmp_path / "preprocessor_config.json").write_text(
        '{"image_mean": [0.4, 0.5, 0.6], "image_std": [0.2, 0.3, 0.4], "crop_size": {"height": 32, "width": 32}}'
    )
    encoder = make("hf_image", COLOUR, model=str(tmp_path)).eval()
    encoder.begin()
    assert encoder.spec.mean == [0.4, 0.5, 0.6]
    assert encoder.side == (32, 32)
    x = torch.rand(1, 3, 32, 32)
    torch.testing.assert_close(encoder.body(x)[:, 0], model.vision_model(pixel_values=x).pooler_output)


def test_trains_from_one_word_and_predicts_the_same_when_loaded(tmp_path: Path, make_table: Callable[..., Any]) -> None:
    import consilience as cs

    saved_vit(tmp_path / "saved")
    table = make_table(80, 1).select("scan", "sick")
    settings = ["encoders.image.type=hf_image", f"encoders.image.model={tmp_path / 'saved'}", "train.epochs=1"]
    model = cs.fit(
        table, "sick", run=tmp_path / "run", effort=1, settings=[*settings, "references=[]", "report.analyses=[]"]
    )
    (tmp_path / "saved" / "model.safetensors").unlink()
    assert list(cs.load(tmp_path / "run").predict(table)) == list(model.predict(table))
