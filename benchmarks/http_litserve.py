"""LitServe as a rival of `http_serving.py`: the same network in the form that its documentation asks for.

python benchmarks/http_litserve.py BUNDLE PORT BATCH
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import litserve as ls
from http_serving import Network


class One(ls.LitAPI):  # type: ignore[misc]
    """Every request by itself."""

    def setup(self, device: str) -> None:
        self.network = Network(Path(sys.argv[1]))

    def decode_request(self, request: dict[str, str]) -> Any:
        return self.network.decode(request["image"])

    def predict(self, x: Any) -> Any:
        return self.network.run([x])

    def encode_response(self, output: Any) -> Any:
        return output[0]


class Many(ls.LitAPI):  # type: ignore[misc]
    """Requests in batches."""

    def setup(self, device: str) -> None:
        self.network = Network(Path(sys.argv[1]))

    def decode_request(self, request: dict[str, str]) -> Any:
        return self.network.decode(request["image"])

    def batch(self, inputs: list[Any]) -> list[Any]:
        return list(inputs)

    def predict(self, x: Any) -> Any:
        return self.network.run(x)

    def unbatch(self, output: Any) -> Any:
        return output

    def encode_response(self, output: Any) -> Any:
        return output


if __name__ == "__main__":
    size = int(sys.argv[3])
    api = Many(max_batch_size=size, batch_timeout=0.001) if size > 1 else One()
    ls.LitServer(api, accelerator="cpu").run(port=int(sys.argv[2]), log_level="error", generate_client_file=False)
