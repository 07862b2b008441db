"""A bundle of several targets: one set of networks, and for each target an ordinary bundle that reads its outputs.

A view has its own task, references, rules, calibration and conformal sets, and everything that judges, explains or
serves a model of one target takes it as it is. Encoders and fusion are shared between views: in memory, on the disk,
in the exported graph, and (`judge_views`) in time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, final

import numpy as np
import polars as pl

from consilience.artifacts.bundle import CHUNK, Bundle, Opinion, hear_networks, prepared
from consilience.artifacts.network import Exported, Index, Said
from consilience.artifacts.rules import Rules
from consilience.core.config import Choice
from consilience.core.errors import InputError, nearest
from consilience.core.recipe import Recipe
from consilience.data.features import Features
from consilience.data.table import Table
from consilience.modalities.base import Problem
from consilience.references.base import Reference


def view_recipe(recipe: Recipe, target: str) -> Recipe:
    """The recipe of one of several targets: the others are no evidence.

    Args:
        recipe: resolved, of several targets.
    """
    assert recipe.task is not None, "a resolved recipe names the task"
    _, config = recipe.task.configured("task")
    others = [name for name in recipe.targets if name != target]
    objectives = [Choice(**{**o.model_dump(), "type": _alone(o.type)}) for o in recipe.objectives]
    return recipe.model_copy(
        update={
            "target": target,
            "targets": (),
            "target_weights": "equal",
            "task": config.tasks[target],
            "ignore": tuple(dict.fromkeys([*recipe.ignore, *others])),
            "columns": {**recipe.columns, **dict.fromkeys(others, "ignore")},
            "objectives": tuple(objectives),
        }
    )


def _alone(objective: str) -> str:
    return "supervised" if objective == "uncertainty" else objective


def make_view(bundle: Bundle, target: str, references: dict[str, Reference], rules: Rules) -> Bundle:
    """The bundle of one target on the networks of `bundle`, which predicts all of them."""
    place = bundle.task.places[target]
    facts = {"groups": bundle.facts["groups"], "task": bundle.facts["task"][target]}
    view = Bundle(view_recipe(bundle.recipe, target), facts, [], references, rules)
    if bundle.exported is not None:
        view.exported = PartOf(bundle.exported, place.start, place.stop)
    else:
        from consilience.fusion.view import view_of

        view.networks = [view_of(network, place.start, place.stop) for network in bundle.networks]
    return view


def with_exported(bundle: Bundle, exported: Exported) -> Bundle:
    """The bundle and its views with a graph in place of the networks."""
    places = bundle.task.places
    return replace(
        bundle,
        networks=[],
        exported=exported,
        views={
            target: replace(view, networks=[], exported=PartOf(exported, places[target].start, places[target].stop))
            for target, view in bundle.views.items()
        },
    )


def view_named(bundle: Bundle, target: str | None, where: str = "--target") -> Bundle:
    """The bundle of one target: of a single one itself, of several the one that is named.

    Raises:
        InputError: when the model has several targets and none is named, or it has no such target.
    """
    known = list(bundle.views) or [bundle.recipe.target]
    if target is None and bundle.views:
        fix = f"Name one of {', '.join(map(repr, known))}"
        raise InputError(f"the model has {len(known)} targets", where=where, fix=fix)
    if target is not None and target not in known:
        raise InputError(f"the model has no target {target!r}", where=where, fix=nearest(target, known))
    return bundle if not bundle.views else bundle.views[str(target)]


@final
class PartOf:
    """Outputs [start, stop) of a graph that tells several targets; an `Exported`."""

    def __init__(self, whole: Exported, start: int, stop: int) -> None:
        self._whole, self._start, self._stop = whole, start, stop

    def run_masks(self, features: Features, index: Index, masks: Sequence[Iterable[str]]) -> list[list[Said]]:
        """As `artifacts.network.Exported`."""
        said = self._whole.run_masks(features, index, masks)
        return [[cut(one, self._start, self._stop) for one in of_network] for of_network in said]


def cut(said: Said, start: int, stop: int) -> Said:
    """Outputs [start, stop) of what a network says."""
    helpers = {group: values[:, start:stop] for group, values in said.helpers.items()}
    return said._replace(logits=said.logits[:, start:stop], helpers=helpers)


def judge_views(
    bundle: Bundle, features: Features, texts: pl.DataFrame, index: Index, masks: Sequence[frozenset[str]]
) -> dict[str, list[Opinion]]:
    """Target → its view's opinions under each mask; the networks are run once for all targets."""
    said = hear_networks(bundle, features, index, masks)
    found = {}
    for target, view in bundle.views.items():
        place = bundle.task.places[target]
        own = [[cut(one, place.start, place.stop) for one in of_network] for of_network in said]
        found[target] = view.judge_masks(features, texts, index, masks, own)
    return found


def opinions_of_views(
    bundle: Bundle, table: Table, hidden: Iterable[str] = (), chunk: int = CHUNK
) -> Iterator[tuple[dict[str, Opinion], list[Problem]]]:
    """`Bundle.opinions` of every target: rows are prepared and encoded once."""
    mask = frozenset(hidden)
    for features, texts, problems in prepared(bundle, table, chunk):
        rows = np.arange(features.rows, dtype=np.int64)
        found = judge_views(bundle, features, texts, rows, [mask])
        yield {target: opinions[0] for target, opinions in found.items()}, problems


def views_state(bundle: Bundle) -> list[dict[str, Any]]:
    """What the manifest says of the views."""
    return [
        {"target": target, "references": list(view.references), "meta": view.meta}
        for target, view in bundle.views.items()
    ]


def prefix_of(number: int) -> str:
    """How the files of a target begin: of the number-th one, from 0."""
    return f"target-{number}-"


Read = Callable[[str, Sequence[str], dict[str, Any], str], tuple[dict[str, Reference], Rules]]
"""(prefix, reference names, facts, kind) → (references, rules) of a view, from the bundle's files."""


def restore_views(bundle: Bundle, state: Sequence[Mapping[str, Any]], read: Read) -> dict[str, Bundle]:
    """Target → view, from what `views_state` said."""
    found = {}
    for number, one in enumerate(state):
        target = str(one["target"])
        place = bundle.task.places[target]
        facts = {"groups": bundle.facts["groups"], "task": bundle.facts["task"][target]}
        references, rules = read(prefix_of(number), one["references"], facts, place.task.kind)
        found[target] = make_view(bundle, target, references, rules)
        found[target].meta = dict(one["meta"])
    return found
