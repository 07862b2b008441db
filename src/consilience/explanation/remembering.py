"""Networks that encode the unchanged groups of a subject once, however often its rows are asked about again.

Hiding a discipline or changing a cell leaves what the encoders say of pictures, sounds and texts as it was; only fusion
has to be done again. The answers are the same as without.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any, cast, final

import torch
from torch import Tensor, nn

from consilience.artifacts.bundle import Bundle
from consilience.artifacts.inference import to_tensors
from consilience.artifacts.network import BATCH, Index
from consilience.artifacts.row_batches import slices
from consilience.core.tokens import Tokens
from consilience.fusion.model import Inputs, Multimodal, Outputs
from consilience.modalities.base import Arrays


@final
class Remembering(nn.Module):
    """Stands in for a network on copies of known rows.

    Args:
        known: group → arrays of the known rows. groups: those of them that no copy changes.
    """

    def __init__(self, network: Multimodal, known: dict[str, Arrays], groups: Collection[str]) -> None:
        super().__init__()
        self.network = network.eval()
        self.groups, self.heads, self.helpers = network.groups, network.heads, network.helpers
        self.fixed: dict[str, str] = {}  # copies are changed rows: what was kept of the rows does not hold for them
        self.costly: tuple[str, ...] = ()  # rows are expected in their order
        self._device = next(network.parameters()).device
        self._tokens = {network.keys[g]: self._encode(network.keys[g], known[g]) for g in groups}
        self._rows: Tensor = torch.zeros(0, dtype=torch.int64)
        self._at = 0

    @torch.no_grad()
    def _encode(self, key: str, arrays: Arrays) -> Tokens:
        count = len(next(iter(arrays.values())))
        parts = []
        for rows in slices(count, BATCH):
            part = to_tensors({key: {n: a[rows] for n, a in arrays.items()}}, self._device)[key]
            parts.append(self.network.encoders[key](part))
        return Tokens(torch.cat([p.x for p in parts]), torch.cat([p.mask for p in parts]))

    def expect(self, rows: Index) -> None:
        """The known rows, in order, that the next batches hold copies of."""
        self._rows, self._at = torch.from_numpy(rows).to(self._device), 0

    def encode(self, inputs: Inputs) -> dict[str, Tokens]:
        """As `Multimodal.encode`; the groups that no copy changes are looked up."""
        network = self.network
        count = len(next(iter(next(iter(inputs.values())).values())))
        rows = self._rows[self._at : self._at + count]
        self._at += count
        tokens: dict[str, Tokens] = {}
        for group, key in network.keys.items():
            known = self._tokens.get(key)
            tokens[key] = (
                network.encoders[key](dict(inputs[group])) if known is None else Tokens(known.x[rows], known.mask[rows])
            )
        return {**tokens, **network.window(inputs)}

    def join(self, tokens: dict[str, Tokens], keep: Tensor | None = None) -> Outputs:
        """As `Multimodal.join`."""
        return self.network.join(tokens, keep)


def remembering(bundle: Bundle, known: dict[str, Arrays], groups: Collection[str]) -> Bundle:
    """The bundle with its networks standing in; see `Remembering`. Tell it `expected_rows` before each question."""
    networks: list[Any] = [Remembering(network, known, groups) for network in bundle.networks]
    return replace(bundle, networks=cast(list[Multimodal], networks))


def expected_rows(bundle: Bundle, rows: Index) -> None:
    """What is asked next are copies of these known rows, in that order."""
    for network in cast(list[Any], bundle.networks):
        network.expect(rows)
