"""The form page: a person fills in a row, uploads a picture or a recording, and sees what the model says."""

from __future__ import annotations

import secrets
from functools import cache
from typing import Any

from fastapi import APIRouter
from jinja2 import Environment, PackageLoader
from starlette.responses import HTMLResponse

from consilience.modalities.form import form_of
from consilience.serving.hosted import Hosted
from consilience.serving.house import House

LEVEL = 0.9
"""Share of true values that shown sets and intervals promise to hold."""
MOST_CHOICES = 200
"""Categories of a column that are offered in a list; beyond, a text field."""
PREVIEWS = {"image": "img", "audio": "audio", "video": "video"}
"""Kind of a media type → the element that shows a file of it before it is sent."""
POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src data: blob:; "
    "media-src data: blob:; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)


def make_page(house: House) -> APIRouter:
    """`/` and `/models/{name}`."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    async def first() -> HTMLResponse:
        return _page(house, house.names[0])

    @router.get("/models/{name}")
    async def of_model(name: str) -> HTMLResponse:
        return _page(house, name)

    return router


def _page(house: House, name: str) -> HTMLResponse:
    hosted, nonce = house.of(name), secrets.token_urlsafe(16)
    html = _template().render(
        model=hosted,
        models=house.names,
        fields=[_field(column, modality, hosted) for column, modality in hosted.columns.items()],
        nonce=nonce,
        target=", ".join(hosted.model.targets),
        forecast=(hosted.bundle.facts["task"] or {}).get("targets") or [],
        level=LEVEL if hosted.bounded else 0,
    )
    return HTMLResponse(html, headers={"content-security-policy": POLICY.format(nonce=nonce)})


def _field(column: str, modality: str, hosted: Hosted) -> dict[str, Any]:
    """How one column is asked for."""
    form = form_of(modality)
    preview = PREVIEWS.get(form.accept.partition("/")[0], "")
    field: dict[str, Any] = {"column": column, "modality": modality, "kind": form.field, "choices": []}
    field |= {"accept": form.accept, "preview": preview, "example": hosted.examples.get(column)}
    field["hint"] = _hint(column, hosted)
    if form.field == "choice":
        facts = next(f for f in hosted.bundle.facts["groups"].values() if column in f["columns"])
        vocabulary = facts["vocabulary"][facts["columns"].index(column)]
        field["choices"] = sorted(vocabulary) if len(vocabulary) <= MOST_CHOICES else []
    return field


def _hint(column: str, hosted: Hosted) -> str:
    """What the two columns of a forecast hold, which no table of the user has; "" for every other column."""
    facts = hosted.bundle.facts
    windows = facts.get("windows") or {}
    if not windows or column not in ("past", "future"):
        return ""
    if column == "past":
        names = ", ".join(str(name) for name in windows["values"])
        return f"The last {facts['task']['past']} steps, the oldest first, as [[…], …]: {names} of each step."
    known = ", ".join(map(str, [*windows["known"], *windows["calendar"]]))
    return f"What is known of the {facts['task']['horizon']} steps ahead, as [[…], …]: {known} of each step."


@cache
def _template() -> Any:
    loader = PackageLoader("consilience.serving", "templates")
    return Environment(loader=loader, autoescape=True).get_template("form.html.j2")
