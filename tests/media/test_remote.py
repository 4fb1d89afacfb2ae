"""Videos behind URLs: the same answers as from a disk, from a part of the bytes."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from makers import scene, write_video
from server import Served, served
from twinreel.errors import BadFile, NoAccess, NotFound, UserError
from twinreel.library import Library
from twinreel.media.identity import content_id
from twinreel.media.probe import probe
from twinreel.media.remote import BLOCK, KEPT, open_remote
from twinreel.media.sampling import Sampling, sample
from twinreel.media.sources import Roots, find_files, listed
from twinreel.media.walk import Found
from twinreel.types import FailureKind, Samples, State

pytest.importorskip("fsspec")
pytest.importorskip("aiohttp")
pq: Any = pytest.importorskip("pyarrow.parquet")
pa: Any = pytest.importorskip("pyarrow")
SIZE = (64, 64)
SHARE = 0.6
"""Of a file's bytes, under which a pass over keyframes stays; ordinary files have one in 250 frames (x264's way)."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Read only. A film of 40 s with a keyframe in ten seconds, 4 MB; half of it small; another; and no video."""
    root = tmp_path_factory.mktemp("served")
    rng = np.random.default_rng(0)

    def grain(image: Any) -> Any:
        return np.clip(image.astype(np.int16) + rng.integers(-12, 13, image.shape), 0, 255).astype(np.uint8)

    film = [frame for seed in range(4) for frame in scene(seed, 10, size=(320, 180))]
    options = {"preset": "ultrafast", "crf": "18", "sc_threshold": "0"}
    write_video(root / "film.mp4", map(grain, film), gop=250, options=options)
    write_video(root / "half.mp4", [frame[::2, ::2] for frame in film[250:750]], gop=50)
    write_video(root / "other.mkv", chain(scene(8, 3), scene(9, 3)), gop=25)
    (root / "letter.mp4").write_text("Dear diary\n" * 300)
    return root


def assert_same(some: list[Samples], others: list[Samples]) -> None:
    """The same frames; how they are parted into chunks may depend on how long they took."""
    for name in ("times", "images"):
        one, other = (np.concatenate([getattr(chunk, name) for chunk in chunks]) for chunks in (some, others))
        np.testing.assert_array_equal(one, other)


@pytest.fixture
def server(folder: Path) -> Iterator[Served]:
    with served(folder) as state:
        yield state


def test_a_keyframe_pass_fetches_a_part_of_a_file(folder: Path, server: Served) -> None:
    local = list(sample(str(folder / "film.mp4"), Sampling("keyframes", 1.0), SIZE))
    remote = list(sample(f"{server.url}/film.mp4", Sampling("keyframes", 1.0), SIZE))
    assert_same(remote, local)
    size = (folder / "film.mp4").stat().st_size
    assert size > 2 << 20
    assert server.bytes < SHARE * size


@pytest.mark.parametrize("name", ["film.mp4", "half.mp4", "other.mkv"])
def test_a_url_says_what_the_file_says(name: str, folder: Path, server: Served) -> None:
    url, path = f"{server.url}/{name}", str(folder / name)
    assert content_id(url) == content_id(path)
    assert probe(url) == probe(path)
    sampling = Sampling("auto", 1.0)
    assert_same(list(sample(url, sampling, SIZE)), list(sample(path, sampling, SIZE)))


def test_reading_gives_the_bytes_of_the_file_wherever_it_goes(folder: Path, server: Served) -> None:
    data = (folder / "film.mp4").read_bytes()
    rng = np.random.default_rng(5)
    with open_remote(f"{server.url}/film.mp4", "decode") as file:
        for start, length in rng.integers(0, [len(data) + 100, 3 * BLOCK], (200, 2)).tolist():
            assert file.seek(start) == start
            assert file.read(length) == data[start : start + length]
            assert file.tell() == max(start, min(start + length, len(data)))
        assert file.seek(-1) == -1
        assert file.seek(0) == 0 and file.read() == data
        assert len(file._blocks) <= KEPT


def test_reading_on_takes_few_requests_and_each_byte_once(folder: Path, server: Served) -> None:
    size = (folder / "film.mp4").stat().st_size
    with open_remote(f"{server.url}/film.mp4", "decode") as file:
        while file.read(10_000):
            pass
    assert server.bytes == size
    assert server.requests < size / BLOCK / 2


