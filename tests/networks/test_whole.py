"""Networks that describe whole videos, with random weights, from their files to a library's videos ranked by them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from makers import scene, write_video
from twinreel.errors import MediaError, UserError
from twinreel.library import Library

torch = pytest.importorskip("torch")

from twinreel.networks.dns import Coarse  # noqa: E402
from twinreel.networks.rcla import CbamResNet34, Rcla  # noqa: E402
from twinreel.networks.resnet import ResNet50  # noqa: E402
from twinreel.networks.whole import PIXELS, CoarsePooler, RclaPooler, kept, load_rcla  # noqa: E402


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("videos")
    for seed in (1, 2, 3):
        write_video(root / f"{seed}.mp4", scene(seed, 2, size=(96, 64)))
    return root


def dns(folder: Path) -> Path:
    torch.manual_seed(0)
    torch.save(ResNet50().state_dict(), folder / "resnet50-0676ba61.pth")
    parts = {"mean": torch.zeros(3840), "d": torch.arange(3840.0) + 1, "V": torch.eye(3840)}
    torch.save(parts, folder / "pca_resnet50_vcdb_1M.pth")
    torch.save({"model": Coarse().state_dict()}, folder / "dns_cg_student.pth")
    return folder


def rcla(folder: Path) -> Path:
    torch.manual_seed(0)
    network = Rcla(512, trunk=CbamResNet34())
    torch.save({**kept(network, PIXELS), "model": network.state_dict()}, folder / "rcla.pt")
    return folder / "rcla.pt"


@pytest.mark.parametrize(("by", "dimensions"), [("dns", 1024), ("rcla", 16)])
def test_videos_are_ranked_by_a_network_that_looks_at_frames(
    videos: Path, tmp_path: Path, by: str, dimensions: int
) -> None:
    weights = (dns if by == "dns" else rcla)(tmp_path)
    with Library(tmp_path / "library.sqlite", describer="phash") as library:
        library.add(videos, jobs=1)
        made = library.video_vectors(by, weights, jobs=1)
        assert made.vectors.shape == (3, dimensions)
        np.testing.assert_allclose(np.linalg.norm(made.vectors, axis=1), 1, atol=1e-5)
        steps: list[str] = []
        again = library.video_vectors(by, weights, progress=lambda step: steps.append(step.stage))
        assert (again.vectors == made.vectors).all() and not steps  # what was made of frames is kept
        answers = library.similar_videos([videos / "2.mp4", videos / "none.mp4"], 2, by=by, weights=weights, jobs=1)
        found = answers[str(videos / "2.mp4")]
        assert not isinstance(found, MediaError) and len(found) == 2
        assert Path(found[0].video.path).name == "2.mp4" and found[0].similarity > 0.99
        assert isinstance(answers[str(videos / "none.mp4")], MediaError)


def test_a_video_without_a_frame_has_no_vector() -> None:
    none = np.zeros(0)
    assert not CoarsePooler(Coarse(16, clusters=2, out=8)).pool(np.zeros((0, 9, 16), np.float32), none).any()
    assert not RclaPooler(Rcla(16)).pool(np.zeros((0, 16), np.float32), none).any()


def test_rcla_takes_a_frame_of_every_second_whatever_the_sampling() -> None:
    torch.manual_seed(0)
    pooler, frames = RclaPooler(Rcla(4)), np.eye(4, dtype=np.float32)
    irregular = np.array([0.0, 0.9, 2.2, 2.9])
    slow = pooler.pool(frames, np.array([0.0, 1.0, 2.0, 3.0]))
    assert (pooler.pool(frames[[1, 0, 2, 3]], np.array([1.0, 0.0, 2.0, 3.0])) == slow).all()
    assert not np.allclose(pooler.pool(frames, irregular), slow)  # seconds 0, 1, 2: the last frame is near none
    np.testing.assert_array_equal(pooler.pool(frames, irregular), pooler.pool(frames[:3], np.arange(3.0)))


def test_a_file_of_other_weights_is_refused(tmp_path: Path) -> None:
    torch.save({"model": Coarse(16, clusters=2, out=8).state_dict()}, tmp_path / "other.pt")
    with pytest.raises(UserError, match="no file of RCLA's weights"):
        load_rcla(tmp_path / "other.pt")
