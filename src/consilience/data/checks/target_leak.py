"""A column that knows the target: alone, it tells held-out targets almost perfectly."""

from __future__ import annotations

import re
from typing import Any, ClassVar, NamedTuple

import numpy as np
import polars as pl

from consilience.data.checks.base import Finding, NotApplicable, Severity, View
from consilience.data.predictive import area_error, area_under_roc, codes_of, held_out_means, make_folds
from consilience.data.words import Word, telling_words
from consilience.modalities.cells import as_number
from consilience.modalities.date_formats import choose_formats, parse

MOST = 20_000
LEAST_ROWS = 40
AREA = 0.95
"""ROC AUC of one column alone, less its standard error, from which it is suspected."""
PART = 0.9
"""The same for several classes: the part of the majority's errors that the column avoids."""
EXPLAINED = 0.98
"""The same for numbers: share of the target's variance, in ranks."""
CERTAIN = 0.995
SOURCE = re.compile(
    r"location|place|(^|_)sites?($|_)|hospital|clinic|cent(er|re)|institut|scanner|device|machine|source|(^|_)ward($|_)|"
    r"laborator|(^|_)lab($|_)|manufacturer|vendor|klinik|krankenhaus|standort|hôpital|hopital|lieu|ospedale|luogo|lugar|"
    r"больниц|医院|地点|地點|机构|來源|来源|設備|设备|病院|場所|병원|장소"
)
"""Names of columns, in lower case, that say where or with what a row was collected."""
MOST_CLASSES = 200


class Aim(NamedTuple):
    """The target as numbers: y [N, K] (one-hot classes, or ranks), of `rows` of the table."""

    kind: str
    rows: np.ndarray[Any, Any]
    y: np.ndarray[Any, Any]
    classes: list[str]
    fold: np.ndarray[Any, Any]


class Score(NamedTuple):
    """value: how well, 0..1; limit: from where it is suspected; words: the same for the reader; chance: the value of
    a column that tells nothing."""

    value: float
    limit: float
    words: str
    chance: float = 0.0


class TargetLeak:
    """Columns that alone tell held-out targets almost perfectly."""

    code: ClassVar[str] = "target_leak"
    title: ClassVar[str] = "Column that knows the target"
    severity: ClassVar[Severity] = "warning"
    slow: ClassVar[bool] = False

    def look(self, view: View) -> list[Finding]:
        aim = make_aim(view)
        found = []
        for name in view.inputs("number", "category", "date", "text"):
            column = view.table.frame[name][aim.rows]
            modality = view.schema.modalities[name]
            if modality == "text":
                word = (
                    telling_words(column, aim.y > 0, aim.classes, aim.fold, str(view.target)) if aim.classes else None
                )
                found += [self._said(view, name, word)] if word else []
            else:
                score = column_score(column, modality, aim)
                if score and score.value >= score.limit:
                    found.append(self._known(view, name, score))
                elif modality == "category" and SOURCE.search(name.lower()):
                    found += self._placed(view, name, held_out_score(codes_of(column, number=False), aim))
        return found

    def _placed(self, view: View, name: str, score: Score) -> list[Finding]:
        """A place or device that tells the target, because classes were collected in different ones."""
        if score.value < (score.limit + score.chance) / 2:
            return []
        message = (
            f"{name!r} says where a row comes from, and alone it tells {view.target!r} on rows held out "
            f"({score.words}): rows of different targets come from different places, so that a model may learn the "
            f"place instead. Leave it out with --ignore {name}, and test on places that did not train: "
            f"--set split.group={name if ' ' not in name else repr(name)}."
        )
        details = {"score": score.value, "source": True}
        return [Finding(self.code, self.severity, "Place that knows the target", message, (name,), details=details)]

    def _known(self, view: View, name: str, score: Score) -> Finding:
        severity: Severity = "error" if score.value >= CERTAIN else self.severity
        sure = "certainly" if severity == "error" else "probably"
        message = (
            f"{name!r} alone tells {view.target!r} almost perfectly on rows held out ({score.words}), so it "
            f"{sure} "
            f"knows the answer. If it is not known before {view.target!r} is, leave it out with --ignore "
            f"{name}."
        )
        return Finding(self.code, severity, self.title, message, (name,), details={"score": score.value})

    def _said(self, view: View, name: str, word: Word) -> Finding:
        message = (
            f"The texts in {name!r} say the answer: {word.sentence}. If that would not be known before "
            f"{view.target!r} is, remove the words from the text or leave the column out with --ignore "
            f"{name}."
        )
        details = {"words": list(word.words), "score": word.score}
        return Finding(self.code, self.severity, self.title, message, (name,), details=details)


def make_aim(view: View) -> Aim:
    """The labelled rows (at most MOST, drawn by seed) and their targets.

    Raises:
        NotApplicable: without enough labelled rows or without two classes.
    """
    labels = view.labels()
    if view.kind in ("multilabel", "boxes"):
        raise NotApplicable("several labels or boxes a row are not looked at")
    index = labels.is_not_null().arg_true().to_numpy().astype(np.int64)
    if view.kind == "regression":
        index = index[as_number(labels)[index].is_not_null().to_numpy()]
    if len(index) > MOST:
        index = np.sort(np.random.default_rng(view.seed).choice(index, MOST, replace=False))
    if len(index) < LEAST_ROWS:
        raise NotApplicable(f"fewer than {LEAST_ROWS} rows have a target")
    fold = make_folds(len(index), view.seed)
    known = labels[index]
    if view.kind == "regression":
        rank = as_number(known).rank("average").to_numpy() / len(index)
        return Aim("regression", index, rank[:, None], [], fold)
    classes = known.unique().sort().to_list()
    if not 2 <= len(classes) <= MOST_CLASSES:
        raise NotApplicable(f"{len(classes)} classes")
    code = known.rank("dense").to_numpy().astype(np.int64) - 1
    return Aim("classes", index, np.eye(len(classes), dtype=np.float64)[code], classes, fold)


def column_score(column: pl.Series, modality: str, aim: Aim) -> Score | None:
    """How well the column alone tells the target; None where it cannot be asked (too many values)."""
    if modality == "date":
        column = pl.Series(parse(column, choose_formats(column))).fill_nan(None)
    codes = codes_of(column, number=modality in ("number", "date"))
    if modality == "category" and np.unique(codes).size > max(20, len(codes) / 10):
        return None  # names of rows or groups: the checks identifier and group_leak look at those
    return held_out_score(codes, aim)


def held_out_score(codes: np.ndarray[Any, Any], aim: Aim) -> Score:
    """How well bins [N] tell the target on rows held out."""
    predicted = held_out_means(codes, aim.y, aim.fold)
    if aim.kind == "regression":
        error = float(((aim.y - predicted) ** 2).mean() / max(float(aim.y.var()), 1e-12))
        return Score(1 - error, EXPLAINED, f"{1 - error:.1%} of the variance in ranks")
    if len(aim.classes) == 2:
        positive = aim.y[:, 1] > 0
        area = area_under_roc(positive, predicted[:, 1])
        sure = area_error(area, int(positive.sum()), int((~positive).sum()))
        return Score(area, AREA + sure, f"ROC AUC {area:.3f}", 0.5)
    base = float(aim.y.sum(0).max() / len(aim.y))
    right = float((predicted.argmax(1) == aim.y.argmax(1)).mean())
    part = (right - base) / max(1 - base, 1e-12)
    error = float(np.sqrt(right * (1 - right) / len(aim.y)) / max(1 - base, 1e-12))
    return Score(part, PART + error, f"accuracy {right:.1%}, always the commonest class {base:.1%}")
