"""Tiny pretrained models with random weights, saved as `transformers` saves them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from consilience.tasks.writing.vocabulary import train_vocabulary

TEXTS = [
    "a red cat",
    "a blue dog",
    "two red dogs",
    "no cat at all",
    "Many visits by the cat.",
    "Few visits by the bird.",
]
KINDS = {"gpt2": "prefix", "t5": "cross", "bart": "cross"}


def save(kind: str, folder: Path) -> Path:
    """A model folder as `save_pretrained` writes it."""
    import transformers

    torch.manual_seed(0)
    ids = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3, "decoder_start_token_id": 2}
    small: dict[str, dict[str, Any]] = {
        "gpt2": {"n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 64},
        "t5": {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 1, "num_heads": 2},
        "bart": {"d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2}
        | {"decoder_attention_heads": 2, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32, "max_position_embeddings": 64},
    }
    config = transformers.AutoConfig.for_model(kind, vocab_size=80, **ids, **small[kind])
    auto = transformers.AutoModelForCausalLM if kind == "gpt2" else transformers.AutoModelForSeq2SeqLM
    auto.from_config(config).save_pretrained(folder)
    tokenizer = train_vocabulary(TEXTS * 3, 80)
    (folder / "tokenizer.json").write_text(tokenizer, encoding="utf-8")
    return folder
