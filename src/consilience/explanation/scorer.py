"""What the networks say of rows whose pieces are gated: a function that can be differentiated by the gates."""

from __future__ import annotations

from typing import Any, final

import numpy as np
import torch
from torch import Tensor

from consilience.artifacts.inference import to_tensors
from consilience.artifacts.network import Index
from consilience.core.tokens import Tokens
from consilience.explanation.pieces import Pieces
from consilience.explanation.subject import Subject
from consilience.fusion.model import Multimodal

MOST_NETWORKS = 3
"""Networks whose mean is explained at most: more would cost time in proportion."""
CHUNK = 128
"""Gated rows that go through a network at once."""
COSTLY_CHUNK = 32
"""The same for an encoder that is `costly`: a gradient keeps what every layer of a large body said of every row."""


@final
class Scorer:
    """Log-odds of each row's explained class (regression: the value), mean over the networks, [b].

    Log-odds, since a probability near 0 or 1 hardly moves whatever is taken away. The tokens of all other groups are
    computed once.

    Args:
        classes: int64 [n], the output explained in each row.
    """

    def __init__(self, subject: Subject, pieces: Pieces, classes: Index) -> None:
        self.pieces, self._task = pieces, subject.bundle.task
        self.kind = str(self._task.kind)
        self._networks = [network.eval() for network in subject.bundle.networks[:MOST_NETWORKS]]
        self.costly = any(bool(self._encoder(network).costly) for network in self._networks)
        self.chunk = COSTLY_CHUNK if self.costly else CHUNK
        device = next(self._networks[0].parameters()).device
        self.device = device
        every = to_tensors(subject.arrays, device)
        self._inputs = every[pieces.group]
        self._classes = torch.from_numpy(np.asarray(classes, np.int64)).to(device)
        with torch.no_grad():
            self._others = [self._encode(network, every) for network in self._networks]
        few = {name: array[:1] for name, array in self._inputs.items()}
        self.smooth = all(pieces.smooth(self._encoder(network), few) for network in self._networks)

    @property
    def rows(self) -> int:
        return len(self._classes)

    def _encoder(self, network: Multimodal) -> torch.nn.Module:
        return network.encoders[network.keys[self.pieces.group]]

    def _encode(self, network: Multimodal, every: dict[str, dict[str, Tensor]]) -> dict[str, Tokens]:
        return {k: network.encoders[k](dict(every[g])) for g, k in network.keys.items() if g != self.pieces.group}

    def __call__(self, rows: Tensor, gates: Tensor, between: bool = False, probability: bool = False) -> Tensor:
        """rows: int64 [b] (0..n-1). gates: [b, P]. between: gates other than 0 and 1 occur. probability: instead of
        log-odds."""
        inputs = {name: array[rows] for name, array in self._inputs.items()}
        said = []
        for network, others in zip(self._networks, self._others, strict=True):
            encoder = self._encoder(network)
            with self.pieces.gated(encoder, inputs, rows, gates, between) as changed:
                own: Tokens = encoder(dict(changed))
            tokens = {
                k: own if g == self.pieces.group else Tokens(others[k].x[rows], others[k].mask[rows])
                for g, k in network.keys.items()
            }
            logits = network.fuse(tokens, {}, {}).logits.float()
            said.append(self._score(logits, self._classes[rows], probability))
        return torch.stack(said).mean(0)

    def _score(self, logits: Tensor, classes: Tensor, probability: bool) -> Tensor:
        if self.kind == "regression":
            ends = self._task.predictions(np.array([[0.0], [1.0]]))[:, 0].tolist()
            value: Tensor = ends[0] + logits[:, 0] * (ends[1] - ends[0])
            return value
        odds = logits.gather(1, classes[:, None])[:, 0]
        if self.kind != "multilabel":
            others = logits.scatter(1, classes[:, None], float("-inf"))
            odds = odds - torch.logsumexp(others, 1)
        return torch.sigmoid(odds) if probability else odds

    @torch.no_grad()
    def at(self, rows: Any, gates: Any, probability: bool = False) -> np.ndarray[Any, Any]:
        """Scores float64 [b] for gates of 0 and 1, in chunks; NumPy in and out."""
        parts = [
            self(
                torch.from_numpy(np.asarray(rows[start : start + self.chunk], np.int64)).to(self.device),
                torch.from_numpy(np.asarray(gates[start : start + self.chunk], np.float32)).to(self.device),
                probability=probability,
            )
            for start in range(0, len(rows), self.chunk)
        ]
        return np.concatenate([part.double().cpu().numpy() for part in parts]) if parts else np.zeros(0)
