"""Devices that decode: which there are, and when one is worth it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from makers import scene, write_video
from twinreel.engine.settings import Resources
from twinreel.errors import BadFile, UserError
from twinreel.media.hardware import STRETCH, Trial, built, check_hardware, choose, problem, trial
from twinreel.media.sampling import CHUNK, Sampling, sample, sample_at
from twinreel.media.source import open_video


@pytest.mark.parametrize(
    ("software", "devices", "chosen"),
    [
        (30.0, {"cuda": 31.0}, "cuda"),
        (30.0, {"cuda": 30.0}, None),
        (30.0, {"vaapi": 50.0, "cuda": 90.0, "qsv": 60.0}, "cuda"),
        (30.0, {}, None),
        (0.0, {"cuda": 0.0}, None),
    ],
)
def test_a_device_is_chosen_that_beats_all_workers_together(
    software: float, devices: dict[str, float], chosen: str | None
) -> None:
    assert choose(software, devices) == chosen


def test_an_unknown_device_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(UserError) as caught:
        Resources(hardware="abacus")
    assert "'abacus'" in str(caught.value)
    for name in ("auto", "off", *built()):
        assert name in str(caught.value)
        check_hardware(name)


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("videos")
    return write_video(root / "a.mp4", scene(1, STRETCH + 10, fps=5, size=(96, 64)), 5, gop=50)


@pytest.mark.parametrize("mode", ["auto", "dense"])
def test_a_trial_takes_the_frames_of_its_sampling(video: Path, mode: str) -> None:
    sampling = Sampling(mode, 0.5)
    *_, tried = trial(str(video), sampling, (48, 64), None)
    assert tried is not None
    chunks = list(sample(str(video), sampling, (48, 64)))
    times = np.concatenate([samples.times for samples in chunks])
    np.testing.assert_array_equal(tried.times, times[times <= STRETCH])
    np.testing.assert_array_equal(tried.images, np.concatenate([samples.images for samples in chunks])[:CHUNK])
    assert tried.rate > 0


def test_trials_agree_where_they_show_the_same_at_the_same_times(video: Path) -> None:
    auto = next(tried for tried in trial(str(video), Sampling("auto"), (48, 64), None) if tried)
    filtered = np.concatenate([samples.images for samples in sample_at(str(video), auto.times.tolist(), (48, 64))])
    assert not np.array_equal(filtered, auto.images)  # to which the loop filter was not applied
    assert auto.agrees(replace(auto, images=filtered))
    assert not auto.agrees(replace(auto, times=auto.times + 0.04))
    assert not auto.agrees(replace(auto, times=auto.times[1:], images=auto.images[1:]))
    broken = auto.images.copy()
    broken[-1] = (0, 135, 0)  # what a decoder shows that was given nothing
    assert not auto.agrees(replace(auto, images=broken))


@pytest.mark.parametrize("device", [device for device in built() if problem(device)])
def test_a_device_that_is_not_there_says_so_and_opens_nothing(video: Path, device: str) -> None:
    with pytest.raises(BadFile, match=f"cannot be decoded by {device}"), open_video(str(video), device=device):
        pass
    with pytest.raises(BadFile, match=device):
        list(trial(str(video), Sampling("auto"), (48, 64), device))


@pytest.mark.parametrize("device", [device for device in built() if not problem(device)])
def test_a_device_that_is_there_agrees_with_the_processors(video: Path, device: str) -> None:
    *_, software = trial(str(video), Sampling("auto"), (48, 64), None)
    *_, tried = trial(str(video), Sampling("auto"), (48, 64), device)
    assert isinstance(software, Trial) and isinstance(tried, Trial)
    assert tried.agrees(software)
