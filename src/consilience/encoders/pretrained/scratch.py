"""Known architectures of texts by name, to train from scratch in a size that a table of one's own can fill.

The published sizes were made for billions of words; `tiny` and `small` follow Turc et al. 2019, "Well-Read Students
Learn Better" (arXiv 1908.08962).
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from consilience.encoders.pretrained.transformers_body import described

Size = Literal["tiny", "small", "base"]


class Shape(NamedTuple):
    width: int
    depth: int
    heads: int


SIZES: dict[str, Shape] = {"tiny": Shape(128, 2, 2), "small": Shape(256, 4, 4), "base": Shape(768, 12, 12)}
BERT = {
    "vocab": "vocab_size",
    "width": "hidden_size",
    "depth": "num_hidden_layers",
    "heads": "num_attention_heads",
    "feed": "intermediate_size",
    "positions": "max_position_embeddings",
}
GPT = {
    "vocab": "vocab_size",
    "width": "n_embd",
    "depth": "n_layer",
    "heads": "n_head",
    "feed": "n_inner",
    "positions": "n_positions",
}
DISTIL = BERT | {"width": "dim", "depth": "n_layers", "heads": "n_heads", "feed": "hidden_dim"}
ARCHITECTURES: dict[str, tuple[str, dict[str, str]]] = {
    "bert": ("bert", BERT),
    "distilbert": ("distilbert", DISTIL),
    "electra": ("electra", BERT),
    "gpt2": ("gpt2", GPT),
    "roberta": ("roberta", BERT),
    "xlm_roberta": ("xlm-roberta", BERT),
}
"""Our name → name in transformers, and what its options are called there."""


def scratch_architecture(name: str, size: Size, vocabulary: int, length: int) -> dict[str, Any]:
    """The architecture as JSON values, for sub-words of one's own: padding is 0, texts have at most `length`."""
    kind, called = ARCHITECTURES[name]
    shape = SIZES[size]
    values = {
        "vocab": vocabulary,
        "width": shape.width,
        "depth": shape.depth,
        "heads": shape.heads,
        "feed": 4 * shape.width,
        "positions": length + 1,  # RoBERTa and XLM-R number positions from 1 on
    }
    own: dict[str, Any] = {called[option]: value for option, value in values.items()}
    signs = {"bos_token_id": 0, "eos_token_id": 0} if kind == "gpt2" else {}
    return described(kind, {**own, **signs, "pad_token_id": 0})
