"""Signatures of model folders: Ed25519 (Bernstein et al. 2012; RFC 8032) over the manifest, which holds every hash.

The library is `cryptography`. Keys are PEM files.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from consilience.artifacts.manifest import MANIFEST, SIGNATURE, read_manifest
from consilience.core.errors import InputError, MissingExtraError


def make_keys(path: Path) -> tuple[Path, Path]:
    """A new pair: `path` (private, readable by its owner only) and `path`.pub.

    Raises:
        InputError: when a file of that name stands there.
    """
    _, serialization, keys = _library()
    public = path.with_name(path.name + ".pub")
    for file in (path, public):
        if file.exists():
            raise InputError("a file of this name stands there", where=str(file), fix="Give another name")
    key = keys.Ed25519PrivateKey.generate()
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(secret)
    public.write_bytes(key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo))
    return path, public


def sign(folder: Path, key: Path) -> None:
    """Sign a sound model folder with a private key: writes manifest.sig.

    Raises:
        InputError: when the folder is not sound or the key cannot be read.
    """
    _, serialization, keys = _library()
    read_manifest(folder)
    try:
        secret = serialization.load_pem_private_key(key.read_bytes(), None)
    except (OSError, ValueError, TypeError):
        raise InputError("no private key that can be read", where=str(key)) from None
    if not isinstance(secret, keys.Ed25519PrivateKey):
        raise InputError("not an Ed25519 key", where=str(key))
    (folder / SIGNATURE).write_bytes(secret.sign((folder / MANIFEST).read_bytes()))


def verify(folder: Path, key: Path) -> None:
    """Check a model folder and its signature with a public key.

    Raises:
        InputError: when the folder is not sound, not signed, or signed with another key.
    """
    exceptions, serialization, keys = _library()
    read_manifest(folder)
    try:
        public = serialization.load_pem_public_key(key.read_bytes())
    except (OSError, ValueError):
        raise InputError("no public key that can be read", where=str(key)) from None
    if not isinstance(public, keys.Ed25519PublicKey):
        raise InputError("not an Ed25519 key", where=str(key))
    path = folder / SIGNATURE
    if path.is_symlink() or not path.is_file():
        raise InputError("the model is not signed", where=str(folder), fix="consilience export --sign KEY")
    try:
        public.verify(path.read_bytes(), (folder / MANIFEST).read_bytes())
    except exceptions.InvalidSignature:
        raise InputError("the signature is not of this key and this manifest", where=str(path)) from None


def _library() -> tuple[Any, Any, Any]:
    try:
        from cryptography import exceptions
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError:
        raise MissingExtraError("cryptography", "serve", "Signing") from None
    return exceptions, serialization, ed25519
