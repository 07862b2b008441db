"""What a server survives: kill -9 under load, load for minutes, and inputs that were never meant.

    python benchmarks/faults.py BUNDLE [--kills 20] [--seconds 600] [--mutations 1000]

BUNDLE: an exported bundle with sample rows. Prints one JSON line. All traffic stays on 127.0.0.1; servers run one after
the other, with a prediction log and an audit, in a folder that goes at the end.

kills: the server is killed under load, with --log-sync and without, every other time together with the process that
writes its log, which else writes what it was handed and ends; every time the audit is verified. `answered` counts
answers that arrived, `lost` those of them that the log does not hold. With --log-sync that must be 0. Without, an
entry is acknowledged when /metrics counts it (consilience_logged_rows): `counted` is what was seen there before the
kill, `counted_lost` must be 0.
load: resident memory of the server in MB, after a sixth of the time and at the end.
mutations: answers by status for each kind of input; `failed` counts 5xx, `dropped` connections that were closed without
an answer (0 among the statuses: headers longer than the server reads), `crashed` is 1 when the server died of it.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import http.client
import io
import json
import os
import random
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from consilience.watching import audit

CLIENTS = 8
PREDICT = "/v1/models/m/predict"


class Place(NamedTuple):
    """Where a server runs. folder: of the bundle's copy, its log and its audit."""

    folder: Path
    port: int

    @property
    def log(self) -> Path:
        return self.folder / "log.db"

    @property
    def chain(self) -> Path:
        return audit.beside(self.folder / "bundle")


class Sample(NamedTuple):
    """A row of the bundle as JSON cells, and a file of it (b"" where it has no media)."""

    row: dict[str, Any]
    column: str
    file: bytes


def make_place(bundle: Path, folder: str) -> Place:
    shutil.copytree(bundle, Path(folder) / "bundle")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        place = Place(Path(folder), int(free.getsockname()[1]))
    audit.append(place.chain, "export", {})
    return place


@contextmanager
def server(place: Place, *more: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "consilience", "serve", f"m={place.folder / 'bundle'}", "--quiet"]
    command += ["--port", str(place.port), "--log", str(place.log), *more]
    errors = (place.folder / "errors.txt").open("ab")
    process = subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": "1"}, stderr=errors)
    try:
        until = time.monotonic() + 120
        while ask(place.port, "GET", "/readyz")[0] != 200:
            assert process.poll() is None, (place.folder / "errors.txt").read_text()
            assert time.monotonic() < until, "the server did not start"
            time.sleep(0.1)
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(60)
        errors.close()


