"""Plans and data → one Trained a target: networks that learn all of them, then references and rules for each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from consilience.artifacts.bundle import Bundle
from consilience.artifacts.rules import sole_rules
from consilience.artifacts.several import make_view
from consilience.core.events import Listener, nobody
from consilience.fusion.view import view_of
from consilience.training.data import Data
from consilience.training.plan_several import Plans
from consilience.training.run import Judgement, Trained, train_networks


class TrainedTogether(NamedTuple):
    """bundle: of all targets, with a view for each. views: target → what a run for it alone would have given. data:
    target → the prepared tables with its encoded targets."""

    bundle: Bundle
    views: dict[str, Trained]
    data: dict[str, Data]


def train_together(plans: Plans, data: Data, folder: Path, listener: Listener = nobody) -> TrainedTogether:
    """Train the networks of the joint plan once; everything behind them for each target.

    Args:
        data: tables prepared for the joint plan. folder: holds the checkpoints.
    Raises:
        InputError: when the loss stops being finite.
    """
    joint = plans.joint
    own = {target: data_of(plans, data, target) for target in plans.views}
    judgements = {target: Judgement(plan, own[target], listener) for target, plan in plans.views.items()}
    bundle = Bundle(joint.recipe, joint.facts, [], {}, sole_rules(list(joint.recipe.groups)))
    for number, networks in train_networks(joint, data, folder, listener):
        bundle.networks += networks
        for target, judgement in judgements.items():
            place = joint.task.places[target]
            judgement.hear(number, [view_of(network, place.start, place.stop) for network in networks])
    views = {}
    for target, judgement in judgements.items():
        trained = judgement.trained()
        view = make_view(bundle, target, trained.bundle.references, trained.bundle.rules)
        bundle.views[target], views[target] = view, trained._replace(bundle=view)
    return TrainedTogether(bundle, views, own)


def data_of(plans: Plans, data: Data, target: str) -> Data:
    """The prepared tables with the encoded targets of one of them: features and texts are shared."""
    task = plans.joint.task
    sources = {
        name: replace(source, targets=task.of(target, source.targets.target)) for name, source in data.sources.items()
    }
    return Data(sources, data.problems)
