"""The command line: one file a verb; each parses, calls one public function and prints."""

from __future__ import annotations

import sys


def main() -> None:
    """Run a command. Exit codes: 0 done, 1 a check failed, 2 bad input; an error on purpose is one line."""
    from consilience.cli.app import app
    from consilience.core.errors import ConsilienceError

    try:
        app()
    except ConsilienceError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        raise SystemExit(130) from None
