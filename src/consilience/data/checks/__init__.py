"""Checks of a table before training: one file a code. `docs/checks.md` explains each."""
