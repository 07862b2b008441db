"""Decisions in words, pictures and tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from consilience.evaluation.analysis import Figure, Sheet
from consilience.evaluation.charts.dot_whisker import Score, dot_whisker
from consilience.evaluation.charts.lines import Axes, Line, lines
from consilience.evaluation.confidence.decisions_words import WORDS
from consilience.evaluation.confidence.phrases import (
    cell,
    cost,
    decimal,
    ends,
    level,
    measured,
    percent,
    raw,
    shown,
    tidy,
)
from consilience.evaluation.wording import Sentence

WIDE, NARROW = 760, 350
MOST_CLASSES = 12
"""A larger cost matrix is left to the recipe."""


def sentences(found: Mapping[str, Any], language: str) -> tuple[Sentence, ...]:
    if found["kind"] == "regression":
        return (_quantile_said(found, language),)
    if found["kind"] == "binary":
        return (_benefit_said(found, language), _threshold_said(found, language))
    return (_top_said(found, language), *([_expected_said(found, language)] if found["costs"] else []))


def blocks(found: Mapping[str, Any], result: Mapping[str, Any], language: str) -> tuple[Figure, ...]:
    if found["kind"] == "regression":
        return (_quantile_figure(found, language),)
    made = [_benefit_figure(found, language) if found["kind"] == "binary" else _top_figure(found, language)]
    if found["given"] and len(found["classes"]) <= MOST_CLASSES:
        made.append(_matrix(found, language))
    return tuple(made)


def _tone(saved: Mapping[str, Any]) -> str:
    """ "good" where the decision saves something beyond its interval, "bad" where it costs more."""
    low, high = saved.get("low"), saved.get("high")
    if low is None or high is None:
        return "plain"
    return "good" if low > 0 else "bad" if high < 0 else "plain"


def _saved(found: Mapping[str, Any], language: str) -> str:
    """ "; that saves 0.12 (…)" or that it cannot be told."""
    words, saved = WORDS[language], found["saved"]
    key = {"good": "saves", "bad": "wastes", "plain": "same"}[_tone(saved)]
    return words[key].format(saved=shown(cost, abs(saved["value"])), between=ends(saved, cost, language))


def _benefit_said(found: Mapping[str, Any], language: str) -> Sentence:
    words, useful = WORDS[language], found["net_benefit"]["useful"]
    name = found["classes"][1]
    if useful is None:
        return Sentence(words["useless"].format(name=name), "bad")
    text = words["useful"].format(name=name, low=level(useful[0]), high=level(useful[1]))
    return Sentence(tidy(text, language), "good")


def _threshold_said(found: Mapping[str, Any], language: str) -> Sentence:
    words, costs = WORDS[language], found["costs"]
    name = found["classes"][1]
    if not found["given"] and abs(costs["threshold"] - 0.5) < 1e-9:
        text = words["half_best"].format(name=name, cost=measured(costs["cost"], percent, language))
        return Sentence(tidy(text, language))
    text = words["threshold_given" if found["given"] else "threshold_equal"].format(
        name=name,
        threshold=percent(costs["threshold"]),
        cost=measured(costs["cost"], cost, language),
        usual=shown(cost, costs["usual"]["value"]),
    )
    return Sentence(tidy(text + _saved(costs, language), language), _tone(costs["saved"]))


def _top_said(found: Mapping[str, Any], language: str) -> Sentence:
    words, top = WORDS[language], found["top"]
    text = words["top_one"].format(first=measured(top[0]["accuracy"], percent, language))
    if len(top) > 1:
        last = top[min(2, len(top) - 1)]
        text += words["top_more"].format(k=last["k"], more=measured(last["accuracy"], percent, language))
    return Sentence(tidy(text, language))


def _expected_said(found: Mapping[str, Any], language: str) -> Sentence:
    words, costs = WORDS[language], found["costs"]
    text = words["expected"].format(
        cost=measured(costs["cost"], cost, language), usual=shown(cost, costs["usual"]["value"])
    )
    return Sentence(tidy(text + _saved(costs, language), language), _tone(costs["saved"]))


def _quantile_said(found: Mapping[str, Any], language: str) -> Sentence:
    words = WORDS[language]
    text = words["quantile"].format(
        low=f"{found['too_low']:g}",
        high=f"{found['too_high']:g}",
        quantile=level(round(found["quantile"], 3)),
        cost=measured(found["cost"], cost, language),
        usual=shown(cost, found["usual"]["value"]),
    )
    return Sentence(tidy(text + _saved(found, language), language), _tone(found["saved"]))


def _benefit_figure(found: Mapping[str, Any], language: str) -> Figure:
    words, points = WORDS[language], found["net_benefit"]["points"]
    most = max(found["net_benefit"]["prevalence"]["value"], 0.01)
    lowest = -0.25 * most
    model = Line(
        words["model"],
        [(p["threshold"], p["model"]["value"] if p["model"]["value"] >= lowest else None) for p in points],
        [(p["threshold"], p["model"]["low"], p["model"]["high"]) for p in points if p["model"]["value"] >= lowest],
    )
    every = [(p["threshold"], p["all"]["value"] if p["all"]["value"] >= lowest else None) for p in points]
    none = Line(words["none"], [(p["threshold"], 0.0) for p in points])
    series = [model, Line(words["all"].format(name=found["classes"][1]), every), none]
    axes = Axes(
        (words["act_from"].format(name=found["classes"][1]), words["net_benefit"]),
        (True, False),
        (lowest, 1.25 * most),
        found["costs"]["threshold"] if found["given"] else None,
    )
    wide, narrow = (lines(series, axes, width) for width in (WIDE, NARROW))
    shown_ = [
        [level(p["threshold"]), cell(p["model"], decimal, language), cell(p["all"], decimal, language)] for p in points
    ]
    raw_ = [[p["threshold"], *raw(p["model"]), *raw(p["all"])] for p in points]
    sheet = Sheet("net_benefit.csv", [words["threshold"], words["model"], series[1].name], shown_, raw_)
    note = words["guide_note"] if found["given"] else ""
    return Figure(words["benefit"], words["benefit_lead"], wide, narrow, words["band"] + note, sheet)


def _top_figure(found: Mapping[str, Any], language: str) -> Figure:
    words, top = WORDS[language], found["top"]
    scores = [_score(t, language) for t in top]
    wide, narrow = (dot_whisker([("", scores)], words["truth_among"], True, width) for width in (WIDE, NARROW))
    shown_ = [[score.label, cell(t["accuracy"], percent, language)] for score, t in zip(scores, top, strict=True)]
    sheet = Sheet("top_k.csv", ["", words["truth_among"]], shown_, [[t["k"], *raw(t["accuracy"])] for t in top])
    return Figure(words["top"], "", wide, narrow, "", sheet)


def _score(top: Mapping[str, Any], language: str) -> Score:
    words, k, accuracy = WORDS[language], top["k"], top["accuracy"]
    label = words["among"].format(k=k) if k > 1 else words["likeliest"]
    said = tidy(percent(accuracy["value"]), language)
    return Score(label, "network" if k > 1 else "default", accuracy["value"], accuracy["low"], accuracy["high"], said)


def _matrix(found: Mapping[str, Any], language: str) -> Figure:
    words, names = WORDS[language], found["classes"]
    raw_ = [[name, *row] for name, row in zip(names, found["costs"]["matrix"], strict=True)]
    shown_ = [[str(name), *(f"{each:g}" for each in row)] for name, *row in raw_]
    sheet = Sheet("costs.csv", [words["corner"], *names], shown_, raw_)
    return Figure(words["matrix"], "", "", "", "", sheet)


def _quantile_figure(found: Mapping[str, Any], language: str) -> Figure:
    words, curve = WORDS[language], found["curve"]
    band = [(p["level"], p["cost"]["low"], p["cost"]["high"]) for p in curve]
    line = Line(words["reported"], [(p["level"], p["cost"]["value"]) for p in curve], band)
    usual = Line(words["point"], [(p["level"], found["usual"]["value"]) for p in curve])
    axes = Axes((words["level"], words["cost"]), (True, False), None, found["quantile"])
    wide, narrow = (lines([line, usual], axes, width) for width in (WIDE, NARROW))
    shown_ = [[level(p["level"]), cell(p["cost"], cost, language)] for p in curve]
    raw_ = [[p["level"], *raw(p["cost"])] for p in curve]
    sheet = Sheet("quantile_costs.csv", [words["level"], words["cost"]], shown_, raw_)
    return Figure(words["quantile_title"], "", wide, narrow, words["band"] + words["quantile_note"], sheet)
