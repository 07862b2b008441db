from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from consilience.applications.traffic.crossing import Line, choose_line, cross, name_of
from consilience.applications.traffic.detections import Detections, overlap
from consilience.applications.traffic.ground import calibrate
from consilience.applications.traffic.joining import Path
from consilience.applications.traffic.outlook import foresee
from consilience.applications.traffic.paths import Gatherer
from consilience.applications.traffic.signals import Junction, average_delay, suggest_signal
from consilience.applications.traffic.tracker import Seen, SortTracker
from consilience.applications.traffic.vehicles import minute_table, vehicle_table
from consilience.core.errors import InputError


def found(*boxes: tuple[float, ...], scores: tuple[float, ...] = ()) -> Detections:
    given = scores or (0.9,) * len(boxes)
    return Detections(np.array(boxes, np.float32).reshape(-1, 4), np.array(given, np.float32), ["car"] * len(boxes))


def path(start: tuple[float, float], end: tuple[float, float], track: int = 1, size: float = 10) -> Path:
    share = np.linspace(0, 1, 20)[:, None]
    middle = np.array(start) + share * (np.array(end) - np.array(start))
    return Path(track, share[:, 0] * 2, np.hstack([middle - size / 2, middle + size / 2]), "car")


def test_overlap_of_boxes() -> None:
    boxes = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [50, 50, 60, 60]], float)
    assert overlap(boxes[:1], boxes)[0].tolist() == pytest.approx([1, 1 / 3, 0])


class TestTracker:
    def test_two_that_meet_keep_their_numbers(self) -> None:
        tracker = SortTracker()
        for t in range(20):
            seen = tracker(t / 10, found((5 * t, 0, 5 * t + 20, 20), (100 - 5 * t, 25, 120 - 5 * t, 45)))
            assert [s.track for s in sorted(seen, key=lambda s: s.box[1])] == [1, 2]

    def test_one_that_is_hidden_for_a_moment_is_found_again(self) -> None:
        tracker = SortTracker()
        numbers = set()
        for t in range(30):
            hidden = 12 <= t < 18
            numbers |= {s.track for s in tracker(t / 10, found() if hidden else found((6 * t, 0, 6 * t + 20, 20)))}
        assert numbers == {1}

    def test_what_does_not_overlap_from_frame_to_frame_is_followed(self) -> None:
        tracker = SortTracker()
        numbers = {s.track for t in range(8) for s in tracker(t / 5, found((22 * t, 0, 22 * t + 20, 20)))}
        assert numbers == {1}

    def test_unsure_detections_go_on_but_do_not_begin(self) -> None:
        tracker = SortTracker()
        assert tracker(0.0, found((0, 0, 20, 20), scores=(0.3,))) == []
        assert [s.track for s in tracker(0.1, found((0, 0, 20, 20)))] == [1]
        assert [s.track for s in tracker(0.2, found((1, 0, 21, 20), scores=(0.3,)))] == [1]


class TestPaths:
    def gathered(self, boxes: list[list[tuple[float, ...]]]) -> list[int]:
        gatherer = Gatherer()
        for t, frame in enumerate(boxes):
            gatherer.add(t / 10, [Seen(i, np.array(b), 0.9, "car") for i, b in enumerate(frame)])
        return [p.track for p in gatherer.paths((100, 200))]

    def test_what_sways_in_its_place_is_no_vehicle(self) -> None:
        frames = [[(5 * t, 0, 5 * t + 20, 20), (150 + t % 2, 50, 170 + t % 2, 70)] for t in range(12)]
        assert self.gathered([list(f) for f in frames]) == [0]

    def test_a_small_thing_that_is_never_apart_from_a_large_one_is_part_of_it(self) -> None:
        frames = [[(5 * t, 0, 5 * t + 60, 60), (5 * t + 62, 20, 5 * t + 70, 30)] for t in range(12)]
        assert self.gathered([list(f) for f in frames]) == [0]


class TestLine:
    def test_it_is_laid_across_the_main_flow(self) -> None:
        ways = [path((0, 50), (200, 50)), path((200, 60), (0, 60)), path((90, 0), (90, 30))]
        line = choose_line(ways, (100, 200))
        assert line.x0 == pytest.approx(line.x1, abs=5)
        assert {round(line.y0), round(line.y1)} == {0, 100}

    def test_directions_are_those_of_the_picture(self) -> None:
        line = Line(0, 50, 200, 50)
        down, up = cross(path((20, 10), (20, 90)), line), cross(path((20, 90), (20, 10)), line)
        assert down is not None
        assert up is not None
        assert (down.direction, up.direction) == ("down", "up")
        assert down.seconds == pytest.approx(1.0, abs=0.06)
        assert name_of(np.array([-1.0, 0.2])) == "left"

    def test_who_turns_back_or_passes_beside_is_not_counted(self) -> None:
        there, back = path((20, 10), (20, 60)), path((20, 60), (20, 20))
        both = Path(1, np.concatenate([there.times, 2.1 + back.times]), np.vstack([there.boxes, back.boxes]), "car")
        assert cross(both, Line(0, 50, 200, 50)) is None
        assert cross(path((150, 10), (150, 90)), Line(0, 50, 100, 50)) is None


