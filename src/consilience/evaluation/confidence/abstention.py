"""When should the model say nothing? The error of the rows that it keeps when it refers the ones it is unsure of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, final

import numpy as np

from consilience.evaluation.analysis import Figure, Language, NotApplicable, Section, Sheet
from consilience.evaluation.charts.lines import Axes, Line, lines
from consilience.evaluation.confidence.abstention_words import WORDS
from consilience.evaluation.confidence.coverage import state_for
from consilience.evaluation.confidence.phrases import cell, level, measured, percent, quantity, raw, shown, tidy
from consilience.evaluation.confidence.referral import (
    DOUBT,
    confidence,
    losses,
    risk_area,
    risk_curve,
    threshold_for,
)
from consilience.evaluation.confidence.sample import Sample, sample_of
from consilience.evaluation.evidence import Evidence
from consilience.evaluation.wording import Sentence

Array = np.ndarray[Any, Any]
WANTED = (0.01, 0.02, 0.05, 0.1)
"""Error rates looked at when the recipe asks for none."""
WIDE, NARROW = 760, 350


@final
class Abstention:
    """Risk–coverage curve, and thresholds from validation rows that keep a promised error rate."""

    name: ClassVar[str] = "abstention"
    order: ClassVar[int] = 34

    def measure(self, evidence: Evidence) -> Any:
        """{"rows", "kind", "asked", "confidence", "error", "area", "curve", "promises"}.

        error: of all rows kept. area: AURC. curve: see `risk_curve`. promises (not for values): [{"wanted",
        "threshold", "kept": score, "error": score, "held"}], on test rows with a threshold from validation rows; one
        for `report.abstain` or for each of WANTED. held: None where no threshold could promise it.
        """
        sample = sample_of(evidence.judged)
        if not len(sample.rows):
            raise NotApplicable("no labelled test row")
        said = np.asarray(evidence.opinion.final, np.float64)[sample.rows]
        state = state_for(evidence, ()) if sample.kind == "regression" else None
        sure, loss = confidence(sample.kind, said, state), losses(sample.kind, said, sample.target)
        if len(np.unique(sure)) == 1:
            raise NotApplicable("the model is equally sure of every row")
        asked = evidence.bundle.recipe.report.abstain
        wanted = (asked,) if asked is not None else WANTED
        return {
            "rows": len(sample.rows),
            "kind": sample.kind,
            "asked": asked,
            "confidence": 1 - DOUBT,
            "error": sample.mean(loss) if state is not None else risk_curve(sample, sure, loss)[-1]["error"],
            "area": risk_area(sample, sure, loss),
            "curve": risk_curve(sample, sure, loss),
            "promises": [] if state is not None else [_promise(evidence, sample, (sure, loss), w) for w in wanted],
        }

    def show(self, found: Any, result: Mapping[str, Any], language: Language) -> Section | None:
        words = WORDS[language]
        said = [_curve_said(found, language), *(_promise_said(found, p, language) for p in _spoken(found))]
        blocks = [_figure(found, language)]
        if found["promises"]:
            blocks.append(_table(found, language))
        return Section(self.name, words["title"], tuple(said), tuple(blocks))


def _promise(evidence: Evidence, sample: Sample, test: tuple[Array, Array], wanted: float) -> dict[str, Any]:
    """The threshold that validation rows give for this error rate, and what it does on test rows."""
    found: dict[str, Any] = {"wanted": wanted, "threshold": None, "kept": None, "error": None, "held": None}
    chosen = evidence.chosen
    if chosen is None:
        return found
    rows = np.asarray(chosen.weight) > 0
    said, target = (np.asarray(a, np.float64)[rows] for a in (chosen.final, chosen.target))
    if len(said):
        found["threshold"] = threshold_for(confidence(sample.kind, said), losses(sample.kind, said, target), wanted)
    if found["threshold"] is None:
        return found
    sure, loss = test
    kept = sure >= found["threshold"]
    binary = bool(np.isin(loss, (0.0, 1.0)).all())
    error = sample.rate(loss > 0, kept) if binary else sample.ratios((kept * loss)[:, None], kept[:, None])[0]
    held = None if not kept.any() else "yes" if error["value"] <= wanted else "no" if error["low"] > wanted else "open"
    return {**found, "kept": sample.rate(kept), "error": error, "held": held}


def _spoken(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The promise asked for; else the strictest that keeps at least half of the rows, or the last."""
    promises = found["promises"]
    if found["asked"] is not None or not promises:
        return list(promises)
    useful = [p for p in promises if p["kept"] and (p["kept"]["value"] or 0) >= 0.5]
    return [useful[0] if useful else promises[-1]]


