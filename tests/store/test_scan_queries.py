"""What a scan, and who reports it, ask the catalogue about all videos at once."""

from __future__ import annotations

from pathlib import Path

from store_makers import add_video, content, fingerprint, probe, record

from twinreel.store.catalogue import Catalogue
from twinreel.types import State


def test_outlines_tell_what_is_known_of_each_stream(tmp_path: Path) -> None:
    with Catalogue.open(tmp_path / "library.sqlite") as catalogue:
        assert catalogue.videos.outlines() == []
        for number in (1, 0):
            catalogue.videos.add(content(number), 1, probe())
        catalogue.videos.set_digests(content(1), head="x")
        picture = probe().codec, probe().coded_width, probe().coded_height
        assert catalogue.videos.outlines() == [
            (content(0), picture, probe().duration, None),
            (content(1), picture, probe().duration, "x"),
        ]


def test_sizes_of_contents_that_are_known_by_their_digest(tmp_path: Path) -> None:
    with Catalogue.open(tmp_path / "library.sqlite") as catalogue:
        for number, size in enumerate((10, 20, 30)):
            catalogue.videos.add(content(number), size, probe())
        catalogue.videos.set_digests(content(0), file=content(9))
        catalogue.videos.set_digests(content(1), file=content(1))
        assert catalogue.videos.sizes_told_apart() == {20}


def test_frames_of_all_fingerprints(tmp_path: Path) -> None:
    with Catalogue.open(tmp_path / "library.sqlite") as catalogue:
        assert catalogue.fingerprints.frames("net@1", "auto:1") == 0
        for number in range(3):
            add_video(catalogue, number, f"{number}.mp4")
        catalogue.fingerprints.put(content(0), fingerprint(0, 7, describer="other@1"))
        assert catalogue.fingerprints.frames("net@1", "auto:1") == 15
        assert catalogue.fingerprints.frames("other@1", "auto:1") == 7


def test_what_is_asked_of_all_videos_at_once_is_what_each_says(tmp_path: Path) -> None:
    with Catalogue.open(tmp_path / "library.sqlite") as catalogue:
        for number, state in enumerate((State.PRESENT, State.OFFLINE, State.GONE)):
            catalogue.videos.add(content(number), 1, probe(duration=0.1 + number))
            catalogue.paths.put([record(f"{number}.mp4", number, state=state)])
        catalogue.videos.add(content(3), 1, probe())  # of which no path is known
        catalogue.paths.put([record("elsewhere.mp4", 0, inode=8, state=State.GONE)])
        videos = list(catalogue.videos.all())
        assert catalogue.videos.durations() == {video.content: video.probe.duration for video in videos}
        assert catalogue.videos.not_gone() == {video.content for video in videos if video.state is not State.GONE}
        assert catalogue.videos.not_gone() == {content(0), content(1)}