def test_a_perspective_is_undone() -> None:
    image = [[40, 20], [60, 20], [100, 80], [0, 80]]
    ground = calibrate({"image": image, "ground": [[0, 40], [4, 40], [4, 0], [0, 0]]})
    assert ground.at(np.array(image)).round(3).tolist() == [[0, 40], [4, 40], [4, 0], [0, 0]]
    assert (ground.unit, ground.speed_unit) == ("m", "km/h")


def test_minutes_hold_quiet_ones_too() -> None:
    ways = [path((20, 10), (20, 90)), path((40, 90), (40, 10))]
    late = ways[1]._replace(times=ways[1].times + 130)
    table = vehicle_table([ways[0], late], Line(0, 50, 200, 50), calibrate_none(), (100, 200))
    minutes = minute_table(table, 150.0)
    assert minutes.filter(pl.col("direction") == "down")["count"].to_list() == [1, 0, 0]
    assert minutes.filter(pl.col("direction") == "up")["count"].to_list() == [0, 0, 1]
    assert minutes["observed_seconds"].to_list() == [60.0] * 4 + [30.0] * 2


def calibrate_none() -> object:
    from consilience.applications.traffic.ground import Ground

    return Ground()


class TestSignal:
    def test_websters_own_cycle(self) -> None:
        found = suggest_signal({"a": 600.0, "b": 450.0}, Junction(1800, 5, 0, 1000))
        whole = 600 / 1800 + 450 / 1800
        assert found["cycle"] == pytest.approx((1.5 * 10 + 5) / (1 - whole))
        greens = [phase["green"] for phase in found["phases"].values()]
        assert sum(greens) == pytest.approx(found["cycle"] - 10)
        assert greens[0] / greens[1] == pytest.approx(600 / 450)
        assert all(phase["saturation"] < 1 for phase in found["phases"].values())

    def test_the_cycle_is_near_the_one_of_least_delay(self) -> None:
        def delay(cycle: float) -> float:
            share = (cycle - 8) / cycle / 2
            told = average_delay(cycle, share, 500 / 3600, 500 / 1800 / share)
            return float("inf") if told is None else told

        best = min(np.arange(12, 120, 0.5), key=delay)
        cycle = suggest_signal({"a": 500.0, "b": 500.0}, Junction(1800, 4, 0, 1000))["cycle"]
        assert delay(cycle) < 1.1 * delay(best)

    def test_too_much_traffic_is_refused(self) -> None:
        with pytest.raises(InputError, match=r"sum to 1\.06: a 0\.50, b 0\.56.*no cycle"):
            suggest_signal({"a": 900.0, "b": 1000.0})
        with pytest.raises(InputError, match="nothing to time"):
            suggest_signal({})


class TestForecast:
    def minutes(self, counts: list[int]) -> pl.DataFrame:
        rows = {"minute": range(len(counts)), "type": "car", "direction": "up", "count": counts, "mean_speed": 1.0}
        return pl.DataFrame({**rows, "observed_seconds": 60.0})

    def test_few_minutes_give_their_mean_and_an_interval(self) -> None:
        told = foresee(self.minutes([4, 6, 5]), 2)
        assert told["minute"].to_list() == [3, 4]
        assert told["expected"].to_list() == pytest.approx([5, 5])
        assert (told["low"][0], told["high"][0]) == (2, 9)

    def test_a_change_is_followed(self) -> None:
        told = foresee(self.minutes([2] * 20 + [12] * 20), 1)
        assert told["method"][0] == "exponential smoothing"
        assert told["expected"][0] == pytest.approx(12, abs=1)

    def test_days_repeat(self) -> None:
        day = [5 + (20 if 480 <= minute < 540 else 0) for minute in range(1440)]
        told = foresee(self.minutes([*day, *day, *day[:480]]), 1)
        assert told["method"][0] == "same minute of the day before"
        assert told["expected"][0] == pytest.approx(25)

    def test_nothing_seen_is_not_nothing_ever(self) -> None:
        told = foresee(self.minutes([0, 0]), 1)
        assert told["expected"][0] == 0
        assert told["high"][0] > 1
