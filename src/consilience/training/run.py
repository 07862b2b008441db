"""Plan and data → Bundle: the networks (one, or one a fold), the references, and the weights that join them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from consilience.artifacts.bundle import Bundle, Opinion, sole
from consilience.artifacts.inference import Index
from consilience.artifacts.stack import fit_weights
from consilience.core.events import Listener, nobody
from consilience.training.data import Data, Source
from consilience.training.device import make_fabric
from consilience.training.loop import Job, Loop
from consilience.training.plan import Plan
from consilience.training.references import REFIT_BELOW, fit_reference

Array = np.ndarray[Any, Any]


class Trained(NamedTuple):
    """The bundle, and what it was chosen on.

    sources: source → predictions on validation rows (out-of-fold with folds); target [N, K] and weight [N] of
    these rows, has [N, M] bool the groups that each has. rows: number of training rows (labelled) and validation rows.
    valid: the table of the validation rows and their row numbers int64 [N] in it.
    """

    bundle: Bundle
    sources: dict[str, Array]
    target: Array
    weight: Array
    has: Array
    rows: dict[str, int]
    valid: tuple[Source, Index]


class _Fit(NamedTuple):
    """Networks to train on the same rows: their names, training rows and validation rows."""

    names: list[str]
    train: tuple[Source, Index]
    valid: tuple[Source, Index]


def train_model(plan: Plan, data: Data, folder: Path, listener: Listener = nobody) -> Trained:
    """Train everything of a plan; `folder` holds the checkpoints, so that a killed run resumes.

    Raises:
        InputError: when the loss stops being finite.
    """
    listener({"event": "stage", "name": "train"})
    fabric = make_fabric(plan.recipe)
    fits = _fits(plan, data)
    bundle = Bundle(plan.recipe, plan.facts, [], {}, dict(sole("network")))
    said: list[tuple[Opinion, Array, Array]] = []
    references: list[dict[str, Any]] = []
    for fit in fits:
        networks = []
        for name in fit.names:
            number = len(bundle.networks)
            networks.append(_train_network(plan, fit, (name, number), fabric, folder, listener))
            bundle.networks.append(networks[-1])
        references.append({name: fit_reference(name, bundle, [fit.train], listener) for name in plan.recipe.references})
        judge = Bundle(plan.recipe, plan.facts, networks, references[-1], dict(sole("network")))
        source, index = fit.valid
        opinion = judge.judge(source.features, source.texts, index)
        said.append((opinion, source.targets.target[index], source.targets.weight[index]))
    sources = {name: np.concatenate([opinion.sources[name] for opinion, _, _ in said]) for name in said[0][0].sources}
    target = np.concatenate([t for _, t, _ in said])
    weight = np.concatenate([w for _, _, w in said])
    bundle.references = _final_references(plan, data, fits, references, bundle, listener)
    if plan.recipe.stack and len(target) and len(sources) > 1:
        bundle.weights = fit_weights(plan.task.kind, sources, target, weight)
    has = np.concatenate([opinion.has for opinion, _, _ in said])
    valid = (fits[0].valid[0], np.concatenate([fit.valid[1] for fit in fits]))
    return Trained(bundle, sources, target, weight, has, _row_counts(plan, data), valid)


def _fits(plan: Plan, data: Data) -> list[_Fit]:
    source, train = data.rows(plan, "train")
    if not plan.folds:
        return [_Fit(_names("network", plan), (source, train), data.rows(plan, "valid"))]
    known = source.targets.weight > 0
    return [
        _Fit(_names(f"fold{i}", plan), (source, fit), (source, held[known[held]]))
        for i, (fit, held) in enumerate(plan.folds)
    ]


def _names(name: str, plan: Plan) -> list[str]:
    return [name, *(f"{name}-{i}" for i in range(1, int(plan.recipe.train.networks or 1)))]


def _train_network(plan: Plan, fit: _Fit, which: tuple[str, int], fabric: Any, folder: Path, listener: Listener) -> Any:
    name, number = which
    job = Job(
        plan.recipe,
        plan.facts,
        plan.task,
        fit.train[0].part(fit.train[1]).labelled(),
        fit.valid[0].part(fit.valid[1]),
        folder,
        name,
        plan.recipe.seed + 1000 * number,
    )
    loop = Loop(job, fabric)
    for event in loop.run():
        listener(event)
    return loop.network


def _final_references(
    plan: Plan,
    data: Data,
    fits: list[_Fit],
    references: list[dict[str, Any]],
    bundle: Bundle,
    listener: Listener,
) -> dict[str, Any]:
    """The references that predict: fitted again on training and validation rows where that is cheap; the weights
    were found with the first fit, which never saw the validation rows."""
    source, train = data.rows(plan, "train")
    valid_source, valid = data.rows(plan, "valid")
    if len(fits) == 1 and len(train) + len(valid) >= REFIT_BELOW:
        return references[0]
    rows = [(source, train), (valid_source, valid)]
    if valid_source is source:
        rows = [(source, np.sort(np.concatenate([train, valid])))]
    return {name: fit_reference(name, bundle, rows, listener, first) for name, first in references[0].items()}


def _row_counts(plan: Plan, data: Data) -> dict[str, int]:
    source, train = data.rows(plan, "train")
    labelled = source.targets.weight[train] > 0
    return {
        "train": int(labelled.sum()),
        "valid": len(data.rows(plan, "valid")[1]),
        "test": len(data.rows(plan, "test")[1]),
        "unlabelled": int((~labelled).sum()),
    }
