"""What would change a run that has begun is refused, and named as the option that a user typed."""

from __future__ import annotations

import pytest

from consilience.cli.options import refuse, report_settings, training_settings
from consilience.core.errors import InputError


@pytest.mark.parametrize(
    ("options", "chosen", "said"),
    [
        ({"--set": ["a=1"]}, (), "--set cannot"),
        ({"seed": 0}, (), "--seed cannot"),
        ({"stack": False}, (), "--stack cannot"),
        ({}, training_settings(2), "--workers cannot"),
        ({}, training_settings(None, "wandb"), "--track cannot"),
        ({}, report_settings("zh", None, None, False), "--language cannot"),
    ],
)
def test_changes_are_refused(options: dict[str, object], chosen: tuple[str, ...], said: str) -> None:
    with pytest.raises(InputError, match=said):
        refuse(options, chosen)


def test_nothing_given_is_nothing_refused() -> None:
    refuse({"--set": None, "seed": None}, ())
