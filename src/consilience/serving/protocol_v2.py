"""The Open Inference Protocol, version 2 (KServe, Triton), beside the product's own routes.

https://kserve.github.io/website/docs/concepts/architecture/data-plane/v2-protocol ; the binary tensors of Triton's HTTP
clients are read (https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md).
One input a column, of shape [N] or [N, 1]; outputs are "prediction" [N] and "probabilities" [N, K].
"""

from __future__ import annotations

import base64
import struct
from typing import Any

import numpy as np
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from consilience.artifacts.decoded import as_line
from consilience.core.registry import get
from consilience.modalities.form import form_of
from consilience.serving.bodies import read_body, read_json
from consilience.serving.fetching import fetched
from consilience.serving.hosted import Asked, Hosted
from consilience.serving.house import Answers, House
from consilience.serving.refused import RefusedError
from consilience.serving.routes import answered
from consilience.serving.rows import read_rows

FIELDS = ("prediction", "probabilities")
NUMBERS = {
    "BOOL": "?",
    "INT8": "<i1",
    "INT16": "<i2",
    "INT32": "<i4",
    "INT64": "<i8",
    "UINT8": "<u1",
    "UINT16": "<u2",
    "UINT32": "<u4",
    "UINT64": "<u8",
    "FP16": "<f2",
    "FP32": "<f4",
    "FP64": "<f8",
}


def make_routes_v2(house: House) -> APIRouter:
    """Server and model metadata, health, inference."""
    router = APIRouter(prefix="/v2", include_in_schema=False)

    @router.get("")
    async def server() -> Response:
        return answered({"name": "consilience", "version": "2", "extensions": ["binary_tensor_data"]})

    @router.get("/health/live")
    async def live() -> Response:
        return answered({"live": True})

    @router.get("/health/ready")
    async def ready() -> Response:
        return answered({"ready": house.ready}, 200 if house.ready else 503)

    _add_model(router, house)
    return router


def _add_model(router: APIRouter, house: House) -> None:
    """Of a model, and of a version of it; without a version the latest is meant."""
    for base in ("/models/{name}", "/models/{name}/versions/{version}"):

        @router.get(base)
        async def metadata(name: str, version: str | None = None) -> Response:
            return answered(_metadata(house.of(name, version), house.versions(name)))

        @router.get(f"{base}/ready")
        async def model_ready(name: str, version: str | None = None) -> Response:
            return answered({"name": house.of(name, version).name, "ready": house.ready})

        @router.post(f"{base}/infer")
        async def infer(name: str, request: Request, version: str | None = None) -> Response:
            return await _infer(house, (name, version), request)


async def _infer(house: House, model: tuple[str, str | None], request: Request) -> Response:
    hosted = house.of(*model)
    body = await read_body(request, house.settings)
    cut = request.headers.get("inference-header-content-length", "")
    head, binary = (body[: int(cut)], body[int(cut) :]) if cut.isdigit() else (body, b"")
    given = read_json(head)
    found = await fetched(_rows(given.get("inputs"), binary, hosted), hosted.columns, house.settings)
    rows = read_rows(found, hosted.columns, house.settings)
    answers = await house.answer(model[0], [Asked(row) for row in rows], model[1])
    return answered({**_outputs(hosted.name, answers), **({"id": str(given["id"])} if "id" in given else {})})


def _metadata(hosted: Hosted, versions: list[str]) -> dict[str, Any]:
    inputs = [
        {"name": column, "datatype": "FP64" if form_of(modality).field == "number" else "BYTES", "shape": [-1]}
        for column, modality in hosted.columns.items()
    ]
    outputs: list[dict[str, Any]] = []
    for target, model in hosted.models.items():
        start = f"{target}:" if hosted.bundle.views else ""
        outputs.append({"name": f"{start}prediction", "datatype": "BYTES", "shape": [-1]})
        if model.classes:
            shape = [-1, len(model.classes)]
            outputs.append({"name": f"{start}probabilities", "datatype": "FP64", "shape": shape})
    return {
        "name": hosted.name,
        "versions": versions,
        "platform": "consilience_onnx",
        "inputs": inputs,
        "outputs": outputs,
    }


