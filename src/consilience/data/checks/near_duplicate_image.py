"""The same picture twice: equal files, or saved again in another size or quality; within the table and
across test."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from consilience.core.recipe import Prepare
from consilience.data.checks.base import Finding, NotApplicable, Pool, Severity, View
from consilience.data.findings import ROWS_KEPT
from consilience.data.image_fingerprint import image_pairs, image_prints
from consilience.data.twins import Twins, across, clusters, find_twins, sentence
from consilience.data.wording import share
from consilience.modalities.cells import as_text

MOST = 60_000
"""Images compared; of more, a random sample."""
MANY = 0.01


class NearDuplicateImage:
    """Pictures that stand twice, byte for byte or saved again, also across train and test."""

    code: ClassVar[str] = "near_duplicate_image"
    title: ClassVar[str] = "Images that are nearly the same"
    severity: ClassVar[Severity] = "warning"
    slow: ClassVar[bool] = True

    def look(self, view: View) -> list[Finding]:
        columns = view.inputs("image")
        if not columns:
            raise NotApplicable("no column of images")
        return [finding for name in columns for finding in self._column(view, name)]

    def _column(self, view: View, name: str) -> list[Finding]:
        pool = view.pool([name])
        total, cells = len(pool.side), view.media(name)
        if total > MOST:
            kept = np.sort(np.random.default_rng(view.seed).choice(total, MOST, replace=False))
            pool, cells = pool.take(kept), [cells[i] for i in kept]

        def heard(done: int) -> None:
            event = {
                "event": "progress",
                "name": f"compare images of {name}",
                "done": done,
                "total": len(cells),
            }
            view.listener(event)

        prints = image_prints(cells, heard, Prepare.model_validate({}).max_pixels)
        pairs = image_pairs(prints)
        label = clusters(len(cells), np.concatenate([pairs.identical, pairs.close])).astype(np.int64)
        label[~prints.readable] = -1
        twins = find_twins(label, pool.side)
        if not len(twins.extra):
            return []
        same = int((prints.digest[twins.extra] == prints.digest[twins.first]).sum())
        return [self._finding(view, name, pool, twins, same, total)]

    def _finding(self, view: View, name: str, pool: Pool, twins: Twins, same: int, total: int) -> Finding:
        count, compared = len(twins.extra), len(pool.side)
        sampled = f" (a sample of {compared:,} of {total:,} images was compared)" if compared < total else ""
        one, other = int(twins.first[0]), int(twins.extra[0])
        message = (
            f"{count:,} of {compared:,} images in {name!r} ({share(count, compared)}) show the same picture "
            "as an "
            f"earlier one, {same:,} of them byte for byte{sampled}, as {pool.pair(one, other)}. "
        )
        odd = _disagreeing(view, pool, twins)
        if odd:
            verb = "has" if odd == 1 else "have"
            message += f"{odd:,} of these {verb} another label than the image repeated. "
        if twins.crossings:
            message += sentence(twins, pool.names, "show a picture that is also in")
            message += ": scores look better than they are. Drop these rows from one side."
        elif len(pool.names) == 1:
            message += "A random split may part copies: drop them, or split by a column that joins them."
        worst = max([len(c.rows) / c.total for c in twins.crossings], default=count / compared)
        rows = twins.examples(pool.row)
        if twins.crossings:
            rows = tuple(int(r) for r in pool.row[twins.crossings[-1].rows[:ROWS_KEPT]])
        details: dict[str, Any] = {
            "count": count,
            "identical": same,
            "compared": compared,
            "other_label": odd,
        }
        details |= across(twins, pool.names)
        return Finding(
            self.code,
            "warning" if worst >= MANY or odd else "info",
            self.title,
            message.strip(),
            (name,),
            rows,
            details,
        )


def _disagreeing(view: View, pool: Pool, twins: Twins) -> int:
    """Copies within the table whose label differs from the first one's."""
    if view.target is None or view.kind == "regression":
        return 0
    own = (pool.side == 0) | (pool.side > len(view.others))
    within = own[twins.extra] & own[twins.first]
    labels = as_text(view.table.frame[view.target])
    one, other = (labels[pool.row[part[within]]] for part in (twins.first, twins.extra))
    return int((one != other).sum() or 0)
