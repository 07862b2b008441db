"""What a forecast rests on: columns of the past, stretches of past steps, columns known ahead, and other sources.

Each part is treated as missing, one at a time (occlusion; Zeiler & Fergus 2014, arXiv 1311.2901), and the forecast's
change is measured over all its steps and targets, in standard deviations of the training steps. The order of the
stretches is tested as elsewhere, by deletion and insertion against random orders (`faithfulness`).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from consilience.core.errors import InputError
from consilience.data.forecast_layout import layout_of
from consilience.data.windows import FUTURE, PAST
from consilience.explanation.faithfulness import STEPS, Asked, judged_orders
from consilience.explanation.subject import Subject
from consilience.modalities.base import Arrays

Array = np.ndarray[Any, Any]

PARTS = 12
"""Stretches of the past; of a shorter one, its steps."""
KINDS = ("past column", "past steps", "known ahead", "source")
MOST_COLUMNS = 60
"""Columns of the past that are taken away one by one."""


class Part(NamedTuple):
    """kind: of KINDS. name: column or source; "−24 to −13" of steps (0 is the origin). group: whose arrays change.
    channel, steps: which of them; None = all."""

    kind: str
    name: str
    group: str
    channel: int | None = None
    steps: tuple[int, int] | None = None


def parts_of(subject: Subject) -> list[Part]:
    """All that can be taken away, in a fixed order."""
    windows, recipe = subject.bundle.facts["windows"], subject.bundle.recipe
    assert recipe.series is not None, "asked only of forecasts"
    past, groups = recipe.series.past, recipe.groups
    ahead = [*windows["known"], *windows["calendar"]]
    found = []
    for group, each in groups.items():
        if PAST in each.columns:
            names = windows["values"][:MOST_COLUMNS]
            found += [Part("past column", name, group, channel) for channel, name in enumerate(names)]
            edges = np.linspace(0, past, min(PARTS, past) + 1).round().astype(int).tolist()
            found += [
                Part("past steps", f"{start - past + 1} to {end - past}", group, None, (start, end))
                for start, end in pairwise(edges)
            ]
        elif FUTURE in each.columns:
            found += [Part("known ahead", name, group, channel) for channel, name in enumerate(ahead)]
        else:
            kind = "known ahead" if group.endswith(" ahead") else "source"
            found.append(Part(kind, group, group))
    return found


def effects_of(subject: Subject, parts: list[Part]) -> Array:
    """Mean absolute change of the point forecast without each part, in training standard deviations, [n, P]."""
    whole = _points(subject, subject.predict())
    found = np.zeros((len(subject), len(parts)))
    for place, part in enumerate(parts):
        if part.kind != "source" and (part.channel is not None or part.steps is not None):
            said = subject.changed({part.group: _without(subject.arrays[part.group], part)}).predict()
        else:
            said = subject.predict([part.group])
        found[:, place] = np.abs(_points(subject, said) - whole).mean(1)
    return found


def forecast_faithfulness(subject: Subject, parts: list[Part], effects: Array, asked: Asked) -> dict[str, Any] | None:
    """Whether taking away stretches in the order of their effects moves the forecast sooner than a random order.

    Returns:
        as `faithfulness`: deletion, insertion, verdict; None with fewer than two rows or stretches. The curve is the
        forecast's nearness to the whole one, minus its mean absolute change.
    """
    chosen = [place for place, part in enumerate(parts) if part.kind == "past steps"]
    if len(subject) < 2 or len(chosen) < 2:
        return None
    whole = _points(subject, subject.predict())
    group = parts[chosen[0]].group

    def predict(rows: Array, keep: Array) -> Array:
        part = subject.at(np.asarray(rows, np.int64))
        arrays = {name: array.copy() for name, array in part.arrays[group].items()}
        for place, at in enumerate(chosen):
            start, end = parts[at].steps or (0, 0)
            _hide(arrays, np.flatnonzero(~keep[:, place]), slice(start, end), slice(None))
        said = part.changed({group: arrays}).predict()
        return np.asarray(-np.abs(_points(part, said) - whole[rows]).mean(1))

    present = np.ones((len(subject), len(chosen)), bool)
    return judged_orders(predict, (effects[:, chosen], present), np.arange(len(subject)), asked, STEPS)


def explain_forecasts(subject: Subject) -> list[dict[str, Any]]:
    """One plain dictionary a window: "prediction" (mean point of the first target) and "parts", strongest first within
    each kind: {"kind", "name", "effect" (training standard deviations), "share" (of its kind)}."""
    parts = parts_of(subject)
    effects = effects_of(subject, parts)
    said = subject.bundle.task.said(subject.predict())
    return [{"prediction": float(said[row]), "parts": parts_json(parts, effects[row])} for row in range(len(subject))]


def parts_json(parts: list[Part], effects: Array) -> list[dict[str, Any]]:
    """Parts with their effects [P], kind by kind, strongest first."""
    found = []
    for kind in KINDS:
        places = [place for place, part in enumerate(parts) if part.kind == kind]
        total = float(effects[places].sum()) if places else 0.0
        for place in sorted(places, key=lambda at: -effects[at]):
            share = float(effects[place]) / total if total > 0 else 0.0
            found.append({"kind": kind, "name": parts[place].name, "effect": float(effects[place]), "share": share})
    return found


def refuse_class(class_name: str | None) -> None:
    """
    Raises:
        InputError: where a class is asked for.
    """
    if class_name is not None:
        raise InputError("a forecast has no classes", where="--class", fix="Leave it out")


def _points(subject: Subject, predictions: Array) -> Array:
    """Point forecasts in training standard deviations, [n, H × K']."""
    layout = layout_of(subject.bundle.task.kind)
    return np.asarray(layout.said(predictions)[..., 0] / np.array(layout.sd)).reshape(len(predictions), -1)


def _without(arrays: Arrays, part: Part) -> Arrays:
    changed = {name: array.copy() for name, array in arrays.items()}
    steps = slice(None) if part.steps is None else slice(*part.steps)
    channels = slice(None) if part.channel is None else slice(part.channel, part.channel + 1)
    _hide(changed, np.arange(len(changed["mask"])), steps, channels)
    return changed


def _hide(arrays: Arrays, rows: Array, steps: slice, channels: slice) -> None:
    """Make points of a series missing, in place; a series without any point left is missing."""
    for name in ("value", "observed"):
        part = arrays[name][rows]
        part[:, :, steps, channels] = 0
        arrays[name][rows] = part
    gone = ~arrays["observed"].any((2, 3))
    for array in arrays.values():
        array[gone] = 0
