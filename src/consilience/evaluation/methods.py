"""The methods of a run: one paragraph of prose ready for a paper, and short facts to look up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from consilience.evaluation import wording
from consilience.evaluation.intervals import planned_resamples
from consilience.evaluation.language import Language, known, plural, say
from consilience.evaluation.sheets import modality_name

Result = Mapping[str, Any]
SETTINGS = (
    "epochs",
    "networks",
    "batch_size",
    "optimizer",
    "learning_rate",
    "weight_decay",
    "schedule",
    "warmup",
    "clip",
    "dropout",
    "label_smoothing",
    "class_weights",
    "modality_dropout",
    "helper_weight",
    "early_stopping",
    "average",
    "precision",
)
"""Training settings that the paragraph names, in its order."""
DIGITS = 12
"""Hexadecimal digits of a table's digest in prose; the whole digest stands below."""


def methods_paragraph(result: Result, language: Language = "en") -> str:
    """Data and its digest, split, encoders, fusion, training, references, stack, calibration, intervals, seed and
    versions, in plain prose. What a result does not hold is left out.
    """
    steps = (_task, _data, _split, _network, _training, _references, _default, _intervals, _seed)
    return wording.spaced([step(result, language) for step in steps], language)


def _m(name: str, language: Language, /, **values: Any) -> str:
    return say(f"methods.{name}", language, **values)


def _comma(language: Language) -> str:
    return say("sentences.list.comma", language)


def _recipe(result: Result, *path: str) -> Any:
    found: Any = result.get("recipe") or {}
    for name in path:
        found = (found or {}).get(name)
    return found


def _task(result: Result, language: Language) -> str:
    groups = result.get("groups") or {}
    named = [
        _m(
            "group",
            language,
            name=wording.group_name(name, language),
            modality=modality_name(group.get("modality"), language),
            columns=plural("column", len(group.get("columns") or ()), language),
            encoder=group.get("encoder"),
        )
        for name, group in groups.items()
    ]
    columns = sum(len(group.get("columns") or ()) for group in groups.values())
    facts = {"target": result.get("target"), "task": wording.task_name(result, language)}
    shown = _comma(language).join(named)
    return _m("task", language, **facts, columns=plural("column", columns, language), groups=shown) if named else ""


def _data(result: Result, language: Language) -> str:
    tables = []
    for role, table in (result.get("data") or {}).items():
        facts = []
        if table.get("rows") is not None:
            facts.append(plural("row", int(table["rows"]), language))
        if table.get("sha256"):
            facts.append(_m("sha", language, digest=str(table["sha256"])[:DIGITS]))
        words = {"role": role_name(role, language), "name": table.get("name")}
        tables.append(_m("table", language, **words, facts=_comma(language).join(facts)))
    said = _m("data", language, tables=say("sentences.list.semicolon", language).join(tables)) if tables else ""
    return wording.spaced([said, wording.rows_sentence(result, language)], language)


def role_name(role: str, language: Language) -> str:
    """train → "training table"."""
    key = f"names.table.{role}"
    return say(key, language) if known(key) else str(role)


def split_sentence(result: Result, language: Language = "en") -> str:
    """How rows were held out, made from the recipe; "" where the result does not say."""
    split = result.get("split") or {}
    method = str(split.get("method"))
    if not known(f"methods.split.{method}"):
        return ""
    stratified = _m("split.stratified", language) if result.get("task") in ("binary", "multiclass") else ""
    column = _recipe(result, "split", method) if method in ("group", "time", "column") else None
    if method == "time" and column is None:  # a forecast: its own block says what the time is
        column = _recipe(result, "series", "time")
        method = "time" if column else "order"
    said = _m(f"split.{method}", language, stratified=stratified, column=column)
    folds = int(split.get("folds") or 1)
    return wording.spaced([said, _m("folds", language, folds=folds) if folds > 1 else ""], language)


def _split(result: Result, language: Language) -> str:
    return split_sentence(result, language)


