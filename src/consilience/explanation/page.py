"""explanations.html: the explained rows as one self-contained page, in the report's clothes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from consilience.evaluation.analysis import Gallery, Language, Section
from consilience.evaluation.charts.svg import clean
from consilience.explanation.cards import card
from consilience.explanation.words import say


def render_page(found: Sequence[Mapping[str, Any]], target: str, language: Language) -> str:
    """
    Args:
        found: what `table_rows.explain_table` gives. target: name of the target column.
    """
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=ChoiceLoader(
            [
                PackageLoader("consilience.explanation", "templates"),
                PackageLoader("consilience.evaluation", "templates"),
            ]
        ),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    cards = tuple(card(one, language) for one in found)
    gallery = Gallery(say(language, "examples_title"), say(language, "examples_lead"), cards)
    reasons = {str(one["note"]) for one in found if one.get("note")}
    note = " ".join(say(language, "note_rows", reason=reason) for reason in sorted(reasons))
    return environment.get_template("explanations.html.j2").render(
        language="zh-Hans" if language == "zh" else "en",
        title=say(language, "page"),
        lead=say(language, "lead_page", count=f"{len(found):,}"),
        target=target,
        section=Section("explanation", say(language, "title"), (), (gallery,), note),
        notes={"download": "", "table": ""},
        clean=clean,
    )