def test_what_is_wrong_is_said(server: Served, folder: Path) -> None:
    with pytest.raises(NoAccess, match="no such file"):
        content_id(f"{server.url}/nothing.mp4")
    with pytest.raises(BadFile, match="it is a text"):
        probe(f"{server.url}/letter.mp4")
    with pytest.raises(NoAccess, match="cannot be read from here"):
        content_id("nonsense://bucket/film.mp4")
    with served(folder, ranges=False) as whole, pytest.raises(NoAccess, match="does not serve parts"):
        content_id(f"{whole.url}/film.mp4")


def test_a_scan_of_urls_finds_what_a_scan_of_files_finds(folder: Path, server: Served, tmp_path: Path) -> None:
    names = ["film.mp4", "half.mp4", "other.mkv", "letter.mp4"]
    with (tmp_path / "manifest.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "uri"])
        rows.writerows((number, f"{server.url}/{name}") for number, name in enumerate(names))
    with Library(tmp_path / "remote.sqlite", describer="phash") as library:
        first = library.add(tmp_path / "manifest.csv", jobs=1)
        again = library.add(tmp_path / "manifest.csv", jobs=1)
        matches, paths = library.matches(), {path for video in library.videos() for path in video.paths}
        shown = library.show(f"{server.url}/half.mp4")
        (found, *_) = library.search(f"{server.url}/half.mp4")
        assert found.video.content == shown.content
        assert library.forget(server.url) == 4
    with Library(tmp_path / "local.sqlite", describer="phash") as library:
        library.add(folder, jobs=1)
        assert [(m.a, m.b, m.relation, m.segments) for m in matches] == [
            (m.a, m.b, m.relation, m.segments) for m in library.matches()
        ]
    assert (first.added, first.failed, again.unchanged, again.decoded) == (3, 1, 3, 0)
    assert paths == {f"{server.url}/{name}" for name in names[:3]}


def test_what_is_no_longer_served_is_offline(folder: Path, tmp_path: Path) -> None:
    with Library(tmp_path / "remote.sqlite", describer="phash") as library:
        with served(folder) as state:
            url = f"{state.url}/half.mp4"
            library.add(url, jobs=1)
        report = library.add(url, jobs=1)
        assert library.show(url).state is State.OFFLINE
        assert [failure.kind for failure in report.failures] == [FailureKind.NO_ACCESS]


def test_a_bucket_is_listed_like_a_folder(folder: Path) -> None:
    import fsspec  # type: ignore[import-untyped, unused-ignore]

    memory = fsspec.filesystem("memory")
    for name in ("a/film.mp4", "a/b/half.MP4", "a/.hidden/x.mp4", "a/notes.txt", "a/b/skipped.mp4"):
        memory.pipe_file(f"/bucket/{name}", b"12345")
    found = [one for one in find_files(["memory://bucket/a"], exclude=["skip*"]) if isinstance(one, Found)]
    assert [(one.path, one.size) for one in found] == [
        ("memory://bucket/a/b/half.MP4", 5),
        ("memory://bucket/a/film.mp4", 5),
    ]
    assert [one.path for one in find_files(["memory://bucket/a/notes.txt"])] == ["memory://bucket/a/notes.txt"]
    memory.rm("/bucket", recursive=True)


def test_a_manifest_lists_files_and_urls(folder: Path, tmp_path: Path) -> None:
    shutil.copy(folder / "half.mp4", tmp_path / "here.mp4")
    pq.write_table(pa.table({"Path": ["here.mp4", "s3://bucket/there.mp4", None]}), tmp_path / "some.parquet")
    roots = Roots(listed([str(tmp_path / "some.parquet"), "s3://other/"]))
    assert roots.paths == sorted([str(tmp_path / "here.mp4"), "s3://bucket/there.mp4", "s3://other"])
    assert roots.covers("s3://other/deep/down.mp4") and roots.of("s3://other/x") == "s3://other"
    assert not roots.covers("s3://bucket/else.mp4") and not roots.covers(str(tmp_path))
    (tmp_path / "bad.csv").write_text("name,size\na,1\n")
    with pytest.raises(UserError, match="one named uri, url, path, file is expected"):
        Roots(listed([str(tmp_path / "bad.csv")]))
    with pytest.raises(NotFound, match="no manifest"):
        Roots(listed([str(tmp_path / "absent.csv")]))
