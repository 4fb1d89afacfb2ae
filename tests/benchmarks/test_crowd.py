"""Clips of photographs, and a collection judged among them."""

from __future__ import annotations

import random
import re
from pathlib import Path

import av
import numpy as np
import pytest
from judged import cells, labels_of
from PIL import Image

import crowd
import photographs
from makers import scene, write_video
from twinreel.describe.registry import load_describer
from twinreel.engine.state import Recipe
from twinreel.library.facade import Library
from twinreel.media.sampling import Sampling
from twinreel.store.catalogue import Catalogue


def test_a_sweep_stays_in_its_photograph_moves_smoothly_and_zooms() -> None:
    rng = random.Random(5)
    for _ in range(100):
        sweep = photographs.draw(rng)
        picture = Image.new("RGB", (rng.randint(60, 176), rng.randint(60, 176)))
        boxes = np.array([sweep.view(picture, share * sweep.seconds) for share in np.linspace(0, 1, 101)])
        assert boxes.min() >= -1e-9
        assert (boxes[:, 2] <= picture.width + 1e-9).all() and (boxes[:, 3] <= picture.height + 1e-9).all()
        sides = boxes[:, 2:] - boxes[:, :2]
        assert np.allclose(sides[:, 0] / sides[:, 1], sweep.size[0] / sweep.size[1])
        assert np.abs(np.diff(boxes, axis=0)).max() < 0.05 * max(picture.size)
        steps = np.diff(sides[:, 0])
        assert (steps > 0).all() or (steps < 0).all() or np.ptp(sides[:, 0]) < 1e-9


def textured(path: Path, seed: int) -> Path:
    """A photograph of sorts."""
    (frame,) = scene(seed, 0.04, size=(160, 120))
    Image.fromarray(frame).save(path)
    return path


def test_clips_of_photographs_bear_their_names_and_are_made_once(tmp_path: Path) -> None:
    pictures = [textured(tmp_path / f"{name}.png", seed) for seed, name in enumerate("abc")]
    photographs.make_clips(pictures, tmp_path / "clips", 2, seed=3)
    made = {file.name: file.stat().st_mtime_ns for file in (tmp_path / "clips").iterdir()}
    assert len(made) == 2 and made.keys() < {"a.mp4", "b.mp4", "c.mp4"}
    photographs.make_clips(pictures, tmp_path / "clips", 2, seed=3)
    assert {file.name: file.stat().st_mtime_ns for file in (tmp_path / "clips").iterdir()} == made
    with av.open(str(tmp_path / "clips" / next(iter(made)))) as container:
        assert container.streams.video[0].codec_context.name == "h264"
        assert (container.duration or 0) >= 3_000_000
    with pytest.raises(ValueError, match="4 clips"):
        photographs.make_clips(pictures, tmp_path / "clips", 4, seed=3)


def test_a_crowd_is_judged_by_hand() -> None:
    labels = labels_of({("a", "b"): ""})
    everything = {("a", "b"): 0.9, ("a", "x"): 0.6, ("x", "y"): 0.7, ("y", "z"): 0.1}
    reported = {pair: value for pair, value in everything.items() if value >= 0.5}
    judged = crowd.judge(labels, everything, reported)
    assert judged.precision == pytest.approx(1 / 3)
    assert judged.error == pytest.approx((0.1 + 0.6 + 0.7 + 0.1) / 4)
    assert judged.error_reported == pytest.approx((0.1 + 0.6 + 0.7) / 3)
    assert judged.wrong == {("a", "x"): 0.6, ("x", "y"): 0.7}
    collection = frozenset({"a", "b", "c"})
    kinds = [crowd.kind_of(pair, collection) for pair in (("x", "y"), ("a", "x"), ("a", "c"))]
    assert kinds == list(crowd.KINDS)
    text = crowd.text({"clips": (5, judged)}, collection)
    first, second = re.findall(r"^\| clips +\|(.*)\|$", text, re.MULTILINE)
    assert [cell.strip() for cell in first.split("|")] == ["5", "4", "3", "0.333", "0.375", "0.467"]
    assert [cell.strip() for cell in second.split("|")] == ["1", "1", "0"]
    assert cells(text, "0.90") == ["1", "1", "1.00"]


def test_a_library_of_fingerprints_alone_is_matched_like_one_of_files(tmp_path: Path) -> None:
    videos = tmp_path / "videos"
    videos.mkdir()
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        fps = 25 if name != "b" else 30
        write_video(videos / f"{name}.mp4", scene(seed, 6.0, fps), fps=fps)
    with Library(tmp_path / "scanned.sqlite") as library:
        library.add([videos], jobs=1)
    pictures = [textured(tmp_path / f"p{seed}.png", seed) for seed in range(10, 14)]
    collection = frozenset({"a.mp4", "b.mp4"})  # the third is left behind
    made = tmp_path / "made.sqlite"
    crowd.match_fingerprints(made, tmp_path / "scanned.sqlite", collection, pictures, 5, seed=1)
    with Library(made, create=False) as library:
        names = sorted(Path(video.path).name for video in library.videos())
        assert (
            names[:2] == ["a.mp4", "b.mp4"]
            and len(names) == 5
            and set(names[2:]) < {f"p{n}.mp4" for n in range(10, 14)}
        )
        (match,) = library.matches()
        assert sorted(Path(library.show(content).path).name for content in (match.a, match.b)) == ["a.mp4", "b.mp4"]
    recipe = Recipe(load_describer("default"), Sampling())
    with Catalogue.open(made, create=False) as catalogue:
        held = dict(catalogue.fingerprints.all(*recipe.key))
    assert len(held) == 5 and min(len(fingerprint.times) for fingerprint in held.values()) >= 3
    with pytest.raises(SystemExit, match="cannot be made"):
        crowd.match_fingerprints(tmp_path / "n.sqlite", tmp_path / "scanned.sqlite", collection, pictures, 9, seed=1)
