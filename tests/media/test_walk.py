"""Which files a walk finds, in which order, and what it reports instead."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from makers import Hostile
from twinreel.errors import NotFound
from twinreel.media.walk import EXTENSIONS, Found, walk
from twinreel.types import Failure, FailureKind

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="needs links and permissions as POSIX has them")


def make(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode("utf-8", "surrogateescape"))


def names(root: Path, items: Iterable[Found | Failure]) -> list[str]:
    """Paths found below root, with "/"; failures are not expected."""
    found = list(items)
    assert not [item for item in found if isinstance(item, Failure)]
    return [Path(os.path.relpath(item.path, root)).as_posix() for item in found]


def test_videos_of_a_tree_come_in_order(tmp_path: Path) -> None:
    make(tmp_path, "b.mp4", "a.MKV", "notes.txt", "z/c.gif", "c/y.webp", "c/x.apng", "c/d/e.mov", "photo.jpg", "mp4")
    assert names(tmp_path, walk([str(tmp_path)])) == [
        "a.MKV", "b.mp4", "c/x.apng", "c/y.webp", "c/d/e.mov", "z/c.gif",
    ]  # fmt: skip


def test_what_is_known_of_a_file_is_what_stat_says(tmp_path: Path) -> None:
    make(tmp_path, "a.mp4")
    os.utime(tmp_path / "a.mp4", ns=(10**18 + 7, 10**18 + 300))
    status = (tmp_path / "a.mp4").stat()
    [found] = walk([str(tmp_path)])
    assert found == Found(str(tmp_path / "a.mp4"), 5, status.st_mtime_ns, status.st_dev, status.st_ino)


def test_a_file_named_by_itself_is_taken_whatever_its_name(tmp_path: Path) -> None:
    make(tmp_path, "clip.dat", ".hidden", "other.dat")
    given = [str(tmp_path / "clip.dat"), str(tmp_path / ".hidden")]
    assert names(tmp_path, walk(given)) == [".hidden", "clip.dat"]


def test_include_takes_the_place_of_the_extensions(tmp_path: Path) -> None:
    make(tmp_path, "a.mp4", "b.dat", "2023/c.mp4", "2023/d.dat", "2023/deep/e.DAT")
    root = [str(tmp_path)]
    assert names(tmp_path, walk(root, include=["*.dat"])) == ["b.dat", "2023/d.dat", "2023/deep/e.DAT"]
    assert names(tmp_path, walk(root, include=["2023/*"])) == ["2023/c.mp4", "2023/d.dat", "2023/deep/e.DAT"]
    assert names(tmp_path, walk(root, include=["?.mp4", "b.*"])) == ["a.mp4", "b.dat", "2023/c.mp4"]


def test_exclude_keeps_out_files_and_whole_folders(tmp_path: Path) -> None:
    make(tmp_path, "a.mp4", "b.mp4", "old/c.mp4", "new/d.mp4", "new/old/e.mp4", "new/proxy_f.mp4")
    root = [str(tmp_path)]
    assert names(tmp_path, walk(root, exclude=["old"])) == ["a.mp4", "b.mp4", "new/d.mp4", "new/proxy_f.mp4"]
    assert names(tmp_path, walk(root, exclude=["new/old", "PROXY_*", "b.mp4"])) == ["a.mp4", "new/d.mp4", "old/c.mp4"]
    assert names(tmp_path, walk(root, include=["*.mp4"], exclude=["*/*"])) == ["a.mp4", "b.mp4"]
    given = [str(tmp_path / "a.mp4"), str(tmp_path / "b.mp4")]
    assert names(tmp_path, walk(given, exclude=["b.*"])) == ["a.mp4"]


def test_hidden_and_system_folders_are_left_out(tmp_path: Path) -> None:
    make(
        tmp_path,
        "a.mp4",
        ".b.mp4",
        ".cache/c.mp4",
        "node_modules/d.mp4",
        *(
            f"{folder}/x.mp4"
            for folder in (".git", "$RECYCLE.BIN", "System Volume Information", ".Trash-1000", "@eaDir", "lost+found")
        ),
    )
    root = str(tmp_path)
    assert names(tmp_path, walk([root])) == ["a.mp4", "node_modules/d.mp4"]
    assert names(tmp_path, walk([root], hidden=True)) == [".b.mp4", "a.mp4", ".cache/c.mp4", "node_modules/d.mp4"]
    trash = str(tmp_path / ".Trash-1000")
    assert names(tmp_path, walk([root, trash])) == ["a.mp4", "node_modules/d.mp4", ".Trash-1000/x.mp4"]


def test_overlapping_roots_yield_each_file_once(tmp_path: Path) -> None:
    make(tmp_path, "a/b/c.mp4", "a/d.mp4")
    given = [tmp_path / "a" / "b" / "c.mp4", tmp_path / "a" / "b", tmp_path, tmp_path / "a", tmp_path / "a" / ".."]
    found = list(walk([str(path) for path in given]))
    assert len(found) == 2
    assert sorted(names(tmp_path, found)) == ["a/b/c.mp4", "a/d.mp4"]


@posix_only
def test_hard_links_are_two_paths_to_one_file(tmp_path: Path) -> None:
    make(tmp_path, "a.mp4", "c.mp4")
    os.link(tmp_path / "a.mp4", tmp_path / "b.mp4")
    found = [item for item in walk([str(tmp_path)]) if isinstance(item, Found)]
    assert names(tmp_path, found) == ["a.mp4", "b.mp4", "c.mp4"]
    keys = [(item.device, item.inode) for item in found]
    assert keys[0] == keys[1] != keys[2]


@posix_only
def test_a_linked_file_counts_once_and_its_real_path_first(tmp_path: Path) -> None:
    make(tmp_path / "in", "z.mp4")
    make(tmp_path / "out", "far.mp4", "far.txt")
    (tmp_path / "in" / "a link.mp4").symlink_to("z.mp4")
    (tmp_path / "in" / "b link.mp4").symlink_to(tmp_path / "out" / "far.mp4")
    (tmp_path / "in" / "c link.mp4").symlink_to(tmp_path / "out" / "far.mp4")
    (tmp_path / "in" / "d link.txt").symlink_to(tmp_path / "out" / "far.txt")
    assert names(tmp_path, walk([str(tmp_path / "in")])) == ["in/z.mp4", "in/b link.mp4"]
    assert names(tmp_path, walk([str(tmp_path)])) == ["in/z.mp4", "out/far.mp4"]
    given = [str(tmp_path / "in" / "a link.mp4")]
    assert names(tmp_path, walk(given)) == ["in/a link.mp4"]


@posix_only
def test_linked_folders_are_entered_only_by_name(tmp_path: Path) -> None:
    make(tmp_path / "far", "x.mp4")
    make(tmp_path / "in", "y.mp4")
    (tmp_path / "in" / "link").symlink_to(tmp_path / "far")
    (tmp_path / "in" / "up").symlink_to(tmp_path)
    (tmp_path / "in" / "folder.mp4").symlink_to(tmp_path / "far")
    assert names(tmp_path, walk([str(tmp_path / "in")])) == ["in/y.mp4"]
    assert names(tmp_path, walk([str(tmp_path / "in" / "link")])) == ["in/link/x.mp4"]
    both = [str(tmp_path / "far"), str(tmp_path / "in" / "link")]
    assert names(tmp_path, walk(both)) == ["far/x.mp4"]


@posix_only
def test_loops_of_links_are_reported_and_never_followed(tmp_path: Path) -> None:
    make(tmp_path, "a.mp4")
    (tmp_path / "self.mp4").symlink_to("self.mp4")
    (tmp_path / "ping").symlink_to("pong")
    (tmp_path / "pong").symlink_to("ping")
    (tmp_path / "dangling.mp4").symlink_to("nowhere")
    (tmp_path / "dangling.txt").symlink_to("nowhere")
    items = list(walk([str(tmp_path)]))
    failures = {Path(item.path).name: item for item in items if isinstance(item, Failure)}
    assert set(failures) == {"self.mp4", "ping", "pong", "dangling.mp4"}
    assert all(item.kind is FailureKind.NO_ACCESS and item.stage == "list" for item in failures.values())
    assert "loop" in failures["self.mp4"].reason
    assert "no such file" in failures["dangling.mp4"].reason
    assert [Path(item.path).name for item in items if isinstance(item, Found)] == ["a.mp4"]


@posix_only
def test_a_folder_that_may_not_be_read_is_reported_and_the_rest_goes_on(tmp_path: Path) -> None:
    make(tmp_path, "a/x.mp4", "b/y.mp4", "c/z.mp4")
    (tmp_path / "b").chmod(0)
    closed = [folder for folder in (tmp_path, *tmp_path.parents) if not folder.stat().st_mode & 1]
    is_root = os.geteuid() == 0
    if is_root:  # nothing is forbidden to root; pytest's folders are closed to everybody else
        for folder in closed:
            folder.chmod(0o755)
        os.seteuid(65534)
    try:
        items = list(walk([str(tmp_path)]))
    finally:
        if is_root:
            os.seteuid(0)
        (tmp_path / "b").chmod(0o755)
    assert [item.path for item in items if isinstance(item, Found)] == [
        str(tmp_path / "a" / "x.mp4"),
        str(tmp_path / "c" / "z.mp4"),
    ]
    [failure] = [item for item in items if isinstance(item, Failure)]
    assert failure.path == str(tmp_path / "b")
    assert failure.kind is FailureKind.NO_ACCESS
    assert "permission" in failure.reason


def test_a_given_path_that_is_not_there_is_reported_unless_none_is(tmp_path: Path) -> None:
    make(tmp_path, "a.mp4")
    missing = str(tmp_path / "missing")
    found, failure = walk([missing, str(tmp_path)])
    assert isinstance(found, Found)
    assert isinstance(failure, Failure)
    assert (failure.path, failure.kind) == (missing, FailureKind.NO_ACCESS)
    with pytest.raises(NotFound, match="missing"):
        walk([missing, missing + "2"])
    assert list(walk([])) == []


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_names_survive_whatever_their_bytes(tmp_path: Path) -> None:
    raw = [b"invalid \xff\xfe.mp4", "映画.mp4".encode(), b"new\nline.mp4", b"-rf.mp4", b"%d.mp4", b"a:b.mp4"]
    for name in raw:
        (tmp_path / os.fsdecode(name)).write_bytes(b"x")
    found = [os.fsencode(Path(item.path).name) for item in walk([str(tmp_path)])]
    assert sorted(found) == sorted(raw)


def test_the_hostile_folder_is_walked_to_the_end(hostile: tuple[Path, dict[str, Hostile]]) -> None:
    root, cases = hostile
    items = list(walk([str(root)]))
    found = {Path(item.path).name for item in items if isinstance(item, Found)}
    failed = {Path(item.path).name for item in items if isinstance(item, Failure)}
    links = {name for name in cases if (root / name).is_symlink()}
    assert failed == links
    videos = {name for name in cases if name.rsplit(".", 1)[1] in EXTENSIONS}
    assert found == videos - links


def test_folders_may_be_nested_deeper_than_python_recurses(tmp_path: Path) -> None:
    before = Path.cwd()
    depth = 0
    os.chdir(tmp_path)
    try:
        while depth < sys.getrecursionlimit() + 200:
            try:
                Path("d").mkdir()
            except OSError:  # this system allows no longer path
                break
            os.chdir("d")
            depth += 1
        Path("deepest.mp4").write_bytes(b"x")
        assert depth > 100
        items = list(walk([str(tmp_path)]))
        assert [Path(item.path).name for item in items] == ["deepest.mp4"]
    finally:
        Path("deepest.mp4").unlink(missing_ok=True)
        for _ in range(depth):  # by hand: what cleans up after tests recurses
            os.chdir("..")
            Path("d").rmdir()
        os.chdir(before)


def test_ten_thousand_files_take_well_under_a_second(tmp_path: Path) -> None:
    for folder in range(10):
        (tmp_path / str(folder)).mkdir()
        for number in range(1000):
            (tmp_path / str(folder) / f"{number}.mp4").touch()
    start = time.process_time()
    assert sum(1 for _ in walk([str(tmp_path)])) == 10_000
    assert time.process_time() - start < 1.0  # measured: 0.2


@settings(max_examples=40)
@given(
    tree=st.lists(
        st.tuples(
            st.lists(st.sampled_from(["a", "b", ".h", ".git"]), max_size=3),
            st.sampled_from(["x.mp4", "y.mkv", "z.txt", ".w.mp4"]),
        ),
        max_size=12,
    ),
    hidden=st.booleans(),
)
def test_a_walk_finds_what_a_recursive_glob_finds(
    tmp_path_factory: pytest.TempPathFactory, tree: list[tuple[list[str], str]], hidden: bool
) -> None:
    root = tmp_path_factory.mktemp("tree")
    make(root, *("/".join([*folders, name]) for folders, name in tree))
    expected = set()
    for path in root.rglob("*"):
        parts = path.relative_to(root).parts
        is_shown = hidden or not any(part.startswith(".") for part in parts)
        if path.is_file() and path.suffix in (".mp4", ".mkv") and ".git" not in parts and is_shown:
            expected.add(str(path))
    found = [item.path for item in walk([str(root)], hidden=hidden)]
    assert len(found) == len(set(found))
    assert set(found) == expected
    assert found == [item.path for item in walk([str(root)], hidden=hidden)]
