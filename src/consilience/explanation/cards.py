"""An explanation of one row as the card that report and page show, in English or Chinese."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from consilience.evaluation.analysis import Card, Language, Word
from consilience.evaluation.wording import group_name
from consilience.explanation.words import amount, chance, say

BARS = 5
"""Cells drawn as bars."""
LONGEST_TEXT, STRONGEST, AROUND = 80, 12, 5
"""Words shown whole; of longer texts, the strongest words and so many beside each."""
FAINT = 0.08
"""Weight, as a share of the strongest word's, under which a word is not coloured."""


def card(one: Mapping[str, Any], language: Language) -> Card:
    """`one`: see `explain.explain_rows`, with "row" and perhaps "actual", "why" (right, unsure, wrong, near, far) and
    "note"."""
    return Card(
        _heading(one, language),
        tuple(lines(one, language)),
        tuple(_pictures(one, language)),
        tuple((say(language, "listen", column=s["column"]), s["sound"]) for s in one["sounds"]),
        tuple(word for text in one["texts"] for word in words(text["words"], language)),
        tuple(bars(one, language)),
    )


def heading_parts(one: Mapping[str, Any], language: Language) -> list[str]:
    """Row, why it was chosen, prediction, actual value."""
    parts = [say(language, "row", row=one["row"])]
    if one.get("why"):
        parts.append(say(language, one["why"]))
    if one["class"] is None:
        parts.append(say(language, "predicted", prediction=f"{one['whole']:.4g}"))
    elif str(one["prediction"]) == one["class"]:
        parts.append(say(language, "sure", prediction=one["prediction"], probability=chance(one["whole"])))
    else:
        parts.append(say(language, "predicted", prediction=_listed(one["prediction"])))
        parts.append(say(language, "explains", name=one["class"], probability=chance(one["whole"])))
    if one.get("actual") is not None:
        parts.append(say(language, "actual", actual=one["actual"]))
    return parts


def _heading(one: Mapping[str, Any], language: Language) -> str:
    first, *others = heading_parts(one, language)
    mark, comma = ("：", "，") if language == "zh" else (": ", ", ")
    return first + mark + comma.join(others)


def lines(one: Mapping[str, Any], language: Language) -> list[str]:
    """Start of the shares, strongest moment, counterfactual, similar rows."""
    is_class = one["class"] is not None
    found = [say(language, "nothing", probability=chance(one["nothing"]) if is_class else f"{one['nothing']:.4g}")]
    for heard in one["sounds"]:
        if heard["moments"]:
            top = heard["moments"][0]
            times = {key: f"{top[key]:.2f}" for key in ("start", "end")}
            found.append(say(language, "moment", **times, low=f"{top['low']:.0f}", high=f"{top['high']:.0f}"))
    for seen in one["series"]:
        if seen["stretches"]:
            top = seen["stretches"][0]
            found.append(say(language, "stretch", column=seen["column"], start=top["start"], end=top["end"] - 1))
    for watched in one["videos"]:
        if watched["moments"]:
            top = watched["moments"][0]
            found.append(say(language, "watched", **{key: f"{top[key]:.2f}" for key in ("start", "end")}))
    if one["cells"]:
        found.append(_flip(one, language))
    if one.get("neighbours"):
        near = [say(language, "alike_one", row=n["row"], label=n["label"]) for n in one["neighbours"]]
        found.append(say(language, "alike", rows=("、" if language == "zh" else ", ").join(near)))
    return found


def _flip(one: Mapping[str, Any], language: Language) -> str:
    flip = one["counterfactual"]
    if flip is None:
        return say(language, "no_flip")
    changes = say(language, "and").join(
        say(language, "flip_one", column=c["column"], before=c["from"], to=c["to"]) for c in flip["changes"]
    )
    label = f"{flip['probability']:.4g}" if one["class"] is None else _listed(flip["prediction"])
    return say(language, "flip", prediction=label, changes=changes)


def _pictures(one: Mapping[str, Any], language: Language) -> list[tuple[str, str]]:
    found = []
    for seen in [*one["images"], *one["videos"]]:
        found.append((str(seen["column"]), str(seen["picture"])))
        found.append((say(language, "overlay", column=seen["column"]), str(seen["overlay"])))
    for heard in one["sounds"]:
        said = {"seconds": f"{heard['seconds']:.2g}", "highest": f"{heard['highest']:,.0f}"}
        found.append((say(language, "heard", column=heard["column"], **said), str(heard["overlay"])))
    for seen in one["series"]:
        found.append((say(language, "course", column=seen["column"], steps=seen["steps"]), str(seen["overlay"])))
    return found


def words(spans: Sequence[Sequence[Any]], language: Language) -> list[Word]:
    """[text, weight] pairs as coloured words: weights as shares of the largest, faint ones uncoloured; a long text is
    cut to the surroundings of its strongest words."""
    sizes = [abs(weight or 0.0) for _, weight in spans]
    largest = max(sizes, default=0.0) or 1.0
    shown = set(range(len(spans)))
    if len(spans) > LONGEST_TEXT:
        top = sorted(shown, key=lambda at: -sizes[at])[:STRONGEST]
        shown = {at + step for at in top for step in range(-AROUND, AROUND + 1)}
    found: list[Word] = []
    for at, (text, weight) in enumerate(spans):
        if at not in shown or weight is None:
            if not found or found[-1].text != say(language, "words_left"):
                found.append(Word(say(language, "words_left")))
            continue
        share = (weight or 0.0) / largest
        found.append(Word(str(text), share if abs(share) >= FAINT else 0.0))
    return found


def bars(one: Mapping[str, Any], language: Language) -> list[tuple[str, float, str]]:
    """Shares of the disciplines, then the cells with the largest effects."""
    is_class = one["class"] is not None
    rows = [(group_name(name, language), float(share["value"])) for name, share in one["shares"].items()]
    if len(rows) == 1:
        rows = []  # one source has the whole share
    for cell in one["cells"][:BARS]:
        value = cell["value"] or say(language, "missing")
        rows.append((f"{cell['column']} = {value}", float(cell["effect"])))
    largest = max((abs(value) for _, value in rows), default=0.0) or 1.0
    return [(label, value / largest, amount(value, is_class, signed=True)) for label, value in rows]


def _listed(value: Any) -> str:
    """Labels side by side; a dash for no label at all."""
    return (", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)) or "–"
