"""Everything that is said of single rows: shares, cells, words, regions, moments, similar rows, a counterfactual."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from consilience.artifacts.network import Index
from consilience.evaluation.evidence import Rows
from consilience.explanation.cells import cell_effects, cells_of, shown_value
from consilience.explanation.counterfactual import Limits, counterfactual
from consilience.explanation.media import media_parts
from consilience.explanation.neighbours import MOST_ROWS, neighbours, sample_subject
from consilience.explanation.shares import discipline_shares
from consilience.explanation.subject import Subject

Array = np.ndarray[Any, Any]

SHOWN_CELLS, SHOWN_CHARACTERS = 8, 80
"""Cells of a similar row that are given, and characters of each."""


class Settings(NamedTuple):
    """train: training rows, None where unknown. fixed: columns that a counterfactual may not change. step: regression:
    how far a counterfactual must move the prediction (the task's scale when None). seconds: longest sound kept.
    most: training rows looked through for similar ones."""

    train: Rows | None = None
    seed: int = 0
    fixed: tuple[str, ...] = ()
    step: float | None = None
    seconds: float = 10.0
    most: int = MOST_ROWS


def explain_rows(subject: Subject, classes: Index, settings: Settings) -> list[dict[str, Any]]:
    """One plain dictionary a row.

    Args:
        classes: int64 [n], the output explained in each row; see `subject.explained_class`.

    Returns:
        "prediction": as `predict` gives it. "class": the class explained (None: regression). "probability" of that
        class ("value" for regression): "whole", "nothing" with every discipline hidden. "shares": discipline →
        {"value", "error"}; they add up to whole − nothing. "cells": [{"column", "value", "effect"}], strongest first.
        "texts", "images", "sounds", "series": see `media`. "neighbours": [{"row", "similarity", "label", "cells"}] or
        None where the training rows are unknown. "counterfactual": {"changes": [{"column", "from", "to"}],
        "prediction", "probability"} or None where no change of at most two cells is enough, or there is no cell.
    """
    bundle = subject.bundle
    predictions = subject.predict()
    labels = _labels(bundle.task, predictions)
    shares = discipline_shares(subject, classes, settings.seed)
    known = None if settings.train is None else sample_subject(bundle, settings.train, settings.seed)
    effects = cell_effects(subject, classes, known)
    media = media_parts(subject, classes, settings.seconds)
    near = _neighbours(subject, settings)
    names = [str(c) for c in bundle.facts["task"].get("classes") or ()]
    step = settings.step if settings.step is not None else float(getattr(bundle.task, "scale", 1.0))
    limits = Limits(known, settings.fixed, step)
    found = []
    for row in range(len(subject)):
        wanted = int(classes[row])
        error = None if shares.error is None else shares.error[row]
        found.append(
            {
                "prediction": labels[row],
                "class": names[wanted] if names else None,
                "whole": float(shares.whole[row]),
                "nothing": float(shares.nothing[row]),
                "shares": {
                    name: {"value": float(shares.shares[row, m]), "error": None if error is None else float(error[m])}
                    for m, name in enumerate(subject.disciplines)
                },
                "cells": _cells(subject, row, effects[row]),
                **media[row],
                "neighbours": None if near is None else near[row],
                "counterfactual": _counterfactual(subject, row, wanted, effects[row], limits),
            }
        )
    return found


def _labels(task: Any, predictions: Array) -> list[Any]:
    """The predictions as `predict` gives them, as plain Python values."""
    decoded = task.decode(predictions)["prediction"]
    return [value.item() if hasattr(value, "item") else value for value in list(decoded)]


def _cells(subject: Subject, row: int, effects: Array) -> list[dict[str, Any]]:
    cells = cells_of(subject.bundle)
    order = np.argsort(-np.abs(effects), kind="stable")
    model = "stack" if len(subject.bundle.weights) > 1 else "network"
    return [
        {
            "column": cells[at].column,
            "value": shown_value(subject, row, cells[at]),
            "effect": float(effects[at]),
            "model": model,
        }
        for at in order.tolist()
    ]


def _neighbours(subject: Subject, settings: Settings) -> list[list[dict[str, Any]]] | None:
    train = settings.train
    if train is None or not len(train):
        return None
    near = neighbours(subject, train, settings.seed, settings.most)
    place = {int(row): at for at, row in enumerate(train.index)}
    target = subject.bundle.recipe.target
    columns = [c for c in subject.bundle.columns if c in train.frame.columns][:SHOWN_CELLS]
    return [
        [
            {
                "row": int(row),
                "similarity": float(likeness),
                "label": _text(train.frame[target][place[int(row)]]) if target in train.frame.columns else "",
                "cells": {c: _text(train.frame[c][place[int(row)]]) for c in columns},
            }
            for row, likeness in zip(near.rows[at], near.similarity[at], strict=True)
        ]
        for at in range(len(subject))
    ]


def _text(value: Any) -> str:
    """A cell cut to SHOWN_CHARACTERS; media in cells are not text."""
    if value is None or isinstance(value, bytes):
        return ""
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"


def _counterfactual(subject: Subject, row: int, wanted: int, effects: Array, limits: Limits) -> dict[str, Any] | None:
    task = subject.bundle.task
    found = counterfactual(subject, row, wanted, effects, limits)
    if found is None:
        return None
    label = _labels(task, found.prediction[None])[0]
    return {
        "changes": [{"column": column, "from": before, "to": after} for column, before, after in found.changes],
        "prediction": label,
        "probability": float(found.prediction[0] if task.kind == "regression" else found.prediction[wanted]),
    }


def without_media(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same explanations without pictures and sounds."""
    media = ("picture", "overlay", "sound")
    kinds = ("images", "sounds", "series")

    def slim(part: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in part.items() if key not in media}

    return [{**one, **{kind: [slim(part) for part in one[kind]] for kind in kinds}} for one in found]
