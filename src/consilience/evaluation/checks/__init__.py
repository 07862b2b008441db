"""Checks of a finished run: one file a code, listed in the registry under "run_check"."""
