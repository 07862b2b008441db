"""Requests that wait for a busy model are answered together; an idle model starts at once.

Waiting for company while the model is idle only adds to the latency: a queue of 2 ms halved the throughput of a small
model. Here batches form by themselves while the model works, and of the requests that arrived in one turn of the loop.

A thread of its own costs a small model more than it brings: two switches, and the interpreter's lock. So calls that are
known to be short run in the loop itself, as a hand-written server would run them.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Generic, NamedTuple, TypeVar, final

from consilience.serving.refused import RefusedError

SHORT = 2e-3
"""Seconds: a call that should take less runs in the loop. Nothing else is answered meanwhile."""
WEIGHT = 0.1
"""Share of the latest call in the running mean of the seconds a row takes."""
HELD = 3.0
"""Times the mean that a call counts at most."""

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Waiting(NamedTuple):
    """items of one request, and the future of its answers: cancelled when the deadline has passed."""

    items: Sequence[Any]
    answers: asyncio.Future[Any]


@final
class Batcher(Generic[Item, Answer]):
    """One worker thread and its queue.

    Args:
        work: items of several requests → as many answers; runs in the thread.
        most: items of one call. queue: requests that may wait. deadline: seconds that one may wait.
        seen: told the number of items of each call. light: whether an item takes as long as items usually do.
    """

    def __init__(
        self,
        work: Callable[[list[Item]], list[Answer]],
        most: int,
        queue: int,
        deadline: float,
        seen: Callable[[int], None] = lambda _: None,
        light: Callable[[Item], bool] = lambda _: True,
    ) -> None:
        self._work, self._most, self._queue, self._deadline, self._seen = work, most, queue, deadline, seen
        self._waiting: deque[Waiting] = deque()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="model")
        self._busy: asyncio.Task[None] | None = None
        self._closed = False
        self._light, self._row_seconds = light, float("inf")
        self._caller: object = None

    @property
    def waiting(self) -> int:
        """Requests in the queue."""
        return len(self._waiting)

    async def answer(self, items: Sequence[Item], caller: object = None) -> list[Answer]:
        """
        Args:
            caller: the connection that asks. Two requests in a row of the same one: nobody else is calling, so that
                nothing is gained by a look at what else arrived.
        Raises:
            RefusedError: 503 when the queue is full or the server stops, 504 when the deadline has passed.
        """
        if self._closed:
            raise RefusedError(503, "the server is stopping", retry=5)
        if len(self._waiting) >= self._queue:
            raise RefusedError(503, f"{self._queue} requests are waiting already", retry=1)
        alone, self._caller = caller is not None and caller == self._caller, caller
        idle = self._busy is None or self._busy.done()
        if alone and idle and self._is_short(items):
            self._seen(len(items))
            return self._timed(list(items))
        loop = asyncio.get_running_loop()
        future: asyncio.Future[list[Answer]] = loop.create_future()
        self._waiting.append(Waiting(items, future))
        expiry = loop.call_later(self._deadline, self._expire, future)
        if idle:
            self._busy = asyncio.ensure_future(self._drain())
        try:
            return await future
        finally:
            expiry.cancel()

    def _expire(self, future: asyncio.Future[Any]) -> None:
        if not future.done():
            future.set_exception(RefusedError(504, f"no answer within {self._deadline:g} s"))

    async def close(self) -> None:
        """Answer what waits, then stop; new requests are refused."""
        self._closed = True
        if self._busy is not None:
            await self._busy
        self._thread.shutdown()

    async def _drain(self) -> None:
        while batch := self._next():
            items = [item for waiting in batch for item in waiting.items]
            self._seen(len(items))
            try:
                answers = await self._run(items)
            except Exception as error:  # whatever a model raises belongs to the requests, not to the loop
                await self._apart(batch, error)
                continue
            self._give(batch, answers)

    async def _run(self, items: list[Any]) -> list[Any]:
        """The work on these items: in the loop where it should be short, else in the thread."""
        if self._is_short(items):
            return self._timed(items)
        work = self._timed if all(map(self._light, items)) else self._work
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, items)

    def _is_short(self, items: Sequence[Any]) -> bool:
        return self._row_seconds * len(items) < SHORT and all(map(self._light, items))

    def _timed(self, items: list[Any]) -> list[Any]:
        began = time.perf_counter()
        answers = self._work(items)
        seconds = (time.perf_counter() - began) / len(items)
        known = self._row_seconds
        # one call that the system held up must not send the next dozen to the thread
        self._row_seconds = seconds if known == float("inf") else known + WEIGHT * (min(seconds, HELD * known) - known)
        return answers

    def _next(self) -> list[Waiting]:
        """Requests for the next call; those that nobody waits for any more are dropped."""
        batch: list[Waiting] = []
        size = 0
        while self._waiting and (not batch or size + len(self._waiting[0].items) <= self._most):
            waiting = self._waiting.popleft()
            if waiting.answers.done():
                continue
            batch.append(waiting)
            size += len(waiting.items)
        return batch

    async def _apart(self, batch: list[Waiting], error: Exception) -> None:
        """One by one, so that a request that cannot be answered spoils no other."""
        loop = asyncio.get_running_loop()
        for waiting in batch:
            if len(batch) == 1:
                _fail(waiting, error)
                continue
            try:
                self._give([waiting], await loop.run_in_executor(self._thread, self._work, list(waiting.items)))
            except Exception as own:
                _fail(waiting, own)

    def _give(self, batch: list[Waiting], answers: list[Answer]) -> None:
        start = 0
        for waiting in batch:
            stop = start + len(waiting.items)
            if not waiting.answers.done():
                waiting.answers.set_result(answers[start:stop])
            start = stop


def _fail(waiting: Waiting, error: Exception) -> None:
    if not waiting.answers.done():
        waiting.answers.set_exception(error)
