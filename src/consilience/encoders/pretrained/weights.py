"""What the weight files of a folder hold, told from their headers, and the digest that names them."""

from __future__ import annotations

import hashlib
import json
import math
import struct
from functools import lru_cache
from pathlib import Path

from consilience.core.errors import InputError
from consilience.encoders.pretrained.locate import weight_files

LARGEST_HEADER = 100 << 20


def digest_of(folder: Path) -> str:
    """SHA-256 of the folder's weight files, hexadecimal; a file that has not changed is read once a process."""
    parts = [_sha256(path, path.stat().st_size, path.stat().st_mtime_ns) for path in weight_files(folder)]
    return hashlib.sha256("".join(parts).encode()).hexdigest()


@lru_cache(maxsize=64)
def _sha256(path: Path, size: int, changed: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def shapes_of(path: Path) -> dict[str, tuple[int, ...]]:
    """Tensor name → shape, from the header of a safetensors file.

    Raises:
        InputError: when the file is no safetensors file.
    """
    try:
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > LARGEST_HEADER:
                raise ValueError(f"a header of {length} bytes")
            header = json.loads(file.read(length))
    except (OSError, ValueError, struct.error) as error:
        raise InputError(f"not readable as safetensors: {error}", where=str(path)) from None
    return {name: tuple(entry["shape"]) for name, entry in header.items() if name != "__metadata__"}


def count_parameters(folder: Path) -> int:
    """Numbers in all tensors of a folder's weight files."""
    return sum(math.prod(shape) for path in weight_files(folder) for shape in shapes_of(path).values())
