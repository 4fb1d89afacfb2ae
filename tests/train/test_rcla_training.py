"""Training RCLA: its loss against a sum written out, what it learns from planted videos, and that it can be stopped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from makers import write_video
from twinreel.engine.settings import Resources
from twinreel.errors import UserError
from twinreel.evaluate.labelled import Labelled
from twinreel.types import Float32

torch = pytest.importorskip("torch")

from twinreel.networks.rcla import CbamResNet34, Rcla  # noqa: E402
from twinreel.train.examples import frame_examples  # noqa: E402
from twinreel.train.rcla import Configuration, Example, described, seed_loss, train  # noqa: E402

DIMENSIONS = 12
FAST = Configuration(batch=8, rate=0.02)


def unit(rows: Any) -> Float32:
    return np.asarray(rows / np.linalg.norm(rows, axis=-1, keepdims=True), np.float32)


def planted(events: int = 15, videos: int = 4) -> list[Example]:
    """Videos of an event go on from one direction to another, under more noise than that."""
    rng = np.random.default_rng(0)
    examples = []
    for event in range(events):
        ends = rng.standard_normal((2, DIMENSIONS))
        for _ in range(videos):
            way = np.linspace(0, 1, int(rng.integers(4, 9)))[:, None]
            frames = (1 - way) * ends[0] + way * ends[1]
            examples.append(Example(f"event {event}", unit(frames + 0.7 * rng.standard_normal(frames.shape))))
    return examples


def network() -> Rcla:
    torch.manual_seed(0)
    return Rcla(DIMENSIONS, hidden=8)


def test_the_loss_classifies_videos_among_seeds() -> None:
    rng = np.random.default_rng(1)
    videos, seeds, own = unit(rng.standard_normal((3, 5))), unit(rng.standard_normal((4, 5))), [2, 0, 3]
    expected = 0.0
    for video, right in zip(videos, own, strict=True):
        powers = [np.exp(video @ seed / 0.5) for seed in seeds]
        expected -= np.log(powers[right] / sum(powers)) / 3
    found = seed_loss(torch.from_numpy(videos), torch.from_numpy(seeds), torch.tensor(own), 0.5)
    assert float(found) == pytest.approx(expected, rel=1e-5)


def test_training_lowers_the_loss_and_finds_more_of_events_that_it_was_not_shown(tmp_path: Path) -> None:
    said: list[str] = []
    made = train(planted(), network(), FAST, 40, tmp_path, {}, said.append)
    assert made.loss_last < 0.8 * made.loss_first
    assert made.map > made.untrained
    lines = (tmp_path / "curves.csv").read_text().splitlines()
    assert lines[0] == "epoch,loss,held-out loss,held-out mAP" and len(lines) == made.epochs + 2
    assert len(said) == made.epochs and said[0].startswith("epoch 1 of 40: loss")
    assert float(lines[1 + made.best].split(",")[3]) == pytest.approx(made.map, abs=1e-6)
    held_out = [float(line.split(",")[2]) for line in lines[1:]]
    assert held_out.index(min(held_out)) == made.best


def test_a_training_that_was_stopped_ends_as_one_that_was_not(tmp_path: Path) -> None:
    examples = planted()
    whole, stopped, resumed = network(), network(), network()
    expected = train(examples, whole, FAST, 6, tmp_path / "whole", {}, print)
    train(examples, stopped, FAST, 2, tmp_path / "stopped", {}, print)
    found = train(examples, resumed, FAST, 6, tmp_path / "stopped", {}, print)
    assert found == expected
    for name in ("network", "best"):
        a, b = (torch.load(tmp_path / folder / "checkpoint.pt")[name] for folder in ("whole", "stopped"))
        assert a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)
    assert (tmp_path / "whole" / "curves.csv").read_text() == (tmp_path / "stopped" / "curves.csv").read_text()


def test_training_ends_where_nothing_is_gained(tmp_path: Path) -> None:
    still = Configuration(batch=8, rate=0.0, patience=3)
    made = train(planted(), network(), still, 50, tmp_path, {}, print)
    assert (made.epochs, made.best) == (3, 0) and made.map == made.untrained


def test_the_best_weights_are_kept(tmp_path: Path) -> None:
    trained = network()
    train(planted(), trained, FAST, 5, tmp_path, {"frames": "planted@1"}, print)
    held = torch.load(tmp_path / "rcla.pt")
    assert held["frames"] == "planted@1"
    again = Rcla(DIMENSIONS, hidden=8)
    again.load_state_dict(held["model"])
    frames = [one.frames for one in planted(3)]
    assert (described(trained, frames) == described(again, frames)).all()


def test_a_checkpoint_of_other_settings_is_refused(tmp_path: Path) -> None:
    train(planted(), network(), FAST, 1, tmp_path, {}, print)
    with pytest.raises(UserError, match="other videos or settings"):
        train(planted(), network(), Configuration(batch=4), 2, tmp_path, {}, print)
    with pytest.raises(UserError, match="other videos or settings"):
        train(planted(14), network(), FAST, 2, tmp_path, {}, print)


def test_videos_that_show_nothing_twice_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no two show the same event"):
        train(planted(6, videos=1), network(), FAST, 1, tmp_path, {}, print)


def test_frames_to_learn_from_are_evenly_spread(tmp_path: Path) -> None:
    still = [np.full((48, 64, 3), 8 * second, np.uint8) for second in range(24) for _ in range(2)]
    write_video(tmp_path / "long.mp4", still, fps=2)
    write_video(tmp_path / "short.mp4", still[:6], fps=2)
    (tmp_path / "broken.mp4").write_text("no video")
    names = ("short", "broken", "long")
    found = frame_examples([Labelled(tmp_path / f"{name}.mp4", name) for name in names], Resources(jobs=1))
    assert [one.event for one in found] == ["short", "long"]
    assert [one.frames.shape for one in found] == [(3, 224, 224, 3), (16, 224, 224, 3)]
    levels = found[1].frames.mean((1, 2, 3)) / 8
    assert levels[0] < 1 and levels[-1] > 22 and (np.diff(levels) > 0.5).all() and (np.diff(levels) < 2.5).all()


def test_the_full_network_learns_from_frames(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    pictures = rng.integers(0, 256, (6, 2, 1, 32, 32, 3), np.uint8)
    examples = [
        Example(str(event), np.concatenate([picture, picture // 2]))
        for event, two in enumerate(pictures)
        for picture in two
    ]
    torch.manual_seed(0)
    whole = Rcla(512, 4, CbamResNet34())
    before = {key: value.clone() for key, value in whole.state_dict().items()}
    train(examples, whole, Configuration(batch=2, rate=1e-4), 1, tmp_path, {}, print)
    held = torch.load(tmp_path / "checkpoint.pt")["network"]
    moved = [key for key, value in held.items() if not torch.equal(value, before[key])]
    assert any(".cbam.mlp." in key for key in moved) and "trunk.conv1.weight" in moved
