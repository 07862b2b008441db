"""The reference models: trained on the same rows as the network, judged on the same rows."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import polars as pl
import torch

from consilience.artifacts.bundle import Bundle
from consilience.artifacts.network import Index
from consilience.core.events import Listener, nobody
from consilience.core.registry import get
from consilience.references.base import Rows
from consilience.training.data import Source

MEDIA_BYTES = 24 << 20
"""Memory that the media arrays of a reference's training rows may take; more rows are sampled down to it."""
SEQUENCE_BYTES = 512 << 20
"""The same for the letters of sequences."""


def fit_reference(
    name: str, bundle: Bundle, parts: list[tuple[Source, Index]], listener: Listener = nobody, first: Any = None
) -> Any:
    """A reference fitted on the labelled rows of all parts; `first`, an earlier fit, spares the search of options."""
    began = time.monotonic()
    component = get("reference", name)
    facts = {"groups": bundle.facts["groups"]}
    reference = component(component.Config(**(first.settled() if first else {})), facts, bundle.task.kind)
    total = sum(len(index) for _, index in parts)
    chosen = [(s, _sampled(s, i[s.targets.weight[i] > 0], bundle.recipe.seed, len(i) / total)) for s, i in parts]
    reference.fit(
        joined([bundle.rows(s.features, s.texts, i, set()) for s, i in chosen]),
        np.concatenate([s.targets.target[i] for s, i in chosen]),
        np.concatenate([s.targets.weight[i] for s, i in chosen]),
        bundle.recipe.seed,
        bundle.recipe.train.threads or torch.get_num_threads(),
    )
    seconds = time.monotonic() - began
    listener({"event": "reference", "name": name, "rows": sum(len(i) for _, i in chosen), "seconds": seconds})
    return reference


def joined(parts: list[Rows]) -> Rows:
    """Rows of several tables below each other; sequences that were trimmed differently are padded with zeros."""
    if len(parts) == 1:
        return parts[0]
    arrays = {
        group: {name: _stacked([part.arrays[group][name] for part in parts]) for name in named}
        for group, named in parts[0].arrays.items()
    }
    return Rows(arrays, {c: pl.concat([part.texts[c] for part in parts]) for c in parts[0].texts})


def _stacked(arrays: list[np.ndarray[Any, Any]]) -> np.ndarray[Any, Any]:
    shape = np.max([a.shape[1:] for a in arrays], axis=0) if arrays[0].ndim > 1 else ()
    return np.concatenate(
        [np.pad(a, [(0, 0), *((0, most - n) for most, n in zip(shape, a.shape[1:], strict=True))]) for a in arrays]
    )


def _sampled(source: Source, rows: Index, seed: int, share: float) -> Index:
    """At most so many rows that their media arrays fit `share` of MEDIA_BYTES, and their sequences that of
    SEQUENCE_BYTES; drawn at random, kept in order."""
    groups = source.features.groups
    media = [group for group, facts in groups.items() if get("modality", facts["modality"]).media]
    sequences = [group for group, facts in groups.items() if facts["modality"] == "sequence"]
    most = len(rows)
    for chosen_groups, room in ((media, MEDIA_BYTES), (sequences, SEQUENCE_BYTES)):
        each = sum(a[0].nbytes for g in chosen_groups for a in source.features.whole(g).values())
        most = min(most, int(share * max(2_000, room // each)) if each else most)
    if len(rows) <= most:
        return rows
    chosen: Index = np.sort(np.random.default_rng((seed, 17)).choice(rows, most, replace=False))
    return chosen
