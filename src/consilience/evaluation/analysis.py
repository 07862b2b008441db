"""The contract of an analysis: one question about a trained model, measured once and shown in any language.

A new analysis is one file and one line in the registry (kind "analysis"). `measure` gives plain JSON values, which
`metrics.json` keeps under the analysis's name; `show` reads nothing but those, so that a report can be written again
in another language without the data. What `measure` gives under the key "examples" (pictures and sounds as data
addresses, single rows) is kept in `examples.json` beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple, Protocol

from consilience.core.events import Listener
from consilience.core.registry import get, names
from consilience.data.findings import NotApplicable
from consilience.evaluation.evidence import Evidence
from consilience.evaluation.sheets import Sheet
from consilience.evaluation.wording import Language, Sentence
from consilience.tasks.answers import answers_of

__all__ = ["Analysis", "Card", "Figure", "Gallery", "Language", "NotApplicable", "Section", "Sheet", "Word"]


class Figure(NamedTuple):
    """A picture and the table of the same figures; without pictures the table is shown open.

    wide, narrow: SVG for 760 and 350 px, or `panels`: SVGs of 360 px side by side. Empty strings: no picture.
    """

    title: str
    lead: str
    wide: str
    narrow: str
    note: str
    sheet: Sheet
    panels: tuple[str, ...] = ()


class Word(NamedTuple):
    """A piece of text and how much it spoke for (+) or against (−) something, −1..1."""

    text: str
    weight: float = 0.0


class Card(NamedTuple):
    """One row as a person would look at it.

    heading, lines: plain text. images: (alternative text, `data:image/png` or jpeg address). sounds: (label,
    `data:audio/wav` address). words: a text, piece by piece. bars: (label, weight −1..1, value as text).
    """

    heading: str
    lines: tuple[str, ...] = ()
    images: tuple[tuple[str, str], ...] = ()
    sounds: tuple[tuple[str, str], ...] = ()
    words: tuple[Word, ...] = ()
    bars: tuple[tuple[str, float, str], ...] = ()


class Gallery(NamedTuple):
    """Cards under a title."""

    title: str
    lead: str
    cards: tuple[Card, ...]


class Section(NamedTuple):
    """A chapter of the report: `code` is its anchor; sentences say in words what the blocks show."""

    code: str
    title: str
    sentences: tuple[Sentence, ...] = ()
    blocks: tuple[Figure | Gallery, ...] = ()
    note: str = ""


class Analysis(Protocol):
    """Built without arguments."""

    name: ClassVar[str]
    """Its key in `metrics.json` and in the registry."""
    order: ClassVar[int]
    """Place in the report: 10 contribution, 30 calibration, 50 weaknesses, 70 explanation …"""
    of_texts: ClassVar[bool]
    """True where it makes sense when the target is a text; left out: it does not."""
    of_boxes: ClassVar[bool]
    """True where it makes sense when the target is a list of boxes; left out: it does not."""

    of_forecasts: ClassVar[bool]
    """True where it makes sense when the target is what follows; left out: it does not."""

    def measure(self, evidence: Evidence) -> Any:
        """Plain JSON values (NaN allowed: it is written as null).

        Raises:
            NotApplicable: when the question makes no sense for these rows; `str()` says why.
        """
        ...

    def show(self, found: Any, result: Mapping[str, Any], language: Language) -> Section | None:
        """The chapter of the report from what `measure` gave (as JSON gives it back); None = no chapter.

        Args:
            result: the whole of metrics.json.
        """
        ...


def analyses() -> list[Analysis]:
    """Every registered analysis, in the order of the report."""
    return sorted((get("analysis", name)() for name in names("analysis")), key=lambda a: a.order)


def measure_all(evidence: Evidence, listener: Listener) -> dict[str, Any]:
    """{analysis: what it found}; {"not_applicable": reason} where it could not look."""
    found: dict[str, Any] = {}
    wanted, answers = evidence.bundle.recipe.report.analyses, answers_of(evidence.bundle.task)
    every = [analysis for analysis in analyses() if wanted is None or analysis.name in wanted]
    for done, analysis in enumerate(every):
        listener({"event": "progress", "name": f"evaluate {analysis.name}", "done": done, "total": len(every)})
        try:
            if answers.no_chapters and not getattr(analysis, answers.chapter, False):
                raise NotApplicable(answers.no_chapters)
            found[analysis.name] = analysis.measure(evidence)
        except NotApplicable as reason:
            found[analysis.name] = {"not_applicable": str(reason)}
    listener({"event": "progress", "name": "evaluate", "done": len(every), "total": len(every)})
    return found


def show_all(result: Mapping[str, Any], language: Language) -> list[Section]:
    """The chapters of every analysis that found something."""
    chapters = []
    for analysis in analyses():
        found = result.get(analysis.name)
        if found is None or (isinstance(found, Mapping) and "not_applicable" in found):
            continue
        section = analysis.show(found, result, language)
        if section is not None:
            chapters.append(section)
    return chapters
