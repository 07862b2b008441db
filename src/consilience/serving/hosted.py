"""A loaded model as a server holds it: its columns, its version, and answers row by row."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, final

import numpy as np
import polars as pl

from consilience.artifacts.bundle import Bundle, Opinion
from consilience.artifacts.decoded import decoded
from consilience.artifacts.manifest import version_of
from consilience.artifacts.network import Index
from consilience.artifacts.rules import subsets
from consilience.artifacts.run_folder import find_bundle
from consilience.artifacts.several import judge_views
from consilience.artifacts.store import SAMPLES
from consilience.core.disciplines import disciplines_of
from consilience.core.errors import InputError
from consilience.core.registry import get
from consilience.data.features import Features, in_memory
from consilience.data.table import Table
from consilience.evaluation.confidence.columns import certain_columns, refer_column
from consilience.evaluation.contribution.game import shapley
from consilience.modalities.form import form_of
from consilience.model import Model, load, thresholds_of
from consilience.serving.rows import Row, to_frame
from consilience.tasks.answers import answers_of
from consilience.watching import embedding
from consilience.watching.reference import has_groups

EXPLAINED = 6
"""Most disciplines whose shares are computed over all subsets; beyond, over singles and leave-one-out."""

OF_ROW = ("given", "repairs", "embedded")
"""Parts of an answer that are the same for every target."""

SMALL = 16 << 10
"""Bytes of a medium that is shown as an example."""


class Asked(NamedTuple):
    """A row, and what its answer should hold beside the prediction. level: 0 = no set or interval. abstain: error rate
    among the rows that are not referred to a person. embed: also what the log keeps of the encoders' view."""

    row: Row
    level: float = 0.0
    explain: bool = False
    abstain: float | None = None
    embed: bool = False


