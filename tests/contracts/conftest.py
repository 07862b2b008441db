"""Export to ONNX and run there, for the contracts."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch


@pytest.fixture
def onnx_outputs() -> Callable[..., list[Any]]:
    """(module, example arrays, arrays) → outputs of ONNX Runtime on `arrays`; the batch may differ."""

    def run(module: torch.nn.Module, example: tuple[torch.Tensor, ...], arrays: tuple[torch.Tensor, ...]) -> Any:
        runtime = pytest.importorskip("onnxruntime")
        pytest.importorskip("onnxscript")
        batch = torch.export.Dim("batch")
        with warnings.catch_warnings():  # the exporter warns of its own deprecations
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                module,
                example,
                dynamo=True,
                opset_version=18,
                dynamic_shapes=(tuple({0: batch} for _ in example),),
                verbose=False,
            )
        file = io.BytesIO()
        assert program is not None
        program.save(file)
        options = runtime.SessionOptions()
        options.intra_op_num_threads = 1
        session = runtime.InferenceSession(file.getvalue(), options, providers=["CPUExecutionProvider"])
        names = [node.name for node in session.get_inputs()]
        return session.run(None, {n: a.numpy() for n, a in zip(names, arrays, strict=True)})

    return run
