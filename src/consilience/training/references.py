"""The reference models: trained on the same rows as the network, judged on the same rows."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

import numpy as np

from consilience.artifacts.bundle import Bundle
from consilience.artifacts.inference import Index
from consilience.core.events import Listener, nobody
from consilience.core.registry import get
from consilience.training.data import Source

MEDIA_BYTES = 96 << 20
"""Memory that the media arrays of a reference's training rows may take; more rows are sampled down to it."""
REFIT_BELOW = 30_000
"""Rows under which a reference is fitted again on training and validation rows, once its weight is known."""

Array = np.ndarray[Any, Any]


class Rung(NamedTuple):
    """Rows to fit on and rows to predict, of one source each."""

    fit: tuple[Source, Index]
    predict: tuple[Source, Index]


def fit_reference(name: str, bundle: Bundle, source: Source, index: Index, listener: Listener = nobody) -> Any:
    """A reference fitted on the labelled rows of `index`."""
    began = time.monotonic()
    component = get("reference", name)
    facts = {"groups": bundle.facts["groups"]}
    reference = component(component.Config(), facts, bundle.task.kind)
    rows = index[source.targets.weight[index] > 0]
    rows = _sampled(source, rows, bundle.recipe.seed)
    reference.fit(
        bundle.rows(source.features, source.texts, rows, set()),
        source.targets.target[rows],
        source.targets.weight[rows],
        bundle.recipe.seed,
        bundle.recipe.train.threads or _threads(),
    )
    seconds = time.monotonic() - began
    listener({"event": "reference", "name": name, "rows": len(rows), "seconds": seconds})
    return reference


def _sampled(source: Source, rows: Index, seed: int) -> Index:
    """At most so many rows that their media arrays fit MEDIA_BYTES; drawn at random, kept in order."""
    each = sum(
        array[0].nbytes
        for group, facts in source.features.groups.items()
        if get("modality", facts["modality"]).media
        for array in source.features.whole(group).values()
    )
    most = max(2_000, MEDIA_BYTES // each) if each else len(rows)
    if len(rows) <= most:
        return rows
    chosen: Index = np.sort(np.random.default_rng((seed, 17)).choice(rows, most, replace=False))
    return chosen


def _threads() -> int:
    import torch

    return torch.get_num_threads()
