"""Predicted relations as triples: head, relation, tail, and how sure the model is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import polars as pl

from consilience.artifacts.bundle import Bundle
from consilience.core.errors import InputError
from consilience.data.entity_marks import entities_of, mark_table
from consilience.data.table import Table
from consilience.modalities.cells import as_text


class Triples:
    """Keeps the entities of the tables that pass, and the predictions made of them.

    Raises:
        InputError: when the model was not trained with `relation`, or does not predict one class a row.
    """

    def __init__(self, bundle: Bundle) -> None:
        if bundle.recipe.relation is None or bundle.task.kind not in ("binary", "multiclass"):
            raise InputError(
                "the model predicts no relations between entities",
                where="--triples",
                fix="Train with --set relation.text=COLUMN --set relation.head=COLUMN --set relation.tail=COLUMN",
            )
        self.relation = bundle.recipe.relation
        self._entities: list[tuple[str | None, str | None]] = []
        self._said: list[pl.DataFrame] = []

    def watch(self, tables: Iterable[Table]) -> Iterator[Table]:
        """The same tables."""
        for table in tables:
            marked, _ = mark_table(table, self.relation)
            if self.relation.text in marked.frame.columns:
                self._entities += [entities_of(text) for text in as_text(marked.frame[self.relation.text])]
            else:
                self._entities += [(None, None)] * table.rows
            yield table

    def add(self, predicted: pl.DataFrame) -> None:
        """The next rows' predictions, as `Model.predict_chunks` gives them."""
        shares = [column for column in predicted.columns if column.startswith("probability:")]
        sure = pl.max_horizontal(pl.col(shares)).alias("confidence")
        self._said.append(predicted.select(pl.col("prediction").cast(pl.String).alias("relation"), sure))

    def frame(self) -> pl.DataFrame:
        """Columns head, relation, tail (String) and confidence (0..1); rows whose entities are unknown are left out."""
        said = pl.concat(self._said)
        heads, tails = zip(*self._entities, strict=True) if self._entities else ((), ())
        found = pl.DataFrame(
            {
                "head": pl.Series(heads, dtype=pl.String),
                "relation": said["relation"],
                "tail": pl.Series(tails, dtype=pl.String),
                "confidence": said["confidence"],
            }
        )
        return found.filter(pl.col("head").is_not_null() & pl.col("tail").is_not_null())
