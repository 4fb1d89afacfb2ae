"""Makes 1080p H.264 files to measure speed on, encoded as x264 does by default.

    python benchmarks/make_1080p.py CLIPS OUT [--files 4] [--seconds 60] [--preset medium]

Each file shows the clips of a folder one after the other, over and over until it is long enough, from another clip on
in each file; every picture is scaled to 1920 x 1080 and shown for 1/30 s. Encoding is x264's default: a keyframe every
250 frames and at cuts (scenecut), three B-frames, constant rate factor 23. Upscaled footage holds less detail than a
camera's, so it decodes somewhat faster; all that are compared on it gain alike.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path

import av

from twinreel.errors import MediaError
from twinreel.media.source import open_video
from twinreel.media.walk import walk
from twinreel.types import Failure

FPS = 30
SIZE = (1920, 1080)
"""(width, height)"""
X264 = {"crf": "23", "g": "250", "bf": "3"}


def pictures(clips: Sequence[str]) -> Iterator[av.VideoFrame]:
    """The frames of the clips in turn, over and over; a clip that breaks off counts as far as it goes."""
    count = before = 0
    while True:
        for clip in clips:
            with suppress(MediaError), open_video(clip, threads=0) as source:
                for frame in source.container.decode(source.stream):
                    count += 1
                    yield frame.reformat(*SIZE, format="yuv420p")
        if count == before:
            raise SystemExit("none of the clips can be decoded")
        before = count


def encode(path: Path, frames: Iterator[av.VideoFrame], count: int, preset: str) -> int:
    """Writes so many frames; the number of keyframes."""
    keyframes = 0
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=FPS, options={**X264, "preset": preset})
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        for number, frame in enumerate(islice(frames, count)):
            plain = av.VideoFrame.from_ndarray(frame.to_ndarray(), "yuv420p")  # without the clip's picture types
            plain.pts = number
            for packet in stream.encode(plain):
                keyframes += packet.is_keyframe
                output.mux(packet)
        for packet in stream.encode(None):
            keyframes += packet.is_keyframe
            output.mux(packet)
    return keyframes


def main() -> None:
    parser = argparse.ArgumentParser(description="Makes 1080p H.264 files with x264's defaults.")
    parser.add_argument("clips", type=Path, help="folder of clips")
    parser.add_argument("out", type=Path, help="folder for the files")
    parser.add_argument("--files", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--preset", default="medium", help="of x264 (medium is its default)")
    args = parser.parse_args()
    clips = [found.path for found in walk([str(args.clips)]) if not isinstance(found, Failure)]
    if not clips:
        raise SystemExit(f"{args.clips} holds no clips")
    args.out.mkdir(parents=True, exist_ok=True)
    count = round(args.seconds * FPS)
    for number in range(args.files):
        first = number * len(clips) // args.files
        path = args.out / f"{number:03d}.mp4"
        keyframes = encode(path, pictures(clips[first:] + clips[:first]), count, args.preset)
        print(f"{path}: {count} frames, {keyframes} keyframes, {path.stat().st_size / 1e6:.1f} MB", flush=True)


if __name__ == "__main__":
    main()
