"""Training: losses against sums written out, retrieval on planted vectors, and a run of a few steps.

Skipped without PyTorch, which only the ``train`` extra installs.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from describe.pictures import pictures
from twinreel.errors import UserError
from twinreel.types import Float32, UInt8

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from torch.utils.data import DataLoader  # noqa: E402

from twinreel.describe.onnx import OnnxDescriber  # noqa: E402
from twinreel.networks.lite0 import Lite0  # noqa: E402
from twinreel.train import descriptor as training  # noqa: E402
from twinreel.train.descriptor import Configuration, Views, train  # noqa: E402
from twinreel.train.losses import anchored, contrast_and_entropy  # noqa: E402
from twinreel.train.retrieval import measure  # noqa: E402
from twinreel.train.run import train_descriptor  # noqa: E402
from twinreel.train.views import Photographs, view  # noqa: E402

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Constant folding:UserWarning"),
    pytest.mark.filterwarnings("ignore:.*lr_scheduler.*:UserWarning"),
]

TEMPERATURE = 0.5


def unit(rng: np.random.Generator, *shape: int) -> Float32:
    vectors = rng.standard_normal(shape)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True), np.float32)


@pytest.fixture
def photographs(tmp_path: Path) -> Photographs:
    return Photographs(saved(tmp_path, 24))


def saved(folder: Path, count: int) -> list[Path]:
    paths = [folder / f"{number:03}.png" for number in range(count)]
    for path, image in zip(paths, pictures(count, (48, 64)), strict=True):
        Image.fromarray(image).save(path)
    return paths


def test_anchors_are_classified_by_softmax_and_both_pictures_are_right() -> None:
    rng = np.random.default_rng(0)
    vectors, anchors = unit(rng, 3, 4), unit(rng, 6, 4)
    first, second, share = [0, 2, 5], [0, 4, 1], [0.0, 0.5, 0.25]
    expected = 0.0
    for row in range(3):
        logits = vectors[row] @ anchors.T / TEMPERATURE
        for right, wrong, weight in ((first, second, 1 - share[row]), (second, first, share[row])):
            others = [j for j in range(6) if j == right[row] or j != wrong[row]]
            expected += weight * (np.log(np.exp(logits[others]).sum()) - logits[right[row]]) / 3
    shown = torch.tensor(first), torch.tensor(second), torch.tensor(share)
    found = anchored(torch.from_numpy(vectors), *shown, torch.from_numpy(anchors), TEMPERATURE)
    assert float(found) == pytest.approx(expected, rel=1e-4)


def test_contrast_is_among_other_photographs_only() -> None:
    rng = np.random.default_rng(1)
    vectors, queue = unit(rng, 4, 5), unit(rng, 3, 5)
    first, second, share = [0, 1, 0, 1], [0, 3, 0, 1], [0.0, 0.5, 0.0, 0.0]
    queued = [0, 2, 3]
    pool, ids = np.concatenate([vectors, queue]), first + queued
    contrast = entropy = 0.0
    for row in range(4):
        partner = (row + 2) % 4
        rivals = [j for j in range(7) if ids[j] not in (first[row], second[row])]
        logits = vectors[row] @ pool.T / TEMPERATURE
        loss = np.log(np.exp(logits[[partner, *rivals]]).sum()) - logits[partner]
        contrast += (1 - share[row]) * loss / 4
        entropy -= np.log(min(np.linalg.norm(vectors[row] - pool[j]) for j in rivals)) / 4
    shown = torch.tensor(first), torch.tensor(second), torch.tensor(share)
    earlier = torch.from_numpy(queue), torch.tensor(queued)
    found = contrast_and_entropy(torch.from_numpy(vectors), *shown, *earlier, TEMPERATURE)
    assert [float(value) for value in found] == pytest.approx([contrast, entropy], rel=1e-4)


def test_retrieval_of_planted_vectors() -> None:
    originals = np.eye(8, dtype=np.uint8)
    views = np.repeat(originals, 2, axis=0)
    perfect = measure(lambda frames: frames.astype(np.float32), originals, views)
    assert (perfect.ap, perfect.recall_p99, perfect.nearest) == (1, 1, 1)
    views[3] = originals[6]  # one view looks like another photograph
    found = measure(lambda frames: frames.astype(np.float32), originals, views)
    assert found.nearest == 15 / 16 and found.recall_p99 < 1 and 0.8 < found.ap < 1


def test_the_same_seed_gives_the_same_view_and_says_what_it_shows(photographs: Photographs) -> None:
    seen = set()
    for seed in range(60):
        one, two = (view(photographs, 3, 64, 1.0, np.random.default_rng(seed)) for _ in range(2))
        assert one.frame.shape == (64, 64, 3) and (one.frame == two.frame).all()
        assert one.first == 3 and (one.share == 0) == (one.second == 3) and 0 <= one.share < 1
        seen.add(one.second)
    assert len(seen) > 2  # now and then another photograph is seen as well


def test_workers_draw_different_views_and_the_same_ones_again(photographs: Photographs) -> None:
    views = Views(photographs, list(range(24)), torch.from_numpy, Configuration(size=64, batch=4))
    alone = next(iter(views))
    together, again = (list(islice(DataLoader(views, batch_size=None, num_workers=2), 4)) for _ in range(2))
    assert together[0][0].equal(alone[0])  # the first worker's are those of one that is alone
    frames = [batch[0] for batch in together]
    assert not any(one.equal(other) for i, one in enumerate(frames) for other in frames[:i])
    assert all(one.equal(batch[0]) for one, batch in zip(frames, again, strict=True))


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> str:
    torch.manual_seed(2)
    path = tmp_path_factory.mktemp("weights") / "weights.pth"
    torch.save(Lite0().state_dict(), path)
    return str(path)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(training, "HELD_OUT", 6)
    yield
    torch.set_flush_denormal(False)


@pytest.mark.usefixtures("small")
def test_a_few_steps_change_what_is_trained_and_leave_the_rest(
    photographs: Photographs, weights: str, tmp_path: Path
) -> None:
    config = Configuration(size=64, dimensions=4, steps=3, batch=4, every=3, averaging=0.0)
    said: list[str] = []
    made = train(photographs, weights, config, tmp_path / "log.csv", said.append)
    start = train(
        photographs,
        weights,
        Configuration(size=64, dimensions=4, steps=0, every=3),
        tmp_path / "start.csv",
        said.append,
    )
    assert made.projection.shape == (sum(Lite0.channels), 4) and made.offset.shape == (4,)
    assert np.abs(made.projection - start.projection).max() > 0
    changed = {
        name for name, value in made.trunk.state_dict().items() if not value.equal(start.trunk.state_dict()[name])
    }
    assert changed and all("expand_conv" in name or "project_conv" in name for name in changed)
    assert min(int(name.split(".")[1]) for name in changed) == 8
    assert said[1].startswith("step 3 of 3") and 0 <= made.found.ap <= 1
    header, *rows = (tmp_path / "log.csv").read_text().split()
    assert header.startswith("step,minutes,") and [row.split(",")[0] for row in rows] == ["0", "3"]


@pytest.mark.usefixtures("small")
def test_training_ends_in_the_files_of_a_describer(
    weights: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "photographs" / "below").mkdir(parents=True)
    saved(tmp_path / "photographs" / "below", 24)
    (tmp_path / "photographs" / "notes.txt").write_text("not a picture")
    out = tmp_path / "made"
    with pytest.raises(UserError, match=r"holds 0 photographs; \d+ and more"):
        train_descriptor(tmp_path / "made", out, steps=0, size=64, seed=1, say=print, weights=weights)
    monkeypatch.setattr(
        "twinreel.train.run.Configuration", lambda **given: Configuration(dimensions=4, every=1, **given)
    )
    train_descriptor(tmp_path / "photographs", out, steps=0, size=64, seed=1, say=print, weights=weights)
    names = ["default.npz", "default.onnx", "default.toml", "training.csv"]
    assert sorted(path.name for path in out.iterdir()) == names
    describer = OnnxDescriber.load(out / "default.onnx")
    assert (describer.name, describer.dimensions, describer.image_size) == ("twinreel", 4, (64, 64))
    images: UInt8 = pictures(3, (64, 64))
    vectors, _ = describer.describe(images)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
