"""Smaller arithmetic: the graph in 8-bit integers or 16-bit floats, and what that costs and saves, measured."""

from __future__ import annotations

import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import numpy as np

from consilience.artifacts.bundle import Bundle
from consilience.core.errors import ConsilienceError, InputError, MissingExtraError
from consilience.data.features import in_memory
from consilience.data.table import Table
from consilience.evaluation.intervals import difference, with_intervals

Precision = Literal["int8", "fp16"]
TIMED_ROWS = 64
REPEATS = 15


class LossError(ConsilienceError):
    """The smaller arithmetic costs more than was allowed."""


def write_lower(source: Path, target: Path, precision: Precision) -> None:
    """`source` with 8-bit weights and activations scaled as they come (dynamic quantization), or 16-bit floats.

    Raises:
        MissingExtraError: when the `onnx` library is not installed.
    """
    if find_spec("onnx") is None:
        raise MissingExtraError("onnx", "train", f"--{precision}")
    if precision == "int8":
        from onnxruntime.quantization import QuantType, quantize_dynamic

        # convolutions stay: their integer kernels are slower than the floating ones on ordinary processors
        quantize_dynamic(source, target, weight_type=QuantType.QInt8, op_types_to_quantize=["MatMul", "Gemm", "Gather"])
        return
    import onnx
    from onnxruntime.transformers.float16 import convert_float_to_float16

    onnx.save(convert_float_to_float16(onnx.load(source), keep_io_types=True), target)


def compare(before: Bundle, after: Bundle, table: Table, sizes: tuple[int, int]) -> dict[str, Any]:
    """Accuracy, size and latency of two bundles on the same rows.

    Args:
        sizes: bytes of both graphs.
    Returns:
        {"metric", "rows", "before": {value, low, high}, "after", "difference" (after − before, paired; negative is
        worse), "bytes": [2], "milliseconds": [2] (the networks on 64 rows), "largest_difference" (of a probability)}.
    Raises:
        InputError: when the rows hold no label that the model knows.
    """
    target = before.recipe.target
    if target not in table.frame.columns:
        raise InputError(f"the rows have no column {target!r}: accuracy cannot be compared", where=table.name)
    targets = before.task.encode(table.frame[target])
    if not (targets.weight > 0).any():
        raise InputError(f"column {target!r} holds no label that the model knows", where=table.name)
    a, b = (bundle.predict(table)[0] for bundle in (before, after))
    kind, metric, seed = before.task.kind, before.task.primary, before.recipe.seed
    judged = (kind, targets.target, targets.weight)
    return {
        "metric": metric,
        "rows": int((targets.weight > 0).sum()),
        "before": with_intervals(*judged, a, seed)[metric],
        "after": with_intervals(*judged, b, seed)[metric],
        "difference": difference(kind, metric, *judged[1:], b, a, seed),
        "bytes": list(sizes),
        "milliseconds": list(_milliseconds(before, after, table)),
        "largest_difference": float(np.abs(a - b).max()),
    }


def check_drop(found: Mapping[str, Any], most: float, precision: str) -> None:
    """
    Raises:
        LossError: when the primary metric falls by more than `most`.
    """
    drop = -float(found["difference"]["value"])
    if drop > most:
        raise LossError(
            f"--{precision} costs {drop:.4f} {found['metric']} (allowed: --max-drop {most:g}): nothing was exported"
        )


def _milliseconds(before: Bundle, after: Bundle, table: Table) -> tuple[float, float]:
    """Median time of the networks on prepared rows, the two taking turns."""
    adapted, _ = before.adapt(table.take(np.resize(np.arange(table.rows), TIMED_ROWS)))
    features = in_memory(adapted, before.facts["groups"], before.recipe.prepare)
    index = np.arange(features.rows)
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(REPEATS):
        for bundle, kept in zip((before, after), times, strict=True):
            assert bundle.exported is not None, "both bundles are exported"
            began = time.perf_counter()
            bundle.exported.run_masks(features, index, [()])
            kept.append(1e3 * (time.perf_counter() - began))
    return float(np.median(times[0])), float(np.median(times[1]))
