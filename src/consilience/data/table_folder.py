"""A folder with one sub-folder a class is a table: the column `file` (or `text`) and the column `label`."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import polars as pl

from consilience.core.errors import InputError
from consilience.data.file_kind import content_of
from consilience.data.text_encoding import as_utf8

SPLIT_NAMES = ("train", "training", "valid", "validation", "val", "dev", "test", "testing")
TABLES = (".csv", ".tsv", ".parquet", ".jsonl", ".ndjson", ".arrow", ".feather", ".xlsx", ".gz")
NOT_MEDIA = frozenset(
    (
        *TABLES,
        ".json",
        ".xml",
        ".yaml",
        ".yml",
        ".md",
        ".html",
        ".pdf",
        ".py",
        ".db",
        ".ini",
        ".npz",
        ".npy",
        ".zip",
    )
)


def read_folder(folder: Path) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """One row a file, sorted by path; `file` is relative to `folder`, with "/" between its parts.

    A folder of train, valid and test folders with class sub-folders each also has the column `split`. Where
    all files are text (.txt), they are read into the column `text`.

    Raises:
        InputError: when there are no class sub-folders or no files in them.
    """
    top = _sub_folders(folder)
    parts = [name for name in top if name.lower() in SPLIT_NAMES]
    by_split = len(parts) == len(top) > 0 and all(_sub_folders(folder / part) for part in parts)
    rows: list[tuple[str, str, str]] = []
    skipped = 0
    for part in parts if by_split else [""]:
        for label in _sub_folders(folder / part):
            for path in _files(folder / part / label):
                rows.append((path.relative_to(folder).as_posix(), label, part.lower()))
    if not top:
        raise _not_a_class_folder(folder, "it has no sub-folders")
    kinds = Counter(_is_text(name) for name, _, _ in rows)
    text = kinds[True] > 0 and kinds[True] == len([r for r in rows if not _is_other(r[0])])
    kept = [r for r in rows if not _is_other(r[0]) and (text or not _is_text(r[0]))]
    skipped = len(rows) - len(kept)
    if not kept:
        raise _not_a_class_folder(folder, "its sub-folders hold no pictures, sounds, videos or texts")
    frame = pl.DataFrame({"file": [r[0] for r in kept], "label": [r[1] for r in kept]})
    if text:
        frame = frame.with_columns(_texts(folder, frame["file"])).select("text", "label")
    if by_split:
        frame = frame.with_columns(pl.Series("split", [r[2] for r in kept]))
    notes = [f"folder of {frame['label'].n_unique()} classes, one sub-folder each"]
    if skipped:
        notes.append(f"{skipped:,} files of other kinds left out")
    return frame, tuple(notes)


def _sub_folders(folder: Path) -> list[str]:
    return sorted(e.name for e in os.scandir(folder) if e.is_dir() and not e.name.startswith((".", "__")))


def _files(folder: Path) -> list[Path]:
    found: list[Path] = []
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__")))
        found += [Path(root, name) for name in sorted(names) if not name.startswith((".", "~", "Thumbs.db"))]
    return found


def _is_text(name: str) -> bool:
    return name.lower().endswith(".txt")


def _is_other(name: str) -> bool:
    return Path(name).suffix.lower() in NOT_MEDIA


def _texts(folder: Path, names: pl.Series) -> pl.Series:
    return pl.Series("text", [_text(folder / name) for name in names], dtype=pl.String)


def _text(path: Path) -> str | None:
    if path.stat().st_size == 0:
        return None
    content, _ = as_utf8(content_of(path))
    return bytes(content).decode("utf-8")


def _not_a_class_folder(folder: Path, why: str) -> InputError:
    tables = sorted(p.name for p in folder.iterdir() if p.suffix.lower() in TABLES)
    fix = "A folder needs one sub-folder a class, each holding its files"
    if tables:
        fix = f"Give the table in it: {', '.join(str(folder / name) for name in tables[:3])}"
    return InputError(f"not a folder of classes: {why}", where=str(folder), fix=fix)
