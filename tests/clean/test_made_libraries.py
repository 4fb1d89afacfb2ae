"""Whatever a library is like: nothing is lost, nothing protected is touched, and undo gives back what there was."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from twinreel.clean.apply import apply
from twinreel.clean.model import Deed, Sides
from twinreel.clean.rules import Rules
from twinreel.clean.undo import undo

from .made import Made, Part, footage, tree

FOLDERS = ("a", "b", "b/c")
PARTS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 12), st.integers(2, 12)).map(lambda p: (p[0], p[1], p[1] + p[2])),
    min_size=1,
    max_size=3,
)
FILES = st.lists(
    st.tuples(PARTS, st.sampled_from((240, 360, 720)), st.integers(0, 40), st.sampled_from(FOLDERS)),
    min_size=1,
    max_size=6,
)
EXTRAS = st.lists(
    st.tuples(
        st.sampled_from(("copy", "hard link", "symlink", "side", "touch")),
        st.integers(0, 5),
        st.sampled_from(FOLDERS),
    ),
    max_size=5,
)
Files = list[tuple[list[Part], int, int, str]]
Extras = list[tuple[str, int, str]]


def make(root: Path, files: Files, extras: Extras) -> Made:
    made = Made(root)
    paths = [
        made.file(f"{folder}/{number}.mp4", *parts, height=height, weight=weight)
        for number, (parts, height, weight, folder) in enumerate(files)
    ]
    for number, (kind, which, folder) in enumerate(extras):
        source = paths[which % len(paths)]
        target = root / folder / f"x{number}.mp4"
        target.parent.mkdir(parents=True, exist_ok=True)
        if kind == "copy":
            shutil.copy(source, target)
        elif kind == "hard link":
            target.hardlink_to(source)
        elif kind == "symlink":
            target.symlink_to(source)
        elif kind == "side":
            source.with_suffix(".en.srt").write_text(f"{number}")
        else:
            os.utime(source, ns=(5, 10**15 * number))
    return made


@given(
    files=FILES,
    extras=EXTRAS,
    deed=st.sampled_from((Deed.QUARANTINE, Deed.HARD_LINK, Deed.SYMLINK, Deed.REFLINK, Deed.DELETE)),
    sides=st.sampled_from(Sides),
    protected=st.sampled_from(((), ("a",), ("b",))),
    reference=st.sampled_from(((), (), ("b/c",))),
)
@settings(max_examples=500, suppress_health_check=[HealthCheck.too_slow])
def test_nothing_is_lost_and_undo_gives_everything_back(
    files: Files,
    extras: Extras,
    deed: Deed,
    sides: Sides,
    protected: tuple[str, ...],
    reference: tuple[str, ...],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root, journal = Path(folder, "library"), Path(folder, "journal")
        made = make(root, files, extras)
        before, shown = tree(root), footage(root)
        untouchable = [str(root / name) for name in (*protected, *reference)]
        rules = Rules(
            protected=tuple(str(root / name) for name in protected),
            reference=tuple(str(root / name) for name in reference),
        )
        plan = made.plan(rules, deed, sides)
        assert tree(root) == before  # a plan changes nothing
        applied = apply(plan, journal)
        after = tree(root)
        assert footage(root) == shown
        assert all(
            before[name] == after.get(name)
            for name in before
            if any(f"{root / name}".startswith(f"{place}{os.sep}") for place in untouchable)
        )
        assert not applied.refused or deed is Deed.REFLINK  # which this file system may not have
        undone = undo(journal)
        if deed is Deed.DELETE:
            assert {action.relation for action, _ in undone.lost}.isdisjoint({"identical file"})
        else:
            assert undone.lost == ()
            assert tree(root) == before
