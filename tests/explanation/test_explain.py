"""Whole explanations: through Python, the command line, the page and the report."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import consilience as cs
from consilience.artifacts.run_folder import RunFolder
from consilience.core.files import read_json
from consilience.evaluation.evidence import Rows
from consilience.explanation.analysis import Explanation
from consilience.explanation.cards import words
from consilience.explanation.chosen_rows import choose_rows
from consilience.explanation.neighbours import neighbours
from consilience.explanation.page import render_page
from consilience.explanation.training_rows import training_rows

from .conftest import subject_for

Mixed = tuple[cs.Model, pl.DataFrame, Path]


def test_a_row_is_explained_in_full(mixed: Mixed) -> None:
    model, new, _ = mixed
    (one,) = model.explain(new, [3])
    assert one["row"] == 3
    assert one["prediction"] == model.predict(new)[3] == one["class"]
    shares = sum(share["value"] for share in one["shares"].values())
    assert shares == pytest.approx(one["whole"] - one["nothing"], abs=1e-9)
    assert one["whole"] == pytest.approx(model.predict_proba(new)[3].max(), abs=1e-6)
    assert {cell["column"] for cell in one["cells"]} == {"age", "dose", "city", "visit"}
    assert [abs(c["effect"]) for c in one["cells"]] == sorted((abs(c["effect"]) for c in one["cells"]), reverse=True)
    assert len(one["neighbours"]) == 3
    assert one["note"] == ""
    json.dumps(one, allow_nan=False)


def test_another_class_can_be_explained(mixed: Mixed) -> None:
    model, new, _ = mixed
    yes, no = (model.explain(new, [0], name)[0] for name in ("yes", "no"))
    assert yes["whole"] + no["whole"] == pytest.approx(1)
    assert yes["shares"]["text"]["value"] == pytest.approx(-no["shares"]["text"]["value"], abs=1e-6)
    with pytest.raises(cs.InputError, match="did you mean 'yes'"):
        model.explain(new, [0], "yse")


def test_rows_of_the_training_table_find_themselves(mixed: Mixed) -> None:
    model, _, run = mixed
    train, note = training_rows(run, model.bundle)
    assert train is not None, note
    assert len(train.index) == model.metrics["rows"]["train"]
    few = Rows(train.features, train.texts, train.index[:5], train.frame[:5])
    subject = subject_for(model.bundle, pl.read_parquet(run.parent / "train.parquet")[few.index])
    near = neighbours(subject, train, 0)
    assert near.rows[:, 0].tolist() == few.index.tolist()
    assert np.allclose(near.similarity[:, 0], 1, atol=1e-4)
    assert (np.diff(near.similarity, axis=1) <= 1e-6).all()


def test_without_the_training_table_the_rest_is_explained(mixed: Mixed) -> None:
    model, new, _ = mixed
    (one,) = cs.Model(model.bundle).explain(new, [0])
    assert one["neighbours"] is None
    assert "stands alone" in one["note"]
    assert "cannot be shown" in render_page([one], "sick", "en")


def test_the_report_has_the_chapter_in_both_languages(mixed: Mixed) -> None:
    _, _, run = mixed
    result = RunFolder(run).read_result()
    found = result["explanation"]
    assert "examples" not in read_json(run / "metrics.json")["explanation"]
    assert len(found["examples"]) == 3
    assert set(found["shares"]) == {"audio", "category", "date", "image", "number", "text"}
    for size in (*found["shares"].values(), *found["cells"]):
        assert size["low"] <= size["value"] <= size["high"]
    assert {one["modality"] for one in found["faithfulness"]} == {"text", "image", "audio", "table"}
    assert len(json.dumps(found["examples"])) < 400_000
    english, chinese = (Explanation().show(found, result, language) for language in ("en", "zh"))  # type: ignore[arg-type]
    assert english is not None
    assert chinese is not None
    said = " ".join(sentence.text for sentence in chinese.sentences)
    assert re.search("[\u4e00-\u9fff]", said)
    assert not re.search("[\u4e00-\u9fff]", " ".join(sentence.text for sentence in english.sentences))
    html = (run / "report.html").read_text(encoding="utf-8")
    assert 'id="explanation"' in html
    assert html.count("<article") == 3


def test_the_command_prints_and_writes(mixed: Mixed, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, new, run = mixed
    table = tmp_path / "new.parquet"
    new.write_parquet(table)
    out = tmp_path / "why"
    code, printed, _ = command(capsys, "explain", run, table, "--rows", "0,5", "--fixed", "age", "--out", out)
    assert code == 0
    assert "Row 5" in printed
    assert "Similar training rows" in printed
    html = (out / "explanations.html").read_text(encoding="utf-8")
    assert html.count("<article") == 2
    assert "data:image/jpeg" in html
    assert "http" not in html.replace("http-equiv", "").replace("http://www.w3.org", "")
    assert [one["row"] for one in read_json(out / "explanations.json")] == [0, 5]
    code, printed, _ = command(capsys, "explain", run, table, "--first", "1", "--json")
    assert code == 0
    assert "data:" not in printed
    assert json.loads(printed)[0]["shares"]
    code, printed, _ = command(capsys, "explain", run, table, "--first", "1", "--language", "zh")
    assert "第 0 行" in printed


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--rows", "90"), "no row 90"),
        (("--rows", "a"), "row numbers such as"),
        (("--rows", "1", "--first", "2"), "exclude each other"),
        (("--class", "yse"), "did you mean 'yes'"),
        (("--fixed", "aeg"), "did you mean 'age'"),
        (("--language", "e"), "did you mean 'en'"),
    ],
)
def test_bad_options_are_named(
    mixed: Mixed, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], message: str
) -> None:
    _, new, run = mixed
    new.write_parquet(tmp_path / "new.parquet")
    code, _, error = command(capsys, "explain", run, tmp_path / "new.parquet", *options)
    assert code == 2
    assert message in error


def command(capsys: pytest.CaptureFixture[str], *parts: object) -> tuple[int, str, str]:
    from consilience.cli import main

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["consilience", *map(str, parts)])
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
    said = capsys.readouterr()
    return code, said.out, said.err


def test_examples_are_sure_and_wrong_sure_and_right_and_unsure() -> None:
    predictions = np.array([[0.9, 0.1], [0.95, 0.05], [0.52, 0.48], [0.2, 0.8], [0.4, 0.6]])
    target = np.eye(2)[[0, 1, 0, 1, 0]]
    assert choose_rows("binary", target, predictions, 3) == [(1, "wrong"), (0, "right"), (2, "unsure")]
    assert len(choose_rows("binary", target, predictions, 9)) == 5
    assert choose_rows("binary", target, predictions, 0) == []
    values = np.array([[1.0], [5.0], [2.0]])
    assert choose_rows("regression", values, np.array([[1.1], [2.0], [2.5]]), 2) == [(1, "far"), (0, "near")]


def test_long_texts_are_cut_to_their_strongest_words() -> None:
    spans = [[f"w{i}", 1.0 if i == 150 else 0.001] for i in range(300)] + [["rest of the text", None]]
    shown = words(spans, "en")
    assert len(shown) < 130
    assert [w.text for w in shown if w.weight] == ["w150"]
    assert shown[-1].text == "…"
