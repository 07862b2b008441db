"""Test rows with one group of columns worn, as features in memory that a bundle can judge."""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from consilience.artifacts.bundle import Bundle
from consilience.core.registry import get
from consilience.data.chunks import Records
from consilience.data.features import held_features
from consilience.data.row_store import MemoryRows
from consilience.evaluation.evidence import Rows
from consilience.evaluation.weaknesses.probes.base import Worn, probe_of
from consilience.modalities.base import Arrays

Array = np.ndarray[Any, Any]


class Held(NamedTuple):
    """Some rows in memory: group → arrays [n, …], the raw text columns [n], and what unchanging parts of networks made
    of them: (group, key) → records [n]."""

    arrays: dict[str, Arrays]
    texts: pl.DataFrame
    made: dict[tuple[str, str], Records]


def hold(rows: Rows, bundle: Bundle) -> Held:
    """The arrays and texts of rows."""
    texts = rows.texts[rows.index] if rows.texts.width else rows.texts  # no columns, no rows either
    names = {(group, key) for network in bundle.networks for group, key in network.fixed.items()}
    made = {name: rows.features.kept(*name, rows.index) for name in sorted(names)}
    found = {name: records for name, records in made.items() if records is not None}
    return Held(rows.features.gather(rows.index), texts, found)


def row_bytes(rows: Rows) -> int:
    """Bytes of one row's arrays."""
    one = rows.features.gather(rows.index[:1])
    return sum(array.nbytes for arrays in one.values() for array in arrays.values())


def judge_held(bundle: Bundle, held: Held) -> Array:
    """Default predictions [n, K] for rows in memory."""
    features = held_features(held.arrays, bundle.facts["groups"])
    for name, records in held.made.items():
        features.keep(*name, MemoryRows(records))
    index = np.arange(features.rows, dtype=np.int64)
    return np.asarray(bundle.judge(features, held.texts, index).final, np.float64)


def only_used(bundle: Bundle) -> Bundle:
    """The bundle without references that carry no weight: the same default prediction, sooner."""
    light = copy.copy(bundle)
    light.rules = bundle.rules.trimmed()
    used = {name for rule in light.rules.rules.values() for name in rule.weights}
    light.references = {name: found for name, found in bundle.references.items() if name in used}
    return light


def wear_group(held: Held, bundle: Bundle, group: str, worn: Worn, strength: float, seed: int) -> Held:
    """The rows with one group made worse; texts are changed as written and cut into sub-words again."""
    random = np.random.default_rng([seed, int(1000 * strength), *group.encode()])
    facts = bundle.facts["groups"][group]
    made = {name: records for name, records in held.made.items() if name[0] != group}
    if not probe_of(facts["modality"]).as_written:
        arrays = worn.wear(held.arrays[group], strength, random)
        return Held({**held.arrays, group: arrays}, held.texts, made)
    changed = worn.wear(held.texts.select(facts["columns"]), strength, random)
    columns = {name: changed[name] for name in facts["columns"]}
    arrays = get("modality", facts["modality"]).arrays(columns, facts).arrays
    return Held({**held.arrays, group: arrays}, held.texts.with_columns(columns.values()), made)
