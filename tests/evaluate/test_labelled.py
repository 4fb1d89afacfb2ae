"""Labelled collections: how labels are read, and figures worked out by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from twinreel.errors import NotFound, UserError
from twinreel.evaluate.labelled import Labelled, measure, read_labels, same_event


def test_labels_come_from_a_file_or_from_folders(tmp_path: Path) -> None:
    for name in ("race/a.mp4", "race/deep/b.mkv", "tango/c.avi"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "race" / "notes.txt").touch()
    expected = [
        Labelled(tmp_path / "race" / "a.mp4", "race"),
        Labelled(tmp_path / "race" / "deep" / "b.mkv", "race"),
        Labelled(tmp_path / "tango" / "c.avi", "tango"),
    ]
    assert read_labels(tmp_path) == expected
    table = tmp_path / "labels.csv"
    table.write_text(",path,event,id\n0,race/a.mp4,race,1\n1,race/deep/b.mkv,race,2\n2,tango/c.avi,tango,3\n")
    assert read_labels(table) == expected


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("path,id\nx.mp4,1\n", UserError, "a row without event; path,event is expected"),
        ("path,event\nx.mp4,race\n", NotFound, "names x.mp4, and there is no file"),
        ("path,event\n", UserError, "labels no video"),
    ],
)
def test_what_is_wrong_with_labels_is_said(tmp_path: Path, text: str, error: type[UserError], words: str) -> None:
    (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(error, match=words):
        read_labels(tmp_path / "labels.csv")
    with pytest.raises(NotFound, match="cannot read"):
        read_labels(tmp_path / "absent.csv")


EVENTS = ["a", "a", "a", "b", "b", "c"]
SIMILARITIES = np.array(
    [
        [1.0, 0.9, 0.3, 0.8, 0.1, 0.0],
        [0.9, 1.0, 0.7, 0.2, 0.1, 0.0],
        [0.3, 0.7, 1.0, 0.1, 0.6, 0.0],
        [0.8, 0.2, 0.1, 1.0, 0.5, 0.0],
        [0.1, 0.1, 0.6, 0.5, 1.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 0.0, 1.0],
    ]
)


def test_figures_worked_out_by_hand() -> None:
    figures = measure(SIMILARITIES, same_event(EVENTS), 1)
    # the first finds its second positive in place 3, the third in place 3 as well, the last two theirs in place 2
    assert figures.map == pytest.approx(((1 + 2 / 3) / 2 + 1 + (1 + 2 / 3) / 2 + 1 / 2 + 1 / 2) / 5)
    assert figures.map_at_k == pytest.approx(3 / 5)
    # ranked pairs: right, wrong, right, wrong, right, right (0.3): F1 of the first six is the highest
    assert figures.threshold == pytest.approx(0.3)
    assert figures.precision == pytest.approx(4 / 6) and figures.recall == 1
    assert figures.f1 == pytest.approx(0.8)
    assert (figures.queries, figures.videos) == (5, 6)


def test_queries_and_threshold_can_be_given() -> None:
    asked = np.array([True, False, False, False, False, True])
    figures = measure(SIMILARITIES, same_event(EVENTS), 5, queries=asked, threshold=0.5)
    assert figures.queries == 1 and figures.map == pytest.approx((1 + 2 / 3) / 2)
    assert (figures.precision, figures.recall) == (0.5, 0.5)
    with pytest.raises(UserError, match="no query has another video with its label"):
        measure(SIMILARITIES, same_event(list("abcdef")), 5)