def _rows(inputs: Any, binary: bytes, hosted: Hosted) -> list[dict[str, Any]]:
    if not isinstance(inputs, list) or not inputs or not all(isinstance(i, dict) for i in inputs):
        raise RefusedError(422, '"inputs" is a list of tensors')
    columns, at = {}, 0
    for tensor in inputs:
        name, size = str(tensor.get("name")), (tensor.get("parameters") or {}).get("binary_data_size")
        if size is None:
            values = _listed(tensor.get("data"), name)
        else:
            if not isinstance(size, int) or size < 0 or at + size > len(binary):
                raise RefusedError(422, f"input {name!r}: the binary data is shorter than it says")
            values = _unpacked(binary[at : at + size], str(tensor.get("datatype")), name)
            at += size
        columns[name] = _cells(values, hosted.columns.get(name))
    if len({len(values) for values in columns.values()}) != 1:
        raise RefusedError(422, "inputs have different numbers of rows")
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _listed(data: Any, name: str) -> list[Any]:
    if not isinstance(data, list):
        raise RefusedError(422, f"input {name!r} has no data")
    flat = [v for row in data for v in (row if isinstance(row, list) else [row])]
    return [None if isinstance(v, float) and v != v else v for v in flat]


def _unpacked(data: bytes, datatype: str, name: str) -> list[Any]:
    """Values of a binary tensor: fixed-size numbers, or bytes each behind their length (4 bytes, little endian)."""
    if datatype in NUMBERS:
        kind = np.dtype(NUMBERS[datatype])
        if len(data) % kind.itemsize:
            raise RefusedError(422, f"input {name!r}: {len(data)} bytes are no whole number of {datatype}")
        found = np.frombuffer(data, kind).tolist()
        return [None if isinstance(v, float) and v != v else v for v in found]
    if datatype != "BYTES":
        raise RefusedError(422, f"input {name!r}: datatype {datatype[:20]!r} is not known")
    values, at = [], 0
    while at < len(data):
        if at + 4 > len(data):
            raise RefusedError(422, f"input {name!r}: the binary data ends within a length")
        (length,) = struct.unpack_from("<I", data, at)
        if at + 4 + length > len(data):
            raise RefusedError(422, f"input {name!r}: the binary data is shorter than it says")
        values.append(data[at + 4 : at + 4 + length])
        at += 4 + length
    return values


def _cells(values: list[Any], modality: str | None) -> list[Any]:
    """Bytes as text, but for media."""
    if modality is not None and get("modality", modality).media:
        return [base64.b64encode(v).decode() if isinstance(v, bytes) else v for v in values]
    return [v.decode("utf-8", "replace") if isinstance(v, bytes) else v for v in values]


def _tensors(answers: list[dict[str, Any]], start: str) -> list[dict[str, Any]]:
    """Predictions and, of classes, probabilities; their names begin with `start`."""
    said = [as_line(a["prediction"]) for a in answers]
    outputs = [{"name": f"{start}prediction", "datatype": "BYTES", "shape": [len(said)], "data": said}]
    if answers and "probabilities" in answers[0]:
        shares = [p for a in answers for p in a["probabilities"].values()]
        shape = [len(said), len(shares) // len(said)]
        outputs.append({"name": f"{start}probabilities", "datatype": "FP64", "shape": shape, "data": shares})
    return outputs


def _outputs(name: str, found: Answers) -> dict[str, Any]:
    answers = found.rows
    outputs: list[dict[str, Any]] = []
    if answers and isinstance(answers[0]["prediction"], dict):  # of several targets: "label:prediction" …
        for target in answers[0]["prediction"]:
            own = [{field: a[field][target] for field in FIELDS if target in a.get(field, ())} for a in answers]
            outputs += _tensors(own, f"{target}:")
    else:
        outputs = _tensors(answers, "")
    return {"model_name": name, "model_version": found.version, "outputs": outputs}
