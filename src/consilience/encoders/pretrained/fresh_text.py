"""An architecture of transformers from scratch, for texts cut by the project's own sub-words: BERT, GPT-2 and the like.

The sizes are those of Turc et al. 2019, "Well-Read Students Learn Better" (arXiv 1908.08962).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from consilience.core.errors import InputError
from consilience.encoders.pretrained.described import plain
from consilience.encoders.pretrained.transformers_body import library, quiet

Size = Literal["tiny", "mini", "small", "medium", "base"]
SIZES: dict[str, tuple[int, int]] = {
    "tiny": (128, 2),
    "mini": (256, 4),
    "small": (512, 4),
    "medium": (512, 8),
    "base": (768, 12),
}
"""Name → width, layers; a head is 64 wide, the layer between is four times as wide."""
SPARE = 2
"""Positions beyond the longest text: some architectures number from one past their padding on."""


def is_architecture(name: str) -> bool:
    """True where `name` is no model but an architecture: bert, roberta, distilbert, electra, gpt2 …"""
    return name in library().CONFIG_MAPPING


def fresh_architecture(name: str, size: Size, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The architecture as plain JSON. facts: vocabulary and length, of the group's own sub-words; 0 is padding.

    Raises:
        InputError: when the architecture cannot be had in that size.
    """
    width, layers = SIZES[size]
    kind = library().CONFIG_MAPPING[name]
    values: dict[str, Any] = {
        "vocab_size": int(facts["vocabulary"]),
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": width // 64,
        "max_position_embeddings": int(facts["length"]) + SPARE,
        "pad_token_id": 0,
        "bos_token_id": None,
        "eos_token_id": None,
    }
    between = "hidden_dim" if hasattr(kind(), "hidden_dim") else "intermediate_size"
    try:
        with quiet():
            made = kind(**values) if name == "gpt2" else kind(**values, **{between: 4 * width})
    except (TypeError, ValueError, AttributeError) as error:
        line = " ".join(str(error).split())[:200]
        raise InputError(f"{name!r} cannot be had from scratch: {line}", where="model") from None
    found = plain(made)
    if made.hidden_size != width or made.num_hidden_layers != layers:
        raise InputError(f"{name!r} cannot be had from scratch in the size {size!r}", where="model")
    return {**found, "vocab_size": values["vocab_size"]}
