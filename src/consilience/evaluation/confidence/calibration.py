"""Can the probabilities be taken at their word? Before and after calibration, on held-out rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, final

import numpy as np

from consilience.evaluation.analysis import Figure, Language, NotApplicable, Section, Sheet
from consilience.evaluation.charts.reliability import Dot, Names, reliability
from consilience.evaluation.confidence.calibration_words import WORDS
from consilience.evaluation.confidence.phrases import cell, decimal, ends, measured, percent, points, raw, shown, tidy
from consilience.evaluation.confidence.reliability import claims, histogram, reliability_of
from consilience.evaluation.confidence.sample import Sample, sample_of
from consilience.evaluation.evidence import Evidence
from consilience.evaluation.wording import Sentence
from consilience.tasks.measures import Probability

Array = np.ndarray[Any, Any]
OF = {"binary": "class 1", "multiclass": "top class", "multilabel": "labels"}
NARROW, WIDE = 350, 480
MATTERS = 0.01
"""A smaller calibration error is of no consequence, even where it can be told from chance."""


@final
class Calibration:
    """Reliability of the stated probabilities: ECE, Brier score and log loss before and after calibration."""

    name: ClassVar[str] = "calibration"
    order: ClassVar[int] = 30

    def measure(self, evidence: Evidence) -> Any:
        """{"rows", "of", "method", "ece", "ece_before", "changed", "before", "after", "gain", "histogram", "verdict"}.

        of: which probabilities are compared, "class 1", "top class" or "labels". changed: whether calibration changed
        the predictions. gain: log loss before minus after, paired.
        """
        if evidence.kind == "regression":
            raise NotApplicable("values have no probabilities; see the coverage of their intervals")
        sample = sample_of(evidence.judged)
        if not len(sample.rows):
            raise NotApplicable("no labelled test row")
        raw_, final_ = (np.asarray(p, np.float64)[sample.rows] for p in (evidence.opinion.raw, evidence.opinion.final))
        before, after = measured_of(sample, raw_), measured_of(sample, final_)
        losses = [Probability(sample.kind, sample.target, p).log for p in (raw_, final_)]
        classes = evidence.classes
        return {
            "rows": len(sample.rows),
            "of": OF[sample.kind],
            "class": classes[1] if sample.kind == "binary" and len(classes) == 2 else None,
            "method": evidence.bundle.rules.complete.calibration["method"],
            "ece": after["ece"],
            "ece_before": before["ece"],
            "changed": not np.allclose(raw_, final_, atol=1e-6),
            "before": before,
            "after": after,
            "gain": sample.mean(losses[0] - losses[1]),
            "histogram": histogram(claims(sample.kind, final_, sample.target)[0]),
            "verdict": verdict_of(after),
        }

    def show(self, found: Any, result: Mapping[str, Any], language: Language) -> Section | None:
        words = WORDS[language]
        said = [_verdict(found, language), _changed(found, language)]
        return Section(self.name, words["title"], tuple(said), (_figure(found, language), _table(found, language)))


def measured_of(sample: Sample, predictions: Array) -> dict[str, Any]:
    """{"ece", "brier", "log_loss", "lean"} scores, "by_chance", "bins" of predictions [n, K]; see `reliability_of`."""
    rows = Probability(sample.kind, sample.target, predictions)
    brier, log_loss = sample.ratios(np.stack([rows.brier, rows.log], 1))
    return {**reliability_of(sample, predictions), "brier": brier, "log_loss": log_loss}


def verdict_of(found: Mapping[str, Any]) -> str:
    """ "honest" where the error is small or what chance alone would give; else "too high" or "too low" where stated
    probabilities lean to one side, or "uneven".
    """
    if found["ece"]["value"] <= max(found["by_chance"]["high"], MATTERS):
        return "honest"
    if found["lean"]["low"] > 0:
        return "too high"
    return "too low" if found["lean"]["high"] < 0 else "uneven"


def _verdict(found: Mapping[str, Any], language: str) -> Sentence:
    words, after = WORDS[language], found["after"]
    text = words[found["verdict"].replace(" ", "_")].format(
        ece=points(after["ece"]["value"]),
        between=ends(after["ece"], points, language),
        chance=points(after["by_chance"]["value"]),
        most=points(after["by_chance"]["high"]),
        lean=points(abs(after["lean"]["value"])),
        of=_of(found, language),
    )
    return Sentence(tidy(text, language), "good" if found["verdict"] == "honest" else "bad")


def _changed(found: Mapping[str, Any], language: str) -> Sentence:
    words, gain = WORDS[language], found["gain"]
    if not found["changed"]:
        return Sentence(words["unchanged"])
    better = "better" if gain["low"] > 0 else "worse" if gain["high"] < 0 else "same"
    text = words[f"changed_{better}"].format(
        before=shown(points, found["before"]["ece"]["value"]),
        after=shown(points, found["after"]["ece"]["value"]),
        gain=decimal(abs(gain["value"])),
        between=ends(gain, decimal, language),
    )
    return Sentence(tidy(text, language), {"better": "good", "worse": "bad", "same": "plain"}[better])


def _of(found: Mapping[str, Any], language: str) -> str:
    words = WORDS[language]
    if found["of"] == "class 1":
        return words["of_class"].format(name=found["class"])
    return words["of_top"] if found["of"] == "top class" else words["of_labels"]


def _figure(found: Mapping[str, Any], language: str) -> Figure:
    words = WORDS[language]
    came = words["observed_" + found["of"].replace(" ", "_")]
    names = Names(_of(found, language), came, *(words[k] for k in ("dots", "rings", "line")))
    dots = [_dot(b, language) for b in found["after"]["bins"]]
    rings = [_dot(b, language) for b in found["before"]["bins"]] if found["changed"] else []
    wide, narrow = (reliability(dots, rings, found["histogram"], names, width) for width in (WIDE, NARROW))
    shown_, raw_ = [], []
    for step in ("before", "after") if found["changed"] else ("after",):
        for b in found[step]["bins"]:
            observed = cell(b["observed"], percent, language)
            shown_.append([words[step], percent(b["predicted"]), observed, f"{b['rows']:,}"])
            raw_.append([step, b["predicted"], *raw(b["observed"]), b["rows"]])
    headers = [words[k] for k in ("step", "stated", "came", "rows")]
    sheet = Sheet("reliability.csv", headers, shown_, raw_)
    note = words["note"].format(rows=f"{found['rows']:,}", bins=len(found["after"]["bins"]))
    return Figure(words["figure"], words["lead"], wide, narrow, note, sheet)


def _dot(found: Mapping[str, Any], language: str) -> Dot:
    observed = found["observed"]
    said = WORDS[language]["dot"].format(
        predicted=percent(found["predicted"]),
        observed=measured(observed, percent, language),
        rows=f"{found['rows']:,}",
    )
    return Dot(found["predicted"], observed["value"], observed["low"], observed["high"], said)


def _table(found: Mapping[str, Any], language: str) -> Figure:
    words = WORDS[language]
    steps = ("before", "after") if found["changed"] else ("after",)
    shown_, raw_ = [], []
    for metric, form in (("ece", points), ("brier", decimal), ("log_loss", decimal)):
        scores = [found[step][metric] for step in steps]
        shown_.append([words[metric], *(cell(score, form, language) for score in scores)])
        raw_ += [[metric, step, *raw(score)] for step, score in zip(steps, scores, strict=True)]
    headers = ["", *(words[step] for step in steps)] if found["changed"] else ["", words["value"]]
    title = words["table" if found["changed"] else "table_one"]
    return Figure(title, "", "", "", words["table_note"], Sheet("calibration.csv", headers, shown_, raw_))
