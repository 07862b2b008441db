"""A model folder that was touched anywhere is refused, with the file's name; nothing ever crashes."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import pytest

from consilience.artifacts import signing
from consilience.artifacts.manifest import DIGEST, MANIFEST, read_manifest, sha256, write_manifest
from consilience.core.errors import InputError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "model"
    path.mkdir()
    for name in ("facts.json", "network.onnx", "rules.json"):
        (path / name).write_bytes(random.Random(name).randbytes(300))
    write_manifest(path, {"recipe": {"target": "y"}, "onnx": {}})
    return path


def test_a_sound_folder_is_read(folder: Path) -> None:
    assert set(read_manifest(folder)["files"]) == {"facts.json", "network.onnx", "rules.json"}


def mutate(folder: Path, dice: random.Random) -> str:
    file = dice.choice(sorted(folder.iterdir()))
    data = bytearray(file.read_bytes())
    kind = dice.choice(["flip", "cut", "grow", "drop", "rename", "link", "add", "swap"])
    if kind == "flip":
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
        file.write_bytes(data)
    elif kind == "cut":
        file.write_bytes(data[: dice.randrange(len(data))])
    elif kind == "grow":
        file.write_bytes(bytes(data) + b" ")
    elif kind == "drop":
        file.unlink()
    elif kind == "rename":
        file.rename(file.with_name("other.json"))
    elif kind == "link":
        shutil.move(file, folder.parent / "outside")
        file.symlink_to(folder.parent / "outside")
    elif kind == "add":
        (folder / "pickle.pkl").write_bytes(b"x")
    else:
        other = dice.choice([p for p in sorted(folder.iterdir()) if p != file])
        a, b = file.read_bytes(), other.read_bytes()
        file.write_bytes(b)
        other.write_bytes(a)
    return f"{kind} {file.name}"


def test_five_hundred_changes_are_all_refused(folder: Path, tmp_path: Path) -> None:
    dice, refused = random.Random(1), 0
    for number in range(500):
        copy = tmp_path / f"copy{number}" / "model"
        shutil.copytree(folder, copy)
        change = mutate(copy, dice)
        try:
            read_manifest(copy)
        except InputError:
            refused += 1
        else:
            pytest.fail(f"loaded after: {change}")
        shutil.rmtree(copy.parent)
    assert refused == 500


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/b", "a\\b", "..", "C:x", "", "nul\0"])
def test_paths_cannot_leave_the_folder(folder: Path, name: str) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["files"][name] = "0" * 64
    (folder / MANIFEST).write_text(json.dumps(manifest))
    (folder / DIGEST).write_text(sha256(folder / MANIFEST))
    with pytest.raises(InputError, match="no plain name"):
        read_manifest(folder)


def test_an_exported_graph_needs_the_new_format(folder: Path) -> None:
    manifest = json.loads((folder / MANIFEST).read_text()) | {"format": 2}
    (folder / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(InputError, match="format 2"):
        read_manifest(folder)


def test_signatures(folder: Path, tmp_path: Path) -> None:
    private, public = signing.make_keys(tmp_path / "key")
    assert private.stat().st_mode & 0o077 == 0
    with pytest.raises(InputError, match="stands there"):
        signing.make_keys(private)
    with pytest.raises(InputError, match="not signed"):
        signing.verify(folder, public)
    signing.sign(folder, private)
    signing.verify(folder, public)
    read_manifest(folder)
    with pytest.raises(InputError, match="not of this key"):
        signing.verify(folder, signing.make_keys(tmp_path / "other")[1])
    (folder / "facts.json").write_bytes(b"changed")
    write_manifest(folder, {"recipe": {"target": "y"}, "onnx": {}})
    with pytest.raises(InputError, match="not of this key"):
        signing.verify(folder, public)
    with pytest.raises(InputError, match="no private key"):
        signing.sign(folder, public)


def test_the_format_is_no_way_around_the_digest(folder: Path) -> None:
    write_manifest(folder, {"recipe": {"target": "y"}})
    text = (folder / MANIFEST).read_text()
    (folder / MANIFEST).write_text(text.replace('"format": 3', '"format": 2'))
    with pytest.raises(InputError, match="changed after it was saved"):
        read_manifest(folder)
