"""Near-duplicate images: a difference hash proposes pairs, their pixels confirm them.

The difference hash is Krawetz's ("Kind of like that", 2013). On simple pictures, such as digits, many
different images share a hash; so a pair counts only if its pixels, less the mean image of the table,
correlate almost fully.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np

from consilience.data.fingerprint import bucket_pairs
from consilience.modalities.image_decode import channels_of, decode, flatten, open_image, opencv, to_8_bits
from consilience.modalities.media import UnreadableError

SIDE = 32
"""Pixels of a thumbnail's side."""
ALIKE = 0.995
"""Correlation of two thumbnails, less the mean image, from which they are the same picture: saving it
again in other bytes or sizes leaves 0.999; the two most alike of 60,000 handwritten digits reach 0.992."""
HAMMING = 6
"""Bits in which the hashes of one picture may differ."""
COARSE = 8
"""Pixels of the side of the thumbnails compared first."""
ENOUGH = 50
"""Images from which their mean is taken off."""
BANDS = 4
NEIGHBOURS = 4
"""Images compared with each in a bucket of equal bands, in the order of their hashes."""
BATCH = 256
FLAT = 4.0
"""Variance (grey levels squared) under which a thumbnail shows nothing to compare."""

Array = np.ndarray[Any, Any]
Cell = str | bytes | None


class Prints(NamedTuple):
    """digest [N] uint64 of the file's bytes; hash [N] uint64; thumb [N, SIDE, SIDE] uint8; readable [N]
    bool."""

    digest: Array
    hash: Array
    thumb: Array
    readable: Array


class Pairs(NamedTuple):
    """identical [P, 2]: equal files. close [Q, 2]: the same picture in other bytes."""

    identical: Array
    close: Array


def image_prints(cells: Sequence[Cell], heard: Callable[[int], None], max_pixels: int) -> Prints:
    """Fingerprints of image cells (paths or bytes), decoded in threads; `heard` gets the number done so
    far."""
    rows = len(cells)
    prints = Prints(
        np.zeros(rows, np.uint64),
        np.zeros(rows, np.uint64),
        np.zeros((rows, SIDE, SIDE), np.uint8),
        np.zeros(rows, bool),
    )

    def work(start: int) -> int:
        for row in range(start, min(start + BATCH, rows)):
            _fill(prints, row, cells[row], max_pixels)
        return min(start + BATCH, rows)

    with ThreadPoolExecutor() as pool:
        for done in pool.map(work, range(0, rows, BATCH)):
            heard(done)
    return prints


def image_pairs(prints: Prints) -> Pairs:
    """Pairs of positions with the same picture; clusters come as chains, not as all their pairs."""
    readable = np.flatnonzero(prints.readable)
    identical = readable[bucket_pairs(prints.digest[readable])]
    _, first = np.unique(prints.digest[readable], return_index=True)
    distinct = readable[np.sort(first)]
    candidates = distinct[_candidates(prints.hash[distinct])]
    if not len(candidates):
        return Pairs(identical, candidates)
    coarse = prints.thumb.reshape(-1, COARSE, SIDE // COARSE, COARSE, SIDE // COARSE).mean((2, 4), dtype=np.float32)
    for thumbs, least in ((coarse, ALIKE - 0.02), (prints.thumb, ALIKE)):
        mean = thumbs[distinct].mean(0, dtype=np.float32) * np.float32(len(distinct) >= ENOUGH)
        candidates = candidates[_correlation(thumbs, candidates, mean) >= least]
    return Pairs(identical, candidates)


def _fill(prints: Prints, row: int, cell: Cell, max_pixels: int) -> None:
    """Row `row` of the prints; it stays unreadable where the cell cannot be decoded: `unreadable_media`
    tells."""
    if not cell:
        return
    try:
        content, header = open_image(cell, max_pixels)
        pixels = decode(content, header, grey=True, target=2 * SIDE)
    except UnreadableError:
        return
    grey = channels_of(to_8_bits(flatten(pixels, 255), _white(pixels)), 1)[:, :, 0]
    cv2 = opencv()
    prints.digest[row] = int.from_bytes(blake2b(content, digest_size=8).digest(), "little")
    prints.thumb[row] = cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    small = cv2.resize(grey, (9, 8), interpolation=cv2.INTER_AREA)
    prints.hash[row] = int(np.packbits(small[:, 1:] > small[:, :-1]).view(np.uint64)[0])
    prints.readable[row] = True


def _white(pixels: Array) -> int:
    """The smallest full range of bits that holds the image's brightest pixel: 255, 4095, 65535 …"""
    return max(255, int(2 ** np.ceil(np.log2(int(pixels.max()) + 1))) - 1)


def _candidates(hashes: Array) -> Array:
    """[P, 2] pairs with 16 of the 64 bits of their hashes equal, near each other in the order of the rest."""
    found = [np.empty((0, 2), np.int64)]
    for band in range(BANDS):
        turned = (hashes << np.uint64(16 * band)) | (hashes >> np.uint64((64 - 16 * band) % 64))
        order = np.argsort(turned, kind="stable")
        front = turned[order] >> np.uint64(48)
        for step in range(1, NEIGHBOURS + 1):
            one, other = order[:-step], order[step:]
            same = (front[:-step] == front[step:]) & (_bits(hashes[one] ^ hashes[other]) <= HAMMING)
            found.append(np.sort(np.stack([one[same], other[same]], 1), axis=1))
    return np.unique(np.concatenate(found), axis=0)


def _bits(values: Array) -> Array:
    """[N] number of bits set in uint64 [N]."""
    return np.asarray(np.unpackbits(values.view(np.uint8).reshape(-1, 8), axis=1).sum(1))


def _correlation(thumbs: Array, pairs: Array, mean: Array) -> Array:
    """[P] correlation of the pairs' thumbnails less the mean image; 0 where one of them shows nothing."""
    found = [np.zeros(0, np.float32)]
    for start in range(0, len(pairs), 20_000):
        part = pairs[start : start + 20_000]
        one, other = ((thumbs[part[:, k]] - mean).reshape(len(part), -1) for k in (0, 1))
        one, other = (x - x.mean(1, keepdims=True) for x in (one, other))
        scale = np.sqrt((one**2).sum(1) * (other**2).sum(1))
        plain = np.minimum((one**2).mean(1), (other**2).mean(1)) < FLAT
        found.append(np.where(plain, 0.0, (one * other).sum(1) / np.maximum(scale, 1e-9)))
    return np.concatenate(found)
