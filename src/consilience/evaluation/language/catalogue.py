"""Looks a sentence up by its key and fills it in."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any, Literal

from consilience.core.errors import InputError, nearest

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")
CATALOGUES = ("names", "page", "sentences", "methods", "data_findings", "run_checks", "card", "targets")
"""Modules beside this one. A key is "<catalogue>.<name>"."""


@cache
def words(catalogue: str, language: Language) -> dict[str, str]:
    """Name → pattern of one catalogue."""
    module = import_module(f"consilience.evaluation.language.{catalogue}")
    return dict(module.WORDS[language])


def known(key: str, language: Language = "en") -> bool:
    """Whether the catalogues have the key."""
    catalogue, _, name = key.partition(".")
    return catalogue in CATALOGUES and name in words(catalogue, language)


def say(key: str, language: Language = "en", /, **values: Any) -> str:
    """The pattern of `key` ("sentences.idle") with its placeholders filled.

    Raises:
        KeyError: for a key or a placeholder that is missing: a mistake in the program, not in the input.
    """
    catalogue, _, name = key.partition(".")
    pattern = words(catalogue, language)[name]
    return pattern.format(**values) if values else pattern


def plural(noun: str, number: int, language: Language = "en") -> str:
    """1 row, 2,000 rows, 2,000 行: a counted noun of the catalogue `names`, singular | plural."""
    one, _, many = say(f"names.count.{noun}", language).partition("|")
    return (one if number == 1 or not many else many).format(n=f"{number:,}")


def language_of(result: Mapping[str, Any], wanted: str | None = None) -> Language:
    """The language asked for, else the one that the run's recipe names, else English.

    Raises:
        InputError: for a language that is not known.
    """
    asked = wanted or (((result.get("recipe") or {}).get("report") or {}).get("language")) or "en"
    for language in LANGUAGES:
        if language == asked:
            return language
    raise InputError(f"the report has no language {asked!r}", where="--language", fix=nearest(str(asked), LANGUAGES))
