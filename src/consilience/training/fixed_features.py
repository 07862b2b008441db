"""What the unchanging part of a network makes of every row, computed once and kept in the feature cache.

A frozen body says the same of a row in every epoch, fold and run: `Encoder.before` is called once a row, longest rows
first and rows of like length together, and training, validation and evaluation read what it said. The cache entry is
named by the prepared rows, the part's configuration and its weights; it is written whole or not at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from consilience.artifacts.inference import to_tensors
from consilience.core.events import Event, Listener, nobody
from consilience.data.cache import build_entry, cache_root, open_entry
from consilience.data.cache_writer import reserve
from consilience.data.chunks import Records, dtype_of
from consilience.data.features import Features
from consilience.data.row_store import FileRows, MemoryRows, RowStore
from consilience.fusion.model import Multimodal
from consilience.modalities.base import Arrays

CODE_VERSION = 1
"""Raise it whenever the same weights and arrays would give other numbers or another layout."""
BATCH = 64
"""Rows computed at once."""
FILE = "0.rows"


def fix(network: Multimodal, tables: Iterable[Features], listener: Listener = nobody) -> None:
    """Compute what `network` says of the groups whose encoders are `fixed`, for every row of `tables`, and let the
    network read it from there on.

    Args:
        listener: gets {"event": "progress", "name": "features", "done", "total", "reused"}, and a warning where a
            damaged entry is computed anew.
    Raises:
        InputError: when the disk is full or the cache's folder cannot be written.
    """
    for group, key in network.keys.items():
        encoder = network.encoders[key]
        if not encoder.fixed:
            continue
        name = encoder_key(encoder)
        for features in tables:
            if features.rows and not features.keeps(group, name):
                features.keep(group, name, _store(encoder, features, (group, name), listener))
        network.fixed[group] = name


def encoder_key(encoder: nn.Module) -> str:
    """Hexadecimal digest of an encoder's class, what its `before` depends on, and the weights that do not train."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(f"{CODE_VERSION} {type(encoder).__qualname__} {encoder.fixed_by()}".encode())  # type: ignore[operator]
    for name, value in encoder.state_dict(keep_vars=True).items():
        if value.requires_grad:
            continue  # stands after the unchanging part
        plain = value.detach().cpu().contiguous()
        digest.update(f"{name} {plain.dtype} {tuple(plain.shape)}".encode())
        digest.update(plain.flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _store(encoder: nn.Module, features: Features, names: tuple[str, str], listener: Listener) -> RowStore:
    """The output of every row of a group; names: group, key of the encoder."""
    group, name = names
    dtype = dtype_of(_made(encoder, {n: np.array(a[:1]) for n, a in features.whole(group).items()}))
    if features.key is None:  # prepared in memory: kept there too
        records = np.zeros(features.rows, dtype)
        _compute(encoder, features, group, records, listener)
        return MemoryRows(records)
    root = cache_root()
    key = hashlib.blake2b(f"{features.key} {group} {name}".encode(), digest_size=16).hexdigest()
    entry, (manifest, damage) = root / key, open_entry(root / key)
    if damage is not None:
        message = f"the cached output of {group!r} was damaged and is computed anew: {damage}"
        listener({"event": "warning", "code": "cache_rebuilt", "message": message})
    size = features.rows * dtype.itemsize

    def fill(folder: Path) -> dict[str, Any]:
        reserve(folder / FILE, size)
        records = np.memmap(folder / FILE, dtype, mode="r+", shape=(features.rows,))
        _compute(encoder, features, group, records, listener)
        records.flush()
        return {"rows": features.rows}

    if manifest is None:
        entry, _ = build_entry(root, key, size, fill)
    else:
        listener(_progress(features.rows, features.rows, reused=True))
    return FileRows(entry / FILE, dtype, features.rows)


def _compute(encoder: nn.Module, features: Features, group: str, records: Records, listener: Listener) -> None:
    """Fill `records` [N], longest rows first: what does not fit into memory shows at once."""
    mask = features.whole(group)["mask"]
    lengths = mask.reshape(len(mask), -1).sum(1)
    order = np.argsort(-lengths, kind="stable").astype(np.int64)
    for start in range(0, len(order), BATCH):
        rows = np.sort(order[start : start + BATCH])
        arrays = _made(encoder, features.gather(rows)[group])
        found: Records = np.zeros(len(rows), records.dtype)
        for name, array in arrays.items():
            field: np.ndarray[Any, Any] = found[name]
            field[tuple(slice(0, size) for size in array.shape)] = array  # shorter than the longest: 0 beyond
        records[rows] = found
        listener(_progress(min(start + BATCH, len(order)), len(order)))


@torch.no_grad()
def _made(encoder: nn.Module, arrays: Arrays) -> Arrays:
    """`Encoder.before` on NumPy arrays, in evaluation mode."""
    device = next(iter([*encoder.parameters(), *encoder.buffers()]), torch.zeros(0)).device
    training = encoder.training
    encoder.eval()
    made = encoder.before(to_tensors({"": arrays}, device)[""])  # type: ignore[operator]
    encoder.train(training)
    return {name: value.cpu().numpy() for name, value in made.items()}


def _progress(done: int, total: int, reused: bool = False) -> Event:
    return {"event": "progress", "name": "features", "done": done, "total": total, "reused": reused}
