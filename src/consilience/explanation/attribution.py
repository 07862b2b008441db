"""How much each piece spoke for the explained class: integrated gradients, or occlusion where nothing is smooth.

Sundararajan et al. 2017, "Axiomatic Attribution for Deep Networks" (arXiv 1703.01365): the gradient by the pieces'
gates, averaged along the straight path from all closed to all open (Gauss-Legendre nodes). The attributions of a row
sum to f(row) − f(everything closed); what the quadrature misses of it is reported as the gap. Occlusion (Zeiler &
Fergus 2014, arXiv 1311.2901): the change when one piece alone is closed; it promises no such sum.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch

from consilience.explanation.scorer import Scorer

Array = np.ndarray[Any, Any]

DEFAULT_METHOD: str | None = None
"""Method of every attribution that names none; None = integrated gradients where the encoders allow it."""
STEPS, MORE_STEPS = 16, 64
"""Nodes of the path; rows whose gap is too wide are looked at again with more."""
COSTLY_STEPS, MORE_COSTLY_STEPS = 8, 24
"""The same where a pass through the encoder is costly: the gap that is left is reported."""
TOLERANCE = 0.05
"""Gap that asks for more nodes, as a share of f(row) − f(closed), which counts as half a unit of log-odds at least."""


class Attribution(NamedTuple):
    """values: [n, P], 0 where a row has no such piece. whole, closed: [n], the score with all gates open and all
    closed. gap: [n], Σ values − (whole − closed). method: "integrated gradients" or "occlusion"."""

    values: Array
    whole: Array
    closed: Array
    gap: Array
    method: str


def attribute(scorer: Scorer, method: str | None = None, closely: bool = True) -> Attribution:
    """Attributions by integrated gradients where the encoders allow it, else by occlusion; or by the method named.

    Args:
        closely: look again at rows whose gap is wide. An order of pieces, all that deletion and insertion ask for, is
            worth it only where a pass through the encoder is cheap.
    """
    present = scorer.pieces.present
    rows = np.arange(scorer.rows)
    whole, closed = scorer.at(rows, np.ones_like(present, float)), scorer.at(rows, np.zeros_like(present, float))
    method = method or DEFAULT_METHOD
    if method is None:
        method = "integrated gradients" if scorer.smooth else "occlusion"
    if method == "occlusion":
        values = _occluded(scorer, whole)
    else:
        steps, more = (COSTLY_STEPS, MORE_COSTLY_STEPS) if scorer.costly else (STEPS, MORE_STEPS)
        values = integrated(scorer, rows, steps)
        wanted = np.abs(whole - closed)
        least = float(wanted.mean()) if scorer.kind == "regression" else 0.5
        wide = np.abs(values.sum(1) - (whole - closed)) > TOLERANCE * np.maximum(wanted, least)
        if wide.any() and (closely or not scorer.costly):
            values[wide] = integrated(scorer, rows[wide], more)
    return Attribution(values, whole, closed, values.sum(1) - (whole - closed), method)


def integrated(scorer: Scorer, rows: Array, steps: int) -> Array:
    """Attributions [len(rows), P] by `steps` nodes."""
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    present = scorer.pieces.present
    found = np.zeros((len(rows), present.shape[1]))
    size = max(1, scorer.chunk // 8)
    for start in range(0, len(rows), size):
        part = rows[start : start + size]
        many = max(1, scorer.chunk // len(part))
        index = torch.from_numpy(part.astype(np.int64)).to(scorer.device)
        for first in range(0, steps, many):  # several nodes at once: small batches waste time
            at, share = nodes[first : first + many] / 2 + 0.5, weights[first : first + many] / 2
            path = np.broadcast_to(at[:, None, None], (len(at), len(part), present.shape[1]))
            gates = torch.tensor(path.reshape(-1, present.shape[1]), dtype=torch.float32, device=scorer.device)
            gates.requires_grad_()
            score = scorer(index.repeat(len(at)), gates, between=True)
            (slope,) = torch.autograd.grad(score.sum(), gates)
            slopes = slope.double().cpu().numpy().reshape(path.shape)
            found[start : start + size] += (slopes * share[:, None, None]).sum(0)
    return found * present[rows]


def _occluded(scorer: Scorer, whole: Array) -> Array:
    row, piece = np.nonzero(scorer.pieces.present)
    gates = np.ones((len(row), scorer.pieces.present.shape[1]), np.float32)
    gates[np.arange(len(row)), piece] = 0
    values = np.zeros(scorer.pieces.present.shape)
    values[row, piece] = whole[row] - scorer.at(row, gates)
    return values
