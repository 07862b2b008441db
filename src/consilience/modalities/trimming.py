"""Padding that no row of a batch needs."""

from __future__ import annotations

import numpy as np

from consilience.modalities.base import Arrays


def without_padding(arrays: Arrays, multiple: int) -> Arrays:
    """Arrays [N, C, L], "mask" among them, cut to the longest row, rounded up to a multiple."""
    used = np.flatnonzero(arrays["mask"].reshape(-1, arrays["mask"].shape[-1]).any(axis=0))
    longest = int(used[-1]) + 1 if len(used) else 1
    length = -(-longest // multiple) * multiple
    return {name: array[..., :length] for name, array in arrays.items()}
