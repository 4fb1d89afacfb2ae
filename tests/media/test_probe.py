"""What a probe says, against what was written into the file."""

from __future__ import annotations

import struct
import sys
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from makers import Hostile, remux, scene, write_video
from twinreel.errors import BadFile, MediaError, OutOfResources
from twinreel.media.probe import probe

SMALL = (96, 64)


def test_every_hostile_file_is_probed_right_or_refused_for_its_own_reason(
    hostile: tuple[Path, dict[str, Hostile]], subtests: pytest.Subtests
) -> None:
    root, cases = hostile
    for name, expected in cases.items():
        with subtests.test(name=ascii(name)):
            path = str(root / name)
            if expected.refused is None:
                found = probe(path)
                assert (found.width, found.height) == expected.size
                assert found.duration > 0
                if expected.duration is not None:
                    assert found.duration == pytest.approx(expected.duration, abs=0.001)
                    assert found.frame_count in (None, round(expected.duration * 25))
            else:
                with pytest.raises(MediaError) as caught:
                    probe(path)
                assert caught.value.kind is expected.refused
                assert expected.reason in caught.value.reason
                assert caught.value.stage == "probe"


@pytest.mark.parametrize(
    ("name", "pixel_format"),
    [
        ("10 bit.mp4", "yuv420p10le"),
        ("4-4-4.mp4", "yuv444p"),
        ("gray.mkv", "gray"),
        ("gray 16 bit.mkv", "gray16le"),
        ("palette.mov", "pal8"),
        ("palette.avi", "pal8"),
        ("good.mp4", "yuv420p"),
    ],
)
def test_pixel_formats(hostile: tuple[Path, dict[str, Hostile]], name: str, pixel_format: str) -> None:
    assert probe(str(hostile[0] / name)).pixel_format == pixel_format


def test_only_what_is_interlaced_is_called_so(hostile: tuple[Path, dict[str, Hostile]]) -> None:
    root, _ = hostile
    assert probe(str(root / "interlaced.mp4")).interlaced
    assert not probe(str(root / "good.mp4")).interlaced


def test_a_lying_header_is_shown_beside_what_the_packets_say(hostile: tuple[Path, dict[str, Hostile]]) -> None:
    root, _ = hostile
    short = probe(str(root / "claims 0.2 s.mp4"))
    assert short.duration_from_header == pytest.approx(0.2, abs=0.01)
    assert short.duration_from_content == short.duration == pytest.approx(2.0)
    assert short.frame_count == 50
    assert short.fps_average == pytest.approx(25)
    long = probe(str(root / "claims 31 years.mkv"))
    assert long.duration_from_header is not None
    assert long.duration_from_header > 300_000
    assert long.duration_from_content == long.duration == pytest.approx(2.0)


def test_without_a_duration_in_the_header_the_packets_are_counted(hostile: tuple[Path, dict[str, Hostile]]) -> None:
    root, _ = hostile
    for name in ("no duration.mkv", "no duration.h264", "moving.apng"):
        found = probe(str(root / name))
        assert found.duration_from_header is None
        assert found.duration_from_content == pytest.approx(1.0)
        assert found.frame_count == 25
        assert found.fps_average == pytest.approx(25)


@pytest.mark.parametrize("share", [0.35, 0.5, 0.75])
def test_a_file_that_is_cut_off_lasts_as_long_as_what_is_left(tmp_path: Path, share: float) -> None:
    """The oracle is the index of the whole file: which packets end before the cut."""
    path = write_video(tmp_path / "a.mp4", scene(1, 4, size=SMALL), gop=25, container_options={"movflags": "faststart"})
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        kept = round(path.stat().st_size * share)
        whole = [p for p in container.demux(stream) if p.pos is not None and p.pos + p.size <= kept]
        assert stream.time_base is not None
        left = float(max((p.pts or 0) + (p.duration or 0) for p in whole) * stream.time_base)
    path.write_bytes(path.read_bytes()[:kept])
    found = probe(str(path))
    assert found.duration_from_header == pytest.approx(4.0)
    # FFmpeg hands out the packet that the cut goes through, too: it may show up to the reordering depth later.
    assert found.duration_from_content == pytest.approx(left, abs=4 / 25)
    assert found.frame_count in (len(whole), len(whole) + 1)


