"""The decoder of an exported model that writes texts, under ONNX Runtime: one step over all sub-words so far."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, final

import numpy as np

from consilience.artifacts.onnx_network import OnnxNetworks, open_session
from consilience.artifacts.written import Array, Memory, write
from consilience.tasks.writing.search import Decoding, Signs

READ = ("memory", "mask", "weights", "has")
"""Outputs of the graph that reads rows; behind them stand the pooled tokens of groups."""
DECODER = "decoder.onnx"
"""File of the second graph, beside the first."""


@final
class Writer:
    """Texts from what the first graph made of rows.

    Args:
        graph: bytes of decoder.onnx. signs: special ids and L. decoding: how a text is searched for; may be changed.
        threads: of one call; all cores when 0, by the graph's size when None.
    Raises:
        InputError: when the bytes are no graph that this ONNX Runtime runs.
    """

    def __init__(self, graph: bytes, signs: Signs, decoding: Decoding, threads: int | None = None) -> None:
        self.signs, self.decoding = signs, decoding
        self.session = open_session(graph, threads, DECODER)

    def following(self, memory: Memory, ids: Array) -> Array:
        """See `written.Speaker`."""
        (logits,) = self.session.run(["logits"], {"memory": memory.x, "mask": memory.mask, "ids": ids})
        return np.asarray(logits)

    def write(self, memory: Memory) -> Array:
        """float32 [B, L]: ids of the texts, −1 after the end."""
        return write(self, memory.trimmed(), self.decoding, self.signs).astype(np.float32)


def open_exported(graph: Path, description: Mapping[str, Any], task: Any, threads: int | None = None) -> OnnxNetworks:
    """What speaks for an exported bundle's networks; of a task that writes texts both graphs.

    Args:
        graph: the file that reads rows. description: the manifest's "onnx". task: built from the bundle's facts.
    Raises:
        InputError: when a graph is none that this ONNX Runtime runs.
    """
    exported = OnnxNetworks(graph.read_bytes(), description, task.outputs, threads)
    if task.kind == "text":
        exported.writer = Writer((graph.parent / DECODER).read_bytes(), task.signs, task.config.decoding, threads)
    return exported
