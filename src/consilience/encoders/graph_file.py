"""A graph of sensors from a file: an N × N table of weights, or a list of edges (from, to, optional weight)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import torch
from torch import Tensor

from consilience.core.errors import InputError, nearest

MOST_EDGES = 1_000_000
EDGE_NAMES = ("from", "to", "source", "target", "start", "end")
"""Headings, lower case, of an edge's ends."""


def read_graph(path: str, names: Sequence[str] | None, nodes: int) -> list[list[float]]:
    """Edges [[from, to, weight], …] with places 0..nodes − 1; weights of 0 are no edges.

    Args:
        names: of the nodes, where an edge list may use them; else it counts nodes from 0.
    Raises:
        InputError: when the file is missing, has another number of nodes, or names an unknown node.
    """
    try:
        frame = pl.read_csv(Path(path), has_header=False, infer_schema=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise InputError(f"the graph cannot be read: {' '.join(str(error).split())[:200]}", where=path) from None
    rows = frame.rows()
    above = rows and (_is_header(rows[0], names) or len(rows) == nodes + 1 == frame.width + 1)
    header = [str(cell).strip().lower() for cell in rows[0]] if above else []
    rows = rows[1:] if header else rows
    if frame.width == nodes == len(rows) and not set(header[:2]) & set(EDGE_NAMES):
        edges = _dense(rows, path)
    elif frame.width in (2, 3):
        edges = [_edge(row, names, nodes, path) for row in rows]
    else:
        raise InputError(
            f"a graph of {len(rows)} rows and {frame.width} columns, but the series have {nodes} channels",
            where=path,
            fix=f"Give {nodes} × {nodes} weights, or rows of from,to,weight",
        )
    edges = [edge for edge in edges if edge[2]]
    if len(edges) > MOST_EDGES:
        raise InputError(f"{len(edges):,} edges, at most {MOST_EDGES:,} can be kept", where=path)
    return edges


def neighbours(edges: Sequence[Sequence[float]], nodes: int) -> Tensor:
    """D⁻¹(A + I) float [nodes, nodes]: row i holds the weights with which node i hears the others."""
    found = torch.zeros(nodes, nodes)
    for start, end, weight in edges:
        found[int(start), int(end)] = weight
    found.fill_diagonal_(1.0)
    return found / found.abs().sum(1, keepdim=True)


def _dense(rows: list[tuple[Any, ...]], path: str) -> list[list[float]]:
    found = []
    for line, row in enumerate(rows):
        for place, cell in enumerate(row):
            weight = _number(cell)
            if weight is None:
                raise InputError(f"row {line}, column {place} of the graph is no number: {cell!r}", where=path)
            if weight:
                found.append([float(line), float(place), weight])
    return found


def _edge(row: tuple[Any, ...], names: Sequence[str] | None, nodes: int, path: str) -> list[float]:
    weight = _number(row[2]) if len(row) == 3 else 1.0
    if weight is None:
        raise InputError(f"an edge's weight is no number: {row[2]!r}", where=path)
    return [_place(row[0], names, nodes, path), _place(row[1], names, nodes, path), weight]


def _place(cell: Any, names: Sequence[str] | None, nodes: int, path: str) -> float:
    if names is not None and cell in names:
        return float(list(names).index(cell))
    place = _number(cell)
    if place is None or place != int(place) or not 0 <= place < nodes:
        known = names or [str(node) for node in range(nodes)]
        raise InputError(f"the graph has no node {cell!r}", where=path, fix=nearest(str(cell), known))
    return place


def _is_header(row: tuple[Any, ...], names: Sequence[str] | None) -> bool:
    """A first line that is neither weights nor an edge between nodes."""
    return any(_number(cell) is None and cell not in (names or ()) for cell in row[:2])


def _number(cell: Any) -> float | None:
    try:
        value = float(cell)
    except (TypeError, ValueError):
        return None
    return value if value == value and abs(value) < float("inf") else None
