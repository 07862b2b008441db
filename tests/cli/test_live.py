from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from consilience.cli.live import clock, judged, live

EVENTS: list[dict[str, Any]] = [
    {"event": "stage", "name": "prepare"},
    {"event": "progress", "name": "decode image", "done": 0, "total": 2000},
    {"event": "progress", "name": "decode image", "done": 1000, "total": 2000},
    {"event": "progress", "name": "decode image", "done": 2000, "total": 2000},
    {"event": "progress", "name": "check imbalance", "done": 3, "total": 3},
    {"event": "warning", "code": "imbalance", "message": "[red]99 % of the rows are “no”[/red]"},
    {"event": "stage", "name": "train"},
    {"event": "start", "network": "fold0", "parameters": 9, "rows": 90, "epochs": 2, "steps": 20, "step": 0},
    {"event": "step", "network": "fold0", "step": 5, "epoch": 0, "loss": 2.25, "rate": 5.0},
    {
        "event": "evaluation",
        "network": "fold0",
        "epoch": 0,
        "loss": 2.0,
        "valid": {"log_loss": 1.0, "accuracy": 0.5},
    }
    | {"fusion": {"concat": 0.4, "gated": 0.5}},
    {"event": "evaluation", "network": "fold0", "epoch": 1, "loss": float("nan"), "valid": {}},
    {"event": "end", "network": "fold0", "best": [[0.5, -0.7, 0, "gated"]], "fusion": "gated", "seconds": 4.2},
    {"event": "reference", "name": "linear", "rows": 90, "seconds": 0.4},
    {"event": "stage", "name": "evaluate"},
    {"event": "end", "network": "all", "seconds": 9.0},
]


def shown(terminal: bool, quiet: bool = False) -> str:
    file = io.StringIO()
    console = Console(file=file, force_terminal=terminal, width=140, highlight=False, color_system=None)
    with live(console, quiet) as listen:
        for event in EVENTS:
            listen(event)
    return file.getvalue()


def test_a_log_gets_one_line_a_stage_a_progress_and_an_epoch() -> None:
    assert shown(terminal=False).splitlines() == [
        "Preparing",
        "  decode image 2,000/2,000",
        "warning: [red]99 % of the rows are “no”[/red]",
        "Training",
        "  fold0 epoch 1/2 · 5 steps/s · loss 2 · accuracy 0.5 · 2 s left",
        "  fold0 epoch 2/2 · 5 steps/s · 0 s left",
        "  fold0 2 epochs · 4 s · best at epoch 1 · fusion gated",
        "  linear reference · 90 rows · 0 s",
        "Evaluating",
    ]


def test_a_terminal_gets_bars_that_end_in_lines() -> None:
    screen = shown(terminal=True)
    assert "warning: [red]99 % of the rows are “no”[/red]" in screen
    assert "fold0 2 epochs · 4 s · best at epoch 1 · fusion gated" in screen
    assert "━" not in screen.rstrip().splitlines()[-1], "no bar is left behind"


def test_bars_show_epoch_rate_loss_metric_and_time_left() -> None:
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=140, highlight=False, color_system=None)
    with live(console) as listen:
        for event in EVENTS[:10]:
            listen(event)
    assert "epoch 1/2 · 5 steps/s · loss 2 · accuracy 0.5 · 2 s left" in file.getvalue()


def test_quiet_shows_nothing() -> None:
    assert shown(terminal=True, quiet=True) == ""


def test_an_error_inside_the_block_goes_through() -> None:
    console = Console(file=io.StringIO(), force_terminal=True)
    with pytest.raises(KeyError), live(console) as listen:
        listen({"event": "stage"})


def test_the_metric_shown_is_the_one_that_fusions_were_compared_by() -> None:
    valid = {"log_loss": 0.3, "accuracy": 0.9, "roc_auc": None}
    assert judged({"event": "evaluation", "valid": valid, "fusion": {"a": 0.9, "b": 0.8}}) == (
        "accuracy",
        0.9,
    )
    assert judged({"event": "evaluation", "valid": valid}) == ("log_loss", 0.3)
    assert judged({"event": "evaluation"}) is None


@pytest.mark.parametrize(("seconds", "words"), [(0.2, "0 s"), (59.4, "59 s"), (185, "3:05"), (3723, "1:02:03")])
def test_clock(seconds: float, words: str) -> None:
    assert clock(seconds) == words
