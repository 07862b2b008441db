"""Texts as rows of numbers, so that targets and predictions of every task are arrays [N, K] that are sliced,
concatenated and judged alike.

A character is its code point with a minus sign; sub-word ids (≥ 0) may stand beside them in the same row and are
skipped. 0 is padding.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def to_codes(texts: Sequence[str], width: int) -> Array:
    """float32 [N, width]: each text's characters, cut after `width` of them.

    Example:
        >>> to_codes(["ab"], 3).tolist()
        [[-97.0, -98.0, 0.0]]
    """
    cut = [text[:width] for text in texts]
    lengths = np.array([len(text) for text in cut], dtype=np.int64)
    points = np.frombuffer("".join(cut).encode("utf-32-le", errors="replace"), dtype="<u4")
    codes = np.zeros((len(cut), width), dtype=np.float32)
    codes[np.arange(width) < lengths[:, None]] = -points.astype(np.float32)
    return codes


def from_codes(rows: Array) -> list[str]:
    """The texts of rows [N, K]; entries that are no characters (≥ 0) are skipped."""
    given = np.asarray(rows)
    there = given < 0
    letters = (-given[there]).astype("<u4").tobytes().decode("utf-32-le", errors="replace")
    ends = np.cumsum(there.sum(1)).tolist()
    return [letters[start:end] for start, end in zip([0, *ends], ends, strict=False)]
