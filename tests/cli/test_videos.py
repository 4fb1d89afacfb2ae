"""One vector a video on the command line, and RCLA from labels to a search."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from makers import scene, write_video
from twinreel.cli.shapes.measures import RclaShape
from twinreel.cli.shapes.videos import LabelledShape, SimilarToShape, VectorsShape
from twinreel.pooling.hashes import hash_distance, video_hash

from .conftest import SIZE, invoke, invoke_json
from .test_commands import fits


@pytest.mark.parametrize("by", ["mean", "gem", "pyramid", "anchors", "hash", "long-hash"])
def test_a_video_and_its_copies_are_most_alike(films: Path, library: Path, by: str) -> None:
    found = invoke_json("videos", "search", films / "small.mp4", "--by", by, "--top", "3", "--library", library)
    assert fits(found, list[SimilarToShape])
    (answer,) = found
    names = [Path(one["path"]).name for one in answer["found"]]
    assert len(names) == 3 and {"small.mp4", "film.mkv"} <= set(names)
    assert answer["found"][0]["similarity"] == pytest.approx(1, abs=1e-5)
    for one in answer["found"]:
        assert one["distance"] == pytest.approx(np.sqrt(max(0, 2 - 2 * one["similarity"])), abs=1e-6)


def test_a_search_prints_similarities_and_refuses_what_is_no_video(films: Path, library: Path) -> None:
    result = invoke("videos", "search", films / "clip.mp4", films / "letter.mp4", "--top", "1", "--library", library)
    assert result.exit_code == 4
    assert f" 1.000  {films / 'clip.mp4'}" in result.stdout
    assert "letter.mp4: " in result.stderr.replace("\n", "")


def test_vectors_are_exported_with_the_videos_that_they_are_of(library: Path, tmp_path: Path) -> None:
    made = invoke_json("videos", "export", tmp_path / "vectors.npz", "--library", library)
    bits = invoke_json("videos", "export", tmp_path / "bits.npz", "--by", "hash", "--library", library)
    assert fits(made, VectorsShape) and bits["dimensions"] == 64
    with np.load(tmp_path / "vectors.npz") as held, np.load(tmp_path / "bits.npz") as hashed:
        vectors, signs = held["vectors"], hashed["vectors"]
        assert len(held["paths"]) == len(held["contents"]) == len(vectors) == made["videos"]
        assert (held["contents"] == hashed["contents"]).all()
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    differing = hash_distance(video_hash(vectors[0]), video_hash(vectors[1]))
    assert signs[0] @ signs[1] == pytest.approx(1 - 2 * differing / 64, abs=1e-5)
    refused = invoke("videos", "export", tmp_path / "vectors.txt", "--library", library)
    assert refused.exit_code == 2 and "must end in .npz" in refused.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--by", "median"), "there is no way 'median' to describe a video; there are mean, gem"),
        (("--by", "dns"), "dns needs the folder of its weights: --weights"),
        (("--by", "rcla"), "rcla needs the file that `twinreel train rcla` wrote: --weights"),
    ],
)
def test_a_way_that_cannot_be_had_is_one_line(films: Path, library: Path, options: tuple[str, ...], words: str) -> None:
    result = invoke("videos", "search", films / "clip.mp4", *options, "--library", library)
    assert result.exit_code == 2
    assert words in result.stderr.replace("\n", " ")


@pytest.fixture(scope="module")
def labels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six events of two videos each: two of the same scene, the second half as large."""
    root = tmp_path_factory.mktemp("labelled")
    rows = ["path,event,id"]
    for event in range(6):
        frames = list(scene(20 + event, 2, size=SIZE))
        write_video(root / f"{event}-a.mp4", frames)
        write_video(root / f"{event}-b.mp4", [frame[::2, ::2] for frame in frames])
        rows += [f"{event}-{letter}.mp4,event {event},{2 * event + number}" for number, letter in enumerate("ab")]
    (root / "labels.csv").write_text("\n".join(rows) + "\n")
    (root / "queries.csv").write_text("\n".join([rows[0], rows[1], rows[5]]) + "\n")
    return root


def test_labels_are_measured(labels: Path) -> None:
    library = ("--library", labels / "library.sqlite")
    found = invoke_json("videos", "evaluate", labels / "labels.csv", "-k", "1", *library)
    assert fits(found, LabelledShape)
    assert (found["videos"], found["queries"], found["missing"]) == (12, 12, 0)
    assert 0.9 < found["map"] <= 1 and 0.9 < found["f1"] <= 1
    text = invoke("videos", "evaluate", labels / "labels.csv", "--queries", labels / "queries.csv", *library).stdout
    assert "2 of 12 asked" in text and "precision" in text


def test_rcla_is_trained_and_then_searches(labels: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    library = ("--library", labels / "library.sqlite")
    options = ("train", "rcla", labels / "labels.csv", "--out", tmp_path / "made", "--epochs", "2", *library)
    made = invoke_json(*options)
    assert fits(made, RclaShape)
    assert (made["videos"], made["epochs"]) == (12, 2)
    assert invoke_json(*options) == made  # nothing is left to do
    by = ("--by", "rcla", "--weights", made["weights"])
    (answer,) = invoke_json("videos", "search", labels / "0-a.mp4", *by, *library)
    assert Path(answer["found"][0]["path"]).name == "0-a.mp4"
    exported = invoke_json("videos", "export", tmp_path / "vectors.npz", *by, *library)
    assert (exported["videos"], exported["dimensions"]) == (12, 16)


def test_weights_for_other_vectors_are_refused(films: Path, library: Path, labels: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    options = ("--out", tmp_path, "--epochs", "1", "--library", labels / "library.sqlite")
    assert invoke("train", "rcla", labels / "labels.csv", *options).exit_code == 0
    by = ("--by", "rcla", "--weights", tmp_path / "rcla.pt")
    result = invoke("videos", "search", films / "clip.mp4", *by, "--library", library)
    assert result.exit_code == 2
    assert "these weights take frame vectors of twinreel@" in result.stderr.replace("\n", " ")
