"""What every registered encoder promises (encoders/base.py); a new encoder needs no test of its own."""

from __future__ import annotations

import io
import runpy
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from consilience.core.config import Choice
from consilience.core.effort import ENCODER_OPTIONS
from consilience.core.policy import DEFAULT_ENCODER
from consilience.core.presets import PRESETS
from consilience.core.registry import BUILTIN, get, names
from consilience.core.tokens import Tokens
from consilience.encoders.base import Encoder

ROWS, COLUMNS, LENGTH, SIDE, SAMPLES = 6, 2, 24, 28, 2400
STEPS = 40
FRAMES = 5
SCRATCH = {"pretrained": False, "tune": "full"}
TINY = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
CONVOLUTIONS = {
    "conv_dim": [16, 16],
    "conv_kernel": [10, 3],
    "conv_stride": [20, 8],
    "num_conv_pos_embeddings": 8,
    "num_conv_pos_embedding_groups": 2,
}
WHISPER = {"d_model": 16, "encoder_layers": 1, "encoder_attention_heads": 2, "encoder_ffn_dim": 32, "num_mel_bins": 32}
NETWORKS: dict[str, dict[str, Any]] = {
    "resnet18": {},
    "vit": {"type": "timm_image", "model": "test_vit", "tokens": "patch"},
    "pyramid_on_timm": {"type": "pyramid_image", "body": "test_resnet", "pretrained": False},
    "hf_vit": {
        "type": "hf_image",
        "model": "vit",
        "options": {**TINY, "patch_size": 14},
        **SCRATCH,
    },
    "wav2vec2": {"type": "hf_audio", "model": "wav2vec2", "options": {**TINY, **CONVOLUTIONS}, **SCRATCH},
    "whisper": {"type": "hf_audio", "model": "whisper", "options": WHISPER, "time_tokens": 2, **SCRATCH},
    "ast": {
        "type": "hf_audio",
        "model": "audio-spectrogram-transformer",
        "options": {**TINY, "num_mel_bins": 32},
        "time_tokens": 2,
        **SCRATCH,
    },
}
"""One network a family and library: every name of the table is built in tests/encoders/networks."""
OWN = [n for n in names("encoder") if n not in PRESETS["encoder"] and n not in ("image_network", "hf_audio")]
ENCODERS = [*OWN, *NETWORKS]


def choice(name: str, **options: Any) -> Choice:
    return Choice(**{"type": name, **options, **needed().get(name, {}), **NETWORKS.get(name, {})})


def modality_of(name: str) -> str:
    return str(get("encoder", choice(name).type).modality)


tiny = runpy.run_path(str(Path(__file__).parents[1] / "tiny_models.py"))


@lru_cache(maxsize=1)
def needed() -> dict[str, dict[str, Any]]:
    """Options that an encoder cannot do without: a model on this machine, all of which trains."""
    return {
        "hf_text": {"model": str(tiny["tiny_text"]()), "tune": "full"},
        "static_text": {"model": str(tiny["tiny_static"]()), "trainable": True},
    }


def facts(modality: str, columns: int = COLUMNS) -> dict[str, Any]:
    """What the modality would have learned of `columns` columns."""
    known: dict[str, dict[str, Any]] = {
        "number": {"quantiles": [[-2.0, -0.5, 0.1, 1.0, 2.5]] * columns},
        "category": {"vocabulary": [["red", "green", "blue"]] * columns},
        "date": {},
        "text": {"vocabulary": 90, "length": LENGTH},
        "image": {"height": SIDE, "width": SIDE, "channels": 3, "mean": [0.2, 0.3, 0.4], "std": [0.3] * 3},
        "audio": {"sample_rate": 8000, "samples": SAMPLES},
        "series": {"channels": [3] * columns, "length": STEPS, "calendar": False},
        "sequence": {
            "alphabet": ["dna"] * columns,
            "tokens": [list("ACGTRYSWKMBDHVN-*")] * columns,
            "offset": [0] * columns,
            "vocabulary": 19,
            "length": LENGTH,
            "fixed": True,
        },
        "video": {"height": 16, "width": 20, "frames": FRAMES, "mean": [0.2, 0.3, 0.4], "std": [0.3] * 3},
    }
    return {"columns": [f"c{i}" for i in range(columns)], **known[modality]}


