"""The command line is an interface: verbs and options are pinned, help is quick and light."""

from __future__ import annotations

import subprocess
import sys
import time

import click
import pytest
import typer

from consilience.cli.app import VERBS, app

OPTIONS = {
    "train": "--target --test --valid --ignore --run --resume --seed --effort --recipe --set --stack --language --json "
    "--slice --abstain --retrain --workers --track --quiet",
    "design": "--target --ignore --seed --effort --recipe --set --out --rank --json",
    "inspect": "--target --test --out --json --ignore --recipe --set",
    "evaluate": "--hide --json",
    "predict": "--out --level --abstain --json --quiet",
    "check": "--strict --json",
    "report": "--language --out --open",
    "explain": "--rows --first --class --fixed --target --out --language --json",
    "export": "--rows --int8 --fp16 --max-drop --weights --no-samples --sign --json --quiet",
    "audit": "--json",
    "bench": "--rows --batch --clients --out --json",
    "search": "--target --test --valid --ignore --space --trials --minutes --pruner --at-once --cluster --out --resume "
    "--seed --effort --recipe --set --workers --json --quiet",
    "prune": "--test --valid --share --importance --teacher --temperature --weight --out --set --json --quiet",
    "distill": "--test --valid --effort --teacher --temperature --weight --out --set --json --quiet",
    "keys": "--verify",
    "feedback": "--audit --json",
    "models": "--json",
    "monitor": "--log --table --days --model --target --reference --out --prometheus --json",
    "serve": "--log --log-inputs --log-days --log-sync --host --port --keys --new-key --insecure --repository "
    "--allow-url --max-batch --max-rows --max-body --queue --deadline --quiet",
    "demo": "--out --seed --json",
    "traffic": "--out --calibration --line --detector --saturation --lost --video --json --quiet",
}


@pytest.mark.parametrize("verb", VERBS)
def test_options_are_pinned(verb: str) -> None:
    command = typer.main.get_command(app)
    assert isinstance(command, click.Group) or hasattr(command, "commands")
    found = {name for p in command.commands[verb].params for name in p.opts if name.startswith("--")}  # type: ignore[attr-defined]
    for option in OPTIONS.get(verb, "").split():
        assert option in found, f"{verb} lost {option}"


def test_help_is_quick_and_light() -> None:
    best = 9.0
    for _ in range(3):  # the machine may be busy: the best of three says what the code costs
        began = time.perf_counter()
        command = [sys.executable, "-m", "consilience", "--help"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        best = min(best, time.perf_counter() - began)
    for verb in VERBS:
        assert verb in done.stdout
    assert best < 2.0