def test_the_same_video_has_the_same_duration_in_every_container(tmp_path: Path) -> None:
    base = write_video(tmp_path / "a.mp4", scene(1, 2, size=SMALL), gop=12, audio=["eng"])
    assert probe(str(base)).duration == pytest.approx(2.0)
    for extension in ("mkv", "mov", "ts", "avi", "flv", "nut"):
        found = probe(str(remux(base, tmp_path / f"a.{extension}")))
        assert found.duration == pytest.approx(2.0, abs=0.001), extension
        assert found.fps_average == pytest.approx(25), extension
        assert found.codec == "h264"
        assert (found.coded_width, found.coded_height) == SMALL


@settings(max_examples=15)
@example(frames=2, rate=Fraction(25), extension="ts")  # nine packets: too few for FFmpeg to recognise
@given(
    frames=st.integers(1, 60),
    rate=st.sampled_from([Fraction(5), Fraction(24000, 1001), Fraction(25), Fraction(30000, 1001), Fraction(60)]),
    extension=st.sampled_from(["mp4", "mkv", "avi", "ts"]),
)
def test_duration_is_frames_over_rate(
    tmp_path_factory: pytest.TempPathFactory, frames: int, rate: Fraction, extension: str
) -> None:
    path = tmp_path_factory.getbasetemp() / f"property.{extension}"
    codec = "mpeg4" if extension == "avi" else "libx264"
    write_video(path, (np.full((32, 32, 3), n % 256, np.uint8) for n in range(frames)), rate, codec=codec, gop=10)
    assert probe(str(path)).duration == pytest.approx(float(frames / rate), abs=0.003)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_rotation_is_applied_to_the_size(tmp_path: Path, rotation: int) -> None:
    path = write_video(tmp_path / "a.mp4", scene(1, 0.2, size=SMALL), rotation=rotation)
    # The oracle is the matrix in the file, as cameras write it (ISO/IEC 14496-12, 8.3.2): (a b u c d v x y w) maps
    # (1, 0) to (a, b), where y points down.
    content = path.read_bytes()
    matrix = struct.unpack_from(">9i", content, content.index(b"tkhd") + 4 + 40)
    clockwise = {(1, 0): 0, (0, 1): 90, (-1, 0): 180, (0, -1): 270}
    assert clockwise[matrix[0] >> 16, matrix[1] >> 16] == rotation
    found = probe(str(path))
    assert found.rotation == rotation
    assert (found.width, found.height) == (SMALL if rotation % 180 == 0 else SMALL[::-1])
    assert (found.coded_width, found.coded_height) == SMALL


