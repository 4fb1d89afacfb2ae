"""Which frames a sampling takes, read off the frames themselves: every picture carries its number."""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np
import pytest
from av.video.frame import PictureType
from hypothesis import given, settings
from hypothesis import strategies as st
from sampled import ALL, COUNT, FPS, REFERENCES, REGULAR, SIZE, Shown, maker, on_show, shown, together

from makers import Hostile, remux, write_video
from numbered import number_in, numbered
from twinreel.errors import BadFile, MediaError, UserError
from twinreel.media import packets as packets_module
from twinreel.media.frames import Scaler
from twinreel.media.picking import picked_frames
from twinreel.media.sampling import CHUNK, MODES, Sampling, every_frame, packets_of, sample, sample_at
from twinreel.media.source import open_video
from twinreel.types import Span


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    return maker(tmp_path_factory.mktemp("numbered"))


def keyframes_by_decoding_all(path: Path) -> Shown:
    """The frames that the decoder calls keyframes, by its timestamps, counted from the first."""
    found = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            if frame.key_frame and frame.time is not None:
                found.append((frame.time, number_in(frame.to_ndarray(format="rgb24").astype(np.uint8))))
    return [(time - found[0][0], number) for time, number in found]


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("step", [1.0, 0.2])
def test_dense_takes_the_frame_on_show_at_every_step(video: Callable[[str], Path], name: str, step: float) -> None:
    found = shown(video(name), f"dense:{step}")
    expected = [(k * step, on_show(REGULAR, k * step)) for k in range(math.ceil(COUNT / FPS / step - 1e-9))]
    assert [number for _, number in found] == [number for _, number in expected]
    np.testing.assert_allclose([time for time, _ in found], [time for time, _ in expected], atol=1.5e-3)


@pytest.mark.parametrize("name", ["long.mp4", "open.mp4", "open hevc.mp4", "open.mkv", "open.ts", "fragments.mp4"])
def test_keyframes_are_what_the_decoder_calls_so_at_their_times(video: Callable[[str], Path], name: str) -> None:
    found = shown(video(name), "keyframes")
    expected = keyframes_by_decoding_all(video(name))
    assert [number for _, number in found] == [number for _, number in expected]
    np.testing.assert_allclose([time for time, _ in found], [time for time, _ in expected], atol=1e-3)
    np.testing.assert_allclose([time * FPS for time, _ in found], [number for _, number in found], atol=0.05)


@pytest.mark.parametrize("name", ALL)
def test_every_frame_was_on_show_at_its_time(video: Callable[[str], Path], name: str) -> None:
    for sampling in ("keyframes", "auto", "auto:0.3"):
        for time, number in shown(video(name), sampling):
            # packets of a bare stream are counted in the order of decoding
            slack = 1 if (sampling, name) == ("keyframes", "counted.h264") else 0
            assert number == pytest.approx(on_show(REGULAR, time), abs=slack)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("step", [1.0, 0.5])
def test_auto_leaves_no_gap_and_has_the_keyframes(video: Callable[[str], Path], name: str, step: float) -> None:
    found = [time for time, _ in shown(video(name), f"auto:{step}")]
    # unreferenced frames are skipped: a gap ends at the next of the others
    assert max(np.diff([*found, COUNT / FPS])) <= step + REFERENCES / FPS + 1e-3
    for time, _ in shown(video(name), f"keyframes:{step}"):
        assert min(abs(time - other) for other in found) <= step / 2


def test_an_avi_with_reordered_frames_is_right_within_three(video: Callable[[str], Path], tmp_path: Path) -> None:
    """AVI has no times of showing: what FFmpeg makes of the order of decoding is off by as much as frames move."""
    path = remux(video("open.mp4"), tmp_path / "open.avi")
    for sampling in ("keyframes", "dense:0.2", "auto"):
        found = shown(path, sampling)
        assert found[0][1] == 0
        assert all(time * FPS == pytest.approx(number, abs=3.05) for time, number in found)


def test_keyframes_of_an_intra_only_video_keep_half_a_step_apart(video: Callable[[str], Path]) -> None:
    for name in ("mjpeg.avi", "mjpeg.mov"):
        found = shown(video(name), "keyframes:0.8")
        assert [number for _, number in found] == list(range(0, COUNT, 10))
        assert shown(video(name), "auto:0.8") == found


def test_threads_change_nothing(video: Callable[[str], Path]) -> None:
    for sampling in ("keyframes", "auto", "dense:0.2"):
        assert shown(video("open.mp4"), sampling, threads=3) == shown(video("open.mp4"), sampling)


