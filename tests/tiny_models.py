"""Folders of tiny random models, as `transformers` saves them; read with runpy, as tests share no package."""

from __future__ import annotations

import atexit
import shutil
import string
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

VOCABULARY = 90
SMALL: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 40,
}
FAMILIES: dict[str, dict[str, Any]] = {
    "bert": {**SMALL, "pad_token_id": 0},
    "roberta": {**SMALL, "pad_token_id": 0, "num_hidden_layers": 1},
    "xlm-roberta": {**SMALL, "pad_token_id": 0, "num_hidden_layers": 1},
    "electra": {**SMALL, "embedding_size": 8, "num_hidden_layers": 1},
    "distilbert": {
        "vocab_size": VOCABULARY,
        "dim": 16,
        "n_layers": 1,
        "n_heads": 2,
        "hidden_dim": 32,
        "max_position_embeddings": 40,
    },
    "gpt2": {
        "vocab_size": VOCABULARY,
        "n_embd": 16,
        "n_layer": 1,
        "n_head": 2,
        "n_positions": 40,
        "bos_token_id": 0,
        "eos_token_id": 0,
    },
}


@lru_cache(maxsize=1)
def root() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="tiny-models-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@lru_cache(maxsize=16)
def tiny_text(family: str = "bert") -> Path:
    """A folder with config.json, model.safetensors and tokenizer.json."""
    import torch
    from transformers import AutoConfig, AutoModel
    from transformers.utils import logging

    folder = root() / family
    torch.manual_seed(3)
    model = AutoModel.from_config(AutoConfig.for_model(family, **FAMILIES[family]))
    logging.disable_progress_bar()
    model.save_pretrained(folder)
    make_tokenizer(folder, signs=family != "gpt2")
    return folder


@lru_cache(maxsize=1)
def tiny_static() -> Path:
    """A folder with tokenizer.json and one matrix of vectors."""
    import numpy as np
    from safetensors.numpy import save_file

    folder = root() / "static"
    folder.mkdir()
    vectors = np.random.default_rng(5).normal(size=(VOCABULARY, 12)).astype(np.float32)
    save_file({"embeddings": vectors}, folder / "model.safetensors")
    make_tokenizer(folder, signs=False)
    return folder


def make_tokenizer(folder: Path, signs: bool = True) -> None:
    """A WordPiece tokenizer of letters and a few words, with signs of begin and end or without."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    words = ["good", "bad", "film", "the", "##ing", "very"]
    letters = [*string.ascii_lowercase, *(f"##{c}" for c in string.ascii_lowercase)]
    vocabulary = {
        w: i for i, w in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words, *letters, "!", "."])
    }
    assert len(vocabulary) <= VOCABULARY
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    if signs:
        tokenizer.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", pair=None, special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
        )
    tokenizer.enable_truncation(8)  # as many saved files have it: the recipe's own length must win
    tokenizer.enable_padding(length=8)
    tokenizer.save(str(folder / "tokenizer.json"))