def random_inputs(modality: str, columns: int = COLUMNS) -> dict[str, torch.Tensor]:
    """Arrays of ROWS rows: row 0 lacks every cell, row 1 has all, the others some."""
    random = torch.Generator().manual_seed(7)
    mask = torch.rand(ROWS, columns, generator=random) < 0.6
    mask[0], mask[1] = False, True

    def whole(low: int, high: int, *shape: int) -> torch.Tensor:
        return torch.randint(low, high, (ROWS, columns, *shape), generator=random)

    if modality == "number":
        return {"value": torch.randn(ROWS, columns, generator=random) * mask, "mask": mask}
    if modality == "category":
        values = mask.unsqueeze(-1) & (torch.arange(3) < whole(1, 4).unsqueeze(-1))
        return {"index": (whole(0, 4, 3) * values).int(), "mask": values}
    if modality == "date":
        return {"value": torch.rand(ROWS, columns, 7, generator=random) * mask.unsqueeze(-1), "mask": mask}
    if modality == "text":
        words = mask.unsqueeze(-1) & (torch.arange(LENGTH) < whole(1, LENGTH - 8).unsqueeze(-1))
        return {"ids": (whole(1, 90, LENGTH) * words).to(torch.uint16), "mask": words}
    if modality == "sequence":
        letters = mask.unsqueeze(-1) & (torch.arange(LENGTH) < whole(1, LENGTH - 8).unsqueeze(-1))
        return {"code": (whole(1, 19, LENGTH) * letters).to(torch.uint8), "mask": letters}
    if modality == "image":
        pixels = whole(0, 256, SIDE, SIDE, 3) * mask[:, :, None, None, None]
        return {"pixels": pixels.to(torch.uint8), "mask": mask}
    if modality == "series":
        steps = mask.unsqueeze(-1) & (torch.arange(STEPS) < whole(2, STEPS - 8).unsqueeze(-1))
        observed = steps.unsqueeze(-1) & (torch.rand(ROWS, columns, STEPS, 3, generator=random) < 0.9)
        observed[:, :, 0] = steps[:, :, :1]  # a cell that is there has an observed point
        value = torch.randn(ROWS, columns, STEPS, 3, generator=random) * observed
        gap = torch.rand(ROWS, columns, STEPS, generator=random) * steps
        return {"value": value, "observed": observed, "mask": steps, "gap": gap}
    if modality == "video":
        shown = mask.unsqueeze(-1) & (torch.arange(FRAMES) < whole(1, FRAMES + 1).unsqueeze(-1))
        frame = whole(0, 256, FRAMES, 16, 20, 3) * shown[..., None, None, None]
        second = torch.arange(FRAMES) * (0.5 + torch.rand(ROWS, columns, 1, generator=random)) * shown
        return {"frame": frame.to(torch.uint8), "second": second, "mask": shown}
    length = whole(300, SAMPLES - 900) * mask
    wave = whole(-9000, 9000, SAMPLES) * (torch.arange(SAMPLES) < length.unsqueeze(-1))
    return {"wave": wave.short(), "length": length.int(), "mask": mask}


def build(name: str, columns: int = COLUMNS, effort: int = 1) -> Encoder:
    torch.manual_seed(0)
    options = ENCODER_OPTIONS.get(name, {}).get(effort, {})
    complete = choice(name, **options).complete("encoder")
    component, config = complete.configured("encoder")
    known = facts(component.modality, columns)
    encoder: Encoder = complete.build("encoder", known | component.learn(config, known))
    return encoder


def settled(name: str, columns: int = COLUMNS) -> Encoder:
    """An encoder in evaluation mode whose batch statistics have seen a batch and whose zeros have moved."""
    encoder = build(name, columns)
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.02)
        encoder.train()(random_inputs(encoder.modality, columns))
    return encoder.eval()


