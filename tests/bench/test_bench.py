"""A collection of tiny clips from end to end: made, run over, reported."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

pytest.importorskip("PIL")

from test_scoring import agrees, their_figures

from cli.conftest import invoke, invoke_json
from cli.test_commands import fits
from makers import scene, write_video
from twinreel.bench import scoring
from twinreel.bench.clips import Clip
from twinreel.bench.collection import read_files, read_labels
from twinreel.bench.encoders import usable
from twinreel.bench.kinds import KINDS
from twinreel.bench.making import make
from twinreel.bench.page import html
from twinreel.bench.plan import Settings, plan
from twinreel.bench.running import read_runs
from twinreel.cli.shapes import OUTPUTS
from twinreel.engine.progress import Step
from twinreel.errors import NotFound, UserError
from twinreel.library import Library
from twinreel.match.calibration import MIN_SCORE

SIZE = (128, 72)
OPTIONS = ("--encoder", "mpeg4", "--encoder", "mjpeg", "--copies", 3, "--height", 72, "--max-length", 9, "--jobs", 2)
SETTINGS = Settings(copies=3, height=72, max_length=9, encoders=("mpeg4", "mjpeg"))


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five clips, a copy of one, one that is too short, a text and a sound."""
    folder = tmp_path_factory.mktemp("clips")
    (folder / "sub").mkdir()
    for number in range(5):
        place = folder / "sub" if number == 4 else folder
        write_video(place / f"{number}.mp4", scene(number, 9, fps=12, size=SIZE), fps=12)
    shutil.copy(folder / "0.mp4", folder / "copy of 0.mp4")
    write_video(folder / "short.mp4", scene(9, 2, size=SIZE))
    (folder / "text.mp4").write_text("Dear diary\n" * 300)
    return folder


