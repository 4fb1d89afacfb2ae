"""Videos hashed for exchange by worker processes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pdqhash
import pytest

from makers import Image, scene, write_video
from twinreel.engine.hashing import hash_videos
from twinreel.engine.settings import Resources
from twinreel.errors import BadFile
from twinreel.exchange.formats import FORMATS, Format, HashRules
from twinreel.exchange.tmk import Tmk
from twinreel.exchange.vpdq import Vpdq
from twinreel.media.source import open_video


@pytest.fixture(scope="module")
def frames() -> list[Image]:
    """Six seconds at 30 frames a second, of three shots."""
    return [frame for seed in (11, 12, 13) for frame in scene(seed, 2, fps=30, size=(160, 96))]


def hashed(format: str, *paths: Path) -> list[Vpdq | Tmk]:
    found = dict(hash_videos(map(str, paths), format, Resources(jobs=1)))
    results = []
    for path in paths:
        result = found[str(path)]
        assert isinstance(result, Vpdq | Tmk), result
        results.append(result)
    return results


def test_vpdq_hashes_are_those_of_the_stored_pictures(tmp_path: Path, frames: list[Image]) -> None:
    """By the reference implementation of PDQ, of pictures that another reading of the file gives."""
    path = write_video(tmp_path / "a.mp4", frames, fps=30)
    (found,) = hashed("vpdq", path)
    assert isinstance(found, Vpdq)
    assert found.frames.tolist() == [0, 30, 60, 90, 120, 150]
    assert found.times.tolist() == [0, 1, 2, 3, 4, 5]
    with open_video(str(path)) as source:
        decoded = [frame.to_ndarray(format="rgb24") for frame in source.container.decode(source.stream)]
    for number, bits in zip(found.frames, found.bits, strict=True):
        theirs, _ = pdqhash.compute(decoded[number])
        assert (np.unpackbits(bits) != theirs).sum() <= 2  # see tests/describe/test_hashes.py


@pytest.mark.parametrize("format", FORMATS.values(), ids=list(FORMATS))
def test_a_copy_matches_by_the_rule_of_the_format_and_another_video_does_not(
    tmp_path: Path, frames: list[Image], format: Format
) -> None:
    brighter = [(frame * 0.8 + 40).astype(np.uint8) for frame in frames]
    one, copy, other = hashed(
        format.name,
        write_video(tmp_path / "a.mp4", frames, fps=30),
        write_video(tmp_path / "b.mkv", brighter, fps=30, options={"crf": "28"}),
        write_video(tmp_path / "c.mp4", scene(99, 6, fps=30, size=(160, 96)), fps=30),
    )
    verdict = format.compare(one, copy, HashRules())
    assert verdict is not None
    seconds = [stop - start for start, stop in verdict.own]
    assert 4.8 <= sum(seconds) <= 6.2 and max(stop for _, stop in verdict.own) == pytest.approx(6, abs=0.3)
    assert format.compare(one, other, HashRules()) is None


def test_a_descriptor_tells_how_many_frames_it_is_made_of(tmp_path: Path, frames: list[Image]) -> None:
    """Of 180 at 30 a second: the first three, then every other from the fourth on, as of the published samples."""
    (found,) = hashed("tmk", write_video(tmp_path / "a.mp4", frames, fps=30))
    assert isinstance(found, Tmk) and found.frames == 92


@pytest.mark.parametrize("format", ["vpdq", "tmk"])
def test_what_cannot_be_hashed_says_why(tmp_path: Path, format: str) -> None:
    letter = tmp_path / "letter.mp4"
    letter.write_text("Dear diary\n" * 300)
    ((path, error),) = hash_videos([str(letter)], format, Resources(jobs=1))
    assert path == str(letter)
    assert isinstance(error, BadFile) and "it is a text" in str(error)
