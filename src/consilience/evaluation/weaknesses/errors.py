"""Rows to look at: where the model is surely wrong, and where the label probably is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, final

import numpy as np

from consilience.evaluation.analysis import Language, NotApplicable, Section
from consilience.evaluation.evidence import Evidence
from consilience.evaluation.weaknesses.cards import row_cards
from consilience.evaluation.weaknesses.errors_section import errors_section
from consilience.evaluation.weaknesses.label_review import suspects_of, test_table
from consilience.evaluation.weaknesses.wrong_rows import COVERED, worst_rows

SHOWN = 6
"""Cards of each kind."""
FEWEST = 30
"""Rows at least in which label errors are looked for."""


@final
class Errors:
    """The most confidently wrong rows, and suspected label errors."""

    name: ClassVar[str] = "errors"
    order: ClassVar[int] = 54

    def measure(self, evidence: Evidence) -> Any:
        """{"kind", "rows", "wrong", "unit", "labels": {"looked", "suspected", "expected"} or None, "examples"};
        examples: "wrong" and "labels" hold rows as cards, "review" every suspected label.

        Raises:
            NotApplicable: without a row to look at.
        """
        rows = int((evidence.judged.weight > 0).sum())
        if not rows:
            raise NotApplicable("no held-out row has a target")
        worst, wrong, unit = worst_rows(evidence, SHOWN)
        cards = row_cards([(evidence.test, w.position) for w in worst], evidence.bundle)
        table = test_table(evidence)
        shown = [
            {**card, "table": table, "size": w.size, "said": w.said, "is": w.is_}
            for card, w in zip(cards, worst, strict=True)
        ]
        labels: dict[str, int] | None = None
        review: list[dict[str, Any]] = []
        if evidence.kind != "regression" and rows >= FEWEST:
            review, labels = suspects_of(evidence)
            labels["listed"] = len(review)
        return {
            "kind": evidence.kind,
            "rows": rows,
            "wrong": wrong,
            "unit": unit,
            "covered": COVERED,
            "labels": labels,
            "examples": {"wrong": shown, "labels": self._label_cards(evidence, review[:SHOWN]), "review": review},
        }

    def show(self, found: Any, result: Mapping[str, Any], language: Language) -> Section | None:
        return errors_section(found, language)

    def _label_cards(self, evidence: Evidence, review: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The first suspected labels with pictures and sounds."""
        places = []
        for one in review:
            rows = evidence.test
            if one["table"] != test_table(evidence) or one["row"] not in rows.index:
                assert evidence.chosen is not None
                assert evidence.chosen.rows is not None
                rows = evidence.chosen.rows
            places.append((rows, int(np.flatnonzero(rows.index == one["row"])[0])))
        cards = row_cards(places, evidence.bundle)
        return [
            {**card, **{k: v for k, v in one.items() if k != "cells"}} for card, one in zip(cards, review, strict=True)
        ]
