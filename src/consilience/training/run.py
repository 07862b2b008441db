"""Plan and data → Bundle: the networks (one, or one a fold), the references, and the weights that join them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from consilience.artifacts.bundle import Bundle
from consilience.artifacts.network import Index
from consilience.artifacts.rules import sole_rules
from consilience.core.events import Listener, nobody
from consilience.tasks.answers import answers_of
from consilience.tasks.boxes.thresholds import best_thresholds
from consilience.training.data import Data, Source
from consilience.training.fixed_features import fix
from consilience.training.loop import Job, Loop
from consilience.training.plan import Plan
from consilience.training.references import fit_reference
from consilience.training.refit import make_halves, refits, together_rows
from consilience.training.rules import MASKED_ROWS, Heard, find_rules, hear, masks_of, together
from consilience.training.team import gathered


class Trained(NamedTuple):
    """The bundle, what its sources said of the validation rows (with folds: out of fold), and the number of rows.

    valid: the table of the validation rows and their row numbers int64 [V] in it.
    """

    bundle: Bundle
    heard: Heard
    rows: dict[str, int]
    valid: tuple[Source, Index]


class Hearing(NamedTuple):
    """Rows that references learn from, and validation rows on which they and the networks are then heard."""

    learn: list[tuple[Source, Index]]
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
    judgement = Judgement(plan, data, listener)
    for number, networks in train_networks(plan, data, folder, listener):
        judgement.hear(number, networks)
    return judgement.trained()


def train_networks(
    plan: Plan, data: Data, folder: Path, listener: Listener = nobody
) -> Iterator[tuple[int, list[Any]]]:
    """Number of the fold (0 without folds) and its trained networks, fold by fold.

    Raises:
        InputError: when the loss stops being finite.
    """
    listener({"event": "stage", "name": "train"})
    jobs = _jobs(plan, _fits(plan, data), folder)
    with gathered(plan.recipe, [job for of_fit in jobs for job in of_fit]) as fabric:
        for number, of_fit in enumerate(jobs):
            yield number, [_train_network(job, data, fabric, listener) for job in of_fit]


class Judgement:
    """References and rules of one target, found while the networks that predict it are trained fold by fold."""

    def __init__(self, plan: Plan, data: Data, listener: Listener = nobody) -> None:
        self.plan, self.data, self.listener = plan, data, listener
        self.fits = _fits(plan, data)
        self.hearings = [_hearings(plan, data, fit, len(self.fits)) for fit in self.fits]
        self.masks = masks_of(plan.recipe, answers_of(plan.task).mixed)
        self.networks: list[Any] = []
        self.said: list[list[Heard]] = []
        self.references: list[dict[str, Any]] = []

    def hear(self, number: int, networks: list[Any]) -> None:
        """Fit the references of a fold, and hear them and its networks on the fold's validation rows."""
        plan, parts = self.plan, self.hearings[number]
        self.networks += networks
        known: dict[str, Any] = {}
        judge = Bundle(plan.recipe, plan.facts, networks, {}, sole_rules(list(plan.recipe.groups)))
        for part in parts:
            known = {
                n: fit_reference(n, judge, part.learn, self.listener, known.get(n)) for n in plan.recipe.references
            }
            self.references.append(known)
            most = MASKED_ROWS // (len(self.fits) * len(parts))
            self.said.append(hear(replace(judge, references=known), part.valid, self.masks, most))

    def trained(self) -> Trained:
        """The bundle with its rules, once every fold was heard."""
        plan, fits = self.plan, self.fits
        bundle = Bundle(plan.recipe, plan.facts, self.networks, {}, sole_rules(list(plan.recipe.groups)))
        heard = [together(parts) for parts in zip(*self.said, strict=True)]
        bundle.references = _final_references(plan, self.data, fits, self.references, bundle, self.listener)
        bundle.rules = find_rules(plan, self.masks, heard)
        if plan.task.kind == "boxes":
            chosen = heard[0]
            bundle.facts["task"]["thresholds"] = best_thresholds(
                chosen.target, chosen.weight, chosen.sources["network"], bundle.task.labels
            )
        valid = (fits[0].valid[0], np.concatenate([part.valid[1] for parts in self.hearings for part in parts]))
        return Trained(bundle, heard[0], _row_counts(plan, self.data), valid)


def _fits(plan: Plan, data: Data) -> list[_Fit]:
    source, train = data.rows(plan, "train")
    if not plan.folds:
        return [_Fit(_names("network", plan), (source, train), data.rows(plan, "valid"))]
    known = source.targets.weight > 0
    return [
        _Fit(_names(f"fold{i}", plan), (source, fit), (source, held[known[held]]))
        for i, (fit, held) in enumerate(plan.folds)
    ]


def _hearings(plan: Plan, data: Data, fit: _Fit, fits: int) -> list[Hearing]:
    """Where the references will be fitted again on training and validation rows, each half of the validation rows is
    judged by references that learned from the other half too: rules that were found on references of fewer rows would
    be too careful with those that predict (cross-conformal prediction, Vovk 2015)."""
    source, rows = fit.valid
    halves = [] if fits > 1 or not refits(plan, data) else make_halves(plan, data.table_of("valid"), rows)
    if not halves:
        return [Hearing([fit.train], fit.valid)]
    return [
        Hearing(together_rows(fit.train, (source, other)), (source, half)) for half, other in (halves, halves[::-1])
    ]


def _names(name: str, plan: Plan) -> list[str]:
    return [name, *(f"{name}-{i}" for i in range(1, int(plan.recipe.train.networks or 1)))]


def _jobs(plan: Plan, fits: list[_Fit], folder: Path) -> list[list[Job]]:
    """The networks of each fit; they share their rows, and every network has a seed of its own."""
    found: list[list[Job]] = []
    for fit in fits:
        train, valid = fit.train[0].part(fit.train[1]).labelled(), fit.valid[0].part(fit.valid[1])
        first = sum(map(len, found))
        found.append(
            [
                Job(plan.recipe, plan.facts, plan.task, train, valid, folder, name, plan.recipe.seed + 1000 * number)
                for number, name in enumerate(fit.names, first)
            ]
        )
    return found


def _train_network(job: Job, data: Data, fabric: Any, listener: Listener) -> Any:
    loop = Loop(job, fabric)
    fix(loop.network, [source.features for source in data.sources.values()], listener)
    fabric.barrier()  # processes that train along read what was computed here
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
    were found with fits that never saw the rows they were judged on."""
    if len(fits) == 1 and not refits(plan, data):
        return references[0]
    rows = together_rows(data.rows(plan, "train"), data.rows(plan, "valid"))
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
