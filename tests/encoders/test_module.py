"""Plain PyTorch modules and Keras models as encoders, trained, saved, loaded and exported through the public API."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from torch import nn

import consilience as cs
from consilience.core import registry
from consilience.core.config import Choice
from consilience.deployment.export import export

FACTS = {"columns": ["a", "b"], "height": 12, "width": 12, "channels": 1, "mean": [0.5], "std": [0.2]}


class Small(nn.Module):
    def __init__(self, width: int = 8) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 6, 3), nn.BatchNorm2d(6), nn.ReLU(), nn.Conv2d(6, width, 3, 2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.body(x).mean((2, 3))


class Steps(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[:, :2400].unflatten(1, (4, -1))


def keras_model() -> Any:
    os.environ.setdefault("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras", reason="keras is not installed")
    if keras.config.backend() != "torch":
        pytest.skip(f"keras runs on {keras.config.backend()} in this process")
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input((12, 12, 1)),
            layers.Conv2D(6, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.1),
            layers.GlobalAveragePooling2D(),
            layers.Dense(8),
        ]
    )


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    yield
    registry._REGISTERED.clear()


def scans(make_table: Callable[..., pl.DataFrame], rows: int, seed: int) -> pl.DataFrame:
    return make_table(rows, seed).select("scan", "sick")


@pytest.mark.slow
@pytest.mark.parametrize("module", [Small, keras_model], ids=["torch", "keras"])
def test_trains_saves_loads_and_exports(
    module: Callable[..., Any], tmp_path: Path, make_table: Callable[..., pl.DataFrame]
) -> None:
    if module is keras_model:
        keras_model()
    cs.register_encoder("mine", module, modality="image")
    train, test = scans(make_table, 60, 1), scans(make_table, 20, 2)
    settings = ["train.epochs=1", "encoders.image.type=mine", "references=[]", "stack=false", "report.analyses=[]"]
    model = cs.fit(train, "sick", test=test, run=tmp_path / "run", effort=1, settings=settings)
    before = model.predict(test)
    registry._REGISTERED.clear()
    with pytest.raises(
        cs.InputError, match=r"trained with an encoder 'mine'.*register_encoder\('mine', …, modality='image'"
    ):
        cs.load(tmp_path / "run")
    cs.register_encoder("mine", module, modality="image")
    after = cs.load(tmp_path / "run").predict(test)
    assert list(before) == list(after)
    told = export(tmp_path / "run", tmp_path / "bundle", rows=test)
    assert told is not None
    registry._REGISTERED.clear()  # an exported bundle holds the network itself
    assert list(cs.load(tmp_path / "bundle").predict(test)) == list(before)


def test_every_build_is_another_module_and_its_weights_fit() -> None:
    cs.register_encoder("mine", Small, modality="image")
    encoders = [Choice(type="mine", options={"width": 5}).build("encoder", FACTS) for _ in range(2)]
    assert encoders[0].width == 5
    encoders[1].load_state_dict(encoders[0].state_dict())


def test_one_row_trains_and_missing_cells_leave_statistics_alone() -> None:
    cs.register_encoder("mine", Small, modality="image")
    encoder = Choice(type="mine").build("encoder", FACTS).train()
    pixels = torch.randint(0, 256, (1, 2, 12, 12, 1), dtype=torch.uint8)
    before = encoder.body.body[1].running_mean.clone()
    tokens = encoder({"pixels": pixels, "mask": torch.tensor([[True, False]])})
    tokens.x.sum().backward()
    assert tokens.mask.tolist() == [[True, False]]
    torch.testing.assert_close(encoder.body.body[1].running_mean, before)


def test_a_module_may_give_several_tokens_and_see_the_facts() -> None:
    seen: dict[str, Any] = {}

    def make(facts: dict[str, Any]) -> nn.Module:
        seen.update(facts)
        return Steps()

    cs.register_encoder("steps", make, modality="audio")
    encoder = Choice(type="steps").build("encoder", {"columns": ["a"], "samples": 2400, "sample_rate": 8000})
    wave = torch.randint(-9000, 9000, (3, 1, 2400)).short()
    inputs = {"wave": wave, "length": torch.full((3, 1), 2400).int(), "mask": torch.ones(3, 1) > 0}
    assert encoder(inputs).x.shape == (3, 4, 600)
    assert seen["samples"] == 2400


@pytest.mark.parametrize(
    ("name", "module", "modality", "message"),
    [
        ("conv_image", Small, "image", "'conv_image' is known already"),
        ("resnet18", Small, "image", "'resnet18' is known already"),
        ("mine", Small, "imaeg", "did you mean 'image'"),
        ("mine", Small(), "image", "a module that is made already"),
    ],
)
def test_what_cannot_be_registered(name: str, module: Any, modality: str, message: str) -> None:
    with pytest.raises(cs.InputError, match=message):
        cs.register_encoder(name, module, modality=modality)


@pytest.mark.parametrize("module", [nn.Identity, lambda: 3], ids=["shape", "no module"])
def test_what_is_no_encoder(module: Any) -> None:
    cs.register_encoder("mine", module, modality="image")
    with pytest.raises(cs.InputError, match=r"must give \[N, D\]|no torch.nn.Module"):
        Choice(type="mine").build("encoder", FACTS)


def test_numbers_are_what_the_module_sees() -> None:
    cs.register_encoder("line", lambda facts: nn.Linear(len(facts["columns"]), 3), modality="number")
    encoder = Choice(type="line").build("encoder", {"columns": ["a", "b"]})
    value, mask = torch.tensor([[1.0, 9.0]]), torch.tensor([[True, False]])
    np.testing.assert_allclose(
        encoder({"value": value, "mask": mask}).x.detach()[0, 0], encoder.body(torch.tensor([[1.0, 0.0]])).detach()[0]
    )
