from __future__ import annotations

import csv
import io
import re
import runpy
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

import pytest

from consilience.core.files import finite
from consilience.evaluation.report import render_report, write_report
from consilience.evaluation.sheets import csv_text

fake = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("fake_result.py"))))
HOSTILE = "</title><script>alert(1)</script><img src=x onerror=alert(1)>\"' &amp; {{ 7*7 }}"


class Page(HTMLParser):
    """Tags with their attributes, and the visible words."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def hostile(value: Any) -> Any:
    """Every string of a result that comes from data replaced by markup; keys of groups too."""
    result = fake.classification()
    result["target"] = result["task_reason"] = HOSTILE
    result["confusion"]["labels"] = [f"{HOSTILE}{i}" for i in range(10)]
    result["alone"] = {HOSTILE: result["alone"]["image"]}
    result["groups"] = {HOSTILE: {**result["groups"]["record"], "columns": [HOSTILE] * 9}}
    result["comparison"]["fused_single"]["single"] = HOSTILE
    result["warnings"] = [HOSTILE]
    result["ignored"] = {HOSTILE: HOSTILE}
    result["recipe"]["target"] = HOSTILE
    for item in [*result["findings"], *result["problems"], result["data"]["train"]]:
        for key, cell in item.items():
            if isinstance(cell, str):
                item[key] = HOSTILE
    return result


RESULTS = {
    "classification": (fake.classification(), fake.events()),
    "regression": (fake.regression(), fake.events(tuple(f"fold{i}" for i in range(5)), 6, "rmse")),
    "hostile": (hostile(None), fake.events((HOSTILE,))),
    "no events": (fake.classification(), []),
}


@pytest.mark.parametrize("name", RESULTS)
def test_the_page_asks_for_nothing_and_runs_nothing(name: str) -> None:
    page = Page(render_report(*RESULTS[name]))
    for tag, attributes in page.tags:
        assert tag not in ("script", "iframe", "img", "object", "embed", "base", "form")
        assert not [key for key in attributes if key.startswith("on")], attributes
        for key in ("src", "href", "xlink:href", "action", "srcset"):
            assert (attributes.get(key) or "data:").startswith(("data:", "#")), attributes
    style = "".join(page.words)
    assert "@import" not in style
    assert "url(" not in style


@pytest.mark.parametrize("name", RESULTS)
def test_every_tag_is_closed(name: str) -> None:
    html = render_report(*RESULTS[name])
    for tag in ("section", "table", "figure", "details", "svg", "div", "ul", "dl"):
        assert html.count(f"<{tag}") == html.count(f"</{tag}>"), tag


def test_the_verdict_comes_first_and_in_plain_words() -> None:
    text = Page(render_report(*RESULTS["classification"])).text
    text = text[text.index("Consilience report", 200) :]
    order = [
        "Predicting “digit”",
        "accuracy of 96.3 %",
        "Joining the sources helps",
        "How good, and against what",
    ]
    order += [
        "All metrics",
        "Which classes are confused",
        "How training went",
        "The network Fusion",
        "Methods For a paper “digit” (10 classes)",
    ]
    places = [text.index(words) for words in order]
    assert places == sorted(places)


def test_what_a_run_leaves_behind_is_all_there() -> None:
    text = Page(render_report(*RESULTS["classification"])).text
    for words in (
        "94.3 to 98.3 %",  # interval
        "boosted trees",
        "only audio",
        "No weight: linear reference.",
        "number_periodic",
        "24.5 M",
        "A column knows the target",
        "1,204",  # repaired cells
        "10 % of the other rows are validation rows",
        "ab" * 32,
        "torch 2.13.0",
        "learning_rate: 0.002",
        "patient_id (identifier)",
        "train.csv: encoding GB18030",
        "4 min 14 s",
    ):
        assert words in text, words
    assert "/home/x" not in text, "the path on the machine is nobody's business"


def test_a_loss_is_said_and_a_scatter_is_drawn() -> None:
    html = render_report(*RESULTS["regression"])
    assert "The network loses to the linear reference" in html
    assert 'class="point"' in html
    assert "lower is better" in html
    assert html.count('class="ring') == 5, "the best epoch of each fold"


def test_many_classes_show_the_worst_pairs() -> None:
    result = fake.classification()
    labels = [f"class {i}" for i in range(60)]
    matrix = [[50 if i == j else int(j == (i + 1) % 60) * i for j in range(60)] for i in range(60)]
    result["confusion"] = {"labels": labels, "matrix": matrix}
    html = render_report(result, [])
    assert "class 59 → class 0" in html
    assert len(html) < 200_000


def test_undefined_metrics_and_an_old_result_still_render() -> None:
    result = finite({**fake.classification(), "alone": {}, "comparison": {}, "confusion": None, "problems": []})
    for part in ("test", "network"):
        result[part]["roc_auc"] = {"value": None, "low": None, "high": None}
    for key in ("data", "versions", "warnings", "findings", "recipe", "ignored", "seconds", "networks"):
        del result[key]
    text = Page(render_report(result, [])).text
    assert "No check found anything to report." in text
    assert "Every cell could be read as it was." in text
    assert "–" in text


def test_tables_download_unrounded() -> None:
    page = Page(render_report(*RESULTS["classification"]))
    links = {a["download"]: str(a["href"]) for tag, a in page.tags if "download" in a}
    assert set(links) >= {
        "accuracy.csv",
        "metrics.csv",
        "weights.csv",
        "confusion.csv",
        "curves.csv",
        "network.csv",
    }
    head, body = links["accuracy.csv"].split(",", 1)
    assert head == "data:text/csv;charset=utf-8"
    rows = list(csv.reader(io.StringIO(unquote(body).lstrip("\ufeff"))))
    assert rows[0] == ["", "accuracy", "95 % from", "to"]
    assert float(rows[1][1]) == 0.963
    metrics = list(csv.reader(io.StringIO(unquote(links["metrics.csv"].split(",", 1)[1]).lstrip("\ufeff"))))
    assert metrics[0] == ["metric", "model", "value", "low", "high"]
    assert len(metrics) == 1 + 8 * 5


def test_formulas_in_names_stay_text_in_spreadsheets() -> None:
    assert csv_text(["=1+1"], [["@cmd", -1.5], ["+x", "plain"]]).splitlines() == [
        "\ufeff'=1+1",
        "'@cmd,-1.5",
        "'+x,plain",
    ]


def test_epochs_that_a_resumed_run_repeated_count_once() -> None:
    events = fake.events()
    repeated = [*events, {**events[3], "loss": 0.123456}]
    page = Page(render_report(fake.classification(), repeated))
    href = next(str(a["href"]) for tag, a in page.tags if a.get("download") == "curves.csv")
    rows = list(csv.reader(io.StringIO(unquote(href.split(",", 1)[1]))))
    assert len(rows) == 1 + 12
    assert rows[2][2] == "0.123456"


def test_the_file_is_utf8_and_readable_without_styles(tmp_path: Path) -> None:
    path = tmp_path / "run" / "report.html"
    write_report(*RESULTS["regression"], path)
    content = path.read_bytes()
    assert b'<meta charset="utf-8">' in content[:200]
    assert "price (€)" in content.decode("utf-8")
    assert re.search(r"prefers-color-scheme: dark", content.decode("utf-8"))
