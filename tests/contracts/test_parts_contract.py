"""What the layers above know of a modality keeps its contract, for every name of the registry."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from tests.contracts.test_modality_contract import CELLS, learned, sample

from consilience.core.registry import get, names
from consilience.evaluation.weaknesses.probes.base import probe_of
from consilience.modalities.form import Extent, form_of
from consilience.watching.figures.base import figures_of

PARTS = ("reading", "probe", "pieces", "figures")
NULL = "null"


@pytest.mark.parametrize("kind", PARTS)
def test_parts_belong_to_modalities(kind: str) -> None:
    assert set(names(kind)) <= set(names("modality"))


def arrays_of(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    facts = {"modality": name, **learned(name)}
    return get("modality", name).arrays(sample(name), facts).arrays, facts


@pytest.mark.parametrize("name", names("modality"))
class TestParts:
    def test_the_form_describes_the_cells(self, name: str) -> None:
        form, facts = form_of(name), learned(name)
        assert NULL in form.schema["type"]
        assert (form.field == "file") == get("modality", name).media
        if form.example is not None:
            json.dumps(form.example(facts, 1))
        if form.extent is not None:
            assert isinstance(form.extent(CELLS[name][0]), Extent)

    def test_probes_keep_shapes_and_types(self, name: str) -> None:
        probe, (arrays, facts) = probe_of(name), arrays_of(name)
        for worn in () if probe.as_written else probe.wears:
            worse = worn.wear(arrays, worn.strengths[-1], np.random.default_rng(0))
            assert {k: (a.dtype, a.shape) for k, a in worse.items()} == {
                k: (a.dtype, a.shape) for k, a in arrays.items()
            }
        traits = probe.measured(arrays, facts)
        assert bool(traits) == probe.measures
        assert all(found.shape == (7, 2) for found in traits.values())
        assert probe.shown({k: a[2:3] for k, a in arrays.items()}, facts, 0) is None, "the cell is missing"

    def test_figures_are_numbers_of_the_same_names(self, name: str) -> None:
        figures = figures_of(name)
        found = [] if figures is None else [figures.read(cell) for cell in CELLS[name] if cell is not None]
        for one in found:
            assert one.keys() == found[0].keys()
            assert all(isinstance(value, float) for key, value in one.items() if key != "sha256")


@pytest.mark.parametrize("name", names("reading"))
def test_readings_are_as_wide_as_they_say(name: str) -> None:
    reading, (arrays, facts) = get("reading", name), arrays_of(name)
    found = reading.read(arrays, facts)
    assert found.shape == (7, 2 * reading.width(facts))
    assert found.dtype == np.float32
    assert np.isnan(found[2, : reading.width(facts)]).all(), "the cell is missing"
