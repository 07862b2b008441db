"""Entities marked in texts: where they are, what cannot be found, and back."""

from __future__ import annotations

import pytest

from consilience.core.errors import InputError
from consilience.core.recipe import Relation
from consilience.data.entity_marks import entities_of, mark, mark_for_training, mark_table
from consilience.data.table import read_table

RELATION = Relation(text="text", head="a", tail="b")


@pytest.mark.parametrize(
    ("text", "head", "tail", "wanted"),
    [
        ("Ada taught Bob.", "Ada", "Bob", "[E1] Ada [/E1] taught [E2] Bob [/E2]."),
        ("Ada taught Bob.", "Bob", "Ada", "[E2] Ada [/E2] taught [E1] Bob [/E1]."),
        ("Adam and Ada met Bob", "Ada", "Bob", "Adam and [E1] Ada [/E1] met [E2] Bob [/E2]"),
        ("Bob met Bob", "Bob", "Bob", "[E1] Bob [/E1] met [E2] Bob [/E2]"),
        ("Ada taught Bob.", "11:14", "0:3", "[E2] Ada [/E2] taught [E1] Bob [/E1]."),
        ("阿达教了鲍勃", "阿达", "鲍勃", "[E1] 阿达 [/E1]教了[E2] 鲍勃 [/E2]"),
        ("a+b? (c)", "a+b?", "(c)", "[E1] a+b? [/E1] [E2] (c) [/E2]"),
        ("Ada taught Bob.", "Cleo", "Bob", None),
        ("Ada taught Bob.", None, "Bob", None),
        ("Ada", "Ada", "Ada", None),
        ("Ada taught Bob.", "0:99", "Bob", None),
    ],
)
def test_marks(text: str, head: str | None, tail: str | None, wanted: str | None) -> None:
    assert mark(text, head, tail) == wanted


def test_nested_places_and_marks_that_stand_already() -> None:
    nested = mark("New York City", "0:8", "4:8")
    assert nested == "[E1] New [E2] York [/E2] [/E1] City"
    assert mark(nested, None, None) == nested
    assert entities_of("[E2] Ada [/E2] taught\n[E1] Bob [/E1]") == ("Bob", "Ada")
    assert entities_of("no marks") == (None, None)
    assert entities_of(None) == (None, None)


def test_a_table_is_marked_and_what_is_lost_is_counted() -> None:
    table = read_table({"text": ["Ada met Bob", "Cleo met Bob", None], "a": ["Ada"] * 3, "b": ["Bob"] * 3})
    marked, problems = mark_table(table, RELATION)
    assert marked.frame["text"].to_list() == ["[E1] Ada [/E1] met [E2] Bob [/E2]", None, None]
    assert [(p.code, p.column, p.count, p.rows) for p in problems] == [("entity_not_found", "text", 1, [1])]
    assert mark_table(table, None) == (table, [])
    with pytest.raises(InputError, match=r"column 'text': row 1: no text with both entities: 'Ada' and 'Bob' in 'Cleo"):
        mark_for_training(table, RELATION)
    with pytest.raises(InputError, match="no column 'aa'"):
        mark_for_training(table, RELATION.model_copy(update={"head": "aa"}))


def test_marked_texts_need_no_columns() -> None:
    text = "[E1] Ada [/E1] met [E2] Bob [/E2]"
    table = read_table({"text": [text, text + "!"]})
    marked, problems = mark_table(table, RELATION)
    assert marked.frame["text"].to_list() == [text, text + "!"]
    assert not problems