def _curve_said(found: Mapping[str, Any], language: str) -> Sentence:
    words, form = WORDS[language], _form(found)
    half = next(point for point in found["curve"] if point["kept"] == 0.5)
    text = words["half_values" if form is quantity else "half"].format(
        every=measured(found["error"], form, language), half=measured(half["error"], form, language)
    )
    return Sentence(tidy(text, language))


def _promise_said(found: Mapping[str, Any], promise: Mapping[str, Any], language: str) -> Sentence:
    words = WORDS[language]
    wanted, sure = level(promise["wanted"]), level(found["confidence"])
    if promise["held"] is None:
        return Sentence(tidy(words["none"].format(wanted=wanted, sure=sure), language), "bad")
    text = words[f"promise_{promise['held']}"].format(
        wanted=wanted,
        sure=sure,
        threshold=percent(promise["threshold"]),
        kept=measured(promise["kept"], percent, language),
        error=measured(promise["error"], percent, language),
    )
    return Sentence(tidy(text, language), {"yes": "good", "no": "bad"}.get(promise["held"], "plain"))


def _figure(found: Mapping[str, Any], language: str) -> Figure:
    words, form, curve = WORDS[language], _form(found), found["curve"]
    name = words["error_values" if form is quantity else "error"]
    line = Line(
        name,
        [(p["kept"], p["error"]["value"]) for p in curve],
        [(p["kept"], p["error"]["low"], p["error"]["high"]) for p in curve],
    )
    every = Line(words["every"], [(p["kept"], found["error"]["value"]) for p in curve])
    axes = Axes((words["kept"], name), (True, form is percent), (0.0, 1.0) if form is percent else None)
    wide, narrow = (lines([line, every], axes, width) for width in (WIDE, NARROW))
    shown_ = [[level(p["kept"]), cell(p["error"], form, language)] for p in curve]
    raw_ = [[p["kept"], *raw(p["error"])] for p in curve]
    sheet = Sheet("risk_coverage.csv", [words["kept"], name], shown_, raw_)
    note = words["note"].format(area=measured(found["area"], form, language))
    lead = words["lead_values" if form is quantity else "lead"]
    title = words["figure_values" if form is quantity else "figure"]
    return Figure(title, lead, wide, narrow, tidy(note, language), sheet)


def _table(found: Mapping[str, Any], language: str) -> Figure:
    words = WORDS[language]
    headers = [words[k] for k in ("wanted", "threshold", "kept", "error", "held")]
    shown_, raw_ = [], []
    for p in found["promises"]:
        scores = [p["kept"] or {}, p["error"] or {}]
        held = words[f"held_{p['held']}"] if p["held"] else words["held_none"]
        cells = [cell(score, percent, language) for score in scores]
        shown_.append([level(p["wanted"]), shown(percent, p["threshold"]), *cells, held])
        raw_.append([p["wanted"], p["threshold"], *(s.get("value") for s in scores), p["held"]])
    sheet = Sheet("abstention.csv", headers, shown_, raw_, 1, (4,))
    note = words["table_note"].format(sure=level(found["confidence"]))
    return Figure(words["table"], "", "", "", tidy(note, language), sheet)


def _form(found: Mapping[str, Any]) -> Any:
    return quantity if found["kind"] == "regression" else percent
