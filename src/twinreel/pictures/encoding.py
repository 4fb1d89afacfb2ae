"""Pictures as files: PNG by zlib alone, JPEG, animated GIF and WebP by the libraries that PyAV brings."""

from __future__ import annotations

import io
import struct
import zlib
from fractions import Fraction
from typing import Any

import av
import numpy as np

from twinreel.types import UInt8

_JPEG_QUALITY = "4"
"""Of FFmpeg's Motion JPEG: 2 is the best, 31 the worst."""
_WEBP_QUALITY = "75"
"""Of libwebp, in percent."""
_HUNDREDTHS = Fraction(1, 100)
"""What GIF counts time in."""
_RGB, _PALETTE = av.VideoFormat("rgb24"), av.VideoFormat("bgra")
_LOOKED_AT = 64
"""Frames at most that a GIF's colours are chosen from, evenly spread."""


def png(image: UInt8) -> bytes:
    """(h, w, 3) RGB as a PNG file (ISO/IEC 15948)."""
    height, width, _ = image.shape
    rows = np.concatenate([np.zeros((height, 1), np.uint8), image.reshape(height, width * 3)], axis=1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes())), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def jpeg(image: UInt8) -> bytes:
    """(h, w, 3) RGB as a JPEG file; odd sides lose a line."""
    height, width = image.shape[0] // 2 * 2, image.shape[1] // 2 * 2
    codec: Any = av.CodecContext.create("mjpeg", "w")
    codec.width, codec.height, codec.pix_fmt, codec.time_base = width, height, "yuvj420p", Fraction(1, 25)
    codec.options = {"qmin": _JPEG_QUALITY, "qmax": _JPEG_QUALITY}
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image[:height, :width]), "rgb24")
    return b"".join(bytes(packet) for packet in [*codec.encode(frame), *codec.encode(None)])


def gif(images: UInt8, seconds: float) -> bytes:
    """(n, h, w, 3) RGB, each shown for so many seconds, as an animated GIF that goes on for ever.

    One palette of 256 colours for all of it, chosen by FFmpeg, with ordered dithering, which does not swarm.
    """
    return _animated(_paletted(images), "gif", "gif", "pal8", seconds, {})


def webp(images: UInt8, seconds: float) -> bytes:
    """The same as an animated WebP."""
    frames = [av.VideoFrame.from_ndarray(np.ascontiguousarray(image), "rgb24") for image in images]
    return _animated(frames, "webp", "libwebp_anim", "yuv420p", seconds, {"quality": _WEBP_QUALITY})


def _animated(
    frames: list[av.VideoFrame],
    container: str,
    codec: str,
    layout: str,
    seconds: float,
    options: dict[str, str],
) -> bytes:
    file = io.BytesIO()
    output: Any = av.open(file, "w", format=container, options={"loop": "0"})
    with output:
        stream = output.add_stream(codec, rate=1 / Fraction(seconds).limit_denominator(100), options=options)
        stream.width, stream.height, stream.pix_fmt = frames[0].width, frames[0].height, layout
        stream.codec_context.time_base = _HUNDREDTHS
        step = max(2, round(seconds * 100))  # browsers show what is shorter for a tenth of a second
        for number, frame in enumerate(frames):
            frame.pts, frame.time_base = number * step, _HUNDREDTHS
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return file.getvalue()


def _paletted(images: UInt8) -> list[av.VideoFrame]:
    """The frames in 256 colours chosen from all of them."""
    height, width = images.shape[1:3]
    looked = images[:: max(1, -(-len(images) // _LOOKED_AT))]
    choosing = av.filter.Graph()
    source: Any = choosing.add_buffer(width=width, height=height, format=_RGB, time_base=_HUNDREDTHS)
    chosen: Any = choosing.add("buffersink")
    choosing.link_nodes(source, choosing.add("palettegen", "reserve_transparent=0"), chosen)
    choosing.configure()
    (palette,) = _through(looked, source, chosen)
    graph = av.filter.Graph()
    pictures: Any = graph.add_buffer(width=width, height=height, format=_RGB, time_base=_HUNDREDTHS)
    colours: Any = graph.add_buffer(width=16, height=16, format=_PALETTE, time_base=_HUNDREDTHS)
    use: Any = graph.add("paletteuse", "dither=bayer:bayer_scale=3")
    sink: Any = graph.add("buffersink")
    pictures.link_to(use, 0, 0)
    colours.link_to(use, 0, 1)
    use.link_to(sink)
    graph.configure()
    palette.pts, palette.time_base = 0, _HUNDREDTHS
    colours.push(palette)
    colours.push(None)
    return _through(images, pictures, sink)


def _through(images: UInt8, source: Any, sink: Any) -> list[av.VideoFrame]:
    for number, image in enumerate(images):
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), "rgb24")
        frame.pts, frame.time_base = number, _HUNDREDTHS
        source.push(frame)
    source.push(None)
    found: list[av.VideoFrame] = []
    while True:
        try:
            found.append(sink.pull())
        except (av.error.EOFError, av.error.BlockingIOError):
            return found
