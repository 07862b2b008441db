"""Export to ONNX and run there, for the contracts."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
import torch

from consilience.artifacts.onnx_export import trace


@pytest.fixture
def onnx_outputs() -> Callable[..., list[Any]]:
    """(module, example arrays, arrays) → outputs of ONNX Runtime on `arrays`; the batch may differ."""

    def run(module: torch.nn.Module, example: tuple[torch.Tensor, ...], arrays: tuple[torch.Tensor, ...]) -> Any:
        runtime = pytest.importorskip("onnxruntime")
        pytest.importorskip("onnxscript")
        batch = torch.export.Dim("batch")
        file = io.BytesIO()
        trace(module, example, tuple({0: batch} for _ in example)).save(file)
        options = runtime.SessionOptions()
        options.intra_op_num_threads = 1
        session = runtime.InferenceSession(file.getvalue(), options, providers=["CPUExecutionProvider"])
        names = [node.name for node in session.get_inputs()]
        return session.run(None, {n: a.numpy() for n, a in zip(names, arrays, strict=True)})

    return run
