"""Every chart: well-formed, inert whatever it is given, and drawn where the numbers say."""

from __future__ import annotations

import re
import xml.etree.ElementTree as Xml
from collections.abc import Callable

import pytest

from consilience.evaluation.charts.bars import Bar, bars
from consilience.evaluation.charts.confusion import confusion, worst_pairs
from consilience.evaluation.charts.curves import curves
from consilience.evaluation.charts.dot_whisker import Score, dot_whisker
from consilience.evaluation.charts.lines import Axes, Line, lines
from consilience.evaluation.charts.reliability import Dot, Names, reliability
from consilience.evaluation.charts.scatter import scatter
from consilience.evaluation.charts.svg import shortened, text_width, tick_label, ticks

HOSTILE = "<script>alert(1)</script>\"'&\x00\x1b[31m\n" + "長い名前" * 40
SVG = "{http://www.w3.org/2000/svg}"


def scores(name: str) -> str:
    lines = [Score(name, "default", 0.9, 0.85, 0.95, "0.900"), Score("floor", "floor", None, None, None, "–")]
    more = [
        Score("linear", "reference", 0.5, None, None, "0.500"),
        Score("only x", "alone", 0.7, 0.6, 0.8, "0.7"),
    ]
    return dot_whisker([(name, lines), ("none", []), ("more", more)], name, True, 350)


def graph(name: str) -> str:
    line = Line(name, [(0.0, 0.5), (0.5, None), (1.0, float("inf")), (1.0, 0.7)], [(0.0, 0.4, 0.6), (1.0, 0.6, 0.9)])
    other = Line("b", [(0.0, -5.0), (1.0, 0.1)], [(0.0, None, 0.2), (0.5, 0.1, 0.2), (1.0, float("nan"), 1.0)])
    return lines([line, other, Line("none", [(0.0, None)])], Axes((name, name), (True, True), (0.0, 1.0), 0.3), 350)


def trust(name: str) -> str:
    dots = [Dot(0.1, 0.2, 0.1, 0.3, name), Dot(0.9, 0.8, None, None, "b")]
    return reliability(dots, dots[:1], [3.0, 0.0, 7.0], Names(name, name, name, name, name), 350)


CHARTS: dict[str, Callable[[str], str]] = {
    "bars": lambda name: bars([Bar(name, 3, "3"), Bar("b", 0, "0")], name),
    "confusion": lambda name: confusion([name, "b"], [[3, 1], [0, 0]], (name, "predicted"), 350),
    "curves": lambda name: curves({name: [(1, 0.5), (2, float("nan"))], "b": [(1, 1.0), (2, 2.0)]}, (name, "y")),
    "dot_whisker": scores,
    "lines": graph,
    "reliability": trust,
    "scatter": lambda name: scatter([1.0, None, 3.0], [1.5, 2.0, float("inf")], (name, name)),
}


@pytest.mark.parametrize("name", CHARTS)
@pytest.mark.parametrize("label", ["plain", HOSTILE], ids=["plain", "hostile"])
def test_a_chart_is_well_formed_labelled_and_inert(name: str, label: str) -> None:
    picture = CHARTS[name](label)
    root = Xml.fromstring(picture)  # raises when it is not XML
    assert root.tag == f"{SVG}svg"
    assert root.attrib["role"] == "img"
    assert len(root.attrib["aria-label"]) > 10
    assert not list(root.iter(f"{SVG}script"))
    assert "<script" not in picture
    assert "nan" not in re.sub(r"[\w]*nan[\w]+", "", picture.lower()), "no undefined coordinate"
    assert "http" not in picture.replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize(
    "picture",
    [
        bars([], "nothing"),
        confusion([], [], ("actual", "predicted")),
        curves({}, ("epoch", "loss")),
        dot_whisker([], "accuracy", False),
        lines([], Axes(("x", "y"))),
        reliability([], [], [], Names("p", "o", "a", "b", "c")),
        scatter([], [], ("a", "b")),
        dot_whisker([("", [Score("one", "default", 1.0, 1.0, 1.0, "1")])], "accuracy", True),
        scatter([2.0, 2.0], [2.0, 2.0], ("a", "b")),
    ],
)
def test_nothing_and_a_single_value_still_draw(picture: str) -> None:
    root = Xml.fromstring(picture)
    assert float(root.attrib["height"]) > 0