@final
class Hosted:
    """Args: name: in addresses. path: run or bundle folder."""

    def __init__(self, name: str, path: Path) -> None:
        self.name, self.path = name, path
        self.model: Model = load(path)
        self.version = version_of(find_bundle(path))
        self.projections = embedding.load(find_bundle(path))
        self.columns = self.bundle.modalities
        self.disciplines = disciplines_of(self.bundle.recipe)
        self.models = {target: self.model.of(target) for target in self.model.targets}
        self.examples = self._example()

    @property
    def bundle(self) -> Bundle:
        return self.model.bundle

    @property
    def explains(self) -> bool:
        """Whether shares of the disciplines can be told."""
        return not answers_of(self.bundle.task).no_shares

    @property
    def bounded(self) -> bool:
        """Whether a set or an interval can be asked for."""
        return not answers_of(self.bundle.task).no_bounds

    def check(self, asked: Sequence[Asked]) -> None:
        """
        Raises:
            InputError: when an answer should hold what this model cannot tell; so that no batch is spoilt.
        """
        for rate in {a.abstain for a in asked if a.abstain is not None}:
            self.thresholds(rate)
        if not self.explains and any(a.explain for a in asked):
            raise InputError(answers_of(self.bundle.task).no_shares, where=self.name, fix='Leave "explain" out')
        if not self.bounded and any(a.level for a in asked):
            raise InputError(answers_of(self.bundle.task).no_bounds, where=self.name, fix='Leave "level" out')

    def answer(self, asked: list[Asked]) -> list[dict[str, Any]]:
        """One answer a row, plain values: prediction, probabilities, set or interval, shares, repairs. Of several
        targets each of these but the repairs is {target: value}."""
        self.check(asked)
        # made with the model's columns, in their order and of plain types: nothing is left to read or to align
        table = Table(to_frame([a.row for a in asked], self.columns), None, "request")
        features = in_memory(table, self.bundle.facts["groups"], self.bundle.recipe.prepare)
        index = np.arange(features.rows, dtype=np.int64)
        texts = self.bundle.texts(table)
        opinions = self._opinions(features, texts, index)
        told = {target: self._said(target, asked, opinion) for target, opinion in opinions.items()}
        opinion, answers = next(iter(opinions.values())), next(iter(told.values()))
        if rows := [row for row, a in enumerate(asked) if a.embed]:
            some = opinion.at(np.array(rows, np.int64))
            seen = embedding.embedded(self.projections, some.pooled, has_groups(self.bundle, some))
            for row, values in zip(rows, seen, strict=bool(seen)):
                answers[row]["embedded"] = values
        for answer, has in zip(answers, np.asarray(opinion.has, bool).tolist(), strict=True):
            answer["given"] = dict(zip(self.bundle.groups, has, strict=True))
        for problem in features.problems:
            for row, example in zip(problem.rows, problem.examples or [""] * len(problem.rows), strict=False):
                repair = {"column": problem.column, "code": problem.code, "message": problem.message}
                answers[row]["repairs"].append(repair | ({"cell": example[:120]} if example else {}))
        wanted = [row for row, a in enumerate(asked) if a.explain]
        for target, own in told.items() if wanted else ():
            for first, answer in zip(answers, own, strict=True):
                answer["given"] = first["given"]
            self._explain(self.models[target].bundle, np.array(wanted, np.int64), features, texts, own)
        return gathered(told) if self.bundle.views else answers

    def _opinions(self, features: Features, texts: pl.DataFrame, index: Index) -> dict[str, Opinion]:
        """Target → what is said of it: the networks are run once."""
        if not self.bundle.views:
            return {self.bundle.recipe.target: self.bundle.judge(features, texts, index, alone=False)}
        every = judge_views(self.bundle, features, texts, index, [frozenset()])
        return {target: opinions[0] for target, opinions in every.items()}

    def _said(self, target: str, asked: list[Asked], opinion: Opinion) -> list[dict[str, Any]]:
        """Prediction, probabilities, set or interval, and whether to refer the row, of one target."""
        answers: list[dict[str, Any]] = []
        bundle = self.models[target].bundle
        for prediction, shares in zip(*decoded(bundle.task, opinion.final), strict=True):
            if bundle.task.kind == "boxes":
                prediction = json.loads(str(prediction))  # a list of boxes, in pixels of the image that was sent
                answers.append({"prediction": prediction, "given": {}, "repairs": []})
                continue
            answers.append({"prediction": _plain(prediction), "given": {}, "repairs": []})
            if shares is not None:
                answers[-1]["probabilities"] = shares
        if bundle.task.kind == "forecast":  # "prediction" is the mean of the steps, a number to show and to watch
            columns = bundle.task.decode(opinion.final)
            for row, answer in enumerate(answers):
                answer["forecast"] = {name: column[row].to_list() for name, column in columns.items()}
        self._levels(bundle, asked, opinion, answers)
        self._referred(target, asked, opinion, answers)
        return answers

    def _levels(self, bundle: Bundle, asked: list[Asked], opinion: Opinion, answers: list[dict[str, Any]]) -> None:
        for level in {a.level for a in asked} - {0.0}:
            found = certain_columns(bundle, opinion, level, ())
            for row, a in enumerate(asked):
                if a.level == level and "set" in found:
                    answers[row]["set"] = found["set"][row].split(" | ") if found["set"][row] else []
                elif a.level == level:
                    answers[row]["interval"] = [float(found["low"][row]), float(found["high"][row])]

    def thresholds(self, abstain: float) -> dict[str, float]:
        """Target → the confidence below which a row is referred.

        Raises:
            InputError: when the run knows none for this error rate, of no target.
        """
        return thresholds_of(self.model, abstain)

    def _referred(self, target: str, asked: list[Asked], opinion: Opinion, answers: list[dict[str, Any]]) -> None:
        for rate in {a.abstain for a in asked} - {None}:
            assert rate is not None
            known = self.thresholds(rate)
            if target not in known:
                continue
            found = refer_column(self.models[target].bundle, opinion, known[target])["refer"]
            for row, a in enumerate(asked):
                if a.abstain == rate:
                    answers[row]["referred"] = bool(found[row])

    def _explain(
        self, bundle: Bundle, rows: Index, features: Features, texts: pl.DataFrame, answers: list[dict[str, Any]]
    ) -> None:
        """Shapley shares of the disciplines in the predicted class's probability (or the value), row by row: what a row
        lacks has brought nothing to it."""
        for row in rows:
            answer, every = answers[row], set(bundle.groups)
            disciplines = {d: g for d, g in self.disciplines.items() if any(answer["given"][group] for group in g)}
            names = list(disciplines)
            shown = [(), *subsets(names, EXPLAINED)] if names else [()]
            masks = [frozenset(every - {g for d in subset for g in disciplines[d]}) for subset in shown]
            said = bundle.judge_masks(features, texts, np.array([row], dtype=np.int64), masks)
            chosen = int(said[-1].final[0].argmax()) if not answers_of(bundle.task).first else 0
            worth = {
                tuple(names.index(d) for d in subset): np.asarray(opinion.final[0, chosen], np.float64)
                for subset, opinion in zip(shown, said, strict=True)
            }
            shares = dict(zip(names, shapley(worth, len(names)).tolist(), strict=True)) if names else {}
            answer["shares"] = {d: float(shares.get(d, 0.0)) for d in self.disciplines}
            answer["shares_from"] = float(worth[()])

    def _example(self) -> dict[str, Any]:
        """A row of the bundle's samples, else one made of the facts; media as base64 where they are small."""
        samples = self.path / SAMPLES
        frame = pl.read_parquet(samples).head(1) if samples.is_file() else pl.DataFrame()
        if frame.height:
            row = {c: _shown(v) for c, v in frame.to_dicts()[0].items()}
            return {c: v for c, v in row.items() if v is not None or frame[c].dtype != pl.Binary}
        plain = [c for c, m in self.columns.items() if not get("modality", m).media]
        return {c: _from_facts(c, self.bundle.facts["groups"]) for c in plain}


def gathered(told: Mapping[str, Sequence[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Target → an answer a row → one answer a row: every field by target, but what is said of the row itself."""
    found = []
    for answers in zip(*told.values(), strict=True):
        by_target = dict(zip(told, answers, strict=True))
        fields = dict.fromkeys(field for answer in answers for field in answer if field not in OF_ROW)
        merged: dict[str, Any] = {
            field: {target: answer[field] for target, answer in by_target.items() if field in answer}
            for field in fields
        }
        found.append({**merged, **{field: answers[0][field] for field in OF_ROW if field in answers[0]}})
    return found


def _shown(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode() if len(value) <= SMALL else None
    return _plain(value)


def _from_facts(column: str, groups: Mapping[str, Any]) -> Any:
    facts = next(f for f in groups.values() if column in f["columns"])
    place = facts["columns"].index(column)
    example = form_of(facts["modality"]).example
    return None if example is None else example(facts, place)


def _plain(value: Any) -> Any:
    if hasattr(value, "item"):
        value = value.item()
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)
