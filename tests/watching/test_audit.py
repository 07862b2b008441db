"""Any edit, deletion or reorder is found; a killed writer leaves a sound chain."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from consilience.core.errors import InputError
from consilience.watching import audit


@pytest.fixture
def chain(tmp_path: Path) -> Path:
    path = tmp_path / "audit.jsonl"
    for number in range(12):
        audit.append(path, "predict", {"rows": number})
    return path


def test_a_chain_holds(chain: Path) -> None:
    assert audit.verify(chain) == (True, 12, None)
    assert [line["facts"]["rows"] for line in audit.read(chain)] == list(range(12))


@pytest.mark.parametrize("seed", range(30))
def test_every_change_is_found(chain: Path, seed: int) -> None:
    dice = random.Random(seed)
    lines = chain.read_bytes().splitlines(keepends=True)
    match seed % 4:
        case 0:
            at, byte = dice.randrange(len(lines)), None
            line = bytearray(lines[at])
            byte = dice.randrange(len(line) - 1)
            line[byte] ^= 1 << dice.randrange(7)
            lines[at] = bytes(line)
        case 1:
            del lines[dice.randrange(len(lines))]
        case 2:
            a, b = dice.sample(range(len(lines)), 2)
            lines[a], lines[b] = lines[b], lines[a]
        case 3:
            lines = lines[: -dice.randrange(1, 5)]
    chain.write_bytes(b"".join(lines))
    assert not audit.verify(chain).sound


def test_an_unfinished_last_line_is_no_fault_and_is_mended(chain: Path) -> None:
    with chain.open("ab") as file:
        file.write(b'{"number": 13, "ti')
    assert audit.verify(chain).sound
    audit.append(chain, "feedback", {})
    assert audit.verify(chain) == (True, 13, None)


def test_killed_writers_lose_nothing_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    code = (
        "import sys\nfrom pathlib import Path\nfrom consilience.watching import audit\n"
        "for i in range(10**6):\n    audit.append(Path(sys.argv[1]), 'predict', {'i': i})\n    print(i, flush=True)"
    )
    acknowledged = 0
    for seed in range(4):
        process = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.05 + 0.05 * seed)
        process.kill()
        acknowledged += 1 + len(process.stdout.read().splitlines())
        process.stdout.close()
        process.wait()
        verdict = audit.verify(path)
        assert verdict.sound, verdict
        assert verdict.lines >= acknowledged
        acknowledged = verdict.lines


def test_what_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such audit"):
        audit.verify(tmp_path / "none")
    with pytest.raises(InputError, match="did you mean 'predict'"):
        audit.append(tmp_path / "a", "predicted", {})