@settings(max_examples=12)
@given(
    keyframes=st.sets(st.integers(1, COUNT - 1), max_size=12),
    step=st.sampled_from([0.3, 0.5, 1.0, 1.5]),
    steady=st.booleans(),
)
def test_auto_leaves_no_gap_wherever_keyframes_are(keyframes: set[int], step: float, steady: bool) -> None:
    if steady:  # a few in a row, each too near the one before to be taken for its own sake
        keyframes |= {near for number in keyframes for near in (number + 9, number + 18) if near < COUNT}
    frames = [av.VideoFrame.from_ndarray(picture, "rgb24") for picture in numbered(COUNT)]
    for number in keyframes:
        frames[number].pict_type = PictureType.I
    with TemporaryDirectory() as folder:
        path = write_video(Path(folder) / "video.mp4", frames, FPS, codec="mpeg4", gop=1000, options={"b": "4M"})
        assert {number for _, number in keyframes_by_decoding_all(path)} == {0, *keyframes}
        found = [time for time, _ in shown(path, f"auto:{step}")]
    assert max(np.diff([*found, COUNT / FPS])) <= step + 1 / FPS + 1e-3


@pytest.mark.parametrize("name", ["long.mp4", "open.mp4", "open.ts"])
@pytest.mark.parametrize("held", [300, 600, 900, 1500, 3000])  # bytes: up to a few frames
def test_groups_that_are_too_large_to_be_held(
    video: Callable[[str], Path], name: str, held: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = {sampling: shown(video(name), sampling) for sampling in ("dense:0.2", "auto")}
    monkeypatch.setattr(packets_module, "MOST_HELD", held)
    dense = shown(video(name), "dense:0.2")
    assert [number for _, number in dense] == [number for _, number in whole["dense:0.2"]]
    np.testing.assert_allclose([time for time, _ in dense], [time for time, _ in whole["dense:0.2"]])
    in_parts = shown(video(name), "auto")
    assert all(time * FPS == pytest.approx(number, abs=0.05) for time, number in in_parts)
    assert max(np.diff([time for time, _ in in_parts])) <= 1 + REFERENCES / FPS


def test_a_step_of_one_frame_takes_all_and_a_long_one_takes_one(video: Callable[[str], Path]) -> None:
    assert [number for _, number in shown(video("open.mp4"), "dense:0.04")] == list(range(COUNT))
    assert shown(video("long.mp4"), "dense:3600") == [(0.0, 0)]


def test_every_frame(video: Callable[[str], Path]) -> None:
    for name in ("open.mp4", "mjpeg.avi", "counted.h264"):
        found = [(time, number_in(image)) for time, image in every_frame(str(video(name)), SIZE)]
        assert [number for _, number in found] == list(range(COUNT))
        np.testing.assert_allclose([time for time, _ in found], REGULAR, atol=1e-3)


def test_frames_at_given_times(video: Callable[[str], Path]) -> None:
    times = [0.0, 0.01, 1.85, 1.87, 1.95, 3.5, 3.5, 6.37, 6.5, 99.0]
    for name in ("long.mp4", "open.mp4", "open hevc.mp4", "open.ts"):
        found, images = together(list(sample_at(str(video(name)), times, SIZE)))
        # 3.5 once, and nothing after the end
        assert found.tolist() == pytest.approx([0.0, 0.01, 1.85, 1.87, 1.95, 3.5, 6.37], abs=1e-3)
        assert [number_in(image) for image in images] == [on_show(REGULAR, time) for time in found]


def test_how_far_packets_go(video: Callable[[str], Path]) -> None:
    *_, last = packets_of(str(video("long.mp4")))
    assert (last.last, last.last_key, last.end) == pytest.approx((6.36, 5.2, 6.4))


# Damage


@pytest.mark.parametrize("name", ["open.mkv", "open.ts", "mjpeg.avi"])
def test_a_truncated_file_yields_what_can_be_read(video: Callable[[str], Path], tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    shutil.copy(video(name), path)
    os.truncate(path, path.stat().st_size * 6 // 10)
    for sampling in ("dense:0.2", "auto", "keyframes"):
        whole = dict(shown(video(name), sampling))
        times, images = together(list(sample(str(path), Sampling.parse(sampling), SIZE)))
        assert 1.5 < times[-1] < 5
        # the last frame may have lost its lower part
        assert all(whole[float(time)] == number_in(image) for time, image in list(zip(times, images, strict=True))[:-1])


def test_a_file_without_a_frame_is_refused(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mkv", numbered(10), codec="mjpeg", pix_fmt="yuvj420p")
    content = bytearray(path.read_bytes())
    first = content.index(b"\xff\xd8")  # the first JPEG; all that follows becomes noise
    content[first:] = np.random.default_rng(0).bytes(len(content) - first)
    path.write_bytes(content)
    with pytest.raises(BadFile):
        list(sample(str(path), Sampling("dense"), SIZE))


@pytest.mark.parametrize("mode", ["keyframes", "dense", "auto"])
def test_every_hostile_file_is_sampled_or_refused(
    hostile: tuple[Path, dict[str, Hostile]], mode: str, subtests: pytest.Subtests
) -> None:
    root, cases = hostile
    for name, expected in cases.items():
        with subtests.test(name=ascii(name)):
            if expected.refused is None:
                times, images = together(list(sample(str(root / name), Sampling(mode), (32, 48))))
                assert images.shape == (len(times), 32, 48, 3)
                if expected.duration is not None:
                    assert times[-1] < expected.duration
            else:
                with pytest.raises(MediaError) as caught:
                    list(sample(str(root / name), Sampling(mode), (32, 48)))
                assert caught.value.kind is expected.refused


# Sampling itself


@given(st.sampled_from(MODES), st.floats(0.04, 3600))
def test_sampling_reads_what_it_writes(mode: str, step: float) -> None:
    sampling = Sampling(mode, step)
    assert Sampling.parse(str(sampling)) == sampling


def test_sampling_texts() -> None:
    assert str(Sampling()) == "auto:1"
    assert str(Sampling("dense", 0.5)) == "dense:0.5"
    assert Sampling.parse("keyframes") == Sampling("keyframes", 1.0)
    assert Sampling.parse("auto:2.5") == Sampling("auto", 2.5)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "unknown sampling ''"),
        ("fast", "use one of auto, keyframes, cascade, dense, shots, anchors"),
        ("dense:often", "dense:0.5"),
        ("dense:0", "0.04 to 3600"),
        ("dense:-1", "0.04 to 3600"),
        ("dense:1e9", "0.04 to 3600"),
        ("dense:nan", "0.04 to 3600"),
        ("dense:inf", "0.04 to 3600"),
    ],
)
def test_wrong_samplings_are_refused_in_words(text: str, says: str) -> None:
    with pytest.raises(UserError, match=says):
        Sampling.parse(text)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("spans", [((2.5, 4.1),), ((0.0, 1.2), (3.3, 9.0)), ((6.0, 6.3),)])
def test_within_spans_there_is_what_is_shown_then(
    video: Callable[[str], Path], name: str, spans: tuple[Span, ...]
) -> None:
    with open_video(str(video(name))) as source:
        found = [
            (picked.time, number_in(Scaler(SIZE)(picked.frame))) for picked in picked_frames(source, "auto", 0.3, spans)
        ]
    gap = REFERENCES / FPS
    for start, stop in spans:
        times = [time for time, _ in found if start - gap <= time <= stop + gap]
        ends = np.array([start, *times, min(stop, COUNT / FPS)])
        assert np.diff(ends).max() <= 0.3 + gap
    for time, number in found:
        assert any(start - gap <= time <= stop + gap for start, stop in spans)
        assert number == on_show(REGULAR, time)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("time", [0.5, 3.14, 6.06])
def test_one_frame_alone_is_the_one_on_show(video: Callable[[str], Path], name: str, time: float) -> None:
    (samples,) = sample_at(str(video(name)), [time], SIZE)
    assert number_in(samples.images[0]) == on_show(REGULAR, time)
    assert samples.times[0] == pytest.approx(time, abs=1.5e-3)


def test_shots_and_anchors_are_chosen_elsewhere(video: Callable[[str], Path]) -> None:
    with open_video(str(video("long.mp4"))) as source, pytest.raises(ValueError, match="keyframes, dense or auto"):
        picked_frames(source, "shots", 1.0)


def test_samples_come_in_chunks_while_decoding_goes_on(video: Callable[[str], Path]) -> None:
    chunks = sample(str(video("mjpeg.mov")), Sampling("dense", 0.04), SIZE)
    first = next(chunks)
    assert [number_in(image) for image in first.images] == list(range(CHUNK))
    numbers = [number_in(image) for chunk in chain([first], chunks) for image in chunk.images]
    assert numbers == list(range(COUNT))
