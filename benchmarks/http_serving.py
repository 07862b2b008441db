"""`consilience serve` beside a hand-written FastAPI + ONNX Runtime server and LitServe, on the same rows and cores.

    python benchmarks/http_serving.py BUNDLE        # an exported bundle of one image column, with sample rows

Prints one JSON line: p50 (ms) at 1 client, requests a second at 16 clients, both ratios. The hand-written server
decodes the base64 picture, runs the graph and answers with softmax shares; it does nothing of what else ours does
(repairs, calibration, limits, metrics). LitServe (`pip install litserve`, else left out) runs the same few lines with
and without batching; the better counts. Servers run one after the other in processes of their own; the load generator
(raw HTTP/1.1 over asyncio, connections kept) shares their cores.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from common import explain
from fastapi import FastAPI, Request

SECONDS = 6.0


class Network:
    """What both rivals run: base64 pictures → class and shares."""

    def __init__(self, bundle: Path) -> None:
        import cv2
        import onnxruntime

        self.cv2 = cv2
        description = json.loads((bundle / "manifest.json").read_text())["onnx"]
        facts = json.loads((bundle / "facts.json").read_text())["groups"]["image"]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(str(bundle / "network.onnx"), options)
        inputs = description["inputs"]
        self.pixels, self.mask = (next(i["name"] for i in inputs if i["array"] == a) for a in ("pixels", "mask"))
        self.flag = cv2.IMREAD_GRAYSCALE if facts["channels"] == 1 else cv2.IMREAD_COLOR
        self.shape = (facts["height"], facts["width"], facts["channels"])

    def decode(self, picture: str) -> np.ndarray[Any, Any]:
        image = self.cv2.imdecode(np.frombuffer(base64.b64decode(picture), np.uint8), self.flag)
        return self.cv2.resize(image, self.shape[1::-1]).reshape(1, 1, *self.shape)

    def run(self, images: list[np.ndarray[Any, Any]]) -> list[dict[str, Any]]:
        ones = np.ones((len(images), 1), bool)
        feed = {self.pixels: np.concatenate(images), self.mask: ones, "keep": ones}
        logits = self.session.run(None, feed)[0][0]
        shares = np.exp(logits - logits.max(1, keepdims=True))
        shares /= shares.sum(1, keepdims=True)
        return [{"class": int(row.argmax()), "shares": row.tolist()} for row in shares]


def rival(bundle: Path, port: int) -> None:
    """The hand-written server."""
    import uvicorn

    network, app = Network(bundle), FastAPI()

    @app.post("/predict")
    async def predict(request: Request) -> dict[str, Any]:
        return network.run([network.decode((await request.json())["image"])])[0]

    uvicorn.run(app, port=port, log_level="error", access_log=False)


async def load(port: int, path: str, bodies: list[bytes], clients: int) -> tuple[float, float]:
    """(p50 in ms, requests a second)."""
    times: list[float] = []
    until = time.perf_counter() + SECONDS

    async def client(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        turn = number
        while (began := time.perf_counter()) < until:
            body = bodies[turn % len(bodies)]
            turn += 1
            head = f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
            writer.write(head.encode() + b"\r\n\r\n" + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            assert b" 200 " in answer[:20], answer
            length = next(h for h in answer.lower().split(b"\r\n") if h.startswith(b"content-length"))
            await reader.readexactly(int(length.split(b":")[1]))
            times.append(time.perf_counter() - began)
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(client(i) for i in range(clients)))
    return 1e3 * float(np.median(times)), len(times) / (time.perf_counter() - began)


def measure(command: list[str], port: int, path: str, bodies: list[bytes]) -> dict[str, float]:
    process = subprocess.Popen(
        command, env={**os.environ, "OMP_NUM_THREADS": "1"}, stdout=subprocess.DEVNULL, start_new_session=True
    )
    try:
        for _ in range(200):
            time.sleep(0.1)
            try:
                asyncio.run(load_once(port))
                break
            except OSError:
                continue
        asyncio.run(load(port, path, bodies, 4))
        p50, _ = asyncio.run(load(port, path, bodies, 1))
        _, rate = asyncio.run(load(port, path, bodies, 16))
        return {"p50_ms_1_client": round(p50, 3), "per_second_16_clients": round(rate, 1)}
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:  # its workers keep it
            pass
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


async def load_once(port: int) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()


def main() -> None:
    bundle = Path(sys.argv[1])
    if len(sys.argv) > 2:
        rival(bundle, int(sys.argv[2]))
        return
    frame = pl.read_parquet(bundle / "sample.parquet")
    column = next(c for c, t in frame.schema.items() if t == pl.Binary)
    pictures = [base64.b64encode(v).decode() for v in frame[column] if v]
    serve = [sys.executable, "-m", "consilience", "serve", f"m={bundle}", "--quiet", "--port"]
    bodies = [json.dumps({"rows": [{column: p}]}).encode() for p in pictures]
    ours = measure([*serve, "8801"], 8801, "/v1/models/m/predict", bodies)
    with tempfile.TemporaryDirectory() as folder:
        log = ["--log", f"{folder}/log.db"]
        logged = measure([*serve, "8803", *log], 8803, "/v1/models/m/predict", bodies)
    plain = [json.dumps({"image": p}).encode() for p in pictures]
    theirs = measure([sys.executable, __file__, str(bundle), "8802"], 8802, "/predict", plain)
    lit: dict[str, Any] = {}
    if find_spec("litserve"):
        for batch in (1, 16):
            rival_file = str(Path(__file__).with_name("http_litserve.py"))
            command = [sys.executable, rival_file, str(bundle), str(8804 + batch), str(batch)]
            lit[f"batch_{batch}"] = measure(command, 8804 + batch, "/predict", plain)
    print(
        json.dumps(
            {
                "benchmark": "http_serving",
                "bundle": bundle.name,
                "consilience": ours,
                "with_log": logged,
                "fastapi_onnxruntime": theirs,
                "litserve": lit,
                "log_ratio": round(logged["per_second_16_clients"] / ours["per_second_16_clients"], 2),
                "p50_ratio": round(ours["p50_ms_1_client"] / theirs["p50_ms_1_client"], 2),
                "throughput_ratio": round(ours["per_second_16_clients"] / theirs["per_second_16_clients"], 2),
            }
        )
    )


if __name__ == "__main__":
    explain(__doc__)
    main()
