"""The reference models: trained on the same rows as the network, judged on the same rows."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch

from consilience.artifacts.bundle import Bundle
from consilience.artifacts.inference import Index
from consilience.core.events import Listener, nobody
from consilience.core.registry import get
from consilience.training.data import Source

MEDIA_BYTES = 96 << 20
"""Memory that the media arrays of a reference's training rows may take; more rows are sampled down to it."""
REFIT_BELOW = 30_000
"""Rows under which a reference is fitted again on training and validation rows, once its weight is known."""


def fit_reference(
    name: str, bundle: Bundle, rows: tuple[Source, Index], listener: Listener = nobody, first: Any = None
) -> Any:
    """A reference fitted on the labelled rows of `rows`; `first`, an earlier fit, spares the search of options."""
    began = time.monotonic()
    source, index = rows
    component = get("reference", name)
    facts = {"groups": bundle.facts["groups"]}
    reference = component(component.Config(**(first.settled() if first else {})), facts, bundle.task.kind)
    chosen = _sampled(source, index[source.targets.weight[index] > 0], bundle.recipe.seed)
    reference.fit(
        bundle.rows(source.features, source.texts, chosen, set()),
        source.targets.target[chosen],
        source.targets.weight[chosen],
        bundle.recipe.seed,
        bundle.recipe.train.threads or torch.get_num_threads(),
    )
    seconds = time.monotonic() - began
    listener({"event": "reference", "name": name, "rows": len(chosen), "seconds": seconds})
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
