"""A run that cannot teach is refused before any work, with what is possible in its place."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from consilience.core.errors import InputError
from consilience.distillation.teachable import check_teachable


def bundle(kind: str, views: dict[str, Any] | None = None) -> Any:
    return SimpleNamespace(task=SimpleNamespace(kind=kind), views=views or {})


@pytest.mark.parametrize("kind", ["forecast", "boxes", "text"])
def test_what_is_no_class_or_value_is_not_taught(kind: str) -> None:
    with pytest.raises(InputError, match=r"not distilled.*consilience train --effort 1"):
        check_teachable(bundle(kind), "distilled")


def test_several_targets_are_named() -> None:
    with pytest.raises(InputError, match=r"several targets \('a', 'b'\) is not pruned"):
        check_teachable(bundle("several", {"a": None, "b": None}), "pruned")


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel", "regression"])
def test_classes_and_values_teach(kind: str) -> None:
    check_teachable(bundle(kind), "distilled")