def test_marks_stand_where_their_values_are() -> None:
    root = Xml.fromstring(scores("a"))
    default = next(g for g in root.iter(f"{SVG}g") if g.attrib.get("class") == "mark default")
    low, high = (float(default.find(f"{SVG}line").attrib[key]) for key in ("x1", "x2"))  # type: ignore[union-attr]
    middle = float(default.find(f"{SVG}circle").attrib["cx"])  # type: ignore[union-attr]
    assert low < middle < high
    assert middle == pytest.approx((low + high) / 2, abs=0.02)
    reference = next(g for g in root.iter(f"{SVG}g") if g.attrib.get("class") == "mark reference")
    assert reference.find(f"{SVG}line") is None, "no interval, no whisker"
    assert not [g for g in root.iter(f"{SVG}g") if g.attrib.get("class") == "mark floor"], "undefined: no mark"


def test_the_best_epoch_is_ringed() -> None:
    root = Xml.fromstring(curves({"a": [(1, 1.0), (2, 3.0), (3, 2.0)]}, ("epoch", "y"), best={"a": 2}))
    line = next(root.iter(f"{SVG}polyline")).attrib["points"].split()
    ring = next(c for c in root.iter(f"{SVG}circle") if "ring" in c.attrib["class"])
    x, y = (float(v) for v in line[1].split(","))
    assert float(ring.attrib["cx"]) == pytest.approx(x, abs=0.1)
    assert float(ring.attrib["cy"]) == pytest.approx(y, abs=0.1)
    assert y == min(float(point.split(",")[1]) for point in line)


def test_cells_of_right_and_wrong_answers_differ_and_are_counted() -> None:
    root = Xml.fromstring(confusion(["a", "b"], [[8, 2], [0, 5]], ("actual", "predicted")))
    classes = [r.attrib["class"] for r in root.iter(f"{SVG}rect")]
    assert classes.count("right") == 2
    assert classes.count("wrong") == 1
    assert root.attrib["aria-label"] == "Confusion matrix of 2 classes: 13 of 15 on the diagonal"


def test_worst_pairs_come_first() -> None:
    assert worst_pairs(["a", "b"], [[1, 2], [6, 0]]) == [
        ("b", "a", 6, 1.0),
        ("a", "b", 2, pytest.approx(2 / 3)),
    ]
    assert worst_pairs(["a"], [[0]]) == []


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1.0]), (0.93, 0.97, [0.93, 0.94, 0.95, 0.96, 0.97]), (3, 3, [3])],
)
def test_ticks_are_round(low: float, high: float, expected: list[float]) -> None:
    assert ticks(low, high) == pytest.approx(expected)


def test_labels() -> None:
    assert tick_label(0.25, percent=True) == "25 %"
    assert tick_label(-12_000) == "−12,000"
    assert shortened("short", 100) == "short"
    assert shortened("消化内科门诊记录", 50).endswith("…")
    assert text_width(shortened("消化内科门诊记录", 50)) <= 50


def test_lines_and_dots_are_placed_where_the_numbers_say() -> None:
    picture = lines([Line("a", [(0.0, 0.0), (1.0, 1.0)])], Axes(("x", "y"), limits=(0.0, 1.0)), 572)
    points = re.search(r'points="([^"]+)" class="line c0"', picture)
    assert points is not None
    assert points[1] == "58.0,262.0 558.0,22.0"
    honest = reliability([Dot(0.5, 0.5, 0.4, 0.6, "half")], [], [1.0], Names("p", "o", "a", "b", "c"), 472)
    assert 'cx="258" cy="227"' in honest
    assert "half" in honest
