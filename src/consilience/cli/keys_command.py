"""`consilience keys`: a key pair for signing bundles, or the check of a signature."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    name: Annotated[Path, typer.Argument(help="Private key to write, beside NAME.pub; with --verify the public key.")],
    verify: Annotated[Path | None, typer.Option(help="Check the signature of this bundle instead.")] = None,
) -> None:
    """Make a key pair NAME and NAME.pub; `consilience export --sign NAME` signs with it."""
    from consilience.artifacts import signing

    if verify is not None:
        signing.verify(verify, name)
        print(f"{verify}: sound, and signed with the pair of {name}")
        return
    private, public = signing.make_keys(name)
    print(f"private key: {private} (keep it to yourself)\npublic key:  {public}")
