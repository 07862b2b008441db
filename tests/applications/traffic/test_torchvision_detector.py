"""A network of torchvision as detector: weights that the test writes, through the path that published ones take."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torchvision = pytest.importorskip("torchvision")
import torch  # noqa: E402
from safetensors.torch import save_file  # noqa: E402

from consilience.applications.traffic.start import make_detector  # noqa: E402
from consilience.applications.traffic.torchvision_detector import TorchvisionDetector  # noqa: E402
from consilience.core.errors import InputError  # noqa: E402

NAME = "ssdlite320_mobilenet_v3_large"


@pytest.fixture
def checkpoints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder


def weights_file(folder: Path) -> Path:
    published = torchvision.models.get_model_weights(NAME).DEFAULT.url
    return folder / Path(published).with_suffix(".safetensors").name


def test_it_detects_what_the_network_does(checkpoints: Path) -> None:
    torch.manual_seed(0)
    network = torchvision.models.get_model(NAME, weights=None, weights_backbone=None).eval()
    bias = network.head.classification_head.module_list[0][1].bias
    bias.data += 3 * torch.randn_like(bias)  # random weights are sure of nothing
    save_file(network.state_dict(), weights_file(checkpoints))
    frame = np.random.default_rng(0).integers(0, 255, (96, 128, 3)).astype(np.uint8)
    names = torchvision.models.get_model_weights(NAME).DEFAULT.meta["categories"]
    detector = TorchvisionDetector(NAME, tuple(names))
    found = detector(frame)
    with torch.no_grad():
        wanted = network([torch.from_numpy(frame[:, :, ::-1].copy()).permute(2, 0, 1).float() / 255])[0]
    sure = wanted["scores"] >= 0.2
    assert sure.sum() > 0
    assert np.allclose(found.boxes, wanted["boxes"][sure].numpy(), atol=1e-4)
    assert list(found.classes) == [names[i] for i in wanted["labels"][sure].tolist()]
    few = TorchvisionDetector(NAME, (found.classes[0],))(frame)
    assert set(few.classes) == {found.classes[0]}


def test_weights_that_are_not_there_are_named_with_the_way_to_write_them(checkpoints: Path) -> None:
    with pytest.raises(InputError, match="not on this machine") as raised:
        make_detector(NAME)
    assert str(weights_file(checkpoints)) in str(raised.value)
    assert "save_file" in str(raised.value)


def test_a_pickle_is_not_read(checkpoints: Path) -> None:
    torch.save({"a": torch.zeros(1)}, weights_file(checkpoints).with_suffix(".pth"))
    with pytest.raises(InputError, match="not on this machine"):
        make_detector(NAME)


@pytest.mark.parametrize("content", [b"", b"not weights"])
def test_a_broken_file_is_named(checkpoints: Path, content: bytes) -> None:
    weights_file(checkpoints).write_bytes(content)
    with pytest.raises(InputError, match=f"weights of {NAME} are not readable"):
        make_detector(NAME)


def test_other_weights_are_refused(checkpoints: Path) -> None:
    save_file({"a": torch.zeros(1)}, weights_file(checkpoints))
    with pytest.raises(InputError, match="not the weights of"):
        make_detector(NAME)


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(InputError, match="ssdlite320_mobilenet_v3_large"):
        make_detector("ssdlite320_mobilenet")
