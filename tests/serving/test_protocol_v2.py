"""A real client of the Open Inference Protocol is answered."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import consilience as cs


def test_tritonclient_is_answered(address: str, bundle_folder: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        triton = pytest.importorskip("tritonclient.http")
    rows = pl.read_parquet(bundle_folder / "sample.parquet").head(4)
    client = triton.InferenceServerClient(address)
    assert client.is_server_live()
    assert client.is_model_ready("mix")
    assert {i["name"] for i in client.get_model_metadata("mix")["inputs"]} == set(rows.columns)
    inputs = []
    for column in rows.columns:
        values = rows[column]
        kind = "FP64" if values.dtype == pl.Float64 else "BYTES"
        cells = values.to_numpy() if kind == "FP64" else np.array([v or "" for v in values], dtype=object)
        tensor = triton.InferInput(column, [len(values)], kind)
        tensor.set_data_from_numpy(cells, binary_data=column != "city")
        inputs.append(tensor)
    result = client.infer("mix", inputs)
    wanted = cs.load(bundle_folder).predict_table(rows)
    assert [s.decode() if isinstance(s, bytes) else s for s in result.as_numpy("prediction")] == wanted[
        "prediction"
    ].to_list()
    np.testing.assert_allclose(result.as_numpy("probabilities")[:, 1], wanted["probability:yes"], atol=1e-6)
    client.close()
