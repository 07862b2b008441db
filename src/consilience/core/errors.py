"""Errors that a user can act on: what happened, where, and how to mend it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ConsilienceError(Exception):
    """Base of every error raised on purpose. `str()` is one clear line; the CLI prints it and exits with 2."""


class InputError(ConsilienceError, ValueError):
    """The table, recipe, file or option that was given cannot be used.

    Args:
        what: what happened and what was received, in one clause.
        where: the file, column, row or field at fault, or None when `what` already names it.
        fix: how to mend it.
    """

    def __init__(self, what: str, *, where: str | None = None, fix: str | None = None) -> None:
        self.what, self.where, self.fix = what, where, fix
        line = f"{where}: {what}" if where else what
        super().__init__(f"{line}. {fix}" if fix else line)


class MissingExtraError(ConsilienceError):
    """An optional library is not installed; the message names the pip extra that brings it."""

    def __init__(self, library: str, extra: str, needed_for: str) -> None:
        super().__init__(
            f"{needed_for} needs the library {library!r}, which is not installed. "
            f"Install it with: pip install 'consilience[{extra}]'"
        )


def nearest(name: str, known: Iterable[str], count: int = 3) -> str:
    """A clause that names the known values nearest to `name`, for the end of an error message.

    Example:
        >>> nearest("txet", ["text", "image"])
        "did you mean 'text'?"
    """
    names = sorted(str(k) for k in known)
    lowered = {n.lower(): n for n in names}
    close = [lowered[m] for m in difflib.get_close_matches(name.lower(), list(lowered), count, 0.5)]
    if close:
        return f"did you mean {' or '.join(repr(c) for c in close)}?"
    shown = ", ".join(names[:20]) + (", …" if len(names) > 20 else "")
    return f"known values: {shown}" if names else "nothing is known here"
