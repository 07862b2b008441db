"""Batches form while the model works; a full queue refuses; one bad request spoils no other."""

from __future__ import annotations

import asyncio
import time

import pytest

from consilience.serving.batching import Batcher
from consilience.serving.refused import RefusedError


def test_waiting_requests_are_answered_together() -> None:
    sizes: list[int] = []

    def work(items: list[int]) -> list[int]:
        time.sleep(0.05)
        return [i * 10 for i in items]

    async def main() -> list[list[int]]:
        batcher: Batcher[int, int] = Batcher(work, 8, 100, 5, sizes.append)
        first = asyncio.ensure_future(batcher.answer([0]))
        await asyncio.sleep(0.01)
        rest = [asyncio.ensure_future(batcher.answer([i, i + 1])) for i in range(1, 7)]
        found = [await f for f in (first, *rest)]
        await batcher.close()
        return found

    assert asyncio.run(main()) == [[0], *([i * 10, i * 10 + 10] for i in range(1, 7))]
    assert sizes == [1, 8, 4]


def test_a_full_queue_and_a_late_answer_are_refused() -> None:
    async def main() -> list[int]:
        batcher: Batcher[int, int] = Batcher(lambda items: (time.sleep(0.2), items)[1], 1, 2, 0.1)
        asked = [asyncio.ensure_future(batcher.answer([i])) for i in range(1)]
        await asyncio.sleep(0.02)
        asked += [asyncio.ensure_future(batcher.answer([i])) for i in range(4)]
        found = await asyncio.gather(*asked, return_exceptions=True)
        await batcher.close()
        return [e.status for e in found if isinstance(e, RefusedError)]

    statuses = asyncio.run(main())
    assert sorted(statuses) == [503, 503, 504, 504, 504]


def test_a_bad_request_spoils_no_other() -> None:
    def work(items: list[int]) -> list[int]:
        time.sleep(0.02)
        if 13 in items:
            raise ValueError("unlucky")
        return items

    async def main() -> list[object]:
        batcher: Batcher[int, int] = Batcher(work, 8, 100, 5)
        found = await asyncio.gather(*(batcher.answer([i]) for i in (1, 13, 2)), return_exceptions=True)
        await batcher.close()
        with pytest.raises(RefusedError, match="stopping"):
            await batcher.answer([4])
        return list(found)

    found = asyncio.run(main())
    assert (found[0], found[2]) == ([1], [2])
    assert isinstance(found[1], ValueError)