def ask(
    port: int, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> tuple[int, bytes]:
    """Status and body; status 0 when no answer came."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()


def counted(port: int) -> int:
    """Rows that the server says are on the disk."""
    found = re.search(rb"^consilience_logged_rows (\S+)$", ask(port, "GET", "/metrics")[1], re.MULTILINE)
    return int(float(found[1])) if found else 0


def sample_of(bundle: Path) -> Sample:
    row = pl.read_parquet(bundle / "sample.parquet").to_dicts()[0]
    column = next((c for c, v in row.items() if isinstance(v, bytes)), "")
    cells = {c: base64.b64encode(v).decode() if isinstance(v, bytes) else v for c, v in row.items()}
    return Sample(cells, column, row.get(column) or b"")


async def load(port: int, body: bytes, seconds: float) -> list[str]:
    """Ids of all rows whose answers arrived; a client stops at the first connection that breaks."""
    ids: list[str] = []
    until = time.monotonic() + seconds
    head = f"POST {PREDICT} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n".encode()

    async def client() -> None:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            while time.monotonic() < until:
                writer.write(head + body)
                answer = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"content-length: (\d+)", answer.lower())
                assert length is not None
                content = json.loads(await reader.readexactly(int(length[1])))
                ids.extend(p["id"] for p in content.get("predictions", ()))
            writer.close()
        except (OSError, asyncio.IncompleteReadError):
            return

    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return ids


def logged(place: Place) -> set[str]:
    with sqlite3.connect(place.log) as connection:
        return {row[0] for row in connection.execute("select id from consilience_predictions")}


def kills(bundle: Path, body: bytes, number: int, sync: bool) -> dict[str, Any]:
    dice = random.Random(int(sync))
    found: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        place = make_place(bundle, folder)
        for turn in range(number):
            before = len(logged(place)) if place.log.is_file() else 0
            with server(place, *(["--log-sync"] if sync else [])) as process:
                writers = children(process)
                dying = [process.pid, *(writers if turn % 2 else [])]
                answered, seen = asyncio.run(killed(place.port, body, dying, dice.uniform(0.5, 2.0)))
            wait_for(writers)
            held = logged(place)
            found["kills"] += 1
            found["writers_killed"] += turn % 2
            found["answered"] += len(answered)
            found["lost"] += len(set(answered) - held)
            found["counted"] += seen
            found["counted_lost"] += max(0, seen - (len(held) - before))
            found["audits_sound"] += audit.verify(place.chain).sound
        told = sum(line["facts"]["rows"] for line in audit.read(place.chain) if line["kind"] == "predict")
        found["rows_without_audit"] = len(held) - told
        with sqlite3.connect(place.log) as connection:
            sound = connection.execute("pragma integrity_check").fetchone()[0]
    return {**found, "log": sound}


def children(process: subprocess.Popen[bytes]) -> list[int]:
    """Processes that this one has started: the writer of its log."""
    found = Path("/proc").glob(f"{process.pid}/task/*/children")
    return [int(pid) for path in found for pid in path.read_text().split()]


def wait_for(processes: list[int]) -> None:
    """Until all of them have ended."""
    until = time.monotonic() + 60
    while any(map(running, processes)):
        assert time.monotonic() < until, f"{processes} do not end"
        time.sleep(0.05)


def running(pid: int) -> bool:
    """False for a process that has ended, even where its parent has not noticed yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def killed(port: int, body: bytes, dying: list[int], after: float) -> tuple[list[str], int]:
    """Answers that arrived before the kill, and the last count of logged rows that was seen."""
    answering = asyncio.ensure_future(load(port, body, 60))
    until, seen = time.monotonic() + after, 0
    while time.monotonic() < until:
        seen = max(seen, await asyncio.to_thread(counted, port))
    for pid in dying:
        os.kill(pid, signal.SIGKILL)
    return await answering, seen


def memory(process: subprocess.Popen[bytes]) -> float:
    text = Path(f"/proc/{process.pid}/status").read_text()
    return int(text.partition("VmRSS:")[2].split()[0]) / 1024


def long_load(bundle: Path, body: bytes, seconds: float) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        place = make_place(bundle, folder)
        with server(place) as process:
            warm = len(asyncio.run(load(place.port, body, seconds / 6)))
            early = memory(process)
            answered = len(asyncio.run(load(place.port, body, seconds * 5 / 6)))
            late = memory(process)
        held = len(logged(place))
    return {
        "seconds": seconds,
        "rows": warm + answered,
        "logged": held,
        "mb_early": round(early, 1),
        "mb_late": round(late, 1),
        "growth_mb": round(late - early, 1),
    }


def bent(data: bytes, dice: random.Random) -> bytes:
    """Some bytes changed, and often cut or grown."""
    changed = bytearray(data)
    for _ in range(dice.randint(1, 6)):
        if changed:
            changed[dice.randrange(len(changed))] = dice.randrange(256)
    turn = dice.random()
    if turn < 0.35:
        return bytes(changed[: dice.randrange(len(changed) + 1)])
    return bytes(changed) + dice.randbytes(dice.randrange(200)) if turn < 0.5 else bytes(changed)


def as_json(sample: Sample, dice: random.Random) -> tuple[str, bytes, dict[str, str]]:
    strange = [
        None,
        True,
        -1,
        1e308,
        10**400,
        "",
        "\ud800",
        "\0",
        "x" * 5000,
        [],
        [[]],
        {},
        {"a": 1},
        "http://127.0.0.1/",
    ]
    row = {c: v if dice.random() < 0.6 else dice.choice(strange) for c, v in sample.row.items()}
    body = {
        "rows": [row] * dice.choice([1, 1, 3]),
        dice.choice(["level", "abstain", "version", "x"]): dice.choice(strange),
    }
    if dice.random() < 0.1:
        return PREDICT, b'{"rows":' + b"[" * 100_000, {}
    data = json.dumps(body).encode()
    return PREDICT, bent(data, dice) if dice.random() < 0.5 else data, {}


def as_form(sample: Sample, dice: random.Random) -> tuple[str, bytes, dict[str, str]]:
    part = b'--b\r\ncontent-disposition: form-data; name="%s"; filename="a"\r\n\r\n%s\r\n'
    data = part % ((sample.column or "x").encode(), sample.file) + b"--b--\r\n"
    kind = dice.choice(
        ["multipart/form-data; boundary=b", "multipart/form-data", "multipart/form-data; boundary=" + "c" * 300]
    )
    return f"{PREDICT}/form", bent(data, dice), {"content-type": kind}


def as_media(sample: Sample, dice: random.Random) -> tuple[str, bytes, dict[str, str]]:
    other = [
        b"%PDF-1.7",
        b"GIF89a\xff\xff\xff\xff",
        b"RIFF\xff\xff\xff\xffWAVEfmt ",
        b"\x89PNG\r\n\x1a\n" + bytes(30),
        b"<svg/>",
    ]
    file = bytearray(sample.file)
    if dice.random() < 0.2 and len(file) > 24:
        file[16:24] = dice.randbytes(8)  # a picture's width and height
    data = dice.choice([*other, b""]) if dice.random() < 0.2 else bent(bytes(file), dice)
    body = {"rows": [{**sample.row, (sample.column or "x"): base64.b64encode(data).decode()}]}
    return PREDICT, json.dumps(body).encode(), {}


def as_table(sample: Sample, dice: random.Random) -> tuple[str, bytes, dict[str, str]]:
    frame = pl.DataFrame([{**sample.row, **({sample.column: sample.file} if sample.column else {})}] * 3)
    parquet = io.BytesIO()
    frame.write_parquet(parquet)
    lines = "\n".join(json.dumps(sample.row) for _ in range(3)).encode()
    csv = (",".join(sample.row) + "\n" + ",".join(str(v)[:50] for v in sample.row.values())).encode()
    forms = {"text/csv": csv, "application/x-ndjson": lines, "application/vnd.apache.parquet": parquet.getvalue()}
    kind = dice.choice(list(forms))
    accept = dice.choice(["text/csv", "application/json", "application/vnd.apache.parquet"])
    sent = dice.choice([kind, kind, kind, dice.choice(list(forms)), "text/html"])
    return f"{PREDICT}/table", bent(forms[kind], dice), {"content-type": sent, "accept": accept}


def as_tensor(sample: Sample, dice: random.Random) -> tuple[str, bytes, dict[str, str]]:
    column = next(iter(sample.row))
    size = dice.choice([0, 4, len(sample.file), 2**40, -1])
    head = {"inputs": [{"name": column, "shape": [1], "datatype": dice.choice(["BYTES", "FP32", "INT64", "?"])}]}
    head["inputs"][0]["parameters"] = {"binary_data_size": size}
    data = json.dumps(head).encode()
    cut = dice.choice([str(len(data)), "0", "99999999", "-1", "x"])
    return "/v2/models/m/infer", bent(data + sample.file, dice), {"inference-header-content-length": cut}


def as_head(sample: Sample, dice: random.Random) -> tuple[str, bytes, dict[str, str]]:
    strange = dice.choice(
        [
            {"x-long": "y" * dice.choice([1_000, 70_000, 200_000])},
            {f"x-{i}": "z" for i in range(dice.choice([50, 3_000]))},
            {"content-type": "\xff" * 20},
            {"content-encoding": "gzip"},
            {"expect": "100-continue"},
            {"authorization": "Basic ???"},
        ]
    )
    path = dice.choice([PREDICT, "/%00", "/v1/models/" + "m" * 5_000, "/v2/models/m/versions/%2e%2e", "/models/<b>"])
    return path, json.dumps({"rows": [sample.row]}).encode(), strange


KINDS: dict[str, Callable[[Sample, random.Random], tuple[str, bytes, dict[str, str]]]] = {
    "json": as_json,
    "form": as_form,
    "media": as_media,
    "table": as_table,
    "tensor": as_tensor,
    "head": as_head,
}


def mutations(bundle: Path, sample: Sample, number: int) -> dict[str, Any]:
    dice = random.Random(0)
    said: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
    with tempfile.TemporaryDirectory() as folder:
        place = make_place(bundle, folder)
        with server(place) as process:
            for turn in range(number):
                kind = list(KINDS)[turn % len(KINDS)]
                path, body, headers = KINDS[kind](sample, dice)
                status, content = ask(place.port, "POST", path, body, headers)
                said[kind][str(status)] += 1
                if status >= 500:
                    print(kind, path[:80], body[:200], headers, content[:200], file=sys.stderr)
            alive = ask(place.port, "GET", "/healthz")[0] == 200
            crashed = process.poll() is not None or not alive
        tail = (place.folder / "errors.txt").read_text()[-3000:]
    if tail:
        print(tail, file=sys.stderr)
    every = sum(said.values(), Counter())
    return {
        "inputs": number,
        "failed": sum(n for status, n in every.items() if int(status) >= 500),
        "dropped": every["0"],
        "crashed": int(crashed),
        "by_kind": {kind: dict(sorted(counts.items())) for kind, counts in said.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--mutations", type=int, default=1_000)
    given = parser.parse_args()
    sample = sample_of(given.bundle)
    body = json.dumps({"rows": [sample.row]}).encode()
    result = {
        "benchmark": "faults",
        "bundle": given.bundle.name,
        "kills_sync": kills(given.bundle, body, given.kills, sync=True) if given.kills else None,
        "kills_async": kills(given.bundle, body, given.kills, sync=False) if given.kills else None,
        "load": long_load(given.bundle, body, given.seconds) if given.seconds else None,
        "mutations": mutations(given.bundle, sample, given.mutations) if given.mutations else None,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