def assert_same(a: Tokens, b: Tokens, tolerance: float = 2e-5) -> None:
    torch.testing.assert_close(a.mask, b.mask)
    torch.testing.assert_close(a.x[a.mask], b.x[b.mask], atol=tolerance, rtol=1e-4)


@pytest.mark.parametrize("name", ENCODERS)
def test_shape_and_mask(name: str) -> None:
    encoder = settled(name)
    inputs = random_inputs(encoder.modality)
    tokens = encoder(inputs)
    assert tokens.x.shape == (*tokens.mask.shape, encoder.width)
    assert tokens.mask.dtype == torch.bool
    assert tokens.x.isfinite().all()
    there = inputs["mask"].flatten(1).any(1)
    torch.testing.assert_close(tokens.present, there)
    assert not tokens.present[0]


@pytest.mark.parametrize("name", ENCODERS)
def test_rows_do_not_see_each_other(name: str) -> None:
    encoder = settled(name)
    inputs = random_inputs(encoder.modality)
    tokens = encoder(inputs)
    for row in range(ROWS):
        alone = encoder({k: v[row : row + 1] for k, v in inputs.items()})
        assert_same(alone, Tokens(tokens.x[row : row + 1], tokens.mask[row : row + 1]))


@pytest.mark.parametrize("name", ENCODERS)
def test_values_under_a_false_mask_do_not_matter(name: str) -> None:
    encoder = settled(name)
    inputs = random_inputs(encoder.modality)
    other = dict(inputs)
    for key, value in inputs.items():
        if key in ("mask", "length"):
            continue
        hidden = ~inputs["mask"].reshape(*inputs["mask"].shape, *(1,) * (value.ndim - inputs["mask"].ndim))
        if key == "wave":
            hidden = hidden | (torch.arange(SAMPLES) >= inputs["length"].unsqueeze(-1))
        changed = value.long() if value.dtype == torch.uint16 else value
        other[key] = torch.where(hidden, torch.full_like(changed, 3), changed).to(value.dtype)
    assert_same(encoder(other), encoder(inputs))


@pytest.mark.parametrize("name", [n for n in ENCODERS if modality_of(n) in ("text", "audio", "series", "sequence")])
def test_padding_does_not_matter(name: str) -> None:
    encoder = settled(name)
    inputs = random_inputs(encoder.modality)
    if encoder.modality in ("text", "series", "sequence"):
        trimmed = {k: v[:, :, : v.shape[2] - 7] for k, v in inputs.items()}
    else:
        trimmed = {**inputs, "wave": inputs["wave"][:, :, : int(inputs["length"].max())]}
    assert_same(encoder(trimmed), encoder(inputs))


@pytest.mark.parametrize("name", ENCODERS)
def test_every_parameter_receives_a_gradient(name: str) -> None:
    encoder = build(name).train()
    inputs = random_inputs(encoder.modality)
    torch.manual_seed(1)
    for _ in range(3):  # a zero that starts a residual branch hides the layers before it for one step
        tokens = encoder(inputs)
        (tokens.x[tokens.mask] * torch.randn_like(tokens.x[tokens.mask])).sum().backward()
        with torch.no_grad():
            for parameter in (p for p in encoder.parameters() if p.requires_grad):
                assert parameter.grad is not None
                parameter.sub_(parameter.grad.sign() * 1e-2)
    learns = [(n, p.grad) for n, p in encoder.named_parameters() if p.requires_grad]
    dead = [n for n, grad in learns if grad is None or not grad.abs().sum() > 0]
    assert dead == []


@pytest.mark.parametrize("name", ENCODERS)
@pytest.mark.parametrize("training", [True, False])
def test_a_batch_without_any_cell_is_finite(name: str, training: bool) -> None:
    encoder = settled(name).train(training)
    inputs = {k: torch.zeros_like(v) for k, v in random_inputs(encoder.modality).items()}
    before = {k: v.clone() for k, v in encoder.state_dict().items()}
    tokens = encoder(inputs)
    assert tokens.x.isfinite().all()
    assert not tokens.mask.any()
    for key, value in encoder.state_dict().items():  # missing cells leave batch statistics alone
        torch.testing.assert_close(value, before[key])


