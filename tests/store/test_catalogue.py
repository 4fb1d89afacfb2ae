"""Videos, paths, failures, decisions and notes."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_makers import absolute, add_video, content, fingerprint, probe, record

from twinreel.errors import NotFound
from twinreel.store.catalogue import Catalogue
from twinreel.store.decisions import Decision, DecisionKind, Identity
from twinreel.store.failures import Version
from twinreel.store.paths import FileStat, PathRecord
from twinreel.types import Failure, FailureKind, ScanReport, State, Video

# Any bytes may stand in a name on Linux; elsewhere names are Unicode.
names = (
    st.binary(min_size=1).filter(lambda name: b"\0" not in name).map(os.fsdecode)
    if os.name == "posix"
    else st.text(st.characters(exclude_characters="\0"), min_size=1)
)
numbers = st.integers(0, 2**64 - 1)


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    with Catalogue.open(tmp_path / "library.sqlite") as opened:
        yield opened


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalogue]:
    with Catalogue.open(tmp_path_factory.mktemp("library") / "library.sqlite") as opened:
        opened.videos.add(content(1), 1, probe())
        yield opened


def absolutes(*paths: str) -> tuple[str, ...]:
    return tuple(map(absolute, paths))


class TestVideos:
    def test_a_video_comes_back_as_it_was_put(self, catalogue: Catalogue) -> None:
        add_video(catalogue, 1, "a.mp4")
        (a,) = absolutes("a.mp4")
        expected = Video(content(1), a, (a,), State.PRESENT, 1001, probe())
        assert catalogue.videos.get(content(1)) == expected
        assert catalogue.videos.by_path(a) == expected
        assert list(catalogue.videos.all()) == [expected]
        assert catalogue.videos.get(content(2)) is None
        assert catalogue.videos.by_path("/elsewhere") is None

    def test_the_paths_of_the_best_state_count_the_last_seen_first(self, catalogue: Catalogue) -> None:
        catalogue.videos.add(content(1), 1, probe())
        states = {"a": State.GONE, "b": State.PRESENT, "c": State.PRESENT, "d": State.OFFLINE, "e": State.PRESENT}
        catalogue.paths.put([record(name, 1, state=state) for name, state in states.items()])
        a, b, c, d, e = absolutes(*states)
        catalogue.paths.saw([c], scan=2)

        def seen() -> tuple[str, tuple[str, ...], State]:
            video = catalogue.videos.get(content(1))
            assert video is not None
            return video.path, video.paths, video.state

        assert seen() == (c, (c, b, e), State.PRESENT)
        catalogue.paths.mark([b, c, e], State.GONE)
        assert seen() == (d, (d,), State.OFFLINE)
        catalogue.paths.forget([d])
        assert seen() == (c, (c, a, b, e), State.GONE)
        catalogue.paths.forget([a, b, c, e])
        assert seen() == ("", (), State.GONE)

    def test_a_new_probe_replaces_the_old_and_the_number_stays(self, catalogue: Catalogue) -> None:
        number = catalogue.videos.add(content(1), 1, probe())
        catalogue.videos.set_digests(content(1), file="f")
        assert catalogue.videos.add(content(1), 1, probe(99.0)) == number
        video = catalogue.videos.get(content(1))
        assert video is not None and video.probe.duration == 99.0 and video.file_digest == "f"
        assert catalogue.videos.numbers() == {content(1): number}

    def test_numbers_are_never_given_twice(self, catalogue: Catalogue) -> None:
        first = catalogue.videos.add(content(1), 1, probe())
        assert catalogue.videos.prune() == 1
        assert catalogue.videos.add(content(2), 1, probe()) != first

    def test_digests_are_added_later_and_looked_up(self, catalogue: Catalogue) -> None:
        for number in (1, 2):
            add_video(catalogue, number, f"{number}.mp4")
            catalogue.videos.set_digests(content(number), stream="same")
        catalogue.videos.set_digests(content(1), file="f1")
        video = catalogue.videos.get(content(1))
        assert video is not None and (video.file_digest, video.stream_digest) == ("f1", "same")
        assert [found.content for found in catalogue.videos.by_stream_digest("same")] == [content(1), content(2)]
        assert catalogue.videos.by_file_digest("f1") == [video]
        assert catalogue.videos.by_file_digest("f2") == []
        with pytest.raises(NotFound, match=content(9)):
            catalogue.videos.set_digests(content(9), file="f9")

    def test_all_pages_through_many(self, catalogue: Catalogue) -> None:
        with catalogue.transaction():
            for number in range(1200, 0, -1):
                catalogue.videos.add(content(number), 1, probe())
        assert [video.content for video in catalogue.videos.all()] == [content(n) for n in range(1, 1201)]

    def test_prune_removes_what_has_no_path_but_no_decision(self, catalogue: Catalogue) -> None:
        add_video(catalogue, 1, "gone.mp4")
        add_video(catalogue, 2, "kept.mp4")
        catalogue.decisions.record(DecisionKind.KEEP, content(1))
        catalogue.paths.mark(absolutes("gone.mp4"), State.GONE)
        assert catalogue.videos.prune() == 0
        assert catalogue.paths.forget(absolutes("gone.mp4", "never.mp4")) == 1
        assert catalogue.videos.get(content(1)) is not None
        assert catalogue.videos.prune() == 1
        assert catalogue.videos.get(content(1)) is None
        assert catalogue.fingerprints.get(content(1), "net@1", "auto:1") is None
        assert [decision.a.content for decision in catalogue.decisions.all()] == [content(1)]
        catalogue.videos.add(content(1), 1, probe())
        assert catalogue.fingerprints.missing("net@1", "auto:1") == [content(1)]


class TestPaths:
    @settings(deadline=None)  # a busy machine is no failure
    @given(names, st.builds(FileStat, st.integers(0, 2**63 - 1), st.integers(-(2**70), 2**70), numbers, numbers))
    def test_any_name_and_any_stat_comes_back(self, shared: Catalogue, name: str, stat: FileStat) -> None:
        put = PathRecord(name, stat, content(1), State.OFFLINE, 3)
        shared.paths.put([put])
        assert shared.paths.get(name) == put
        assert shared.paths.load()[name] == put
        assert put in shared.paths.of(content(1))
        assert (put in shared.paths.by_inode(stat)) == (stat.inode != 0)
        assert shared.paths.forget([name]) == 1
        assert shared.paths.get(name) is None

    def test_a_rename_is_recognised_only_of_the_unchanged_file(self, catalogue: Catalogue, tmp_path: Path) -> None:
        old = tmp_path / "old.mp4"
        old.write_bytes(b"x" * 10)
        catalogue.videos.add(content(1), 10, probe())
        put = PathRecord(str(old), FileStat.of(old.stat()), content(1), State.PRESENT, 1)
        catalogue.paths.put([put])
        new = old.rename(tmp_path / "new.mp4")
        assert catalogue.paths.by_inode(FileStat.of(new.stat())) == [put]
        new.write_bytes(b"x" * 11)
        assert catalogue.paths.by_inode(FileStat.of(new.stat())) == []

    def test_a_path_without_content_and_one_that_changes(self, catalogue: Catalogue) -> None:
        catalogue.videos.add(content(1), 1, probe())
        catalogue.paths.put([record("a", None)])
        found = catalogue.paths.get(*absolutes("a"))
        assert found is not None and found.content is None
        catalogue.paths.put([record("a", 1, inode=8, scan=2)])
        assert list(catalogue.paths.load().values()) == [record("a", 1, inode=8, scan=2)]

    def test_an_unknown_content_is_refused_and_nothing_is_kept(self, catalogue: Catalogue) -> None:
        with pytest.raises(NotFound, match="content id"):
            catalogue.paths.put([record("a", None), record("b", 5)])
        assert catalogue.paths.load() == {}

    def test_seen_again(self, catalogue: Catalogue) -> None:
        catalogue.paths.put([record("a", None, state=State.OFFLINE), record("b", None)])
        assert catalogue.paths.saw(absolutes("a", "never"), scan=5) == 1
        a, b = (catalogue.paths.load()[path] for path in absolutes("a", "b"))
        assert (a.state, a.scan) == (State.PRESENT, 5)
        assert (b.state, b.scan) == (State.PRESENT, 1)
        assert catalogue.paths.saw([], scan=6) == 0

    def test_ten_thousand_unchanged_files_take_well_under_a_second(self, catalogue: Catalogue) -> None:
        with catalogue.transaction():
            for number in range(100):
                catalogue.videos.add(content(number), 1, probe())
            catalogue.paths.put([record(f"folder/{n}.mp4", n % 100, inode=n) for n in range(10_000)])
        started = time.process_time()  # of this process alone: others on the machine do not count
        known = catalogue.paths.load()
        assert catalogue.paths.saw(known, scan=2) == 10_000
        assert time.process_time() - started < 0.8  # 0.1 s usually


class TestFailures:
    @settings(deadline=None)  # a busy machine is no failure
    @given(names)
    def test_any_name_is_listed(self, shared: Catalogue, name: str) -> None:
        failure = Failure(name, FailureKind.NO_ACCESS, "list", "permission denied")
        shared.failures.record(failure)
        assert shared.failures.all() == [failure]
        shared.failures.clear([name])
        assert shared.failures.all() == []

    def test_only_a_bad_file_is_skipped_and_only_as_it_was(self, catalogue: Catalogue) -> None:
        version = Version(100, 2**65)
        for name, kind in (
            ("bad", FailureKind.BAD_FILE),
            ("no", FailureKind.NO_ACCESS),
            ("big", FailureKind.RESOURCES),
        ):
            catalogue.failures.record(Failure(name, kind, "decode", "first"), version)
        assert catalogue.failures.bad_files() == {"bad": version}
        catalogue.failures.record(Failure("bad", FailureKind.RESOURCES, "decode", "second"), Version(101, 0))
        assert catalogue.failures.bad_files() == {}
        assert [(failure.path, failure.reason) for failure in catalogue.failures.all()] == [
            ("bad", "second"),
            ("big", "first"),
            ("no", "first"),
        ]

    def test_a_reason_may_quote_a_name_that_is_not_unicode(self, catalogue: Catalogue) -> None:
        catalogue.failures.record(Failure("a", FailureKind.BAD_FILE, "probe", "cannot open '\udcff.mp4'"))
        assert catalogue.failures.all()[0].reason == r"cannot open '\udcff.mp4'"

    def test_a_forgotten_path_has_no_failure(self, catalogue: Catalogue) -> None:
        catalogue.failures.record(Failure("a", FailureKind.BAD_FILE, "probe", "broken"))
        catalogue.paths.forget(["a"])
        assert catalogue.failures.all() == []


class TestDecisions:
    def test_they_carry_the_digests_of_then_and_of_later(self, catalogue: Catalogue) -> None:
        for number in (1, 2):
            catalogue.videos.add(content(number), 1, probe())
        catalogue.videos.set_digests(content(2), file="f2")
        before = time.time()
        catalogue.decisions.record(DecisionKind.NOT_A_MATCH, content(2), content(1), note="two takes \udcff")
        catalogue.videos.set_digests(content(1), stream="s1")
        (found,) = catalogue.decisions.all()
        assert before <= found.decided_at <= time.time()
        assert found == Decision(
            DecisionKind.NOT_A_MATCH,
            Identity(content(1), None, "s1"),
            Identity(content(2), "f2", None),
            r"two takes \udcff",
            found.decided_at,
        )
        assert catalogue.videos.prune() == 2
        assert catalogue.decisions.all() == [found]

    def test_the_same_decision_is_kept_once(self, catalogue: Catalogue) -> None:
        a, b = content(1), content(2)
        catalogue.decisions.record(DecisionKind.NOT_A_MATCH, a, b, note="first")
        catalogue.decisions.record(DecisionKind.NOT_A_MATCH, b, a, note="second")
        catalogue.decisions.record(DecisionKind.KEEP, a)
        catalogue.decisions.record(DecisionKind.KEEP, a, note="again")
        catalogue.decisions.record(DecisionKind.DELETED, b, a)
        assert [(d.kind, d.note) for d in catalogue.decisions.all()] == [
            (DecisionKind.NOT_A_MATCH, "second"),
            (DecisionKind.KEEP, "again"),
            (DecisionKind.DELETED, ""),
        ]
        assert [d.kind for d in catalogue.decisions.all(about=b)] == [DecisionKind.NOT_A_MATCH, DecisionKind.DELETED]
        assert catalogue.decisions.revoke(DecisionKind.KEEP, a)
        assert not catalogue.decisions.revoke(DecisionKind.KEEP, a)
        assert not catalogue.decisions.revoke(DecisionKind.DELETED, a, b), "a deletion has a direction"
        assert catalogue.decisions.revoke(DecisionKind.NOT_A_MATCH, b, a)
        assert [d.kind for d in catalogue.decisions.all()] == [DecisionKind.DELETED]

    @pytest.mark.parametrize(
        ("kind", "b"),
        [(DecisionKind.NOT_A_MATCH, None), (DecisionKind.NOT_A_MATCH, content(1)), (DecisionKind.KEEP, content(2))],
    )
    def test_the_wrong_number_of_videos_is_refused(
        self, catalogue: Catalogue, kind: DecisionKind, b: str | None
    ) -> None:
        with pytest.raises(ValueError, match=kind.value):
            catalogue.decisions.record(kind, content(1), b)


class TestTransactions:
    def test_an_inner_one_undoes_only_its_own_part(self, catalogue: Catalogue) -> None:
        with catalogue.transaction():
            catalogue.meta.set("outer", "kept")
            with pytest.raises(ZeroDivisionError), catalogue.transaction():
                catalogue.meta.set("inner", "undone")
                raise ZeroDivisionError
            catalogue.meta.set("after", "kept")
        assert [catalogue.meta.get(key) for key in ("outer", "inner", "after")] == ["kept", None, "kept"]

    def test_an_outer_one_undoes_all(self, catalogue: Catalogue) -> None:
        with pytest.raises(KeyboardInterrupt), catalogue.transaction():
            add_video(catalogue, 1, "a.mp4")
            raise KeyboardInterrupt
        assert list(catalogue.videos.all()) == []
        assert catalogue.paths.load() == {}
        add_video(catalogue, 1, "a.mp4")
        assert catalogue.fingerprints.get(content(1), "net@1", "auto:1") is not None

    def test_a_reader_goes_on_during_a_write(self, catalogue: Catalogue) -> None:
        with Catalogue.open(catalogue.path) as reader:
            with catalogue.transaction():
                add_video(catalogue, 1, "a.mp4")
                assert list(reader.videos.all()) == []
            assert [video.content for video in reader.videos.all()] == [content(1)]


def test_notes_and_scans(catalogue: Catalogue) -> None:
    assert catalogue.meta.get("roots") is None
    catalogue.meta.set("roots", "one")
    catalogue.meta.set("roots", "two")
    assert catalogue.meta.get("roots") == "two"
    first, second = catalogue.scans.begin(), catalogue.scans.begin()
    report = ScanReport(files=10, added=3, seconds_of_video=1.5)
    failed = Failure("a", FailureKind.BAD_FILE, "probe", "broken")
    catalogue.scans.finish(first, ScanReport(files=10, added=3, seconds_of_video=1.5, failures=(failed,)))
    running, done = catalogue.scans.all()
    assert (running.number, running.finished, running.report) == (second, None, None)
    assert (done.number, done.report) == (first, report)
    assert done.finished is not None and done.started <= done.finished


def test_what_was_written_is_there_for_the_next(tmp_path: Path) -> None:
    path = tmp_path / "with ünïcode and blanks.sqlite"
    with Catalogue.open(path) as catalogue:
        add_video(catalogue, 1, "a.mp4")
    with Catalogue.open(path) as catalogue:
        found = catalogue.fingerprints.get(content(1), "net@1", "auto:1")
        assert found is not None and found.times.tolist() == fingerprint(1).times.tolist()
