"""Drawn pictures to train on beside photographs: textures, flat shapes, patterns, pages of text.

Videos show much that no photograph does: cartoons, slides, screens, games, title cards. A network that is trained on
photographs alone learns to tell photographs apart and forgets how to tell drawings apart.
"""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from twinreel.edits.base import Rng, any_colour, picture, pixels
from twinreel.edits.overlay import phrase
from twinreel.types import UInt8

_SIDES = 120, 176
"""Least and most pixels of a side, as of the photographs that the descriptor of the package is trained on."""


def drawings(count: int, seed: int) -> list[bytes]:
    """Pictures as PNG files; the same for the same seed."""
    return [_file(np.random.default_rng([seed, number])) for number in range(count)]


def drawing(rng: Rng) -> UInt8:
    """A picture (h, w, 3) of one of the kinds; a third of them have something else drawn over."""
    width, height = rng.integers(*_SIDES, 2, endpoint=True).tolist()
    ground = _KINDS[int(rng.integers(len(_KINDS)))](rng, width, height)
    if rng.random() < 1 / 3:
        canvas = picture(ground)
        _put_shapes(rng, canvas, int(rng.integers(1, 8)))
        ground = pixels(canvas)
    return ground


def _file(rng: Rng) -> bytes:
    stream = io.BytesIO()
    picture(drawing(rng)).save(stream, "PNG")
    return stream.getvalue()


def _texture(rng: Rng, width: int, height: int) -> UInt8:
    """Noise of several scales, each twice as fine as the one before and weaker by a factor of its own."""
    fading = rng.uniform(0.4, 0.95)
    cells = int(rng.integers(2, 6))
    result = np.zeros((height, width, 3), np.float32)
    strength = 1.0
    while cells < max(width, height) / 2:
        for channel in range(3):
            grid = Image.fromarray(rng.standard_normal((cells, cells)).astype(np.float32))
            result[..., channel] += strength * np.asarray(grid.resize((width, height), Image.Resampling.BICUBIC))
        cells, strength = cells * 2, strength * fading
    grey = result.mean(axis=2, keepdims=True)
    result = grey + rng.uniform(0, 1) * (result - grey)
    low, high = np.quantile(result, [0.01, 0.99])
    return np.asarray(np.clip((result - low) / (high - low) * 255, 0, 255), np.uint8)


def _gradient(rng: Rng, width: int, height: int) -> UInt8:
    corners = rng.integers(0, 256, (2, 2, 3)).astype(np.uint8)
    return pixels(Image.fromarray(corners).resize((width, height), Image.Resampling.BILINEAR))


def _scenery(rng: Rng, width: int, height: int) -> UInt8:
    """Flat shapes on a plain or shaded ground, as in a cartoon or a diagram."""
    canvas = picture(_gradient(rng, width, height)) if rng.random() < 0.5 else _plain(rng, width, height)
    _put_shapes(rng, canvas, int(rng.integers(4, 25)))
    return pixels(canvas)


def _pattern(rng: Rng, width: int, height: int) -> UInt8:
    """Waves of two or three directions in two colours, smooth or with hard edges."""
    y, x = np.mgrid[0:height, 0:width] / max(width, height)
    waves = np.zeros((height, width))
    for _ in range(int(rng.integers(1, 4))):
        angle, number, phase = rng.uniform(0, np.pi), rng.uniform(1.5, 12), rng.uniform(0, 2 * np.pi)
        waves += np.sin(2 * np.pi * number * (x * np.cos(angle) + y * np.sin(angle)) + phase)
    share = 0.5 + 0.5 * np.tanh(waves * rng.choice([1, 2, 20]))[..., None]
    colours = rng.integers(0, 256, (2, 3))
    return np.asarray(colours[0] * share + colours[1] * (1 - share), np.uint8)


def _page(rng: Rng, width: int, height: int) -> UInt8:
    """Lines of text, with boxes between them: a slide, a document, a screen."""
    canvas = _plain(rng, width, height)
    draw = ImageDraw.Draw(canvas)
    ink = (20, 20, 20) if sum(canvas.getpixel((0, 0))) > 380 else (235, 235, 235)  # type: ignore[arg-type]
    y = rng.uniform(0, 0.1) * height
    while y < height:
        size = float(rng.choice([7, 9, 12, 18, 26]))
        x = rng.uniform(0.02, 0.3) * width
        if rng.random() < 0.15:
            box = (x, y, x + rng.uniform(0.2, 0.7) * width, y + rng.uniform(1, 4) * size)
            draw.rectangle(box, fill=any_colour(rng), outline=ink)
            y = box[3]
        else:
            draw.text((x, y), phrase(rng, 8), ink, ImageFont.load_default(size))
        y += size * rng.uniform(1.2, 2.5)
    return pixels(canvas)


_KINDS: tuple[Callable[[Rng, int, int], UInt8], ...] = (_texture, _texture, _scenery, _scenery, _pattern, _page)


def _plain(rng: Rng, width: int, height: int) -> Image.Image:
    return Image.new("RGB", (width, height), any_colour(rng))


def _put_shapes(rng: Rng, canvas: Image.Image, count: int) -> None:
    """Rectangles, ellipses, triangles and thick lines, from small to half of the picture."""
    draw = ImageDraw.Draw(canvas)
    for _ in range(count):
        colour = (*rng.integers(0, 256, 3).tolist(),)
        reach = float(np.exp(rng.uniform(np.log(0.06), np.log(0.5))))
        centre = rng.uniform(0, 1, 2) * canvas.size
        extent = reach * rng.uniform(0.4, 1.0, 2) * min(canvas.size) / 2
        (left, top), (right, low) = (centre - extent).tolist(), (centre + extent).tolist()
        kind = rng.integers(4)
        if kind == 0:
            draw.rectangle((left, top, right, low), fill=colour)
        elif kind == 1:
            draw.ellipse((left, top, right, low), fill=colour)
        elif kind == 2:
            points = centre + rng.uniform(-1, 1, (3, 2)) * reach * min(canvas.size) / 2
            draw.polygon([tuple(point) for point in points.tolist()], fill=colour)
        else:
            draw.line((left, top, right, low), fill=colour, width=max(1, round(reach * 20)))
