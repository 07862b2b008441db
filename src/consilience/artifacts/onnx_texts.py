"""A network that writes texts as two ONNX graphs: what reads a row, and one step of the decoder.

network.onnx: encoders and fusion → what the decoder looks at. decoder.onnx: that, and the sub-words written so far →
the logits of the next one. Nothing is kept between steps, so that both graphs are plain functions; the loop around the
second is NumPy (`artifacts.written`).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from consilience.artifacts.bundle import Bundle
from consilience.artifacts.onnx_export import graph_plan, grouped, trace
from consilience.artifacts.onnx_writer import DECODER, READ
from consilience.core.errors import MissingExtraError
from consilience.core.tokens import Tokens
from consilience.data.features import Features
from consilience.fusion.base import masked_mean
from consilience.fusion.model import Multimodal
from consilience.tasks.writing.decoder import beside

TEXTS = 3
"""Texts a row that the step is traced with."""


def write_text_onnx(bundle: Bundle, features: Features, path: Path) -> dict[str, Any]:
    """Write the graph that reads rows to `path` and the decoder beside it.

    Returns:
        the description that `onnx_writer.open_exported` reads.

    Args:
        features: prepared rows, one at least, as examples of shape and type.
    Raises:
        MissingExtraError: when the exporter is not installed.
    """
    if find_spec("onnxscript") is None:
        raise MissingExtraError("onnxscript", "train", "Exporting a network")
    (network,) = bundle.networks  # texts are not averaged: there is one
    plan = graph_plan(bundle, features)
    reader = _Reader(network, plan.inputs, plan.watched).cpu().eval()
    with torch.no_grad():
        memory, mask, *_ = reader(*plan.example)
    program = trace(reader, plan.example, plan.varying, plan.names, [*READ, *plan.pooled.values()])
    program.save(str(path), external_data=False)
    (head,) = network.heads.values()
    signs = bundle.task.signs
    ids = torch.full((len(memory), TEXTS, max(2, signs.length - 1)), signs.end, dtype=torch.int64)
    batch, free = torch.export.Dim("batch"), torch.export.Dim.AUTO
    varying = ({0: batch, 1: free}, {0: batch, 1: free}, {0: batch, 1: free, 2: free})
    step = _Step(head).cpu().eval()
    with head.traced() if hasattr(head, "traced") else nullcontext():  # type: ignore[operator]
        program = trace(step, (memory, mask, ids), varying, ["memory", "mask", "ids"], ["logits"])
    program.save(str(path.parent / DECODER), external_data=False)
    return {**plan.description, "networks": 1, "helpers": [], "decoder": {"file": DECODER, "length": signs.length}}


class _Reader(nn.Module):
    """Flat list of arrays → what the decoder looks at [B, M, D] and which of it is real [B, M], weights [B, G], has
    [B, G], then of each watched group [B, D]."""

    def __init__(self, network: Multimodal, inputs: Sequence[tuple[str, str]], watched: Sequence[str]) -> None:
        super().__init__()
        self.network, self.places, self.watched = network, list(inputs), list(watched)

    def forward(self, *arrays: Tensor) -> tuple[Tensor, ...]:
        network = self.network
        inputs, keep = grouped(self.places, arrays)
        tokens = network.encode(inputs)
        fused = network.fused(network.masked(tokens, keep))
        (head,) = network.heads.values()
        kept: Tokens = head.keep(beside(fused))  # type: ignore[operator]
        has = torch.stack([tokens[network.keys[g]].present for g in network.groups], 1)
        pooled = [masked_mean(tokens[network.keys[g]]).float() for g in self.watched]
        return kept.x.float(), kept.mask, fused.weights.float(), has, *pooled


class _Step(nn.Module):
    """What the decoder looks at, and N begun texts of each row: ids int64 [B, N, T] → logits float32 [B, N, V]."""

    def __init__(self, head: nn.Module) -> None:
        super().__init__()
        self.head = head

    def forward(self, *arrays: Tensor) -> Tensor:
        memory, mask, ids = arrays
        head: Any = self.head
        rows, texts, _ = ids.shape
        state = head.open(Tokens(memory, mask))
        row = torch.arange(rows * texts, device=ids.device) // texts
        logits, _ = head.following(ids.flatten(0, 1), head.reorder(state, row))
        return logits.float().reshape(rows, texts, -1)  # type: ignore[no-any-return]
