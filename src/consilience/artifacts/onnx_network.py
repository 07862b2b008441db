"""The networks of an exported bundle under ONNX Runtime: what `artifacts.inference` does, without PyTorch."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, final

import numpy as np
import onnxruntime

from consilience.artifacts.network import BATCH, Array, Index, Said, joined, kept
from consilience.artifacts.row_batches import by_length, slices, text_lengths
from consilience.artifacts.written import Memory
from consilience.core.errors import InputError
from consilience.data.features import Features
from consilience.modalities.base import Arrays

OUTPUTS = ("logits", "helpers", "weights", "has")
"""Of every graph; behind them stand the pooled tokens of groups."""


SMALL = 16 << 20
"""Bytes of a graph up to which a call takes one thread: sharing such small work out takes longer than it saves."""
SHARED = 64
"""Rows of one call of such a graph, where several run side by side."""


@final
class OnnxNetworks:
    """All networks of a bundle in one session.

    Args:
        graph: bytes of network.onnx. description: what `onnx_export.write_onnx` returned. outputs: K.
        threads: of one call; all cores when 0, by the graph's size when None.
    Raises:
        InputError: when the bytes are no graph that this ONNX Runtime runs.
    """

    def __init__(self, graph: bytes, description: Mapping[str, Any], outputs: int, threads: int | None = None) -> None:
        self.groups = list(description["groups"])
        self.networks = int(description["networks"])
        self.inputs = [(i["name"], i["group"], i["array"]) for i in description["inputs"]]
        self._helpers, self._outputs = list(description["helpers"]), outputs
        self._texts = sorted({g for _, g, array in self.inputs if array == "ids"})
        self._small = len(graph) < SMALL
        self._pooled = {p["group"]: p["name"] for p in description.get("pooled", ())}  # older exports have none
        self.writer: Any = None
        """Of a model that writes texts: what writes them from what the graph has read; see `onnx_writer`."""
        self.session = open_session(graph, threads, "network.onnx")
        self._types = {i.name: i.type for i in self.session.get_inputs()}

    def feed(self, arrays: Mapping[str, Arrays], keep: Array) -> dict[str, Array]:
        """The session's inputs from canonical arrays; keep bool [B, M]."""
        found = {name: arrays[group][array] for name, group, array in self.inputs if name in self._types}
        if "keep" in self._types:
            found["keep"] = keep
        return found

    def say(self, arrays: Mapping[str, Arrays], keep: Array) -> list[Said]:
        """What each network says of B prepared rows."""
        if self.writer is not None:
            return [self._written(arrays, keep)]
        wanted = [*OUTPUTS, *self._pooled.values()]
        logits, helpers, weights, has, *pooled = self.session.run(wanted, self.feed(arrays, keep))
        means = dict(zip(self._pooled, pooled, strict=True))
        return [
            Said(logits[r], {g: helpers[r][i] for i, g in enumerate(self._helpers)}, weights[r], has, means)
            for r in range(self.networks)
        ]

    def read(self, arrays: Mapping[str, Arrays], keep: Array) -> tuple[Memory, Array, Array, dict[str, Array]]:
        """Of a model that writes texts: what its decoder looks at, weights, has, and pooled tokens of groups."""
        wanted = ["memory", "mask", "weights", "has", *self._pooled.values()]
        x, mask, weights, has, *pooled = self.session.run(wanted, self.feed(arrays, keep))
        return Memory(x, mask), weights, has, dict(zip(self._pooled, pooled, strict=True))

    def _written(self, arrays: Mapping[str, Arrays], keep: Array) -> Said:
        memory, weights, has, means = self.read(arrays, keep)
        return Said(self.writer.write(memory), {}, weights, has, means)

    def run_masks(self, features: Features, index: Index, masks: Sequence[Iterable[str]]) -> list[list[Said]]:
        """What each network says of the rows `index` under each set of hidden groups: [networks][masks]."""
        keeps = [kept(self.groups, hidden) for hidden in masks]
        if not len(index):
            return [[self._nothing()] * len(keeps)] * self.networks

        def run(positions: Index) -> list[list[Said]]:
            arrays = features.gather(index[positions])
            return [self.say(arrays, np.repeat(k, len(positions), axis=0)) for k in keeps]

        batches = self._batches(features, index)
        if len(batches) == 1:  # a request's few rows: nothing to join or to put in order
            (said,) = map(run, batches)
            return [[of_mask[r] for of_mask in said] for r in range(self.networks)]
        if self._small:  # calls of one thread each, side by side: ONNX Runtime lets go of the interpreter's lock
            with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
                parts = list(pool.map(run, batches))
        else:
            parts = [run(batch) for batch in batches]
        order = np.argsort(np.concatenate(batches))
        return [[joined([p[m][r] for p in parts]).at(order) for m in range(len(keeps))] for r in range(self.networks)]

    def _batches(self, features: Features, index: Index) -> list[Index]:
        """Positions in `index` of the rows of each call; texts of like length together where a network is large."""
        if self._small or not self._texts or len(index) == 1:
            return slices(len(index), SHARED if self._small else BATCH)
        arrays = features.gather(index)
        return by_length(text_lengths([arrays[group] for group in self._texts]))

    def _nothing(self) -> Said:
        none = np.zeros((0, self._outputs), np.float32)
        empty = np.zeros((0, len(self.groups)), np.float32)
        return Said(none, dict.fromkeys(self._helpers, none), empty, empty > 0)


def open_session(graph: bytes, threads: int | None, name: str) -> onnxruntime.InferenceSession:
    """A session of a graph. threads: of one call; all cores when 0, by the graph's size when None. name: of its file.

    Raises:
        InputError: when the bytes are no graph that this ONNX Runtime runs.
    """
    threads = (1 if len(graph) < SMALL else 0) if threads is None else threads
    try:
        return onnxruntime.InferenceSession(graph, _options(threads), providers=_providers())
    except Exception as error:  # ONNX Runtime's own exceptions share no narrower base
        raise InputError(f"not a graph that ONNX Runtime runs: {_short(error)}", where=name) from None


def _options(threads: int) -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # a spinning thread takes a core from the server beside it
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return options


def _providers() -> list[str]:
    """CUDA where this ONNX Runtime has it, else the CPU."""
    known = set(onnxruntime.get_available_providers())
    return [p for p in ("CUDAExecutionProvider", "CPUExecutionProvider") if p in known]


def _short(error: Exception) -> str:
    return str(error).splitlines()[0][:200]
