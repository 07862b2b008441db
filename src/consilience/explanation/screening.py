"""Which cells of a wide row are worth asking the whole model about: the networks' gradient says it in one pass.

A number's promise is |gradient of the explained class's log-odds × (value − typical value)|, the first-order term of
what replacing it would change. Categories and dates have no such gradient and are always asked about first.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from consilience.artifacts.inference import Index, to_tensors
from consilience.explanation.scorer import MOST_NETWORKS
from consilience.explanation.subject import Subject
from consilience.modalities.base import Arrays

Array = np.ndarray[Any, Any]

MOST_CELLS = 48
"""Cells of a row that are asked about; narrower tables are asked about every cell."""


def promising(
    subject: Subject, classes: Index, typical: dict[str, Arrays], places: dict[str, list[int]]
) -> tuple[Array, Array]:
    """Cells to ask about, bool [n, C], at most MOST_CELLS a row; and the signed first-order terms [n, C], 0 for cells
    without a gradient (and where every cell is asked about).

    Args:
        typical: group → arrays whose row 0 is typical. places: table group → places of its cells among the C cells.
    """
    width = sum(len(members) for members in places.values())
    terms = np.zeros((len(subject), width))
    if width <= MOST_CELLS:
        return np.ones((len(subject), width), bool), terms
    promise = np.full((len(subject), width), np.inf)
    for group, slope in _slopes(subject, classes).items():
        value = subject.arrays[group]["value"]
        terms[:, places[group]] = slope * (value - typical[group]["value"][:1])
        promise[:, places[group]] = np.abs(terms[:, places[group]])
    order = np.argsort(-promise, axis=1, kind="stable")[:, :MOST_CELLS]
    chosen = np.zeros(promise.shape, bool)
    np.put_along_axis(chosen, order, True, 1)
    return chosen, terms


def _slopes(subject: Subject, classes: Index) -> dict[str, Array]:
    """Number group → gradient [n, C'] of the explained class's output, less the others' mean, over the networks."""
    groups = subject.groups("number")
    networks = subject.bundle.networks[:MOST_NETWORKS]
    device = next(networks[0].parameters()).device
    inputs = to_tensors(subject.arrays, device)
    values = [inputs[g]["value"].requires_grad_() for g in groups]
    if not values:
        return {}
    chosen = torch.from_numpy(np.asarray(classes, np.int64)).to(device)[:, None]
    score = torch.zeros((), device=device)
    for network in networks:
        logits = network.eval()(inputs).logits.float()
        others = logits.mean(1) if logits.shape[1] > 1 and subject.bundle.task.kind != "multilabel" else 0
        score = score + (logits.gather(1, chosen)[:, 0] - others).sum()
    slopes = torch.autograd.grad(score, values)
    return {g: slope.double().cpu().numpy() for g, slope in zip(groups, slopes, strict=True)}
