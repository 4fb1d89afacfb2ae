"""Every command on real videos: what it prints, its JSON, what it refuses."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import av
import pytest

import twinreel
from makers import scene, write_video
from twinreel.cli.doctor import library_state
from twinreel.cli.report import verb
from twinreel.cli.shapes import OUTPUTS
from twinreel.errors import NotFound
from twinreel.match.calibration import MIN_SCORE
from twinreel.media.hardware import built, problem
from twinreel.types import Match, Relation, Segment

from .conftest import PLANTED, SIZE, invoke, invoke_json


def fits(value: Any, kind: Any) -> bool:
    """Is a JSON value of a shape: all keys, no others, every value of its type?"""
    if hasattr(kind, "__total__"):
        hints = get_type_hints(kind)
        return value.keys() == hints.keys() and all(fits(value[key], hint) for key, hint in hints.items())
    if get_origin(kind) is list:
        return isinstance(value, list) and all(fits(one, get_args(kind)[0]) for one in value)
    if get_origin(kind) is dict:
        return isinstance(value, dict) and all(fits(one, get_args(kind)[1]) for one in value.values())
    if get_args(kind):
        return any(fits(value, one) for one in get_args(kind))
    return type(value) is kind or (kind is float and type(value) is int)


def names(group: Any) -> set[str]:
    return {Path(member["path"]).name for member in group["members"]}


def test_a_scan_prints_what_it_found(films: Path, library: Path) -> None:
    result = invoke("scan", films, "--library", library)
    assert result.exit_code == 0
    text = result.stdout
    assert f"  {films / 'film.mkv'}" in text
    assert "same stream" in text and "identical file" in text and "duplicate 1.00" in text
    assert "representative: " in text
    assert "Contained clips (1)" in text
    assert f"    contains {films / 'clip.mp4'}" in text
    assert "is 0:00:00.0-" in text
    assert "1 file could not be used: twinreel failures" in text.splitlines()[-1]
    assert result.stderr == ""


def test_scan_json_has_the_planted_relations(films: Path, library: Path) -> None:
    found = invoke_json("scan", films, "--library", library)
    assert fits(found, OUTPUTS["scan"])
    assert found["report"]["files"] == found["report"]["unchanged"] + 1 == 8
    assert found["report"]["decoded"] == 0
    assert [Path(failure["path"]).name for failure in found["failures"]] == ["letter.mp4"]
    first = next(group for group in found["groups"] if "film.mp4" in names(group))
    relations = {Path(member["path"]).name: member["relation"] for member in first["members"]}
    assert set(relations) == {"film.mp4", "film.mkv", "copy.mp4", "small.mp4"}
    assert relations[Path(first["representative"]).name] is None
    assert relations["small.mp4"] == "duplicate"
    contained = [m for m in found["matches"] if m["b"].endswith("clip.mp4") and m["a"].endswith("film.mkv")]
    (segment,) = contained[0]["segments"]
    assert contained[0]["relation"] == "contains"
    assert (segment["a_start"], segment["a_end"]) == pytest.approx(PLANTED, abs=1.0)
    assert (segment["b_start"], segment["b_end"]) == pytest.approx((0, PLANTED[1] - PLANTED[0]), abs=1.0)


def test_a_new_file_is_added_and_a_moved_one_is_not_read_again(films: Path, tmp_path: Path) -> None:
    own, library = tmp_path / "films", tmp_path / "library.sqlite"
    own.mkdir()
    shutil.copy(films / "clip.mp4", own / "a.mp4")
    write_video(own / "b.mp4", scene(8, 1, size=SIZE))
    options = ("--library", library, "--describer", "phash", "--jobs", 1, "--memory", "1G", "--readers-per-drive", 1)
    first = invoke_json("scan", own, *options, "--exclude", "b*", "--sampling", "dense:0.5", "--aligner", "dp")
    assert (first["report"]["added"], first["report"]["decoded"]) == (1, 1)
    (own / "a.mp4").rename(own / "c.mp4")
    second = invoke("scan", own, "--library", library)
    assert "2 files looked at, 1 new, 1 moved" in second.stdout


def test_export_writes_the_columns_of_the_exchange_format(library: Path, tmp_path: Path) -> None:
    file = tmp_path / "matches.csv"
    written = invoke_json("export", file, "--library", library)
    with file.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert written == {"file": str(file), "rows": len(rows)}
    columns = "a b relation score a_start a_end b_start b_end speed mirrored coverage_a coverage_b"
    assert list(rows[0]) == columns.split()
    assert all(float(row["score"]) >= MIN_SCORE for row in rows)
    everything = invoke_json("export", tmp_path / "all.jsonl", "--library", library, "--min-score", 0)
    assert everything["rows"] >= len(rows)


def test_a_scan_exports_what_it_reports(films: Path, library: Path, tmp_path: Path) -> None:
    scanned = invoke("scan", films, "--library", library, "--export", tmp_path / "a.csv")
    exported = invoke("export", tmp_path / "b.csv", "--library", library)
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    assert scanned.stderr.startswith(exported.stdout.split(" written")[0])


def test_search_names_files_and_seconds(films: Path, library: Path) -> None:
    result = invoke("search", films / "clip.mp4", "--library", library, "--top", 3)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == f"{films / 'clip.mp4'}: seen in 3 videos"
    assert lines[1] == f"  {films / 'clip.mp4'}"
    assert lines[2].startswith("      0:00:00.0-0:00:04.0 shows 0:00:00.0-0:00:04.0 of the clip")


def test_search_answers_a_batch_and_says_what_could_not_be_used(films: Path, library: Path, tmp_path: Path) -> None:
    unseen = write_video(tmp_path / "unseen.mp4", scene(77, 3, size=SIZE))
    batch = tmp_path / "clips.txt"
    batch.write_text(f"{films / 'small.mp4'}\n\n{films / 'letter.mp4'}\n{unseen}\n")
    result = invoke("search", "--batch", batch, "--library", library, "--json", "--top", 2)
    assert result.exit_code == 4
    assert result.stderr == f"error: {films / 'letter.mp4'}: it is a text, not a video\n"
    answers = json.loads(result.stdout)
    assert fits(answers, OUTPUTS["search"])
    assert [Path(answer["clip"]).name for answer in answers] == ["small.mp4", "letter.mp4", "unseen.mp4"]
    assert answers[1]["error"] and not answers[1]["found"]
    assert [Path(hit["match"]["a"]).name for hit in answers[0]["found"]] == ["small.mp4", "small.mp4"]
    said = invoke("search", unseen, "--library", library)
    assert said.stdout == f"{unseen}: not seen\n"


def test_a_still_image_is_found_at_its_second(library: Path, tmp_path: Path) -> None:
    still = tmp_path / "still.png"
    write_video(still, scene(1, 0.04, size=SIZE), codec="png", pix_fmt="rgb24", format="image2")
    (answer,) = invoke_json("search", still, "--library", library, "--min-score", 0)
    found = {Path(hit["video"]["path"]).name: hit["match"] for hit in answer["found"]}
    assert {"film.mkv", "film.mp4", "small.mp4"} <= set(found)
    assert all(found[name]["segments"][0]["b_start"] < 1.0 for name in found)


def test_compare_explains_a_pair(films: Path, tmp_path: Path) -> None:
    film, clip, picture = films / "film.mp4", films / "clip.mp4", tmp_path / "map.png"
    library = tmp_path / "none.sqlite"
    found = invoke_json("compare", film, clip, "--map", picture, "--describer", "phash", "--library", library)
    assert fits(found, OUTPUTS["compare"])
    assert found["reported"] and found["dropped_by"] is None
    assert found["match"]["relation"] == "contains"
    (segment,) = found["match"]["segments"]
    assert (segment["a_start"], segment["a_end"]) == pytest.approx(PLANTED, abs=1.0)
    with av.open(str(picture)) as opened:
        pixels = next(opened.decode(video=0)).to_ndarray(format="gray")
    height, width = (pixels[:, -1] < 255).sum(), (pixels[-1] < 255).sum()  # without the times at the edges
    assert height / width == pytest.approx(found["a"]["duration"] / found["b"]["duration"], rel=0.1)
    assert not library.exists()


def test_compare_says_which_contains_which(films: Path, tmp_path: Path) -> None:
    options = ("--describer", "phash", "--library", tmp_path / "none.sqlite")
    film, clip = films / "film.mp4", films / "clip.mp4"
    assert f"    contains {clip}\n" in invoke("compare", film, clip, *options).stdout
    assert f"    is contained in {film}\n" in invoke("compare", clip, film, *options).stdout


def test_compare_does_not_call_likeness_the_same_footage() -> None:
    segment = Segment(0.0, 1.0, 5.0, 6.0, 0.1)
    match = Match("a", "b", Relation.SHARED, 0.1, 0.2, 0.1, (segment,))
    assert "not enough" in verb(match)
    assert verb(replace(match, score=MIN_SCORE)) == "shares footage with"


def test_compare_names_the_stage_that_drops_a_pair(films: Path, library: Path) -> None:
    result = invoke("compare", films / "film.mp4", films / "other [bold].mp4", "--library", library)
    assert result.exit_code == 0
    last = result.stdout.splitlines()[-1]
    stages = [line.split("  ")[0] for line in result.stdout.splitlines() if " no " in line]
    assert last == f"A scan drops this pair: {stages[0]}."


def test_compare_settles_identical_files_by_their_content(films: Path, library: Path) -> None:
    found = invoke_json("compare", films / "film.mp4", films / "sub" / "copy.mp4", "--library", library)
    assert found["match"]["relation"] == "identical file"
    assert found["dropped_by"] is None
    assert found["stages"][0]["passed"]


def test_groups_and_matches_and_show(films: Path, library: Path) -> None:
    groups = invoke_json("groups", "--library", library)
    assert fits(groups, OUTPUTS["groups"])
    assert len(groups) == 2
    matches = invoke_json("matches", "--library", library, "--min-score", 0)
    assert fits(matches, OUTPUTS["matches"])
    shown = invoke_json("show", films / "clip.mp4", "--library", library)
    assert fits(shown, OUTPUTS["show"])
    assert shown["video"]["duration"] == pytest.approx(PLANTED[1] - PLANTED[0])
    assert {Path(match["b"]).name for match in shown["matches"]} == {"clip.mp4"}
    text = invoke("show", films / "sub" / "copy.mp4", "--library", library).stdout
    assert f"also at {films / 'film.mp4'}" in text or f"also at {films / 'sub' / 'copy.mp4'}" in text
    assert "0:00:09.0" in text and "192x108" in text
    assert "contains" in invoke("matches", "--library", library).stdout
    assert "2 files (1 identical file)" in invoke("groups", "--library", library).stdout


def test_hard_links_are_one_file(films: Path, tmp_path: Path) -> None:
    own, library = tmp_path / "films", tmp_path / "library.sqlite"
    own.mkdir()
    for name in ("a.mp4", "b.mp4"):
        shutil.copy(films / "clip.mp4", own / name)
    (own / "c.mp4").hardlink_to(own / "a.mp4")
    (group,) = invoke_json("scan", own, "--library", library, "--describer", "phash")["groups"]
    assert len(group["members"]) == 2 and "b.mp4" in names(group)


def test_failures_are_listed_with_their_reasons(films: Path, library: Path) -> None:
    found = invoke_json("failures", "--library", library)
    assert fits(found, OUTPUTS["failures"])
    assert [(one["path"], one["kind"]) for one in found] == [(str(films / "letter.mp4"), "bad file")]
    assert found[0]["reason"] in invoke("failures", "--library", library).stdout


def test_forget_and_prune_remove_from_the_library_only(films: Path, own_library: Path) -> None:
    forgotten = invoke_json("forget", films / "sub", "--library", own_library)
    assert forgotten == {"files": 1}
    assert (films / "sub" / "copy.mp4").exists()
    assert invoke("prune", "--library", own_library).stdout == "0 files removed from the library\n"
    assert invoke_json("prune", "--library", own_library) == {"files": 0}


def test_describers_are_listed() -> None:
    found = invoke_json("describers", "list")
    assert fits(found, OUTPUTS["describers list"])
    assert {"default", "pdq", "phash"} <= {one["name"] for one in found}
    assert [one["name"] for one in found if one["default"]] == ["default"]
    assert "used by default" in invoke("describers", "list").stdout


def test_doctor_finds_the_planted_copy_and_the_operating_point(library: Path) -> None:
    found = invoke_json("doctor", "--library", library)
    assert fits(found, OUTPUTS["doctor"])
    assert found["min_score"] == MIN_SCORE
    assert found["self_test"]["passed"], found["self_test"]
    assert found["version"] == twinreel.__version__
    assert found["packages"]["av"] == av.__version__
    assert {"parquet", "shots"} <= found["extras"].keys()
    assert found["hardware"] == {device: problem(device) or None for device in built()}
    assert found["library"]["exists"] and found["library"]["problem"] is None
    assert found["library"]["videos"] == found["library"]["fingerprints"] == 5


def test_doctor_names_a_library_that_cannot_be_used(tmp_path: Path) -> None:
    file = tmp_path / "not a library.sqlite"
    file.write_text("something else " * 100)
    found = library_state(file)
    assert found["exists"] and found["problem"] is not None and "not a twinreel library" in found["problem"]


def test_the_library_may_come_from_the_environment(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWINREEL_LIBRARY", str(library))
    assert len(invoke_json("groups")) == 2


def test_the_version_is_printed() -> None:
    assert invoke("--version").stdout == f"twinreel {twinreel.__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "code", "fragment"),
    [
        (["groups", "--library", "{tmp}/none.sqlite"], 2, "there is no library at"),
        (["scan", "{tmp}/nowhere", "--library", "{tmp}/l.sqlite"], 2, "there is no file or folder"),
        (["scan", ".", "--sampling", "sometimes"], 2, "use one of auto, keyframes"),
        (["scan", ".", "--aligner", "ruler"], 2, "network"),
        (["scan", "{tmp}", "--library", "{tmp}/l.sqlite", "--describer", "poet"], 2, "known are default"),
        (["scan", ".", "--memory", "lots"], 2, "for example 2G"),
        (["scan", ".", "--export", "matches.xls"], 2, ".parquet"),
        (["search", "--library", "{library}"], 2, "--batch FILE"),
        (["search", "--batch", "{tmp}/none.txt", "--library", "{library}"], 2, "cannot read the list of clips"),
        (["compare", "a.mp4", "b.mp4", "--map", "map.jpg"], 2, "must end in .png"),
        (["compare", "{tmp}/a.mp4", "{tmp}/b.mp4", "--library", "{library}"], 4, "no such file"),
        (["show", "{tmp}/none.mp4", "--library", "{library}"], 2, "scan it first"),
        (["forget", "{tmp}/none.mp4", "--library", "{own}"], 2, "knows no file"),
        (["export", "{tmp}/nowhere/m.csv", "--library", "{library}"], 2, "cannot write"),
        (["failures", "--library", "{tmp}"], 5, "cannot be opened"),
    ],
)
def test_an_error_is_one_line_and_an_exit_code(
    arguments: list[str], code: int, fragment: str, library: Path, own_library: Path, tmp_path: Path
) -> None:
    result = invoke(*(argument.format(tmp=tmp_path, library=library, own=own_library) for argument in arguments))
    assert result.exit_code == code
    assert result.stdout == ""
    assert result.stderr.startswith("error: ") and result.stderr.count("\n") == 1
    assert fragment in result.stderr


def test_errors_show_where_they_come_from_when_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWINREEL_DEBUG", "1")
    with pytest.raises(NotFound, match="there is no library"):
        invoke("groups", "--library", tmp_path / "none.sqlite")


def test_a_wrong_option_is_refused_with_the_way_to_help() -> None:
    result = invoke("groups", "--min-score", "2")
    assert result.exit_code == 2
    assert "Usage: " in result.stderr and "--min-score" in result.stderr and "Traceback" not in result.stderr


def test_videos_go_from_one_library_to_another(own_library: Path, library: Path, tmp_path: Path) -> None:
    file = tmp_path / "videos.parquet"
    assert invoke_json("export", file, "--videos", "--library", library) == {"file": str(file), "rows": 5}
    fresh = tmp_path / "fresh.sqlite"
    joined = invoke_json("import", file, "--host", "nas", "--library", fresh, "--describer", "phash")
    assert fits(joined, OUTPUTS["import"]) and joined["added"] == joined["videos"] == 5
    assert len(invoke_json("matches", "--library", fresh)) == len(invoke_json("matches", "--library", library))
    merged = invoke("merge", own_library, "--library", fresh)
    assert merged.exit_code == 0 and merged.stdout.startswith("5 videos read, 0 of them new; ")
    refused = invoke("export", tmp_path / "videos.csv", "--videos", "--library", library)
    assert refused.exit_code == 2 and "must end in .parquet" in refused.stderr
