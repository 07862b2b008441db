"""Which cells of a wide row are worth asking the whole model about: the networks' gradients say it in a few passes.

A number's promise is its integrated gradient (Sundararajan et al. 2017) by a few nodes, all numbers moving together
from their typical values to the row's: what replacing it would change, roughly, also where the gradient at the row
itself is flat. Categories and dates have no such gradient and are always asked about first.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from consilience.artifacts.inference import to_tensors
from consilience.artifacts.network import Index
from consilience.explanation.scorer import MOST_NETWORKS
from consilience.explanation.subject import Subject
from consilience.modalities.base import Arrays

Array = np.ndarray[Any, Any]

MOST_CELLS = 48
"""Cells of a row that are asked about; narrower tables are asked about every cell."""
NODES = 4
"""Places along the path where the gradient is taken."""


def promising(
    subject: Subject, classes: Index, typical: dict[str, Arrays], places: dict[str, list[int]]
) -> tuple[Array, Array]:
    """Cells to ask about, bool [n, C], at most MOST_CELLS a row; and the integrated gradients [n, C], 0 for cells
    without one (and where every cell is asked about).

    Args:
        typical: group → arrays whose row 0 is typical. places: table group → places of its cells among the C cells.
    """
    width = sum(len(members) for members in places.values())
    terms = np.zeros((len(subject), width))
    if width <= MOST_CELLS:
        return np.ones((len(subject), width), bool), terms
    promise = np.full((len(subject), width), np.inf)
    for group, found in _integrated(subject, classes, typical).items():
        terms[:, places[group]] = found
        promise[:, places[group]] = np.abs(terms[:, places[group]])
    order = np.argsort(-promise, axis=1, kind="stable")[:, :MOST_CELLS]
    chosen = np.zeros(promise.shape, bool)
    np.put_along_axis(chosen, order, True, 1)
    return chosen, terms


def _integrated(subject: Subject, classes: Index, typical: dict[str, Arrays]) -> dict[str, Array]:
    """Number group → integrated gradients [n, C'] of the explained output, less the outputs' mean, of the networks."""
    groups = subject.groups("number")
    if not groups:
        return {}
    networks = subject.bundle.networks[:MOST_NETWORKS]
    device = next(networks[0].parameters()).device
    inputs = to_tensors(subject.arrays, device)
    chosen = torch.from_numpy(np.asarray(classes, np.int64)).to(device)[:, None]
    several = subject.bundle.task.outputs > 1 and subject.bundle.task.kind != "multilabel"
    starts = {g: torch.from_numpy(typical[g]["value"][:1]).to(device) for g in groups}
    away = {g: inputs[g]["value"] - starts[g] for g in groups}
    found = {g: np.zeros(away[g].shape) for g in groups}
    for node, weight in zip(*np.polynomial.legendre.leggauss(NODES), strict=True):
        values = {g: (starts[g] + (float(node) + 1) / 2 * away[g]).requires_grad_() for g in groups}
        moved = {**inputs, **{g: {**inputs[g], "value": values[g]} for g in groups}}
        score = torch.zeros((), device=device)
        for network in networks:
            logits = network.eval()(moved).logits.float()
            score = score + (logits.gather(1, chosen)[:, 0] - (logits.mean(1) if several else 0)).sum()
        slopes = torch.autograd.grad(score, list(values.values()))
        for group, slope in zip(groups, slopes, strict=True):
            found[group] += (slope * away[group]).double().cpu().numpy() * float(weight) / 2
    return found
