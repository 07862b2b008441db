"""Networks of the `transformers` library as encoders: every family, every way to tune, from folder to bundle."""

from __future__ import annotations

import io
import runpy
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from torch import Tensor, nn

from consilience.artifacts.onnx_export import trace
from consilience.core.config import Choice
from consilience.core.errors import InputError
from consilience.core.recipe import Group, Prepare
from consilience.data.features import learn_facts
from consilience.encoders.pretrained.hf_text import HfText, positions_of
from consilience.modalities.text import Text

tiny = runpy.run_path(str(Path(__file__).parents[2] / "tiny_models.py"))
TEXTS = ["very good film!", "bad", None, "the film is good, the ending is not " * 3]
FRAME = pl.DataFrame({"t": TEXTS, "u": [None, "very bad film", "good", None]})


def made(folder: Path | None = None, columns: tuple[str, ...] = ("t", "u"), **options: Any) -> tuple[HfText, Any]:
    """An encoder that has begun, and the inputs of FRAME."""
    folder = folder or tiny["tiny_text"]()
    choice = Choice(**{"type": "hf_text", "model": str(folder), **options}).complete("encoder")
    _, config = choice.configured("encoder")
    group = Group(columns=columns, modality="text")
    facts = learn_facts(FRAME, {"g": group}, HfText.settings(config, Prepare()))["g"]
    facts |= HfText.learn(config, facts)
    torch.manual_seed(0)
    encoder: HfText = choice.build("encoder", facts)
    encoder.begin()
    arrays = Text.arrays({c: FRAME[c] for c in columns}, facts).arrays
    return encoder, {n: torch.from_numpy(a) for n, a in arrays.items()}


class Flat(nn.Module):
    def __init__(self, encoder: HfText) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, *arrays: Tensor) -> tuple[Tensor, Tensor]:
        tokens = self.encoder({"ids": arrays[0], "mask": arrays[1]})
        return tokens.x, tokens.mask


@pytest.mark.slow
@pytest.mark.parametrize("family", [f for f in tiny["FAMILIES"] if f not in ("bert", "electra")])
def test_a_family_reads_trains_and_exports_with_equal_numbers(family: str) -> None:
    """BERT's export is tested by the contract of all encoders; ELECTRA's body is BERT's."""
    encoder, inputs = made(tiny["tiny_text"](family), tune="lora" if family == "gpt2" else "full")
    before = encoder.eval()(inputs).x
    encoder.train()(inputs).x.square().sum().backward()
    with torch.no_grad():
        for parameter in encoder.parameters():
            if parameter.requires_grad:
                assert parameter.grad is not None
                parameter.sub_(parameter.grad.sign() * 1e-2)
    tokens = encoder.eval()(inputs)
    assert tokens.x.isfinite().all()
    assert not torch.allclose(before, tokens.x)
    runtime = pytest.importorskip("onnxruntime")
    file, batch, length = io.BytesIO(), torch.export.Dim("batch"), torch.export.Dim.AUTO
    trace(Flat(encoder), (inputs["ids"], inputs["mask"]), ({0: batch, 2: length},) * 2).save(file)
    session = runtime.InferenceSession(file.getvalue(), providers=["CPUExecutionProvider"])
    shorter = {n: v.numpy()[:3, :, :12] for n, v in inputs.items()}
    names = [node.name for node in session.get_inputs()]
    x, mask = session.run(None, dict(zip(names, (shorter["ids"], shorter["mask"]), strict=True)))
    expected = encoder({n: torch.from_numpy(v) for n, v in shorter.items()})
    np.testing.assert_allclose(x[mask], expected.x[expected.mask].detach().numpy(), atol=1e-4)


def test_it_says_what_the_library_says_of_the_same_text() -> None:
    from transformers import AutoModel

    encoder, inputs = made(columns=("t",))
    library = AutoModel.from_pretrained(tiny["tiny_text"](), local_files_only=True).eval()
    ids = inputs["ids"][0, 0][inputs["mask"][0, 0]].long()
    assert ids[0] == 2
    assert ids[-1] == 3
    expected = library(input_ids=ids.unsqueeze(0)).last_hidden_state.mean(1)
    torch.testing.assert_close(encoder.eval()(inputs).x[0], expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("pooling", ["first", "last"])
def test_poolings_take_the_sign_that_they_name(pooling: str) -> None:
    words, inputs = made(columns=("t",), tokens="word", tune="full")
    column, _ = made(columns=("t",), pooling=pooling, tune="full")
    every = words.eval()(inputs).x
    place = 0 if pooling == "first" else int(inputs["mask"][0, 0].sum()) - 1
    torch.testing.assert_close(column.eval()(inputs).x[0, 0], every[0, place])


def test_pooling_follows_the_folder(tmp_path: Path) -> None:
    folder = shutil.copytree(tiny["tiny_text"](), tmp_path / "m")
    assert made(folder)[0].how == "mean"
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}', encoding="utf-8")
    assert made(folder)[0].how == "first"
    assert made(tiny["tiny_text"]("gpt2"))[0].how == "last"


