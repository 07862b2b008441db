"""What a model folder holds, with the hash of every file. Nothing is loaded that the manifest does not vouch for."""

from __future__ import annotations

import hashlib
import json
import stat
from pathlib import Path
from typing import Any

from consilience.core.errors import InputError
from consilience.core.files import write_json, write_text

FORMAT = 3
READ = (2, FORMAT)
"""Formats that this version reads; 2 had no digest of the manifest itself and no exported graph."""
MANIFEST, DIGEST, SIGNATURE = "manifest.json", "manifest.sha256", "manifest.sig"
LARGEST_MANIFEST = 64 << 20
"""Bytes."""


def write_manifest(folder: Path, content: dict[str, Any]) -> None:
    """manifest.json with `content`, the format and the SHA-256 of every file; manifest.sha256 with its own."""
    files = {p.name: sha256(p) for p in sorted(folder.iterdir()) if p.name not in (MANIFEST, DIGEST, SIGNATURE)}
    write_json(folder / MANIFEST, {"format": FORMAT, **content, "files": files})
    write_text(folder / DIGEST, sha256(folder / MANIFEST))


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a model folder, after every file was checked.

    Raises:
        InputError: when the folder is no model, of another format, or any file is missing, changed, a link, outside the
            folder, or not named by the manifest; names the file.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise InputError("not a model: it holds no manifest.json", where=str(folder))
    if path.is_symlink() or path.stat().st_size > LARGEST_MANIFEST:
        raise InputError("the manifest is a link or too large", where=str(path))
    data = path.read_bytes()
    try:
        manifest = json.loads(data)
        version, files = manifest["format"], dict(manifest["files"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise InputError("not a readable manifest", where=str(path)) from None
    if version not in READ or (version == READ[0] and "onnx" in manifest):
        raise InputError(f"format {version!r}, this version reads format {FORMAT}", where=str(path))
    if version == READ[0] and (folder / DIGEST).exists():  # one flipped bit makes a 3 a 2: no way around the digest
        raise InputError("the file was changed after it was saved", where=str(path))
    if version == FORMAT:
        _check_digest(folder, data)
        _check_strangers(folder, files)
    for name, expected in files.items():
        _check_file(folder, str(name), expected)
    return dict(manifest)


def _check_digest(folder: Path, data: bytes) -> None:
    path = folder / DIGEST
    if path.is_symlink() or not path.is_file() or path.stat().st_size != 64:
        raise InputError("the manifest's digest is missing or damaged", where=str(path))
    if path.read_bytes() != hashlib.sha256(data).hexdigest().encode():
        raise InputError("the file was changed after it was saved", where=str(folder / MANIFEST))


def _check_strangers(folder: Path, files: dict[str, Any]) -> None:
    for path in folder.iterdir():
        if path.name not in files and path.name not in (MANIFEST, DIGEST, SIGNATURE):
            raise InputError("the file does not belong to the model", where=str(path))


def _check_file(folder: Path, name: str, expected: Any) -> None:
    """A plain name of an ordinary file that is what it was."""
    plain = name not in ("", ".", "..") and not set(name) & set("/\\:\0")
    if not plain:
        raise InputError(f"the manifest names {name!r}, which is no plain name of a file", where=str(folder / MANIFEST))
    file = folder / name
    try:
        ordinary = stat.S_ISREG(file.lstat().st_mode)
    except (OSError, ValueError):
        ordinary = False
    if not ordinary:
        raise InputError("a file of the model is missing or is a link", where=str(file))
    if sha256(file) != expected:
        raise InputError("the file was changed after it was saved", where=str(file))


def version_of(folder: Path) -> str:
    """How a model folder is named in answers and logs: the first 12 hex digits of its manifest's SHA-256."""
    return sha256(folder / MANIFEST)[:12]


def sha256(path: Path) -> str:
    """Hex digest of a file's content."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
