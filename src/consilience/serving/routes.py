"""The product's own routes."""

from __future__ import annotations

import asyncio
import io
from typing import Any

import orjson
import polars as pl
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from consilience.artifacts.decoded import as_line
from consilience.serving.bodies import read_body, read_form, read_table_rows
from consilience.serving.fetching import fetched
from consilience.serving.front import predicted
from consilience.serving.hosted import Asked
from consilience.serving.house import Answers, House
from consilience.serving.past_rows import past_columns, with_past
from consilience.serving.rows import read_rows
from consilience.serving.schema import described, predict_schema
from consilience.tasks.several import named_columns


def make_routes(house: House) -> APIRouter:
    """Health, metrics, models, predictions."""
    router = APIRouter()
    _add_state(router, house)
    for name in house.names:
        add_model(router, house, name)
    return router


def answered(value: Any, status: int = 200) -> Response:
    """As JSON; numbers that are not finite become null."""
    return Response(orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY), status, media_type="application/json")


def _add_state(router: APIRouter, house: House) -> None:
    @router.get("/healthz")
    async def healthz() -> Response:
        """Whether the process stands."""
        return answered({"status": "ok"})

    @router.get("/readyz")
    async def readyz() -> Response:
        """Whether requests are taken."""
        return answered({"ready": house.ready}, 200 if house.ready else 503)

    @router.get("/metrics")
    async def metrics() -> Response:
        """Prometheus metrics."""
        return Response(house.measures.text(), media_type="text/plain; version=0.0.4")

    @router.get("/v1/models")
    async def models() -> Response:
        """The models of this server: columns, task, version."""
        return answered({"models": [_described(house, name) for name in house.names]})

    @router.post("/v1/models/{name}/reload", include_in_schema=False)
    async def reload(name: str, request: Request) -> Response:
        return await _reload(house, name, request)


async def _reload(house: House, name: str, request: Request) -> Response:
    await read_body(request, house.settings)
    return answered({"model": name, "version": (await house.reload(name)).version})


def _described(house: House, name: str) -> dict[str, Any]:
    return {**described(house.of(name)), "versions": house.versions(name)}


def add_model(router: APIRouter, house: House, name: str) -> None:
    """The routes of one model."""
    base = f"/v1/models/{name}"

    async def predict(request: Request) -> Response:
        """Predictions for rows: {"rows": [{column: value}], "level": 0.9, "abstain": 0.05, "explain": false}."""
        return answered(await predicted(house, name, await read_body(request, house.settings), request.client))

    async def predict_form(request: Request) -> Response:
        """A prediction for one row of a multipart form; files are images and recordings."""
        columns = house.of(name).columns
        given = await fetched([await read_form(request, columns, house.settings)], columns, house.settings)
        row = read_rows(given, columns, house.settings)[0]
        return _answered(name, await house.answer(name, [Asked(row, explain=house.of(name).explains)]))

    async def predict_table(request: Request) -> Response:
        """Predictions for a table (CSV, TSV, JSON Lines, Parquet), as JSON, CSV or Parquet: see Accept."""
        body = await read_body(request, house.settings)
        hosted = house.of(name)
        columns, kind = hosted.columns, request.headers.get("content-type", "")
        wanted = {**columns, **dict.fromkeys(past_columns(hosted.bundle), "category")}
        found = await asyncio.to_thread(read_table_rows, body, kind, wanted)
        found = await asyncio.to_thread(with_past, found, hosted.bundle, house.settings.max_rows)
        found = await fetched(found, columns, house.settings)
        rows = await asyncio.to_thread(read_rows, found, columns, house.settings)
        answers = await house.answer(name, [Asked(row) for row in rows])
        return _as_table(answers.rows, request.headers.get("accept", ""))

    async def reload(request: Request) -> Response:
        """Load the model's folder again; requests that wait are answered by the old one."""
        return await _reload(house, name, request)

    async def model() -> Response:
        """Columns, task, versions and metrics of the model."""
        return answered(_described(house, name))

    extra = predict_schema(house.of(name))
    router.add_api_route(base, model, methods=["GET"], name=f"{name} model")
    router.add_api_route(f"{base}/predict", predict, methods=["POST"], name=f"{name} predict", openapi_extra=extra)
    router.add_api_route(f"{base}/predict/form", predict_form, methods=["POST"], name=f"{name} form")
    router.add_api_route(f"{base}/predict/table", predict_table, methods=["POST"], name=f"{name} table")
    router.add_api_route(f"{base}/reload", reload, methods=["POST"], name=f"{name} reload")


def _answered(name: str, answers: Answers) -> Response:
    return answered({"model": name, "version": answers.version, "predictions": answers.rows})


def flat_answer(answer: dict[str, Any]) -> dict[str, Any]:
    """The columns that `consilience predict` writes: of several targets "label", "label:probability:yes", "age" …"""
    said, shares = answer["prediction"], answer.get("probabilities", {})
    if not isinstance(said, dict):
        return {"prediction": as_line(said), **{f"probability:{c}": p for c, p in shares.items()}}
    found: dict[str, Any] = {}
    for target, value in said.items():
        own = {f"probability:{c}": p for c, p in shares.get(target, {}).items()}
        found |= named_columns(target, {"prediction": value, **own})
    return found


def _as_table(answers: list[dict[str, Any]], accept: str) -> Response:
    flat = [flat_answer(a) for a in answers]
    if "csv" not in accept and "parquet" not in accept:
        return answered({"predictions": answers})
    file = io.BytesIO()
    frame = pl.DataFrame(flat, infer_schema_length=None)
    if "parquet" in accept:
        frame.write_parquet(file)
        return Response(file.getvalue(), media_type="application/vnd.apache.parquet")
    frame.write_csv(file)
    return Response(file.getvalue(), media_type="text/csv; charset=utf-8")