@pytest.fixture(scope="module")
def first(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A collection and what its making printed."""
    folder = tmp_path_factory.mktemp("bench") / "out"
    return folder, invoke_json("bench", "make", clips, folder, *OPTIONS)


@pytest.fixture(scope="module")
def ran(first: tuple[Path, Any], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any, Path]:
    """The same after two runs, what the first printed, and its library."""
    folder, _ = first
    library = tmp_path_factory.mktemp("library") / "kept.sqlite"
    printed = invoke_json("bench", "run", folder, "--describer", "phash", "--library", library)
    invoke_json("bench", "run", folder, "--describer", "phash", "--sampling", "dense:0.5", "--name", "dense")
    return folder, printed, library


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in (folder / "videos").iterdir()}


def test_a_collection_holds_what_is_printed_of_it(first: tuple[Path, Any]) -> None:
    folder, printed = first
    assert fits(printed, OUTPUTS["bench make"])
    files, labels = read_files(folder), read_labels(folder)
    assert {file.name for file in (folder / "videos").iterdir()} == set(files)
    levels = Counter(file.level for file in files.values())
    assert (levels["original"], levels["half"]) == (4, 2)
    # three clips are copied three times each
    assert printed["files"] == len(files) == 4 + 2 + 9
    assert printed["true_pairs"] == len(labels.truth) > 9
    assert printed["hard_negatives"] + printed["ignored"] == len(labels.hard_negatives) + len(labels.ignored) > 0
    for file in files.values():
        with av.open(str(folder / "videos" / file.name)) as container:
            frames = sum(1 for _ in container.decode(video=0))
            assert container.streams.video[0].codec_context.name in file.encoder
        assert frames / file.fps == pytest.approx(max(part.out_end for part in file.parts), abs=0.01)


def test_what_cannot_be_used_is_said_and_kept(first: tuple[Path, Any]) -> None:
    folder, printed = first
    reasons = {Path(one["path"]).name: one["reason"] for one in printed["refused"]}
    assert reasons["short.mp4"] == "it lasts 2.0 s; 4 or more are needed"
    assert reasons["copy of 0.mp4"] == "it is the same file as 0.mp4"
    assert "a text" in reasons["text.mp4"]
    facts = json.loads((folder / "collection.json").read_text())
    assert facts["refused"] == printed["refused"] and len(facts["refused"]) == 3
    assert [clip["id"] for clip in facts["clips"]] == ["0.mp4", "1.mp4", "2.mp4", "3.mp4", "sub/4.mp4"]


def test_an_interrupted_making_leaves_nothing_half_written_and_goes_on(
    clips: Path, first: tuple[Path, Any], tmp_path: Path
) -> None:
    """In the end it is the same collection, to the last byte."""

    def stop(step: Step) -> None:
        if step.stage == "make" and step.done:
            raise KeyboardInterrupt

    folder = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        make(clips, folder, SETTINGS, progress=stop)
    begun = contents(folder)
    assert 0 < len(begun) < 15 and all(not name.startswith(".") for name in begun)
    assert not (folder / "files.json").exists()
    with pytest.raises(NotFound, match="no finished collection"):
        read_files(folder)
    again = make(clips, folder, SETTINGS)
    assert again.kept == len(begun)
    assert contents(folder) == contents(first[0])
    for name in ("files.json", "truth.csv", "hard_negatives.csv", "ignore.csv"):
        assert (folder / name).read_bytes() == (first[0] / name).read_bytes()


def test_files_that_cannot_be_made_are_said_and_made_once_they_can_be(clips: Path, tmp_path: Path) -> None:
    own, folder = tmp_path / "clips", tmp_path / "out"
    own.mkdir()
    for number in range(3):
        shutil.copy(clips / f"{number}.mp4", own)

    def lose_a_clip(step: Step) -> None:
        if step.stage == "make" and not step.done:
            (own / "1.mp4").rename(tmp_path / "1.mp4")

    settings = replace(SETTINGS, copies=1)
    made = make(own, folder, settings, progress=lose_a_clip)
    assert made.refused and all(one.reason == "1.mp4: there is no such file (any more)" for one in made.refused)
    assert {file.name for file in made.files} == set(contents(folder)) == set(read_files(folder))
    assert not {one.path for one in made.refused} & set(contents(folder))
    (tmp_path / "1.mp4").rename(own / "1.mp4")
    again = make(own, folder, settings)
    assert not again.refused and again.kept == len(made.files)
    assert len(again.files) == len(made.files) + len(made.refused)


def test_a_folder_that_holds_something_else_is_left_alone(clips: Path, first: tuple[Path, Any], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="other clips or settings"):
        make(clips, first[0], replace(SETTINGS, seed=8))
    (tmp_path / "mine.txt").touch()
    with pytest.raises(UserError, match="not empty"):
        make(clips, tmp_path, SETTINGS)
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


def test_too_few_clips_are_refused_with_the_reasons(clips: Path, tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    with pytest.raises(NotFound, match="no video"):
        make(tmp_path / "clips", tmp_path / "out", SETTINGS)
    shutil.copy(clips / "short.mp4", tmp_path / "clips")
    shutil.copy(clips / "1.mp4", tmp_path / "clips")
    with pytest.raises(UserError, match=r"1 clips in .* can be used; 2 or more are needed; .*it lasts 2"):
        make(tmp_path / "clips", tmp_path / "out", SETTINGS)
    with pytest.raises(UserError, match=r"no encoder 'h266' here; there are .*mpeg4"):
        make(clips, tmp_path / "out", replace(SETTINGS, encoders=("h266",)))
    assert not (tmp_path / "out").exists()


def test_every_kind_comes_about_as_often_in_a_large_collection() -> None:
    clips = [Clip(f"{n}.mp4", f"/{n}.mp4", str(n), 5 + n / 10, 320, 180, Fraction(25)) for n in range(200)]
    settings = Settings(copies=10)
    recipes = plan(clips, settings, usable())
    cells = Counter(recipe.transforms[0] for recipe in recipes if recipe.transforms)
    assert {cell.name for cell in cells} == set(KINDS)
    assert {cell.strength for cell in cells} == {"light", "medium", "heavy"}
    assert max(cells.values()) - min(cells.values()) <= 1
    assert len({recipe.name for recipe in recipes}) == len(recipes)
    for file in (recipe.file() for recipe in recipes):
        durations = {clip.id: clip.duration for clip in clips}
        assert file.parts
        assert all(-1e-9 <= part.src_start < part.src_end <= durations[part.source] + 1e-9 for part in file.parts)
    assert plan(clips[::-1], settings, usable()) == recipes
    assert plan(clips, replace(settings, seed=8), usable()) != recipes


def test_without_pillow_the_message_has_the_pip_line(clips: Path, tmp_path: Path) -> None:
    program = "import sys; sys.modules['PIL'] = None; from twinreel.cli.main import run; run()"
    words = [sys.executable, "-c", program, "bench", "make", str(clips), str(tmp_path / "out")]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 3
    assert done.stderr == 'error: editing pictures needs an extra: pip install "twinreel[bench]"\n'


def test_a_run_finds_the_copies(ran: tuple[Path, Any, Path]) -> None:
    folder, printed, _ = ran
    assert fits(printed, OUTPUTS["bench run"])
    assert (printed["name"], printed["describer"], printed["sampling"]) == ("phash-auto-1", "phash", "auto:1")
    labels = read_labels(folder)
    assert printed["figures"]["true_pairs"] == len(labels.truth)
    assert printed["figures"]["ap"] > 0.2 and printed["seconds"] > 0 and printed["video_seconds"] > 60
    hits = sum(one["found"] for one in printed["strata"])
    assert hits == round(printed["figures"]["recall"] * len(labels.truth))
    assert sum(one["pairs"] for one in printed["strata"]) == len(labels.truth)
    one_copy = sum(one["pairs"] for one in printed["strata"] if one["copies"] == 1)
    assert sum(total for cells in printed["edits"].values() for _, total in cells.values()) == one_copy > 9
    assert sum(one["pairs"] for one in printed["bins"]) == printed["figures"]["predicted_pairs"]


def test_a_run_is_what_its_library_exports(ran: tuple[Path, Any, Path], tmp_path: Path) -> None:
    folder, _, library = ran
    with Library(library, create=False) as opened:
        opened.export(tmp_path / "all.csv", 0.0)
        opened.export(tmp_path / "report.csv")
    for name in ("all.csv", "report.csv"):
        assert (folder / "runs" / "phash-auto-1" / name).read_bytes() == (tmp_path / name).read_bytes()


def test_figures_of_a_run_are_those_of_the_scorer(ran: tuple[Path, Any, Path], shared: Path) -> None:
    folder, _, _ = ran
    everything, report = (folder / "runs" / "phash-auto-1" / name for name in ("all.csv", "report.csv"))
    (kept,) = read_runs(folder, ["phash-auto-1"])
    agrees(kept.figures, their_figures(shared, folder, everything, "--threshold", str(MIN_SCORE)))
    theirs = their_figures(shared, folder, report)
    for name in ("precision", "recall", "f1", "segment_precision", "segment_recall", "segment_f1"):
        assert getattr(kept.figures, name) == pytest.approx(theirs[name], abs=6e-5)
    labels = read_labels(folder)
    best = scoring.best_scores(labels, scoring.read_rows(everything))
    sure = {pair for pair, value in best.items() if value >= kept.figures.threshold_p99}
    counted = scoring.by_transform(labels, sure)
    theirs = their_figures(shared, folder, everything)
    assert {name: f"{hit}/{of}" for name, (hit, of) in counted.items()} == theirs["transform"]


def test_a_run_says_in_words_how_it_went_and_replaces_no_other(ran: tuple[Path, Any, Path]) -> None:
    folder, printed, library = ran
    other = folder.parent / "other"
    shutil.copytree(folder, other)
    result = invoke("bench", "run", other, "--describer", "phash")
    assert result.exit_code == 0
    assert re.search(rf"^ap +{printed['figures']['ap']:.3f}$", result.stdout, re.MULTILINE)
    assert "hard negative" in result.stdout and "x real time" in result.stdout
    for one in printed["strata"]:
        pairs = f"{'one copy' if one['copies'] == 1 else 'two copies'}, {one['level']}"
        assert re.search(rf"^{pairs} +{one['ap']:.3f} +.* {one['found']}/{one['pairs']}$", result.stdout, re.MULTILINE)
    assert result.stderr.startswith("kept as phash-auto-1-2; twinreel bench report")
    kept = read_runs(other)
    assert [run.name for run in kept] == ["phash-auto-1", "dense", "phash-auto-1-2"]
    assert kept[0].figures == kept[2].figures
    for words, why in (
        (["--library", library], "begins with a new library"),
        (["--name", "../x"], "cannot name a run"),
    ):
        refused = invoke("bench", "run", folder, *words)
        assert refused.exit_code == 2 and why in refused.stderr


class Page(HTMLParser):
    """What a page holds; its tags have to be closed in order."""

    VOID = ("meta", "img", "circle", "path")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.links: list[str] = []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.links += [value or "" for name, value in attributes if name in ("src", "href")]
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_a_card_is_one_page_that_needs_nothing_else(ran: tuple[Path, Any, Path], tmp_path: Path) -> None:
    folder, printed, _ = ran
    file = tmp_path / "card.html"
    written = invoke_json("bench", "report", folder, "--html", file)
    assert fits(written, OUTPUTS["bench report"])
    assert (written["html"], written["markdown"]) == (str(file), None)
    assert [run["name"] for run in written["runs"]] == ["phash-auto-1", "dense"]
    assert written["runs"][0] == printed
    text = file.read_text(encoding="utf-8")
    page = Page(text)
    assert page.tags["svg"] == 2 and page.tags["script"] == page.tags["link"] == 0
    assert page.tags["img"] >= 4 and all(link.startswith("data:image/jpeg;base64,") for link in page.links)
    assert "http" not in re.sub(r"base64,[^\"]*", "", text)
    assert "prefers-color-scheme:dark" in text
    assert f"{printed['figures']['ap']:.3f}" in text
    assert text.count("<title>phash-auto-1") >= 2


def test_pictures_of_a_card_are_frames_of_the_pair(ran: tuple[Path, Any, Path]) -> None:
    import base64
    import io

    from PIL import Image

    from twinreel.bench.card import card

    folder, _, _ = ran
    made = card(folder, ["phash-auto-1"])
    example = made.judged[0].missed[0]
    labels = read_labels(folder)
    spans = [((row.a_start, row.a_end), (row.b_start, row.b_end)) for row in labels.truth[example.a, example.b]]
    assert (example.a_span, example.b_span) in spans
    (data, *_) = re.findall(r'base64,([^"]*)"', html(made))
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))
    assert picture.shape[0] == 84 and picture.shape[1] > 84 and picture.std() > 10


def test_a_card_as_markdown_compares_the_runs(ran: tuple[Path, Any, Path]) -> None:
    folder, _, _ = ran
    assert invoke("bench", "report", folder).exit_code == 0
    assert (folder / "card.html").exists()
    text = (folder / "card.md").read_text(encoding="utf-8")
    kept = read_runs(folder)
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]
    assert ["figure", *(run.name for run in kept)] in cells
    assert ["ap", *(f"{run.figures.ap:.3f}" for run in kept)] in cells
    assert ["segment f1", *(f"{run.figures.segment_f1:.3f}" for run in kept)] in cells
    tables = re.findall(r"(?:^\|.*\|\n)+", text, re.MULTILINE)
    assert all(len({line.count("|") for line in table.splitlines()}) == 1 for table in tables)
    only = invoke_json("bench", "report", folder, "--run", "dense", "--markdown", folder / "one.md")
    assert [run["name"] for run in only["runs"]] == ["dense"]
    assert "phash-auto-1" not in (folder / "one.md").read_text(encoding="utf-8")


def test_a_report_without_runs_says_what_to_do(first: tuple[Path, Any], tmp_path: Path) -> None:
    shutil.copytree(first[0], tmp_path / "out", ignore=shutil.ignore_patterns("runs"))
    result = invoke("bench", "report", tmp_path / "out")
    assert result.exit_code == 2
    assert "holds no run: make one with twinreel bench run" in result.stderr
    result = invoke("bench", "run", tmp_path / "elsewhere")
    assert result.exit_code == 2 and "holds no finished collection" in result.stderr
