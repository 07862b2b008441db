"""In what form cells of a modality come and go: over HTTP, in an entry field, in the eyes of checks.

A modality class may say so in `form`; the layers above read it from here and never ask for a modality by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from consilience.core.registry import get

Field = Literal["line", "number", "choice", "text", "series", "file"]


class Extent(NamedTuple):
    """How large a file is once it is decoded, read from its header. width, height: pixels; seconds: duration. 0 where
    the medium has no such measure."""

    width: int = 0
    height: int = 0
    seconds: float = 0.0


class Form(NamedTuple):
    """The form of a modality's cells. Every field has a default that serves a value which is short and readable."""

    schema: Mapping[str, Any] = MappingProxyType({"type": ["string", "number", "boolean", "null"]})
    """JSON schema of a cell in a request."""
    field: Field = "line"
    """How a page asks for a cell: a line, a number, a choice of the facts' "vocabulary", several lines of text, a
    series, a file. Cells of "text" are also shown at greater length."""
    accept: str = ""
    """Of files: the media type that a page offers to choose ("image/*")."""
    lists: bool = False
    """A list in a request is one cell, kept as JSON text; else its items are the values of a set."""
    opaque: bool = False
    """Cells are not compared as text."""
    recurs: bool = True
    """Equal cells in two rows may be chance."""
    plain: bool = False
    """Cells are logged, and looked at for drift, as they are; of all others a few figures are."""
    distinct: bool = False
    """Cells that all differ are no sign that they name rows."""
    example: Callable[[Mapping[str, Any], int], Any] | None = None
    """(facts, place of the column) → an example of a cell for people."""
    extent: Callable[[bytes], Extent] | None = None
    """Bytes of a file → its extent, by the header alone, so that a server can refuse what is too large to decode.
    Raises UnreadableError."""


def file_form(what: str, accept: str = "", extent: Callable[[bytes], Extent] | None = None) -> Form:
    """The form of a medium: base64 over HTTP, a file to choose on a page. what: "an image file"."""
    schema = {"type": ["string", "null"], "contentEncoding": "base64", "description": what}
    return Form(schema, "file", accept, opaque=True, recurs=False, distinct=True, extent=extent)


LINE, FILE = Form(), file_form("a file")


def form_of(modality: str) -> Form:
    """The form that the modality of this name declares; LINE, or FILE for a medium, where it declares none."""
    component = get("modality", modality)
    found: Form = getattr(component, "form", FILE if component.media else LINE)
    return found
