"""Does the exported model write what the trained one writes? Compared are the logits of the next sub-word after the
same beginnings (teacher forcing), and the texts of a greedy search, sub-word by sub-word."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from consilience.artifacts.bundle import Bundle
from consilience.artifacts.network import Index, kept
from consilience.artifacts.onnx_network import OnnxNetworks
from consilience.artifacts.written import write
from consilience.core.errors import ConsilienceError
from consilience.data.features import in_memory
from consilience.data.table import Table
from consilience.tasks.writing.search import Decoding, Signs

Array = np.ndarray[Any, Any]

TOLERANCE = 1e-4
"""Largest difference of a logit; and how near the logits of two sub-words lie to be a tie, which either may win."""
BEGINNINGS = 4
"""Lengths of the beginnings after which logits are compared: from none to the whole text."""
GREEDY = Decoding(method="greedy", no_repeat=0)
"""No run of sub-words is forbidden, so that the chosen one has the largest logit."""


class NotWrittenError(ConsilienceError):
    """The exported model does not write what the trained one writes."""


class Written(NamedTuple):
    """difference: largest of a logit; infinite where the two do not agree on which groups a row has. texts: rows
    compared. ties: those that part where two sub-words are as likely."""

    difference: float
    texts: int
    ties: int


def compare_texts(live: Bundle, exported: Bundle, table: Table, hidden: frozenset[str]) -> Written:
    """Both models on the same few rows.

    Args:
        hidden: groups to treat as missing.
    Raises:
        NotWrittenError: when a greedy text differs, and no tie explains it; names the row.
    """
    adapted, _ = live.adapt(table)
    features = in_memory(adapted, live.facts["groups"], live.recipe.prepare)
    arrays = features.gather(np.arange(features.rows, dtype=np.int64))
    keep = np.broadcast_to(kept(live.groups, hidden), (features.rows, len(live.groups))).copy()
    graph: Any = exported.exported
    assert isinstance(graph, OnnxNetworks), "an exported bundle of one target"
    memory, _, has, _ = graph.read(arrays, keep)
    network = _Live(live, arrays, keep)
    if not np.array_equal(has, network.has):
        return Written(float("inf"), features.rows, 0)
    signs: Signs = live.task.signs
    wanted = network.write()
    found = write(graph.writer, memory.trimmed(), GREEDY, signs)
    difference = 0.0
    for length in _lengths(wanted):
        ids = _begun(wanted, length, signs)
        said = graph.writer.following(memory.trimmed(), ids[:, None])[:, 0]
        gap = np.abs(said - network.following(ids))
        difference = max(difference, float(gap.max(initial=0.0)))
    return Written(difference, features.rows, _ties(network, wanted, found, signs))


class _Live:
    """The PyTorch network on some rows."""

    def __init__(self, bundle: Bundle, arrays: Any, keep: Array) -> None:
        import torch

        from consilience.artifacts.inference import to_tensors

        (self.network,) = bundle.networks
        (self.head,) = self.network.heads.values()
        self.signs = bundle.task.signs
        with torch.no_grad():
            tokens = self.network.encode(to_tensors(arrays, torch.device("cpu")))
            self.fused = self.network.fused(self.network.masked(tokens, torch.from_numpy(keep)))
            keys = self.network.keys
            self.has = np.stack([tokens[keys[g]].present.numpy() for g in bundle.groups], 1)

    def write(self) -> Array:
        """Ids of a greedy search, int64 [B, L]."""
        import torch

        from consilience.tasks.writing.search import write as search

        head: Any = self.head
        with torch.no_grad():
            return np.asarray(search(head, head.read(self.fused), len(self.has), GREEDY, self.signs).numpy())

    def following(self, ids: Array) -> Array:
        """Logits float32 [B, V] of what comes after ids int64 [B, T]."""
        import torch

        head: Any = self.head
        with torch.no_grad():
            logits, _ = head.following(torch.from_numpy(ids), head.read(self.fused))
        return np.asarray(logits.float().numpy())


def _lengths(texts: Array) -> list[int]:
    """Of beginnings, opening sign not counted; evenly from 0 to all but the last sub-word of the longest text."""
    longest = int((texts >= 0).sum(1).max(initial=1))
    return sorted({int(length) for length in np.linspace(0, longest - 1, BEGINNINGS)})


def _begun(texts: Array, length: int, signs: Signs) -> Array:
    begun = np.where(texts < 0, signs.end, texts)[:, :length]
    return np.pad(begun, ((0, 0), (1, 0)), constant_values=signs.begin)


def _ties(network: _Live, wanted: Array, found: Array, signs: Signs) -> int:
    """How many rows part where two sub-words are as likely.

    Raises:
        NotWrittenError: when one parts elsewhere.
    """
    apart: Index = np.flatnonzero((wanted != found).any(1))
    for row in apart.tolist():
        place = int((wanted[row] != found[row]).argmax())
        logits = network.following(_begun(wanted, place, signs))[row]
        gap = abs(float(logits[wanted[row, place]] - logits[found[row, place]]))
        if not gap <= TOLERANCE:
            raise NotWrittenError(
                f"the exported model writes another text than the trained one in row {row}: sub-word {place + 1} of it "
                f"is no tie (logits {gap:.2g} apart; the limit is {TOLERANCE:g})"
            )
    return len(apart)
