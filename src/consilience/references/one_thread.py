"""Keeping linear algebra on one thread where products are small."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from typing import Any

FEW = 64


@contextmanager
def one_thread() -> Iterator[None]:
    """BLAS works on one thread inside the block.

    References multiply small matrices thousands of times: threads then wait for one another longer than they
    work, above all on a machine that is busy otherwise. Results don't depend on the number of threads then.
    """
    with _controller().limit(limits=1, user_api="blas"):
        yield


def one_thread_for(rows: int) -> AbstractContextManager[None]:
    """`one_thread`, but nothing for the few rows of a request: no BLAS shares out so little, and asking it not to takes
    longer than the products."""
    return nullcontext() if rows <= FEW else one_thread()


@cache
def _controller() -> Any:
    """Made once: looking for the loaded libraries takes longer than a prediction."""
    import scipy.optimize  # noqa: F401 (SciPy brings a BLAS of its own, which must be loaded to be limited)
    from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

    return ThreadpoolController()
