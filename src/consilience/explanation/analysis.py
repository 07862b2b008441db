"""The chapter "why": what moves the predictions, single rows explained, and whether the explanations are true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, final

import numpy as np

from consilience.evaluation import wording
from consilience.evaluation.analysis import Figure, Gallery, Language, NotApplicable, Section, Sheet
from consilience.evaluation.charts.dot_whisker import Score, dot_whisker
from consilience.evaluation.evidence import Evidence
from consilience.evaluation.intervals import HIGH, LOW, RESAMPLES, resamples_of
from consilience.evaluation.wording import Sentence
from consilience.explanation.cards import card
from consilience.explanation.chosen_rows import choose_rows
from consilience.explanation.words import WORDS, amount, say

Array = np.ndarray[Any, Any]

FEWEST_ROWS, MOST_ROWS = 16, 60
"""Rows of shares, cell effects and faithfulness, drawn at random from the held-out rows."""
PASSES = 1500
"""Rows that went through training for each row that is looked at: a quick training gets a quick explanation."""
TOP_COLUMNS = 12
NEAR_ROWS = 2000
"""Training rows looked through for similar ones."""
SECONDS = 2.0
"""Longest sound in the report."""


@final
class Explanation:
    """Shapley shares of the disciplines, effects of cells, words, regions and moments, and their faithfulness."""

    name: ClassVar[str] = "explanation"
    order: ClassVar[int] = 70

    def measure(self, evidence: Evidence) -> dict[str, Any]:
        """{"rows", "of", "is_class", "exact", "shares": {discipline: {value, low, high}}, "cells": [{"column", value,
        low, high}], "faithfulness": [...], "examples": [...]}; see `faithfulness` and `explain`.

        shares and cells: mean absolute values over `rows` of the `of` held-out rows, probability or the target's unit.
        """
        from consilience.explanation.cells import cell_effects, cells_of
        from consilience.explanation.faithfulness import Asked, faithfulness
        from consilience.explanation.neighbours import sample_subject
        from consilience.explanation.shares import discipline_shares
        from consilience.explanation.subject import explained_class, subject_of

        if not len(evidence.test):
            raise NotApplicable("there are no held-out rows")
        positions = _drawn(len(evidence.test), _affordable(evidence), evidence.judged.seed)
        rows, bundle, seed = evidence.test.at(positions), evidence.bundle, evidence.judged.seed
        subject = subject_of(bundle, rows.features, rows.texts, rows.index, rows.frame)
        classes = explained_class(bundle, evidence.opinion.final[positions])
        clusters = None if evidence.judged.clusters is None else evidence.judged.clusters[positions]
        known = sample_subject(bundle, evidence.train, seed) if evidence.train is not None else None
        _say(evidence, 0)
        shares = discipline_shares(subject, classes, seed)
        effects = cell_effects(subject, classes, known)
        _say(evidence, 1)
        cells: list[dict[str, Any]] = [
            {"column": cell.column, **sized}
            for cell, sized in zip(cells_of(bundle), _sizes(effects, clusters, seed), strict=True)
        ]
        sized_shares = _sizes(shares.shares, clusters, seed)
        tested = faithfulness(subject, Asked(classes, effects, known, seed, clusters))
        _say(evidence, 2)
        return {
            "rows": len(positions),
            "of": len(evidence.test),
            "is_class": evidence.kind != "regression",
            "exact": shares.error is None,
            "shares": dict(zip(subject.disciplines, sized_shares, strict=True)),
            "cells": sorted(cells, key=lambda cell: -cell["value"])[:TOP_COLUMNS],
            "faithfulness": tested,
            "examples": _examples(evidence),
        }

    def show(self, found: Any, result: Mapping[str, Any], language: Language) -> Section | None:
        sentences = [s for s in (_top(found, language), *_faith_sentences(found, language)) if s is not None]
        blocks: list[Figure | Gallery] = []
        if len(found["shares"]) > 1 or found["cells"]:
            blocks.append(_matters(found, language))
        if found.get("examples"):
            cards = tuple(card(one, language) for one in found["examples"])
            blocks.append(Gallery(say(language, "examples_title"), say(language, "examples_lead"), cards))
        if found["faithfulness"]:
            blocks.append(_faith_figure(found, language))
        return Section(self.name, say(language, "title"), tuple(sentences), tuple(blocks))


def _affordable(evidence: Evidence) -> int:
    """Rows to look at, by the size of the training."""
    cached = any(network.fixed for network in evidence.bundle.networks)  # its costly part saw every row but once
    passes = len(evidence.train or ()) * (1 if cached else int(evidence.bundle.recipe.train.epochs or 1))
    return int(np.clip(passes // PASSES, FEWEST_ROWS, MOST_ROWS))


def _drawn(rows: int, most: int, seed: int) -> Any:
    """int64 positions of at most `most` rows, sorted."""
    if rows <= most:
        return np.arange(rows, dtype=np.int64)
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))


def _say(evidence: Evidence, done: int) -> None:
    evidence.listener({"event": "progress", "name": "explain", "done": done, "total": 3})


def _sizes(values: Array, clusters: Array | None, seed: int) -> list[dict[str, float]]:
    """Mean absolute value of each column of [n, P] with its 95 % bootstrap interval over rows or clusters."""
    sizes = np.abs(values)
    counts = np.stack(list(resamples_of(np.arange(len(sizes)), clusters, seed, RESAMPLES)))
    draws = counts @ sizes / counts.sum(1, keepdims=True)
    ends = np.percentile(draws, [LOW, HIGH], axis=0)
    return [
        {"value": float(mean), "low": float(low), "high": float(high)}
        for mean, low, high in zip(sizes.mean(0), *ends, strict=True)
    ]


def _examples(evidence: Evidence) -> list[dict[str, Any]]:
    """The rows that the report explains one by one."""
    from consilience.explanation.explain import Settings, explain_rows
    from consilience.explanation.subject import explained_class, subject_of

    final, target, bundle = evidence.opinion.final, evidence.judged.target, evidence.bundle
    chosen = choose_rows(evidence.kind, target, final, bundle.recipe.report.examples)
    if not chosen:
        return []
    positions = np.array([row for row, _ in chosen], np.int64)
    rows = evidence.test.at(positions)
    subject = subject_of(bundle, rows.features, rows.texts, rows.index, rows.frame)
    classes = explained_class(bundle, final[positions])
    error = None
    if evidence.kind == "regression":
        error = float(np.sqrt(np.mean((final - target) ** 2)))
    settings = Settings(evidence.train, evidence.judged.seed, (), error, SECONDS, NEAR_ROWS)
    name = bundle.recipe.target
    found = []
    explained = explain_rows(subject, classes, settings)
    for place, ((_, why), one) in enumerate(zip(chosen, explained, strict=True)):
        actual = rows.frame[name][place] if name in rows.frame.columns else None
        shown = f"{actual:.6g}" if isinstance(actual, float) else None if actual is None else str(actual)
        found.append({"row": int(rows.index[place]), "why": why, "actual": shown, **one})
    return found


def _top(found: Mapping[str, Any], language: Language) -> Sentence | None:
    if len(found["shares"]) < 2:
        return None
    name, best = max(found["shares"].items(), key=lambda item: float(item[1]["value"]))
    size, low, high = (amount(best[key], found["is_class"]) for key in ("value", "low", "high"))
    size = f"{size} {say(language, 'unit_class' if found['is_class'] else 'unit_value')}"
    return Sentence(say(language, "top", name=wording.group_name(name, language), size=size, low=low, high=high))


def _pieces(one: Mapping[str, Any], language: Language, several: bool) -> str:
    key = f"pieces_{one['modality']}"
    pieces = say(language, key if key in WORDS[language] else "pieces_other")
    if not several or not one["group"]:
        return pieces
    return say(language, "of_group", pieces=pieces, group=wording.group_name(one["group"], language))


def _several(tested: Sequence[Mapping[str, Any]], modality: str) -> bool:
    return [one["modality"] for one in tested].count(modality) > 1


def _faith_sentences(found: Mapping[str, Any], language: Language) -> list[Sentence]:
    said = []
    unit = say(language, "area_class" if found["is_class"] else "area_value")
    for one in found["faithfulness"]:
        key, tone = {"better": ("better", "good"), "worse": ("worse", "bad")}.get(one["verdict"], ("same", "plain"))
        value, low, high = (_area(float(one["deletion"][end]), found) for end in ("value", "low", "high"))
        pieces = _pieces(one, language, _several(found["faithfulness"], one["modality"]))
        said.append(
            Sentence(say(language, f"faith_{key}", pieces=pieces, value=value, low=low, high=high, unit=unit), tone)
        )
    return said


def _area(value: float, found: Mapping[str, Any]) -> str:
    """A difference of areas: points of probability, or standard deviations."""
    points = 100 * value if found["is_class"] else value
    return f"{points:.2g}".replace("-", "\u2212") if abs(points) >= 0.01 or not points else "< 0.01"


def _matters(found: Mapping[str, Any], language: Language) -> Figure:
    is_class = bool(found["is_class"])
    unit = say(language, "unit_class" if is_class else "unit_value")
    scale = 100 if is_class else 1
    shares = [(name, size) for name, size in found["shares"].items()] if len(found["shares"]) > 1 else []
    parts = [("sources", "default", shares), ("columns", "reference", [(c["column"], c) for c in found["cells"]])]
    sections, shown, raw = [], [], []
    for key, kind, sizes in parts:
        scores = []
        for name, size in sorted(sizes, key=lambda item: -float(item[1]["value"])):
            ends = [scale * float(size[end]) for end in ("value", "low", "high")]
            texts = [amount(float(size[end]), is_class) for end in ("value", "low", "high")]
            called = wording.group_name(name, language) if key == "sources" else str(name)
            scores.append(Score(called, kind, ends[0], ends[1], ends[2], texts[0]))
            shown.append([called, say(language, key), *texts])
            raw.append([str(name), say(language, key), *ends])
        sections.append((say(language, key), scores))
    headers = ["", "", *(say(language, key) for key in ("size", "low", "high"))]
    axis = say(language, "axis", unit=unit)
    notes = []
    if shares:
        notes.append(say(language, "shares_note", sampled="" if found["exact"] else say(language, "sampled")))
    if found["cells"]:
        notes.append(say(language, "columns_note"))
    note = ("" if language == "zh" else " ").join(notes)
    return Figure(
        say(language, "matters_title"),
        say(language, "matters_lead", rows=f"{found['rows']:,}", unit=unit),
        dot_whisker(sections, axis, False),
        dot_whisker(sections, axis, False, 350),
        note,
        Sheet("effects.csv", headers, shown, raw, 2),
    )


def _faith_figure(found: Mapping[str, Any], language: Language) -> Figure:
    shown, raw = [], []
    for one in found["faithfulness"]:
        labels = [
            _pieces(one, language, _several(found["faithfulness"], one["modality"])),
            say(language, one["model"]),
            say(language, one["method"]),
        ]
        cells = [f"{one['rows']:,}"]
        for name in ("deletion", "insertion"):
            gain = one[name]
            value, low, high = (_area(float(gain[end]), found) for end in ("value", "low", "high"))
            cells.append(f"{value}\n{low} … {high}")
        shown.append([*labels, *cells])
        gains = [one[name][end] for name in ("deletion", "insertion") for end in ("value", "low", "high")]
        raw.append([*labels, one["rows"], *gains])
    keys = ("faith_what", "faith_model", "faith_method", "faith_rows", "faith_deletion", "faith_insertion")
    headers = [say(language, key) for key in keys]
    sheet = Sheet("faithfulness.csv", headers, shown, raw, 1, (1, 2))
    return Figure(say(language, "faith_title"), say(language, "faith_lead"), "", "", say(language, "faith_note"), sheet)