def _network(result: Result, language: Language) -> str:
    width = _recipe(result, "width")
    return _m(
        "network",
        language,
        fusion=result.get("fusion"),
        width=_m("width", language, width=width) if width else "",
        networks=plural("network", int(result.get("networks") or 1), language),
        parameters=plural("parameter", int(result.get("parameters") or 0), language),
    )


def _training(result: Result, language: Language) -> str:
    train = _recipe(result, "train") or {}
    named = [_m(f"set.{name}", language, value=train[name]) for name in SETTINGS if train.get(name) is not None]
    settings = _m("train", language, settings=_comma(language).join(named)) if named else ""
    metric = wording.inline(str(train.get("metric") or result["primary"]), language)
    return wording.spaced([settings, _m("metric", language, metric=metric)], language)


def _references(result: Result, language: Language) -> str:
    names = [wording.predictor_name(name, str(result.get("task")), language) for name in result.get("references") or {}]
    return _m("references", language, names=_comma(language).join(names)) if names else ""


def _default(result: Result, language: Language) -> str:
    weights = (result.get("stack") or {}).get("weights") or {}
    shown = [f"{wording.predictor_name(name, language=language)} {weight:.2f}" for name, weight in weights.items()]
    joined = _m("stack", language, weights=_comma(language).join(shown))
    said = joined if len(weights) > 1 else _m("alone", language)
    method = (result.get("calibration") or {}).get("method")
    return wording.spaced([said, _m("calibration", language, method=method) if method else ""], language)


def _intervals(result: Result, language: Language) -> str:
    rows = int((result.get("rows") or {}).get("test") or 0)
    if not rows:
        return ""
    columns = len(result.get("classes") or ()) or 1
    known_as = (("report", "cluster"), ("split", "group"), ("history", "id"))
    group = next((column for path in known_as if (column := _recipe(result, *path))), None)
    units = _m("unit.groups", language, column=group) if group else _m("unit.rows", language)
    return _m("intervals", language, resamples=f"{planned_resamples(rows, columns):,}", units=units)


def _seed(result: Result, language: Language) -> str:
    versions = _comma(language).join(f"{name} {version}" for name, version in (result.get("versions") or {}).items())
    effort = _recipe(result, "effort")
    parts = [
        _m("seed", language, seed=result.get("seed")),
        _m("versions", language, versions=versions) if versions else "",
        _m("end", language, effort=_m("effort", language, value=effort)) if effort else "",
    ]
    return wording.spaced(parts, language)


def facts_of(result: Result, language: Language = "en") -> list[tuple[str, str]]:
    """(name, value): target, rows, split, time, seed, threads, columns left out, when it was made."""
    seconds = result.get("seconds") or {}
    steps = [
        f"{say(f'names.step.{name}', language) if known(f'names.step.{name}') else name} {wording.duration(float(s))}"
        for name, s in seconds.items()
        if s is not None
    ]
    english = language == "en"
    why = f". {result.get('task_reason') or ''}" if english else ""
    split = str((result.get("split") or {}).get("sentence") or "") if english else split_sentence(result, language)
    found = [
        ("target", f"{result.get('target')}: {wording.task_name(result, language)}{why}"),
        ("rows", wording.rows_sentence(result, language)),
        ("split", split),
        ("time", _comma(language).join(steps)),
        ("seed", str(result.get("seed"))),
        ("threads", str(result.get("threads"))),
        ("ignored", _ignored(result, language)),
        ("created", str(result.get("created") or "")),
    ]
    return [(say(f"page.fact.{name}", language), value) for name, value in found if value]


def _ignored(result: Result, language: Language) -> str:
    """Columns left out and, in English, why: the reasons are the data layer's."""
    inside = ("origin", "part", _recipe(result, "series", "id")) if result.get("task") == "forecast" else ()
    named = [
        say("page.fact.named", language, column=column, reason=reason) if reason and language == "en" else str(column)
        for column, reason in (result.get("ignored") or {}).items()
        if column not in inside  # columns of the windows that were cut, not of the table
    ]
    return say("sentences.list.semicolon", language).join(named)