@pytest.mark.parametrize("tune", ["frozen", "head", "last_n", "lora", "full"])
def test_what_trains_and_at_what_rate(tune: str) -> None:
    encoder, inputs = made(tune=tune, last=1)
    body = {n for n, p in encoder.body.named_parameters() if p.requires_grad}
    assert encoder.fixed == (tune == "frozen")
    assert bool(body) == (tune not in ("frozen", "head"))
    assert {n.removeprefix("body.") for n in encoder.rates()} == body
    encoder.train()(inputs).x.sum().backward()
    assert encoder.body.training == (tune != "frozen")
    assert encoder.columns.vectors is not None
    assert encoder.columns.vectors.grad is not None


@pytest.mark.parametrize("tokens", ["column", "word"])
def test_what_is_computed_before_gives_the_same_numbers(tokens: str) -> None:
    encoder, inputs = made(tokens=tokens)
    encoder.eval()
    with torch.no_grad():
        kept = encoder.before(inputs)
        whole, cached = encoder(inputs), encoder(kept)
    torch.testing.assert_close(cached.mask, whole.mask)
    torch.testing.assert_close(cached.x[cached.mask], whole.x[whole.mask], atol=1e-5, rtol=1e-4)


def test_from_scratch_takes_the_architecture_only() -> None:
    pretrained, _ = made(tune="full")
    scratch, _ = made(tune="full", pretrained=False)
    names = {n: p.shape for n, p in pretrained.body.state_dict().items()}
    assert {n: p.shape for n, p in scratch.body.state_dict().items()} == names
    assert not torch.equal(next(pretrained.body.parameters()), next(scratch.body.parameters()))


def test_it_is_built_again_where_its_source_is_gone(tmp_path: Path) -> None:
    folder = shutil.copytree(tiny["tiny_text"](), tmp_path / "m")
    encoder, inputs = made(folder, tune="lora")
    facts = {"columns": ["t", "u"], "padding": encoder.padding, "unknown": encoder.unknown}
    config = encoder.options
    facts |= HfText.learn(config, {"vocabulary": 60})
    shutil.rmtree(folder)
    again = HfText(config, facts)
    again.load_state_dict(encoder.state_dict())
    torch.testing.assert_close(again.eval()(inputs).x, encoder.eval()(inputs).x)
    with pytest.raises(InputError, match="no model"):
        again.begin()


def test_weights_that_changed_since_the_plan_are_refused(tmp_path: Path) -> None:
    folder = shutil.copytree(tiny["tiny_text"](), tmp_path / "m")
    encoder, _ = made(folder)
    shutil.copy(tiny["tiny_text"]("electra") / "model.safetensors", folder / "model.safetensors")
    with pytest.raises(InputError, match="changed since the run was planned"):
        encoder.begin()


def test_length_is_capped_by_the_positions() -> None:
    _, inputs = made(columns=("t",))
    assert 36 < inputs["ids"].shape[-1] <= 40
    assert inputs["mask"][3, 0].all()
    assert int(inputs["ids"][3, 0, -1]) == 3, "the closing sign is kept"
    assert positions_of({"model_type": "roberta", "max_position_embeddings": 514, "pad_token_id": 1}) == 512
    assert positions_of({"model_type": "gpt2", "n_positions": 1024}) == 1024
    assert positions_of({"model_type": "xlnet"}) is None


def test_checkpointing_changes_no_gradient() -> None:
    gradients = []
    for checkpointing in (False, True):
        encoder, inputs = made(tune="full", checkpointing=checkpointing, dropout=0.0)
        torch.manual_seed(4)
        encoder.train()(inputs).x.square().sum().backward()
        gradients.append({n: p.grad for n, p in encoder.named_parameters()})
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradients[1][name], gradient, msg=name)


def test_bad_choices_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="use tune: head"):
        made(word_dropout=0.1)
    folder = shutil.copytree(tiny["tiny_text"](), tmp_path / "m")
    (folder / "tokenizer.json").unlink()
    with pytest.raises(InputError, match=r"without tokenizer\.json"):
        made(folder)
    (folder / "config.json").write_text('{"model_type": "t5"}', encoding="utf-8")
    with pytest.raises(InputError, match="t5 has an encoder and a decoder"):
        made(folder)
    (folder / "config.json").write_text('{"model_type": "nothing_known"}', encoding="utf-8")
    with pytest.raises(InputError, match="no architecture that transformers knows"):
        made(folder)