@pytest.mark.parametrize("name", ENCODERS)
def test_a_batch_of_one_row_trains(name: str) -> None:
    encoder = build(name).train()
    inputs = {k: v[1:2] for k, v in random_inputs(encoder.modality).items()}
    tokens = encoder(inputs)
    tokens.x.square().sum().backward()
    assert tokens.x.isfinite().all()
    assert all(p.grad.isfinite().all() for p in encoder.parameters() if p.grad is not None)


@pytest.mark.parametrize("name", ENCODERS)
def test_columns_are_told_apart(name: str) -> None:
    encoder = settled(name)
    inputs = random_inputs(encoder.modality)
    swapped = {k: v.long().flip(1).to(v.dtype) if v.dtype == torch.uint16 else v.flip(1) for k, v in inputs.items()}
    a, b = encoder(inputs), encoder(swapped)
    assert not torch.allclose(a.x[1].sum(0), b.x[1].sum(0), atol=1e-6) or not torch.allclose(
        a.x[1], b.x[1].flip(0), atol=1e-6
    )


@pytest.mark.parametrize("name", ENCODERS)
def test_save_and_load_are_equal(name: str) -> None:
    encoder = settled(name)
    inputs = random_inputs(encoder.modality)
    file = io.BytesIO()
    torch.save(encoder.state_dict(), file)
    file.seek(0)
    other = build(name)
    other.load_state_dict(torch.load(file, weights_only=True))
    assert_same(other.eval()(inputs), encoder(inputs), 0.0)


@pytest.mark.parametrize("name", ENCODERS)
def test_the_same_seed_gives_the_same_training_step(name: str) -> None:
    results = []
    for _ in range(2):
        encoder = build(name).train()
        torch.manual_seed(5)
        results.append(encoder(random_inputs(encoder.modality)).x)
    torch.testing.assert_close(results[0], results[1], atol=0, rtol=0)


@pytest.mark.parametrize("name", ENCODERS)
def test_a_single_column_and_every_effort(name: str) -> None:
    modality = modality_of(name)
    for effort in range(1, 6):
        encoder = build(name, 1, effort).eval()
        tokens = encoder(random_inputs(modality, 1))
        assert tokens.x.shape[-1] == encoder.width


EXPORTED = [n for n in ENCODERS if n in {*BUILTIN["encoder"], *NETWORKS}]
FIRST = {*DEFAULT_ENCODER.values(), "resnet18", "hf_text"}
"""Exported in the quick tests too: each export takes five seconds."""


@pytest.mark.parametrize("name", [n if n in FIRST else pytest.param(n, marks=pytest.mark.slow) for n in EXPORTED])
def test_exports_to_onnx_with_equal_numbers(name: str, onnx_outputs: Any) -> None:
    encoder = settled(name)
    inputs = random_inputs(encoder.modality)
    keys = list(inputs)

    class Plain(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = encoder

        def forward(self, *arrays: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            tokens = self.encoder(dict(zip(keys, arrays, strict=True)))
            return tokens.x, tokens.mask

    found = onnx_outputs(Plain().eval(), tuple(v[:4] for v in inputs.values()), tuple(inputs.values()))
    tokens = encoder(inputs)
    mask = tokens.mask.numpy()
    np.testing.assert_array_equal(found[1], mask)
    np.testing.assert_allclose(found[0][mask], tokens.x.detach().numpy()[mask], atol=1e-4, rtol=1e-4)


def test_effort_names_only_registered_encoders() -> None:
    assert set(ENCODER_OPTIONS) <= set(names("encoder"))
    for name, efforts in ENCODER_OPTIONS.items():
        assert set(efforts) <= {1, 2, 3, 4, 5}
        for options in efforts.values():
            assert set(options) <= set(get("encoder", name).Config.model_fields)