def test_sample_aspect_is_applied_to_the_size_before_rotation(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", scene(1, 0.2, size=(72, 48)), sample_aspect=Fraction(16, 11), rotation=90)
    found = probe(str(path))
    assert found.sample_aspect == pytest.approx(16 / 11)
    assert (found.width, found.height) == (48, 105)
    assert (found.coded_width, found.coded_height) == (72, 48)


@pytest.mark.parametrize(("transfer", "hdr"), [(16, True), (18, True), (1, False), (2, False)])
def test_pq_and_hlg_are_hdr(tmp_path: Path, transfer: int, hdr: bool) -> None:
    path = write_video(tmp_path / "a.mkv", scene(1, 0.2, size=SMALL), pix_fmt="yuv420p10le", color_trc=transfer)
    assert probe(str(path)).hdr is hdr


def test_a_variable_frame_rate_has_an_average_and_a_real_one(tmp_path: Path) -> None:
    times = [n / 10 for n in range(10)] + [1 + n / 30 for n in range(30)]
    path = write_video(tmp_path / "a.mp4", scene(1, 4, fps=10, size=SMALL), 30, times=times)
    found = probe(str(path))
    assert found.frame_count == 40
    assert found.duration == pytest.approx(2.0, abs=0.07)
    assert found.fps_average == pytest.approx(20, rel=0.05)
    assert found.fps_real == pytest.approx(30)


def test_languages(tmp_path: Path) -> None:
    path = write_video(
        tmp_path / "a.mkv", scene(1, 1, size=SMALL), audio=["eng", "und", "jpn"], subtitles=["fre", "ara"]
    )
    found = probe(str(path))
    assert found.audio_languages == ("eng", "und", "jpn")
    assert found.subtitle_languages == ("fre", "ara")
    silent = probe(str(write_video(tmp_path / "b.mkv", scene(1, 0.2, size=SMALL))))
    assert silent.audio_languages == silent.subtitle_languages == ()


def test_bit_rate_is_that_of_the_stream_or_of_the_file(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", scene(1, 2, size=SMALL))
    with av.open(str(path)) as container:
        stream_bytes = sum(packet.size for packet in container.demux(video=0))
    assert probe(str(path)).bit_rate == pytest.approx(stream_bytes * 8 / 2, rel=0.01)
    matroska = remux(path, tmp_path / "a.mkv")
    assert probe(str(matroska)).bit_rate == pytest.approx(matroska.stat().st_size * 8 / 2, rel=0.01)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_file_with_an_honest_header_is_not_read_whole(tmp_path: Path) -> None:
    """30 MB of noise at one frame a second, each a keyframe."""
    noise = np.random.default_rng(0).integers(0, 256, (720, 1280, 3), np.uint8)
    pictures = (np.roll(noise, 16 * n, axis=1) for n in range(25))
    finest = {"qmin": "1", "qmax": "1"}
    base = write_video(tmp_path / "a.mov", pictures, 1, codec="mjpeg", pix_fmt="yuvj420p", options=finest)

    def read_so_far() -> int:
        return int(Path("/proc/self/io").read_text().split("rchar: ")[1].split()[0])

    for path in (base, remux(base, tmp_path / "a.mkv"), remux(base, tmp_path / "a.avi")):
        size = path.stat().st_size
        assert size > 25_000_000
        before = read_so_far()
        found = probe(str(path))
        assert read_so_far() - before < size * 0.4, path.name
        assert found.duration == pytest.approx(25), path.name


def test_a_header_with_absurd_numbers_does_not_break_the_probe(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mkv", scene(1, 1, size=SMALL))
    content = path.read_bytes()
    at = content.index(b"\x44\x89\x88") + 3
    tag = content.index(b"00:00:01.")
    for claim in (float("nan"), float("inf"), -1.0, 1e300, 5e-324):
        changed = bytearray(content)
        changed[at : at + 8] = struct.pack(">d", claim)
        changed[tag : tag + 2] = b"xx"
        path.write_bytes(changed)
        assert probe(str(path)).duration == pytest.approx(1.0), claim


@settings(max_examples=60)
@given(changes=st.dictionaries(st.integers(0, 5000), st.integers(0, 255), min_size=1, max_size=30))
def test_no_damage_raises_anything_but_a_media_error(
    tmp_path_factory: pytest.TempPathFactory, changes: Mapping[int, int], hostile: tuple[Path, dict[str, Hostile]]
) -> None:
    content = bytearray((hostile[0] / "fragments.mp4").read_bytes())
    for offset, value in changes.items():
        content[offset % len(content)] = value
    path = tmp_path_factory.getbasetemp() / "damaged.mp4"
    path.write_bytes(content)
    try:
        assert probe(str(path)).duration >= 0
    except (BadFile, OutOfResources) as error:  # a damaged size can ask for any amount of memory
        assert error.reason
