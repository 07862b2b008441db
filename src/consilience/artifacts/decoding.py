"""How a trained model searches for its texts, changed for a while."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from consilience.artifacts.bundle import Bundle
from consilience.core.errors import InputError
from consilience.core.recipe import make_recipe

FIELD = "task.decoding."


@contextmanager
def decoding(bundle: Bundle, settings: Sequence[str]) -> Iterator[None]:
    """Inside, the bundle writes with `settings` ("method=sample", "beams=8") laid over its own; see `search.Decoding`.

    Raises:
        InputError: when the model writes no texts, or a setting is unknown or out of range.
    """
    if not settings:
        yield
        return
    if bundle.task.kind != "text":
        raise InputError("the model writes no texts: nothing can be set when it predicts", where="--set")
    fields = tuple(FIELD + setting.strip().removeprefix(FIELD).removeprefix("decoding.") for setting in settings)
    recipe = make_recipe(bundle.recipe.model_dump(mode="json"), fields, "--set")
    assert recipe.task is not None, "a bundle holds a resolved recipe"
    _, config = recipe.task.configured("task")
    heads: list[Any] = [head for network in bundle.networks for head in network.heads.values()]
    exported: Any = bundle.exported
    if exported is not None:
        heads.append(exported.writer)
    before = [head.decoding for head in heads]
    for head in heads:
        head.decoding = config.decoding
    try:
        yield
    finally:
        for head, own in zip(heads, before, strict=True):
            head.decoding = own
