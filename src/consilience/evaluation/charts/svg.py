"""Building blocks of an SVG string: escaped elements, text that fits, round axis ticks."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Sequence
from html import escape

FONT = 12
"""Text size in px; the page may not scale a chart far from it."""


def element(name: str, content: str = "", /, **attributes: object) -> str:
    """One element; `content` is markup already, attribute values are escaped, `_` in a name becomes `-`."""
    pairs = []
    for key, value in attributes.items():
        if value is None:
            continue
        plain = f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
        pairs.append(f' {key.rstrip("_").replace("_", "-")}="{escape(plain)}"')
    return f"<{name}{''.join(pairs)}>{content}</{name}>"


def text(x: float, y: float, words: object, **attributes: object) -> str:
    """A line of text; `y` is its middle."""
    return element("text", escape(clean(words)), x=float(x), y=float(y), dy="0.35em", **attributes)


def tick_below(x: float, y: float, words: str, width: float) -> str:
    """The label of a tick, under it; moved inward where it would leave a picture `width` px wide."""
    half = text_width(words) / 2
    inside = min(max(x, half), max(width - half, half))
    return text(inside, y, words, class_="tick", text_anchor="middle")


def in_lines(words: str, room: float, size: float = FONT) -> list[str]:
    """`words` broken at blanks into lines of about `room` px; what has no blank stays whole."""
    found: list[str] = []
    for word in clean(words).split(" "):
        if found and text_width(f"{found[-1]} {word}", size) <= room:
            found[-1] += f" {word}"
        else:
            found.append(word)
    return found


def tooltip(words: object) -> str:
    return element("title", escape(clean(words)))


def document(width: float, height: float, label: str, parts: Iterable[str], class_: str = "chart") -> str:
    """The whole picture; `label` is what a screen reader says."""
    return element(
        "svg",
        "".join(parts),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width:.0f} {height:.0f}",
        width=f"{width:.0f}",
        height=f"{height:.0f}",
        role="img",
        aria_label=clean(label),
        class_=class_,
    )


def clean(words: object) -> str:
    """One line without control characters, which XML and HTML forbid."""
    return " ".join("".join(" " if ord(c) < 32 or 127 <= ord(c) < 160 else c for c in str(words)).split())


def text_width(words: str, size: float = FONT) -> float:
    """Estimated width in px: wide letters (Chinese, Japanese, Korean, emoji) count one em, others 0.57."""
    return size * sum(1.0 if unicodedata.east_asian_width(c) in "WF" else 0.57 for c in words)


def shortened(words: object, room: float, size: float = FONT) -> str:
    """`words` cut with … to about `room` px."""
    line = clean(words)
    if text_width(line, size) <= room:
        return line
    while line and text_width(line + "…", size) > room:
        line = line[:-1]
    return line.rstrip() + "…"


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round values inside [low, high]: multiples of 1, 2 or 5 times a power of ten, at least one."""
    span = high - low
    if not math.isfinite(span) or span <= 0:
        return [low]
    rough = span / max(most, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * m for m in (1, 2, 5, 10) if power * m >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(i * step, 12) for i in range(first, last + 1)] or [low]


def padded(values: Sequence[float], share: float = 0.05) -> tuple[float, float]:
    """The range of `values`, a little wider; never empty."""
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    margin = (high - low) * share or max(abs(high) * 0.05, 1e-9)
    return low - margin, high + margin


def tick_label(value: float, percent: bool = False) -> str:
    if percent:
        return f"{100 * value:.6g} %"
    return (f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.6g}").replace("-", "\u2212")
