"""Opening files: what opens, what is refused and for which reason."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import av
import pytest

from makers import Hostile, remux, scene, write_audio, write_video
from twinreel.errors import BadFile, MediaError, NoAccess, OutOfResources
from twinreel.media.source import open_video
from twinreel.types import FailureKind

SMALL = (96, 64)


def count_frames(path: str) -> int:
    """Frames that decode, damaged packets passed over."""
    count = 0
    with open_video(path) as source:
        for packet in source.container.demux(source.stream):
            try:
                count += len(packet.decode())
            except av.FFmpegError:
                continue
    return count


def test_every_hostile_file_decodes_or_is_refused_for_its_own_reason(
    hostile: tuple[Path, dict[str, Hostile]], subtests: pytest.Subtests
) -> None:
    root, cases = hostile
    for name, expected in cases.items():
        with subtests.test(name=ascii(name)):
            path = str(root / name)
            if expected.refused is None:
                assert count_frames(path) > 0
            else:
                with pytest.raises(MediaError) as caught:
                    count_frames(path)
                assert caught.value.kind is expected.refused
                assert expected.reason in caught.value.reason
                assert "\n" not in caught.value.reason
                assert caught.value.stage == "decode"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names themselves")
def test_the_hostile_folder_holds_a_name_of_invalid_utf_8(hostile: tuple[Path, dict[str, Hostile]]) -> None:
    _, cases = hostile
    names = [os.fsencode(name) for name in cases]
    with pytest.raises(UnicodeDecodeError):
        b"".join(names).decode()
    assert any(b"\n" in name for name in names)


@pytest.mark.parametrize("text", ["#EXTM3U\n{}\n", "ffconcat version 1.0\nfile {}\n", "[playlist]\nFile1={}\n"])
def test_a_file_that_points_at_another_never_opens_it(tmp_path: Path, text: str) -> None:
    write_video(tmp_path / "real.mp4", scene(1, 0.2, size=SMALL))
    pointer = tmp_path / "pointer.mkv"
    pointer.write_text(text.format(tmp_path / "real.mp4"))
    with pytest.raises(BadFile, match="playlist"), open_video(str(pointer)):
        pass


def test_of_several_video_streams_the_largest_counts_and_the_others_are_not_read(tmp_path: Path) -> None:
    small = write_video(tmp_path / "small.mp4", scene(1, 0.4, size=(64, 48)))
    large = write_video(tmp_path / "large.mp4", scene(2, 0.4, size=(128, 96)), audio=["eng"])
    path = tmp_path / "both.mkv"
    with av.open(str(small)) as first, av.open(str(large)) as second, av.open(str(path), "w") as output:
        inputs = [(container, stream) for container in (first, second) for stream in container.streams]
        targets = [output.add_stream_from_template(stream) for _, stream in inputs]
        for (container, stream), target in zip(inputs, targets, strict=True):
            for packet in container.demux(stream):
                if packet.dts is not None:
                    packet.stream = target
                    output.mux(packet)
    with open_video(str(path)) as source:
        assert (source.stream.width, source.stream.height) == (128, 96)
        assert source.size == path.stat().st_size
        assert len(source.container.streams) == 3
        source.container.seek(0)  # drops what FFmpeg read ahead while it opened the file
        packets = [packet for packet in source.container.demux() if packet.size]
        assert [packet.stream_index for packet in packets] == [source.stream.index] * 10


def test_more_threads_decode_the_same_frames(tmp_path: Path) -> None:
    path = str(write_video(tmp_path / "a.mp4", scene(1, 1, size=SMALL)))

    def pictures(threads: int) -> list[bytes]:
        with open_video(path, threads=threads) as source:
            return [frame.to_ndarray().tobytes() for frame in source.container.decode(source.stream)]

    assert len(pictures(1)) == 25
    assert pictures(1) == pictures(4)


def test_a_codec_without_a_decoder_is_named_as_the_reason(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", scene(1, 0.2, size=SMALL))
    path.write_bytes(path.read_bytes().replace(b"avc1", b"zz9z"))
    with pytest.raises(BadFile, match="codec is not known"), open_video(str(path)):
        pass


def test_tags_that_are_not_text_do_not_matter(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mkv", scene(1, 0.2, size=SMALL), tags={"title": "cafe cafe"})
    path.write_bytes(path.read_bytes().replace(b"cafe cafe", b"caf\xe9 caf\xe9"))
    assert count_frames(str(path)) == 5


def test_a_format_that_is_no_video_is_refused_by_its_kind(tmp_path: Path) -> None:
    path = tmp_path / "subtitles.mp4"
    path.write_text("1\n00:00:00,000 --> 00:00:02,000\nWell?\n\n2\n00:00:02,000 --> 00:00:04,000\nWell!\n")
    with pytest.raises(BadFile, match="none that is accepted"), open_video(str(path)):
        pass


def test_no_file_is_too_short_for_a_reason(hostile: tuple[Path, dict[str, Hostile]], tmp_path: Path) -> None:
    for name in ("moving.webp", "good.mp4", "cut.mkv", "moving.apng"):
        content = (hostile[0] / name).read_bytes()
        for length in range(1, 40):
            path = tmp_path / "short"
            path.write_bytes(content[:length])
            with pytest.raises(BadFile), open_video(str(path)):
                pass


def test_sound_is_told_apart_from_garbage(tmp_path: Path) -> None:
    for name in ("a.mp4", "a.mkv", "a.ts", "a.aac"):
        path = str(write_audio(tmp_path / name, format="adts" if name.endswith("aac") else None))
        with pytest.raises(BadFile, match="no video: sound only"), open_video(path):
            pass


def test_a_folder_and_a_vanished_file_are_no_access(tmp_path: Path) -> None:
    with pytest.raises(NoAccess, match="a folder"), open_video(str(tmp_path)):
        pass
    with pytest.raises(NoAccess, match="no such file"), open_video(str(tmp_path / "gone.mp4")):
        pass
    with pytest.raises(NoAccess, match="too long"), open_video(str(tmp_path / ("x" * 5000))):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_a_refused_permission_is_no_access(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", scene(1, 0.2, size=SMALL))
    path.chmod(0)
    is_root = os.geteuid() == 0
    if is_root:  # nothing is forbidden to root
        os.seteuid(65534)
    try:
        with pytest.raises(NoAccess, match="permission"), open_video(str(path)):
            pass
    finally:
        if is_root:
            os.seteuid(0)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX limits")
def test_too_many_open_files_say_nothing_about_the_file(tmp_path: Path) -> None:
    import resource

    path = str(write_video(tmp_path / "a.mp4", scene(1, 0.2, size=SMALL)))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        with pytest.raises(OutOfResources), open_video(path):
            pass
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (MemoryError(), FailureKind.RESOURCES),
        (av.error.MemoryError(12, "Cannot allocate memory"), FailureKind.RESOURCES),
        (OSError(5, "Input/output error"), FailureKind.NO_ACCESS),
        (av.error.InvalidDataError(1094995529, "Invalid data"), FailureKind.BAD_FILE),
        (BadFile("no frame of it decodes"), FailureKind.BAD_FILE),
    ],
)
def test_what_goes_wrong_while_reading_is_translated_too(tmp_path: Path, raised: Exception, kind: FailureKind) -> None:
    path = str(write_video(tmp_path / "a.mp4", scene(1, 0.2, size=SMALL)))
    with pytest.raises(MediaError) as caught, open_video(path):
        raise raised
    assert caught.value.kind is kind
    assert caught.value.reason


def test_other_errors_inside_pass_through(tmp_path: Path) -> None:
    path = str(write_video(tmp_path / "a.mp4", scene(1, 0.2, size=SMALL)))
    with pytest.raises(ZeroDivisionError), open_video(path):
        raise ZeroDivisionError


def test_every_container_that_is_written_opens(tmp_path: Path) -> None:
    base = write_video(tmp_path / "a.mp4", scene(1, 1, size=SMALL))
    for extension in ("mkv", "mov", "ts", "avi", "flv", "nut", "h264"):
        assert count_frames(str(remux(base, tmp_path / f"a.{extension}"))) == 25, extension
