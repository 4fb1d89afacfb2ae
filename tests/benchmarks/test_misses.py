"""Why a pair was missed or reported in error, as docs/accuracy.md tells it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from judged import cells, labels_of

import misses
from makers import scene, write_video
from twinreel.bench.collection import Pair
from twinreel.library.facade import Library
from twinreel.match.evidence import Evidence

CHANGING = {"agreement": 0.1, "relative": 0.1, "concord": 0.5, "change": 0.3, "variety": 3.0}
MOVING = Evidence(best=0.9, mean=0.8, least=0.7, frames=8, **CHANGING, motion=0.1, moved=0.8, covered=1.0, shorter=8.0)


@pytest.mark.parametrize(
    ("seen", "kind"),
    [
        (misses.Seen(False, 0.0, 8.0, None), "not proposed"),
        (misses.Seen(True, 0.0, 8.0, None), "nothing aligned"),
        (misses.Seen(True, 0.3, 8.0, MOVING), "aligned elsewhere"),
        (misses.Seen(True, 0.3, 8.0, replace(MOVING, change=0.0)), "aligned elsewhere"),
        (misses.Seen(True, 0.9, 8.0, replace(MOVING, change=0.05, mean=0.2)), "hardly moves"),
        (misses.Seen(True, 0.9, 3.0, replace(MOVING, mean=0.2)), "hardly alike"),
        (misses.Seen(True, 0.9, 3.0, MOVING), "brief"),
        (misses.Seen(True, 0.9, 8.0, MOVING), "moments disagree"),
    ],
)
def test_a_missed_pair_is_of_the_first_kind_that_holds(seen: misses.Seen, kind: str) -> None:
    assert misses.why_missed(seen) == kind
    assert kind in misses.MISSED


@pytest.mark.parametrize(
    ("evidence", "same_scene", "kind"),
    [
        (MOVING, True, "other moment, moves"),
        (replace(MOVING, change=0.02), True, "other moment, hardly moves"),
        (replace(MOVING, frames=1.5), False, "one picture"),
        (replace(MOVING, mean=0.2), False, "faint, changing alike"),
        (MOVING, False, "alike"),
    ],
)
def test_a_pair_reported_in_error_is_of_the_first_kind_that_holds(
    evidence: Evidence, same_scene: bool, kind: str
) -> None:
    assert misses.why_wrong(evidence, same_scene) == kind
    assert kind in misses.WRONG


def test_kinds_are_counted_the_most_frequent_first_with_the_edits_that_most_have() -> None:
    gone = [
        misses.Gone(("a", "b"), None, "brief", frozenset({"trim", "libx264", "pip"})),
        misses.Gone(("a", "c"), 0.3, "hardly alike", frozenset({"pip", "crop"})),
        misses.Gone(("a", "d"), 0.3, "hardly alike", frozenset({"pip"})),
    ]
    table = misses.table(gone, misses.MISSED)
    assert cells(table, "hardly alike") == ["pip 2, crop 1", "2", "67%"]
    assert cells(table, "brief") == ["pip 1", "1", "33%"]
    assert table.index("| hardly alike") < table.index("| brief") < table.index("- **hardly alike**")
    assert "not proposed" not in table
    assert misses.table([], misses.WRONG) == "None."


def test_a_library_is_asked_why_its_pairs_went_wrong(tmp_path: Path) -> None:
    videos = tmp_path / "videos"
    videos.mkdir()
    for name, seed in (("a", 1), ("b", 1), ("c", 2), ("d", 3)):
        fps = 25 if name != "b" else 30
        write_video(videos / f"{name}.mp4", scene(seed, 6.0, fps), fps=fps)
    with Library(tmp_path / "l.sqlite") as library:
        library.add([videos], jobs=1)
    # As if the copy had not been reported, and two strangers were one footage.
    truth = {("a.mp4", "b.mp4"): "fps", ("c.mp4", "d.mp4"): "pip", ("c.mp4", "gone.mp4"): ""}
    edits = {f"{name}.mp4": frozenset({"fps"}) for name in ("a", "b", "c", "d", "gone")}
    wrong: set[Pair] = {("b.mp4", "c.mp4")}
    missed, false = misses.misses(tmp_path / "l.sqlite", labels_of(truth), {("a.mp4", "b.mp4"): 0.4}, wrong, edits)
    kinds = {one.pair: one.kind for one in missed}
    assert kinds["a.mp4", "b.mp4"] not in ("not proposed", "nothing aligned", "aligned elsewhere", "hardly alike")
    strangers = ("not proposed", "nothing aligned", "aligned elsewhere", "hardly alike", "moments disagree")
    assert kinds["c.mp4", "d.mp4"] in strangers
    assert kinds["c.mp4", "gone.mp4"] == "not proposed"
    assert [(one.pair, one.score) for one in false] == [(("b.mp4", "c.mp4"), None)]
    assert false[0].kind in misses.WRONG
