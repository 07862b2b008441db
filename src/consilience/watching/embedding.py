"""Rows as a model's encoders see them, in a few numbers: small enough to log, rich enough to show drift that no figure
of a picture or text tells.

The pooled tokens of a group are standardised by the reference's rows and projected onto SIZE random directions, which
keep distances (Johnson & Lindenstrauss 1984). The directions lie in the bundle, so that every log row is read alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from safetensors.numpy import load_file, save_file

EMBEDDINGS = "embeddings.safetensors"
"""File of a bundle."""
SIZE = 16
"""Numbers of a row and group."""
KEPT = 500
"""Rows of the reference that are kept."""
DIGITS = 4
"""Significant digits in the log."""

Array = np.ndarray[Any, Any]


class Projection(NamedTuple):
    """Of one group. mean, scale: float32 [D] of the reference's rows. directions: float32 [D, SIZE]. sample: float16
    [n, SIZE], projected rows of the reference."""

    mean: Array
    scale: Array
    directions: Array
    sample: Array

    def of(self, pooled: Array) -> Array:
        """[N, D] → float32 [N, SIZE]."""
        standard = (np.asarray(pooled, np.float32) - self.mean) / self.scale
        return np.asarray(standard @ self.directions, np.float32)


Projections = Mapping[str, Projection]


def learn(pooled: Mapping[str, Array], has: Mapping[str, Array], seed: int = 0) -> dict[str, Projection]:
    """Projections from the reference's rows; groups that fewer than two rows have are left out.

    Args:
        pooled: group → [N, D]. has: group → bool [N].
    """
    found = {}
    for group, tokens in pooled.items():
        rows = np.asarray(tokens, np.float32)[has[group]]
        if len(rows) < 2:
            continue
        width = rows.shape[1]
        directions = np.random.default_rng(seed).normal(0, width**-0.5, (width, SIZE)).astype(np.float32)
        spread = rows.std(0)
        # a unit that never moves says nothing, unless it moves one day: then its change counts as it is
        scale = np.where(spread > 1e-6 * max(float(spread.max()), 1e-12), spread, 1.0).astype(np.float32)
        projection = Projection(rows.mean(0), scale, directions, np.zeros((0, SIZE), np.float16))
        chosen = np.unique(np.linspace(0, len(rows) - 1, min(len(rows), KEPT)).astype(np.int64))
        found[group] = projection._replace(sample=projection.of(rows[chosen]).astype(np.float16))
    return found


def embedded(projections: Projections, pooled: Mapping[str, Array], has: Mapping[str, Array]) -> list[dict[str, Any]]:
    """What the log keeps of N rows: group → SIZE numbers, of the groups that the row has.

    Args:
        pooled: group → [N, D]. has: group → bool [N].
    """
    known = [g for g in projections if g in pooled]
    rows = max((len(pooled[g]) for g in known), default=0)
    values = {g: projections[g].of(pooled[g]).tolist() for g in known}
    return [
        {g: [float(f"{v:.{DIGITS}g}") for v in values[g][row]] for g in known if has[g][row]} for row in range(rows)
    ]


def gathered(rows: Sequence[Mapping[str, Sequence[float]]]) -> dict[str, Array]:
    """The reverse, over many rows: group → float32 [n, SIZE] of the rows that have it; rows that do not fit are left
    out, as a log may hold anything."""
    found: dict[str, list[Sequence[float]]] = {}
    for row in rows:
        for group, values in row.items():
            if len(values) == SIZE:
                found.setdefault(group, []).append(values)
    return {group: np.asarray(values, np.float32) for group, values in found.items()}


def save(projections: Projections, folder: Path) -> None:
    """Write EMBEDDINGS, where there is anything to write."""
    arrays = {
        f"{field}/{group}": np.ascontiguousarray(array)
        for group, projection in projections.items()
        for field, array in projection._asdict().items()
    }
    if arrays:
        save_file(arrays, folder / EMBEDDINGS)


def load(folder: Path) -> dict[str, Projection]:
    """The bundle's projections; none where it was exported without, or holds no media and no texts."""
    path = folder / EMBEDDINGS
    if not path.is_file():
        return {}
    arrays = load_file(path)
    groups = [name.partition("/")[2] for name in arrays if name.startswith("mean/")]
    return {g: Projection(*(arrays[f"{field}/{g}"] for field in Projection._fields)) for g in groups}
