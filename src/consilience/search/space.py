"""Which recipe fields a search varies, and within what: read from a file, laid over a recipe."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field

from consilience.core.config import Config, validate
from consilience.core.errors import InputError, nearest
from consilience.core.recipe import Recipe, make_recipe

FIXED = ("version", "target", "seed", "task", "ignore", "columns", "groups", "disciplines", "split", "report")
"""Fields that decide which rows are compared, or nothing about the model: a search never varies them."""


class Range(Config):
    """Numbers between two bounds; whole numbers where both bounds are whole."""

    low: int | float
    high: int | float
    log: bool = False
    """Drawn on a logarithmic scale."""

    @property
    def whole(self) -> bool:
        return isinstance(self.low, int) and isinstance(self.high, int)

    def holds(self, value: Any) -> bool:
        """Whether a trial could take this value."""
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return number and self.low <= value <= self.high and (not self.whole or float(value).is_integer())


class Choices(Config):
    """One of several values; a mapping is a component with options: {type: conv_text, embedding: 64}."""

    choices: tuple[Any, ...] = Field(min_length=1)

    def holds(self, value: Any) -> bool:
        return label(value) in {label(choice) for choice in self.choices}

    def labelled(self) -> dict[Any, Any]:
        """Label → choice: what the storage keeps (a number, text, True, False or None), and what it stands for."""
        return {label(choice): choice for choice in self.choices}


Space = dict[str, Range | Choices]
"""Field path of the recipe ("train.learning_rate") → what it may be."""


def label(value: Any) -> Any:
    """A choice as a plain value: mappings and lists as JSON."""
    return json.dumps(value, sort_keys=True) if isinstance(value, (dict, list, tuple)) else value


def read_space(path: Path) -> Space:
    """The space in a YAML file: field path → {low, high, log} or {choices}.

    Raises:
        InputError: when the file is missing, or a field's block is not one of the two.
    """
    if not path.is_file():
        raise InputError("space file not found", where=str(path))
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise InputError(f"not readable as YAML: {' '.join(str(error).split())}", where=str(path)) from None
    if not isinstance(values, dict) or not values:
        raise InputError("a space is a mapping of recipe fields", where=str(path), fix="train.dropout: {choices: [0]}")
    return make_space(values, str(path))


def make_space(values: Mapping[str, Any], where: str = "space") -> Space:
    """
    Raises:
        InputError: see `read_space`.
    """
    found: Space = {}
    for path, block in values.items():
        here = f"{where}, {path}"
        if isinstance(block, (Range, Choices)):
            found[path] = block
        elif not isinstance(block, Mapping):
            raise InputError(f"received {block!r}", where=here, fix="Write {low, high, log} or {choices: [...]}")
        elif "choices" in block:
            found[path] = validate(Choices, {**block, "choices": _sequence(block["choices"], here)}, here)
        else:
            found[path] = _checked(validate(Range, _numbers(block), here), here)
    return found


def dump_space(space: Space) -> dict[str, Any]:
    """The space as plain JSON values; `make_space` reads it back."""
    return {path: block.model_dump(mode="json") for path, block in space.items()}


def _sequence(values: Any, where: str) -> list[Any]:
    if not isinstance(values, (list, tuple)):
        raise InputError(f"choices are a list, received {values!r}", where=where)
    return list(values)


def _numbers(block: Mapping[str, Any]) -> dict[str, Any]:
    """YAML 1.1 reads 3e-4 as text."""
    found = dict(block)
    for bound in ("low", "high"):
        if isinstance(found.get(bound), str):
            try:
                found[bound] = float(found[bound])
            except ValueError:
                continue  # pydantic names the field and what was received
    return found


def _checked(block: Range, where: str) -> Range:
    if not block.low < block.high:
        raise InputError(f"low is {block.low:g} and high is {block.high:g}", where=where, fix="low must be smaller")
    if block.log and block.low <= 0:
        raise InputError(f"low is {block.low:g}: a logarithmic range begins above 0", where=where)
    return block


def check_space(recipe: Recipe, space: Space) -> None:
    """Lay each value of the space (of a range: both bounds) over the recipe.

    Raises:
        InputError: for a field that a search never varies, an unknown field, or a value that the field refuses.
    """
    for path, block in space.items():
        root = path.split(".")[0]
        if root not in Recipe.model_fields:
            raise InputError(f"unknown field {path!r}", where="space", fix=nearest(root, Recipe.model_fields))
        if root in FIXED:
            raise InputError(f"{path!r} cannot be searched: all trials are judged on the same rows", where="space")
        for value in block.choices if isinstance(block, Choices) else (block.low, block.high):
            laid_over(recipe, {path: value})


def laid_over(recipe: Recipe, values: Mapping[str, Any]) -> Recipe:
    """The recipe with these values at these field paths; components before their options.

    Raises:
        InputError: when the recipe refuses a value.
    """
    content = recipe.model_dump(mode="json")
    for path in sorted(values, key=lambda p: (not p.endswith(".type"), p.count("."), p)):
        _place(content, path, copy.deepcopy(values[path]))
    return make_recipe(content, (), "space")


def _place(content: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split(".")
    block = content
    for parent in parents:
        if not isinstance(block.get(parent), dict):
            block[parent] = {}
        block = block[parent]
    if last == "type" and block.get("type") != value:
        block.clear()  # options of another component mean nothing to this one
    here = block.get(last)
    if isinstance(value, str) and (isinstance(here, dict) or parents == ["encoders"] or path == "fusion"):
        value = here if isinstance(here, dict) and here.get("type") == value else {"type": value}
    block[last] = value


def value_at(recipe: Recipe, path: str) -> Any:
    """What a resolved recipe has at a path; of an encoder the name. None where it has nothing."""
    root, _, rest = path.partition(".")
    if root == "encoders":
        name, _, option = rest.partition(".")
        found = next((g.encoder for n, g in recipe.groups.items() if name in (n, g.modality)), None)
        return found and (found.type if option in ("", "type") else found.options.get(option))
    here: Any = recipe.model_dump(mode="json")
    for part in path.split("."):
        here = here.get(part) if isinstance(here, dict) else None
    return here["type"] if isinstance(here, dict) and "type" in here else here
