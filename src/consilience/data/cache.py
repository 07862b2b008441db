"""A folder of cache entries: each is written whole or not at all, checked when opened, and removed when
unused.

<root>/<key>/manifest.json   rows, record types, sizes, checksums, Problems
<root>/<key>/0.rows …        the records of one group each
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from consilience.core.errors import InputError
from consilience.core.files import read_json, write_json

MANIFEST = "manifest.json"
UNUSED_DAYS = 30
ABANDONED_DAYS = 2
"""Age after which a half-written entry belongs to no running process."""
ENTRY = re.compile(r"^[0-9a-f]{32}$")
PART = re.compile(r"^\.[0-9a-f]{32}\.[A-Za-z0-9_]+\.part$")
BLOCK, BLOCKS = 1 << 16, 4096
"""A checksum covers this many evenly spaced blocks of bytes: all of a file up to 256 MiB."""
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Opened(NamedTuple):
    """manifest: of a sound entry, else None. reason: what is wrong with an entry that is there, else None."""

    manifest: dict[str, Any] | None
    reason: str | None


def cache_root(folder: Path | None = None) -> Path:
    """`folder`, else what CONSILIENCE_CACHE names, else the user's cache folder."""
    if folder is not None:
        return Path(folder)
    if named := os.environ.get("CONSILIENCE_CACHE"):
        return Path(named).expanduser()
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("consilience"))


def open_entry(entry: Path) -> Opened:
    """Read and check an entry and note that it was used."""
    if not entry.is_dir():
        return Opened(None, None)
    try:
        manifest: dict[str, Any] = read_json(entry / MANIFEST)
        for file in manifest["files"]:
            path = entry / file["name"]
            if path.stat().st_size != file["bytes"]:
                return Opened(None, f"{file['name']} has {path.stat().st_size} bytes of {file['bytes']}")
            if checksum(path) != file["checksum"]:
                return Opened(None, f"{file['name']} has changed since it was written")
        os.utime(entry / MANIFEST)
    except (OSError, ValueError, KeyError, TypeError) as error:
        return Opened(None, f"its files cannot be read ({error})")
    return Opened(manifest, None)


def build_entry(root: Path, key: str, size: int, fill: Callable[[Path], dict[str, Any]]) -> tuple[Path, dict[str, Any]]:
    """Write an entry of about `size` bytes: `fill(folder)` writes its files and returns the manifest's
    other fields.

    Several processes may build the same entry at once: the first to end wins and the others use its files.

    Raises:
        InputError: when the disk is full or the folder cannot be written; nothing half-written is left.
    """
    part: Path | None = None
    try:
        root.mkdir(parents=True, exist_ok=True)
        prune(root)
        part = Path(tempfile.mkdtemp(prefix=f".{key}.", suffix=".part", dir=root))
        fields = fill(part)
        manifest = {**fields, "files": [_describe(path) for path in sorted(part.glob("*.rows"))]}
        write_json(part / MANIFEST, manifest)
        return _publish(part, root / key, manifest)
    except OSError as error:
        raise _unwritable(error, root, size) from None
    finally:
        if part is not None:
            shutil.rmtree(part, ignore_errors=True)


def _publish(part: Path, entry: Path, manifest: dict[str, Any]) -> tuple[Path, dict[str, Any]]:
    for _ in range(10):
        try:
            part.rename(entry)
            return entry, manifest
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.EACCES) or not entry.exists():
                raise
        theirs = open_entry(entry).manifest
        if theirs is not None:
            return entry, theirs
        remove(entry)
    raise OSError(errno.EEXIST, "the entry is being replaced by other processes again and again")


def remove(entry: Path) -> None:
    """Take an entry out of the way in one step, then delete it."""
    doomed = Path(tempfile.mkdtemp(prefix=f".{entry.name}.", suffix=".part", dir=entry.parent))
    try:
        entry.rename(doomed / "entry")
    except FileNotFoundError:
        pass  # another process was faster
    finally:
        shutil.rmtree(doomed, ignore_errors=True)


def prune(root: Path, now: float | None = None) -> list[str]:
    """Delete entries unused for 30 days and abandoned half-written ones; returns their names."""
    now = time.time() if now is None else now
    gone = []
    for folder in root.iterdir():
        days = UNUSED_DAYS if ENTRY.match(folder.name) else ABANDONED_DAYS if PART.match(folder.name) else None
        if days is None:
            continue
        manifest = folder / MANIFEST
        try:
            used = (manifest if manifest.exists() else folder).stat().st_mtime
        except FileNotFoundError:  # another process prunes too
            continue
        if now - used > days * 86_400:
            shutil.rmtree(folder, ignore_errors=True)
            gone.append(folder.name)
    return gone


def checksum(path: Path) -> str:
    """CRC-32 over evenly spaced blocks of a file, its ends included; hexadecimal."""
    value = 0
    with path.open("rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        blocks = -(-size // BLOCK)
        for number in range(min(blocks, BLOCKS)):
            place = number if blocks <= BLOCKS else number * (blocks - 1) // (BLOCKS - 1)
            file.seek(place * BLOCK)
            value = zlib.crc32(file.read(BLOCK), value)
    return f"{value:08x}"


def _describe(path: Path) -> dict[str, Any]:
    # Not forced to the disk: if the machine stops before it is, the checksum tells.
    return {"name": path.name, "bytes": path.stat().st_size, "checksum": checksum(path)}


def _unwritable(error: OSError, root: Path, size: int) -> InputError:
    fix = "Free some space, or set CONSILIENCE_CACHE to a folder on a larger disk"
    if error.errno in NO_ROOM:
        free = shutil.disk_usage(root).free if root.exists() else 0
        what = f"the feature cache needs {readable(size)}, {readable(free)} are free"
        return InputError(what, where=str(root), fix=fix)
    reason = (error.strerror or str(error)).lower()
    return InputError(
        f"the feature cache cannot be written: {reason}",
        where=str(root),
        fix="Set CONSILIENCE_CACHE to a folder that can be written",
    )


def readable(size: float) -> str:
    """Bytes as "3.2 GB".

    Example:
        >>> readable(3_200_000_000)
        '3.2 GB'
    """
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
