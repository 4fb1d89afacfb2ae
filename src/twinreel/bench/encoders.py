"""What files can be encoded with: whatever the FFmpeg inside the installed PyAV has, none of it needed.

MPEG-4 part 2 and Motion JPEG are FFmpeg's own and always there; builds differ in the others. All run in one thread,
so that the same frames give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.codec
import numpy as np

from twinreel.errors import UserError
from twinreel.types import UInt8

MUXERS = {
    **{".mp4": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm", ".avi": "avi", ".ts": "mpegts"},
}
KEYFRAMES = 250
"""Frames from one keyframe to the next, at most."""


@dataclass(frozen=True, slots=True)
class Encoder:
    name: str
    """FFmpeg's."""
    suffixes: tuple[str, ...]
    """Of containers that it goes into, the usual one first."""
    weight: float
    """How often it is drawn, relative to the others."""
    control: tuple[str, ...]
    """The options that set the quality ..."""
    values: tuple[int, int, int, int]
    """... to good, fair, bad, very bad."""
    options: Mapping[str, str]
    pixels: str = "yuv420p"

    def settings(self, quality: int) -> dict[str, str]:
        return {**self.options, **dict.fromkeys(self.control, str(self.values[quality]))}


_FIXED = ("qmin", "qmax")
ENCODERS = (
    Encoder(
        *("libx264", (".mp4", ".mkv", ".mov", ".ts"), 5, ("crf",), (20, 28, 35, 45)),
        # Its macroblock tree reads memory that nothing was written to (AVX-512), and the bytes are others each time.
        {"preset": "veryfast", "x264-params": "mbtree=0"},
    ),
    Encoder("libopenh264", (".mp4", ".mkv", ".mov"), 3, _FIXED, (22, 30, 38, 48), {"rc_mode": "quality"}),
    Encoder("mpeg4", (".mp4", ".avi", ".mkv", ".mov"), 2, _FIXED, (3, 8, 16, 31), {}),
    Encoder(
        *("libvpx-vp9", (".webm", ".mkv", ".mp4"), 1, ("crf",), (28, 38, 48, 62)),
        {"b": "0", "deadline": "realtime", "cpu-used": "8"},
    ),
    Encoder(
        *("libx265", (".mp4", ".mkv", ".mov"), 1, ("crf",), (24, 31, 38, 48)),
        {"preset": "ultrafast", "x265-params": "log-level=none:pools=none:frame-threads=1"},
    ),
    Encoder("mjpeg", (".avi", ".mov", ".mkv"), 0.5, _FIXED, (3, 8, 16, 31), {}, "yuvj420p"),
)
"""In order of preference for what is not to be changed: originals."""


def usable(names: Sequence[str] = ()) -> tuple[Encoder, ...]:
    """The encoders that there are here, or those of the given names. UserError for one that there is not."""
    there = {encoder.name: encoder for encoder in ENCODERS if _exists(encoder.name)}
    for name in names:
        if name not in there:
            raise UserError(f"there is no encoder {name!r} here; there are {', '.join(there)}")
    return tuple(encoder for encoder in there.values() if not names or encoder.name in names)


def _exists(name: str) -> bool:
    try:
        av.codec.Codec(name, "w")
    except av.codec.codec.UnknownCodecError:
        return False
    return True


def encode(path: Path, images: Iterable[UInt8], fps: Fraction, name: str, muxer: str, quality: int) -> Iterator[int]:
    """Encodes pictures (h, w, 3) RGB, all of one size, into a file; the number written so far, after each.

    Odd sides lose a line: encoders want even ones.
    """
    encoder = next(encoder for encoder in ENCODERS if encoder.name == name)
    with av.open(str(path), "w", format=muxer, container_options={"fflags": "+bitexact"}) as output:
        stream: Any = None
        for number, image in enumerate(images):
            height, width = image.shape[0] // 2 * 2, image.shape[1] // 2 * 2
            if stream is None:
                stream = output.add_stream(encoder.name, rate=fps, options=encoder.settings(quality))
                stream.width, stream.height, stream.pix_fmt = width, height, encoder.pixels
                stream.codec_context.time_base = 1 / fps
                stream.codec_context.thread_count = 1
                stream.codec_context.gop_size = KEYFRAMES
                stream.codec_context.flags |= av.codec.context.Flags.bitexact
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image[:height, :width]), "rgb24")
            frame.pts, frame.time_base = number, 1 / fps
            output.mux(stream.encode(frame))
            yield number + 1
        if stream is not None:
            output.mux(stream.encode(None))
