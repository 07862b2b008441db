"""The training rows nearest to a row in the fused space of the first network: cases that the model sees as alike."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch

from consilience.artifacts.bundle import Bundle
from consilience.artifacts.inference import to_tensors
from consilience.artifacts.network import BATCH, Index
from consilience.artifacts.row_batches import slices
from consilience.data.features import Features
from consilience.evaluation.evidence import Rows
from consilience.explanation.subject import Subject, subject_of
from consilience.fusion.model import Multimodal

Array = np.ndarray[Any, Any]

NEAREST = 3
MOST_ROWS = 20_000
"""Training rows that are looked through, drawn at random from more."""


class Neighbours(NamedTuple):
    """rows: int64 [n, k] row numbers of the training table, nearest first. similarity: [n, k] cosine, −1..1.
    looked: how many training rows were looked through."""

    rows: Index
    similarity: Array
    looked: int


def neighbours(subject: Subject, train: Rows, seed: int, most: int = MOST_ROWS) -> Neighbours:
    """The NEAREST training rows of each row by the cosine of their fused vectors."""
    index = train.index
    if len(index) > most:
        index = np.sort(np.random.default_rng(seed).choice(index, most, replace=False))
    network = subject.bundle.networks[0]
    own = _vectors(network, subject)
    every = _fused(network, train.features, index)
    likeness = own @ every.T
    count = min(NEAREST, len(index))
    nearest = np.argsort(-likeness, axis=1, kind="stable")[:, :count]
    return Neighbours(index[nearest], np.take_along_axis(likeness, nearest, 1), len(index))


def sample_subject(bundle: Bundle, train: Rows, seed: int, most: int = 512) -> Subject:
    """At most `most` training rows drawn at random, for the values that their columns have."""
    positions = np.arange(len(train), dtype=np.int64)
    if len(positions) > most:
        positions = np.sort(np.random.default_rng(seed).choice(positions, most, replace=False))
    rows = train.at(positions)
    return subject_of(bundle, rows.features, rows.texts, rows.index, rows.frame)


def _vectors(network: Multimodal, subject: Subject) -> Array:
    parts = [_pooled(network, subject.at(part).arrays) for part in slices(len(subject), BATCH)]
    return np.concatenate(parts) if parts else np.zeros((0, 1), np.float32)


def _fused(network: Multimodal, features: Features, index: Index) -> Array:
    gathered = (features.gather(index[part], network.fixed) for part in slices(len(index), BATCH))
    return np.concatenate([_pooled(network, arrays) for arrays in gathered])


@torch.no_grad()
def _pooled(network: Multimodal, arrays: Any) -> Array:
    """[n, D] fused vectors of length 1."""
    network.eval()
    inputs = to_tensors(arrays, next(network.parameters()).device)
    pooled = network(inputs).fused.pooled.float().cpu().numpy()
    return np.asarray(pooled / np.maximum(np.linalg.norm(pooled, axis=1, keepdims=True), 1e-12))
