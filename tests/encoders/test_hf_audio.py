"""Audio networks of transformers: their spectrograms, weights from this machine, rebuilt without their source."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from consilience.core.config import Choice
from consilience.core.errors import InputError
from consilience.core.recipe import Prepare
from consilience.encoders.audio_input import time_mean
from consilience.encoders.frame_spectrogram import KaldiMel, WhisperMel
from consilience.encoders.hf_audio import HFAudio

transformers = pytest.importorskip("transformers")
FACTS = {"columns": ["a"], "sample_rate": 16_000, "samples": 4000}
TINY = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
CONVOLUTIONS = {
    "conv_dim": [16, 16],
    "conv_kernel": [10, 3],
    "conv_stride": [20, 8],
    "num_conv_pos_embeddings": 8,
    "num_conv_pos_embedding_groups": 2,
}
STABLE = {"feat_extract_norm": "layer", "do_stable_layer_norm": True}
WHISPER = {
    "d_model": 16, "encoder_layers": 1, "encoder_attention_heads": 2, "encoder_ffn_dim": 32, "num_mel_bins": 32,
    "decoder_layers": 1, "decoder_attention_heads": 2, "decoder_ffn_dim": 32, "vocab_size": 20, "pad_token_id": 0,
    "bos_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 1,
}  # fmt: skip
NETWORKS: dict[str, dict[str, Any]] = {
    "wav2vec2": {**TINY, **CONVOLUTIONS},
    "hubert": {**TINY, **CONVOLUTIONS, **STABLE},
    "wavlm": {**TINY, **CONVOLUTIONS},
    "whisper": WHISPER,
    "audio-spectrogram-transformer": {**TINY, "num_mel_bins": 32, "max_length": 128},
}


def tone(samples: int = 4000) -> np.ndarray[Any, Any]:
    random = np.random.default_rng(0)
    return (0.3 * np.sin(np.arange(samples) / 9) + random.normal(0, 0.05, samples)).astype(np.float32)


def heard(wave: np.ndarray[Any, Any], samples: int = 4000) -> dict[str, torch.Tensor]:
    padded = torch.zeros(1, 1, samples)
    padded[0, 0, : len(wave)] = torch.tensor(wave) * 32768
    return {"wave": padded.short(), "length": torch.tensor([[len(wave)]]).int(), "mask": torch.ones(1, 1) > 0}


def saved(kind: str, folder: Path) -> Any:
    torch.manual_seed(1)
    model = transformers.AutoModel.from_config(transformers.AutoConfig.for_model(kind, **NETWORKS[kind])).eval()
    transformers.utils.logging.disable_progress_bar()
    model.save_pretrained(folder)
    return model


def make(facts: dict[str, Any] = FACTS, **options: Any) -> HFAudio:
    complete = Choice(type="hf_audio", **options).complete("encoder")
    component, config = complete.configured("encoder")
    encoder: HFAudio = complete.build("encoder", {**facts, **component.learn(config, facts)})
    return encoder


def test_whispers_spectrogram_is_the_one_it_learned_from() -> None:
    theirs = transformers.WhisperFeatureExtractor(feature_size=80)(tone(16_000), sampling_rate=16_000)
    ours = WhisperMel(80)(torch.tensor(tone(16_000)[None]))
    assert ours.shape == (1, 80, 100)
    np.testing.assert_allclose(ours[0, :, :98], theirs["input_features"][0][:, :98], atol=1e-4)


@pytest.mark.filterwarnings("ignore:At least one mel filter:UserWarning")
def test_asts_spectrogram_is_the_one_it_learned_from() -> None:
    extractor = transformers.ASTFeatureExtractor()
    theirs = extractor(tone(16_000), sampling_rate=16_000)["input_values"][0]
    ours = KaldiMel(128, extractor.mean, extractor.std)(torch.tensor(tone(16_000)[None]))
    assert ours.shape == (1, 98, 128)
    np.testing.assert_allclose(ours[0], theirs[:98], atol=1e-4)


@pytest.mark.parametrize("kind", NETWORKS)
def test_trains_a_step_and_is_rebuilt_without_its_source(kind: str, tmp_path: Path) -> None:
    saved(kind, tmp_path)
    complete = Choice(type="hf_audio", model=str(tmp_path), tune="full", time_tokens=2).complete("encoder")
    _, config = complete.configured("encoder")
    facts = {**FACTS, **HFAudio.learn(config, FACTS)}
    assert str(tmp_path) not in str(facts)
    encoder = complete.build("encoder", facts).train()
    encoder.begin()
    encoder(heard(tone())).x.square().sum().backward()
    assert [n for n, p in encoder.body.named_parameters() if p.requires_grad and p.grad is None] == []
    (tmp_path / "model.safetensors").unlink()
    (tmp_path / "config.json").unlink()
    again = complete.build("encoder", facts)
    again.load_state_dict(encoder.state_dict())
    torch.testing.assert_close(again.eval()(heard(tone())).x, encoder.eval()(heard(tone())).x, atol=0, rtol=0)


@pytest.mark.parametrize("kind", ["wav2vec2", "hubert", "wavlm"])
def test_waves_are_heard_as_the_library_hears_them(kind: str, tmp_path: Path) -> None:
    model = saved(kind, tmp_path)
    encoder = make(model=str(tmp_path)).eval()
    encoder.begin()
    wave = torch.tensor(tone())
    normal = ((wave - wave.mean()) / wave.std(unbiased=False)).unsqueeze(0)
    theirs = model(normal).last_hidden_state.mean(1)
    torch.testing.assert_close(encoder(heard(tone())).x[:, 0], theirs, atol=2e-3, rtol=2e-3)  # waves are 16 bits deep


def test_whisper_hears_as_the_library_hears_a_window_of_that_length(tmp_path: Path) -> None:
    model = saved("whisper", tmp_path)
    encoder = make({**FACTS, "samples": 480_000}, model=str(tmp_path)).eval()
    encoder.begin()
    mel = transformers.WhisperFeatureExtractor(feature_size=32)(tone(), sampling_rate=16_000, return_tensors="pt")
    theirs = model.encoder(mel["input_features"]).last_hidden_state[:, :13].mean(1)
    torch.testing.assert_close(encoder(heard(tone(), 480_000)).x[:, 0], theirs, atol=2e-3, rtol=2e-3)
    short = make(model=str(tmp_path))
    short.begin()
    assert short.body.samples == 4160
    torch.testing.assert_close(short.body.network.embed_positions.weight, model.encoder.embed_positions.weight[:13])


def test_asts_positions_are_cut_to_the_time_that_there_is(tmp_path: Path) -> None:
    model = saved("audio-spectrogram-transformer", tmp_path)
    torch.nn.init.normal_(model.embeddings.position_embeddings)
    model.save_pretrained(tmp_path)
    encoder = make(model=str(tmp_path))
    encoder.begin()
    whole = model.embeddings.position_embeddings[:, 2:].unflatten(1, (2, 12))
    bands, times = encoder.body.network.embeddings.get_shape(encoder.body.network.config)
    assert (bands, times) == (2, 1)
    own = encoder.body.network.embeddings.position_embeddings[:, 2:].unflatten(1, (bands, times))
    torch.testing.assert_close(own, whole[:, :, :times])


def test_frozen_networks_say_the_same_from_waves_and_from_what_was_kept(tmp_path: Path) -> None:
    saved("wav2vec2", tmp_path)
    encoder = make(model=str(tmp_path), time_tokens=3).eval()
    encoder.begin()
    inputs = {k: torch.cat([v, torch.zeros_like(v)]) for k, v in heard(tone(3000)).items()}
    kept = encoder.before(inputs)
    assert kept["features"].shape == (2, 1, 3, 16)
    assert kept["mask"].tolist() == [[True], [False]]
    torch.testing.assert_close(encoder(kept).x, encoder(inputs).x)


def test_the_sampling_rate_is_the_networks() -> None:
    config = HFAudio.Config(model="wav2vec2", pretrained=False, tune="full")
    assert HFAudio.settings(config, Prepare(sample_rate=8000)).sample_rate == 16_000


def test_means_leave_padding_out() -> None:
    x, mask = torch.arange(8.0).reshape(1, 4, 2), torch.tensor([[True, True, True, False]])
    torch.testing.assert_close(time_mean(x, mask, 2), torch.tensor([[[0.0, 1.0], [3.0, 4.0]]]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"model": "wav2vec3", "pretrained": False, "tune": "full"},
            "no architecture.*did you mean 'wav2vec2'",
        ),
        ({"model": "bert", "pretrained": False, "tune": "full"}, "'bert' is no audio network"),
        ({"model": "wav2vec2", "pretrained": False}, "tune: frozen of a network that begins at random"),
        ({"model": "no/where"}, "no model 'no/where' on this machine"),
    ],
)
def test_errors_say_what_to_mend(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        make(**options)
