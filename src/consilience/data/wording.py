"""How findings speak: lists of columns, rows and shares in plain words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def quoted(items: Iterable[str], most: int = 4) -> str:
    """'a', 'b' and 3 more."""
    names = list(items)
    shown = ", ".join(repr(n) for n in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def counted(count: int, one: str, many: str | None = None) -> str:
    """1 row, 2,000 rows."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def share(part: int, whole: int) -> str:
    """1.3 %, 0.004 %, 100 %."""
    value = 100 * part / max(whole, 1)
    digits = 0 if value in (0, 100) or 10 <= value < 99 else 1 if value >= 0.1 else 3
    return f"{value:.{digits}f} %"


def row_list(rows: Sequence[int], most: int = 5) -> str:
    """rows 3, 17, 20, …: 0 is the first row of data."""
    shown = ", ".join(f"{r}" for r in rows[:most])
    return f"row{'s' if len(rows) != 1 else ''} {shown}{', …' if len(rows) > most else ''}"


def clipped(text: str, most: int = 60) -> str:
    """One line of at most `most` letters."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"
