"""Exported networks give in ONNX Runtime what they give in PyTorch, at other lengths than they were drawn with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from torch import nn  # noqa: E402

from twinreel.networks.dns import Coarse, FineAttention, FineBinary  # noqa: E402
from twinreel.networks.export import export_coarse, export_frames, export_pair, export_rcla  # noqa: E402
from twinreel.networks.graphs import PairGraph, VideoGraph  # noqa: E402
from twinreel.networks.rcla import CbamResNet34, Rcla  # noqa: E402
from twinreel.networks.regions import L3iMAC, Whitening  # noqa: E402
from twinreel.networks.s2vs import S2VS  # noqa: E402
from twinreel.networks.verifiers import OneNetwork  # noqa: E402
from twinreel.networks.visil import ViSiL  # noqa: E402
from twinreel.networks.whole import CoarsePooler, RclaPooler  # noqa: E402
from twinreel.types import Float32  # noqa: E402

DIMENSIONS = 24
ROUNDING = 1e-5
"""Of float32, in sums of another order."""


def regions(frames: int, seed: int) -> Float32:
    made = np.random.default_rng(seed).standard_normal((frames, 9, DIMENSIONS))
    return np.asarray(made / np.linalg.norm(made, axis=2, keepdims=True), np.float32)


@pytest.mark.parametrize(
    "make",
    [lambda: ViSiL(DIMENSIONS, True), lambda: ViSiL(DIMENSIONS, False), lambda: FineAttention(DIMENSIONS),
     lambda: FineBinary(DIMENSIONS), lambda: S2VS(DIMENSIONS)],
    ids=["visil-symmetric", "visil", "dns", "dns-binary", "s2vs"],
)  # fmt: skip
def test_networks_of_two_videos(make: Any, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = make()
    export_pair(network, DIMENSIONS, tmp_path / "pair.onnx")
    ours, theirs = OneNetwork("pair", network), PairGraph("pair", tmp_path / "pair.onnx")
    for t, u in ((1, 6), (4, 4), (9, 13), (40, 70)):
        a, b = regions(t, t), regions(u, 100 + u)
        assert theirs.similarity(a, b) == pytest.approx(ours.similarity(a, b), abs=ROUNDING)
    assert theirs.similarity(regions(9, 9), regions(9, 9)) != theirs.similarity(regions(9, 9), regions(9, 1))


def test_networks_of_one_video(tmp_path: Path) -> None:
    torch.manual_seed(1)
    coarse, rcla = Coarse(DIMENSIONS, clusters=4, out=32), Rcla(DIMENSIONS)
    export_coarse(coarse, DIMENSIONS, tmp_path / "coarse.onnx")
    export_rcla(rcla, tmp_path / "rcla.onnx")
    for frames in (1, 5, 60):
        shown, times = regions(frames, frames), np.arange(frames, dtype=np.float64)
        for pooler, file, vectors in (
            (CoarsePooler(coarse), "coarse.onnx", shown),
            (RclaPooler(rcla), "rcla.onnx", shown[:, 0]),
        ):
            expected = pooler.pool(vectors, times)
            np.testing.assert_allclose(VideoGraph(tmp_path / file).pool(vectors, times), expected, atol=ROUNDING)


class Features(nn.Module):
    """RCLA's features of frames."""

    def __init__(self, network: Rcla) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Any) -> Any:
        return self.network.features(images)


def test_what_describes_frames(tmp_path: Path) -> None:
    import onnxruntime

    torch.manual_seed(2)
    whitening = Whitening(torch.zeros(3840), torch.arange(3840.0) + 1, torch.eye(3840), 16)
    images = torch.randint(0, 256, (3, 224, 224, 3), dtype=torch.uint8)
    for network in (nn.Sequential(L3iMAC(), whitening), Features(Rcla(512, trunk=CbamResNet34()))):
        export_frames(network.eval(), 224, tmp_path / "frames.onnx")
        session = onnxruntime.InferenceSession(tmp_path / "frames.onnx")
        with torch.inference_mode():
            expected = network(images).numpy()
        np.testing.assert_allclose(session.run(None, {"images": images.numpy()})[0], expected, atol=1e-4)
