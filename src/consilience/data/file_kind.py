"""What a file holds, by its first bytes: the message for a picture that is called a table."""

from __future__ import annotations

import bz2
import gzip
import lzma
import mmap
import zlib
from pathlib import Path

from consilience.core.errors import InputError

Content = bytes | mmap.mmap
COMPRESSED = {".gz": gzip.decompress, ".bz2": bz2.decompress, ".xz": lzma.decompress}
MAGIC = (
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"II*\x00", "a TIFF picture"),
    (b"MM\x00*", "a TIFF picture"),
    (b"RIFF", "a WAV, WebP or AVI file"),
    (b"fLaC", "a FLAC sound"),
    (b"OggS", "an Ogg sound"),
    (b"ID3", "an MP3 sound"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive (an Excel workbook is one)"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"PAR1", "a Parquet file"),
    (b"ARROW1", "an Arrow file"),
    (b"\x89HDF", "an HDF5 file"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\x80\x04\x95", "a Python pickle"),
    (b"\x80\x05\x95", "a Python pickle"),
)


def content_of(path: Path) -> Content:
    """The file's bytes: memory-mapped when plain, decompressed when its name ends in .gz, .bz2 or .xz.

    Raises:
        InputError: when the file is empty, unreadable or a broken archive.
    """
    try:
        if path.stat().st_size == 0:
            raise InputError("the file is empty", where=str(path))
        unpack = COMPRESSED.get(path.suffix.lower())
        if unpack is None:
            with path.open("rb") as file:
                return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        content = unpack(path.read_bytes())
    except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile) as error:
        raise InputError(f"a broken archive ({error})", where=str(path), fix="Copy the file again") from None
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror or error})", where=str(path)) from None
    if not content:
        raise InputError("the file is empty", where=str(path))
    return content


def kind_of(head: bytes) -> str | None:
    """What the first bytes say a file is ("a PNG picture"), or None for text."""
    for magic, kind in MAGIC:
        if head.startswith(magic):
            return kind
    return None


def is_text(head: bytes) -> bool:
    """Whether the first bytes hold hardly any control characters."""
    return sum(byte < 9 or (13 < byte < 32 and byte != 27) for byte in head) <= 0.02 * len(head)


def wide_codec(head: bytes) -> str | None:
    """The codec of UTF-16 text without a byte order mark: Latin text has a zero in every other byte."""
    if len(head) < 4 or not head.count(0):
        return None
    even, odd = head[0::2], head[1::2]
    zero_even, zero_odd = even.count(0) / len(even), odd.count(0) / len(odd)
    if zero_odd > 0.4 and zero_even < 0.05:
        return "utf-16-le"
    return "utf-16-be" if zero_even > 0.4 and zero_odd < 0.05 else None


def refuse_binary(head: bytes, path: Path) -> None:
    """Raise an InputError when the first bytes are not text."""
    kind = kind_of(head)
    wide = head[:2] in (b"\xff\xfe", b"\xfe\xff") or head[:4] == b"\x00\x00\xfe\xff" or wide_codec(head) is not None
    if kind is None and not is_text(head) and not wide:
        kind = "binary data"
    if kind is not None:
        raise InputError(f"not a table: it holds {kind}, not text", where=str(path), fix=fix_for(kind))


def fix_for(kind: str) -> str:
    """How to mend a table whose file holds something else."""
    if "Excel" in kind:
        return "Rename it .xlsx if it is an Excel workbook"
    if kind == "text":
        return "Rename it .csv if it is delimited text"
    if "Parquet" in kind:
        return "Rename it .parquet"
    if "Arrow" in kind:
        return "Rename it .arrow"
    if "gzip" in kind:
        return "Rename it .csv.gz if it is a compressed CSV"
    if "picture" in kind or "sound" in kind:
        return "Give the table whose cells name the files, or a folder with one sub-folder a class"
    return "Give a CSV, Parquet, JSON Lines, Arrow or Excel file"
