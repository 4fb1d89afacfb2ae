"""Digests against bytes hashed by hand, and against remuxes."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import av
import numpy as np
import pytest
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st

from makers import Hostile, remux, scene, write_video
from twinreel.errors import BadFile, MediaError, NoAccess
from twinreel.media.identity import MIB, content_id, file_digest, stream_digest

SMALL = (96, 64)


def noise(size: int) -> bytearray:
    return bytearray(np.random.default_rng(size).bytes(size))


@pytest.mark.parametrize("size", [0, 1, MIB, 3 * MIB - 1, 3 * MIB])
def test_a_small_file_is_hashed_whole_after_its_size(tmp_path: Path, size: int) -> None:
    data = noise(size)
    path = tmp_path / "file"
    path.write_bytes(data)
    assert content_id(str(path)) == xxhash.xxh3_128_hexdigest(size.to_bytes(8, "little") + data)
    assert file_digest(str(path)) == xxhash.xxh3_128_hexdigest(bytes(data))


@pytest.mark.parametrize("size", [3 * MIB + 1, 3 * MIB + 2, 5 * MIB + 12345])
def test_of_a_large_file_three_blocks_are_hashed(tmp_path: Path, size: int) -> None:
    data = noise(size)
    path = tmp_path / "file"
    path.write_bytes(data)
    middle = (size - 1048576) // 2
    blocks = data[:1048576] + data[middle : middle + 1048576] + data[-1048576:]
    expected = content_id(str(path))
    assert expected == xxhash.xxh3_128_hexdigest(size.to_bytes(8, "little") + blocks)
    assert len(expected) == 32

    whole = file_digest(str(path))
    assert whole == xxhash.xxh3_128_hexdigest(bytes(data))
    for offset, is_seen in ((0, True), (middle, True), (middle - 1, middle - 1 < MIB), (size - 1, True)):
        changed = data.copy()
        changed[offset] ^= 1
        path.write_bytes(changed)
        assert (content_id(str(path)) != expected) is is_seen, offset
        assert file_digest(str(path)) != whole, offset


def test_digests_of_files_that_cannot_be_read(hostile: tuple[Path, dict[str, Hostile]]) -> None:
    root, cases = hostile
    for identify in (content_id, file_digest, stream_digest):
        with pytest.raises(NoAccess) as caught:
            identify(str(root / "gone.mp4"))
        assert caught.value.stage == "identify"
    if "loop.mp4" in cases:
        with pytest.raises(NoAccess, match="loop"):
            content_id(str(root / "loop.mp4"))
        with pytest.raises(NoAccess, match="pipe"):
            content_id(str(root / "pipe.mp4"))


def test_every_hostile_video_has_a_stream_digest_or_a_reason(
    hostile: tuple[Path, dict[str, Hostile]], subtests: pytest.Subtests
) -> None:
    root, cases = hostile
    good = stream_digest(str(root / "good.mp4"))
    for name, expected in cases.items():
        with subtests.test(name=ascii(name)):
            path = str(root / name)
            if expected.refused is None:
                same = expected == cases["good.mp4"] and name != "damaged in the middle.mp4"
                assert (stream_digest(path) == good) is same
            else:
                with pytest.raises(MediaError) as caught:
                    stream_digest(path)
                assert caught.value.kind is expected.refused


REMUXES = {
    "libx264": ("yuv420p", ["mp4", "mkv", "mov", "ts", "avi", "flv", "h264"]),
    "libx265": ("yuv420p", ["mp4", "mkv", "mov", "ts", "hevc"]),
    "libsvtav1": ("yuv420p", ["mp4", "mkv", "webm", "ivf", "obu"]),
    "libvpx-vp9": ("yuv420p", ["webm", "mp4", "mkv", "ivf"]),
    "mpeg2video": ("yuv420p", ["mpg", "ts", "mkv", "mp4", "m2v"]),
    "mpeg4": ("yuv420p", ["mp4", "mkv", "avi"]),
    "mjpeg": ("yuvj420p", ["avi", "mov", "mkv"]),
    "prores": ("yuv422p10le", ["mov", "mkv"]),
}


@pytest.mark.parametrize("codec", REMUXES)
def test_remuxes_agree(tmp_path: Path, codec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SVT_LOG", "1")
    pixels, extensions = REMUXES[codec]
    quick = {"deadline": "realtime", "cpu-used": "8"} if codec == "libvpx-vp9" else None
    frames = list(scene(3, 1, size=SMALL))
    base = write_video(tmp_path / f"base.{extensions[0]}", frames, codec=codec, pix_fmt=pixels, gop=10, options=quick)
    expected = stream_digest(str(base))
    files = {file_digest(str(base))}
    for extension in extensions:
        copy = remux(base, tmp_path / f"copy.{extension}", tags={"title": "another", "comment": "x" * 100})
        assert stream_digest(str(copy)) == expected, extension
        files.add(file_digest(str(copy)))
        if extension in ("mkv", "mov", "ts", "avi"):  # the others carry no timestamps to remux by
            back = remux(copy, tmp_path / f"back from {extension}.{extensions[0]}")
            assert stream_digest(str(back)) == expected, f"{extension} and back"
    assert len(files) >= len(extensions)


def test_what_was_encoded_anew_differs(tmp_path: Path) -> None:
    frames = list(scene(3, 1, size=SMALL))
    videos = [
        write_video(tmp_path / "a.mp4", frames),
        write_video(tmp_path / "b.mp4", frames, options={"crf": "24"}),
        write_video(tmp_path / "c.mp4", frames[:-1]),
        write_video(tmp_path / "d.mp4", frames, codec="libx265"),
        write_video(tmp_path / "e.mp4", scene(4, 1, size=SMALL)),
    ]
    digests = [stream_digest(str(path)) for path in videos]
    assert len(set(digests)) == len(digests)
    # Two runs of an encoder over the same frames give the same stream, whatever sound is beside it.
    again = write_video(tmp_path / "f.mp4", frames, audio=["eng"], tags={"title": "f"})
    assert stream_digest(str(again)) == digests[0]


@pytest.mark.parametrize(("codec", "extension", "delimiter"), [
    ("libx264", "h264", b"\0\0\0\1\x09\xf0"),
    ("libx265", "hevc", b"\0\0\0\1\x46\x01\x50"),
])  # fmt: skip
@settings(max_examples=20)
@given(data=st.data())
def test_stuffing_and_delimiters_between_slices_do_not_count(
    tmp_path_factory: pytest.TempPathFactory, codec: str, extension: str, delimiter: bytes, data: st.DataObject
) -> None:
    """Annex B allows zero bytes before a start code; MPEG-TS adds an access unit delimiter to each picture."""
    folder = tmp_path_factory.getbasetemp()
    plain = folder / f"plain.{extension}"
    if not plain.exists():
        write_video(plain, scene(5, 0.4, size=SMALL), codec=codec, options={"bf": "0"} if codec == "libx264" else None)
    content = plain.read_bytes()
    starts = [n for n in range(len(content) - 4) if content[n : n + 4] == b"\0\0\0\1"]
    pieces = [content[a:b] for a, b in zip(starts, [*starts[1:], len(content)], strict=True)]
    stuffing = data.draw(st.lists(st.integers(0, 5), min_size=len(pieces), max_size=len(pieces)))
    changed = folder / f"changed.{extension}"
    changed.write_bytes(delimiter + b"".join(piece + bytes(n) for piece, n in zip(pieces, stuffing, strict=True)))
    assert stream_digest(str(changed)) == stream_digest(str(plain))


def test_one_changed_slice_changes_the_digest_though_it_may_not_decode(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", scene(1, 1, size=SMALL))
    expected = stream_digest(str(path))
    with av.open(str(path)) as container:
        packets = [(p.pos, p.size) for p in container.demux(video=0) if p.pos is not None and p.size]
    content = path.read_bytes()
    for position, size in (packets[0], packets[-1]):
        changed = bytearray(content)
        changed[position + size - 3] ^= 0xFF
        path.write_bytes(changed)
        assert stream_digest(str(path)) != expected
    assert len(packets) == 25


def test_a_cut_file_is_not_the_same_stream(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mkv", scene(1, 2, size=SMALL), gop=10)
    content, digests = path.read_bytes(), set()
    for share in (1.0, 0.8, 0.5):
        path.write_bytes(content[: int(len(content) * share)])
        digests.add(stream_digest(str(path)))
    assert len(digests) == 3


def test_digests_of_different_videos_differ_pairwise(tmp_path: Path) -> None:
    paths = [str(write_video(tmp_path / f"{seed}.mp4", scene(seed, 0.4, size=SMALL))) for seed in range(6)]
    for identify in (content_id, file_digest, stream_digest):
        names = [identify(path) for path in paths]
        assert all(a != b for a, b in combinations(names, 2))


def test_a_video_without_packets_has_no_stream_digest(tmp_path: Path) -> None:
    path = write_video(
        tmp_path / "a.mp4", scene(1, 1, size=SMALL), container_options={"movflags": "frag_keyframe+empty_moov"}
    )
    path.write_bytes(path.read_bytes().split(b"moof")[0][:-4])
    with pytest.raises(BadFile) as caught:
        stream_digest(str(path))
    assert caught.value.stage == "identify"
