"""Edits that put something over the picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from twinreel.edits.base import Apply, Edit, Rng, any_colour, picture, pixels, towards
from twinreel.types import Float64, UInt8

WORDS = (
    *("wait", "for", "it", "the", "best", "moment", "ever", "live", "news", "today", "watch", "until", "end"),
    *("part", "two", "like", "share", "follow", "new", "week"),
)

_CRAWL = 150
"""Frames in which a crawling line crosses the picture."""


def _font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(max(6, round(size)))


def phrase(rng: Rng, most: int) -> str:
    return " ".join(rng.choice(WORDS, int(rng.integers(1, most + 1))))


def logo(rng: Rng, strength: float) -> Apply:
    """A station's mark in a corner: a coloured box with a word."""
    return marked(rng, towards(0.08, 0.3, strength, rng), faintest=0.5)


def marked(rng: Rng, share: float, faintest: float) -> Apply:
    """``share``: of the width, and 0.8 of it of the height; ``faintest``: the least opacity."""
    colour, word, right, low = any_colour(rng), phrase(rng, 1).upper(), rng.random() < 0.5, rng.random() < 0.5
    opacity = round(255 * rng.uniform(faintest, 1.0))

    def draw(canvas: ImageDraw.ImageDraw, width: int, height: int) -> None:
        w, h = width * share, height * share * 0.8
        x, y = (0.97 * width - w if right else 0.03 * width), (0.97 * height - h if low else 0.03 * height)
        canvas.rectangle((x, y, x + w, y + h), fill=(*colour, opacity))
        ink = (0, 0, 0, 255) if sum(colour) > 380 else (255, 255, 255, 255)
        canvas.text((x + w * 0.08, y + h * 0.2), word, ink, _font(h * 0.5))

    return _over(draw)


def caption(rng: Rng, strength: float) -> Apply:
    """One to three lines of text, with or without a bar behind, at the top, the bottom or across the middle."""
    lines = [phrase(rng, 5) for _ in range(int(rng.integers(1, 2 + round(2 * strength))))]
    size = towards(0.05, 0.12, strength, rng)
    at = float(rng.choice([0.04, 0.45, 0.95 - 1.3 * size * len(lines)]))
    bar = bool(rng.random() < 0.6)
    return captioned(lines, size, at, bar=bar, white=bool(rng.random() < 0.7))


def captioned(lines: Sequence[str], size: float, at: float, *, bar: bool, white: bool) -> Apply:
    """Lines of text, each ``size`` of the picture's height, the first at ``at`` of it; on a bar, or with an outline."""
    ink, behind = ((255, 255, 255), (0, 0, 0)) if white else ((0, 0, 0), (255, 255, 255))

    def draw(canvas: ImageDraw.ImageDraw, width: int, height: int) -> None:
        font = _font(size * height)
        for number, line in enumerate(lines):
            y = (at + 1.3 * size * number) * height
            x = max(0.0, (width - canvas.textlength(line, font)) / 2)
            if bar:
                canvas.rectangle((x - 4, y, width - x + 4, y + 1.3 * size * height), fill=(*behind, 170))
            canvas.text((x, y), line, (*ink, 255), font, stroke_width=0 if bar else 1, stroke_fill=(*behind, 255))

    return _over(draw)


def crawling(text: str, size: float) -> Apply:
    """One line that moves to the left across a bar at the bottom; ``size``: of the picture's height."""
    shown = 0

    def apply(frame: UInt8) -> UInt8:
        nonlocal shown
        height, width = frame.shape[:2]
        below = picture(frame)
        canvas = ImageDraw.Draw(below)
        font = _font(size * height)
        top = height * (0.97 - 1.3 * size)
        canvas.rectangle((0, top, width, height * 0.97), fill=(0, 0, 0))
        across = shown * width / _CRAWL % (width + canvas.textlength(text, font))
        canvas.text((width - across, top), text, (255, 255, 255), font)
        shown += 1
        return pixels(below)

    return apply


def emoji(rng: Rng, strength: float) -> Apply:
    """Drawn faces and hearts, small and large."""
    count = 1 + int(rng.integers(0, 1 + round(3 * strength)))
    places = rng.uniform(0, 0.85, (count, 2))
    sizes = np.array([towards(0.08, 0.45, strength, rng) for _ in range(count)])
    opacity = round(255 * rng.uniform(0.6, 1.0))
    return faces(places, sizes, (rng.random(count) < 0.7).tolist(), opacity)


def faces(places: Float64, sizes: Float64, yellow: Sequence[bool], opacity: int) -> Apply:
    """``places`` (n, 2) in shares of width and height, ``sizes`` (n,) of the short side; a heart where not yellow."""

    def draw(canvas: ImageDraw.ImageDraw, width: int, height: int) -> None:
        for (x, y), size, face in zip(places * [width, height], sizes * min(width, height), yellow, strict=True):
            if not face:
                red = (220, 30, 60, opacity)
                canvas.ellipse((x, y, x + size / 2, y + size / 2), fill=red)
                canvas.ellipse((x + size / 2, y, x + size, y + size / 2), fill=red)
                canvas.polygon([(x, y + size * 0.32), (x + size, y + size * 0.32), (x + size / 2, y + size)], fill=red)
                continue
            canvas.ellipse((x, y, x + size, y + size), fill=(255, 205, 50, opacity))
            for eye in (0.3, 0.6):
                canvas.ellipse(
                    (x + size * eye, y + size * 0.3, x + size * (eye + 0.12), y + size * 0.45),
                    fill=(60, 40, 0, opacity),
                )
            canvas.arc(
                (x + size * 0.25, y + size * 0.3, x + size * 0.75, y + size * 0.8),
                20,
                160,
                (60, 40, 0, opacity),
                max(1, round(size / 20)),
            )

    return _over(draw)


def shapes(rng: Rng, strength: float) -> Apply:
    """Dots and lines scribbled over it."""
    return scribbled(rng, round(towards(2, 40, strength, rng)))


def scribbled(rng: Rng, count: int) -> Apply:
    places, sizes = rng.uniform(0, 1, (count, 4)), rng.uniform(0.01, 0.04, count)
    colours = [any_colour(rng) for _ in range(count)]

    def draw(canvas: ImageDraw.ImageDraw, width: int, height: int) -> None:
        for number, (place, size, colour) in enumerate(zip(places, sizes, colours, strict=True)):
            x, y, u, v = place * [width, height, width, height]
            reach = size * min(width, height)
            if number % 8 == 7:
                canvas.line((x, y, u, v), (*colour, 255), max(1, round(reach / 3)))
            else:
                canvas.ellipse((x, y, x + reach, y + reach), (*colour, 255))

    return _over(draw)


def _over(draw: Callable[[ImageDraw.ImageDraw, int, int], None]) -> Apply:
    """``draw(canvas, width, height)`` draws what is put over a frame of that size: once, while the size stays."""
    layer = Image.new("RGBA", (0, 0))

    def apply(frame: UInt8) -> UInt8:
        nonlocal layer
        height, width = frame.shape[:2]
        if layer.size != (width, height):
            layer = Image.new("RGBA", (width, height))
            draw(ImageDraw.Draw(layer), width, height)
        below = picture(frame)
        below.paste(layer, (0, 0), layer)
        return pixels(below)

    return apply


OVERLAY = (
    Edit("logo", logo),
    Edit("caption", caption),
    Edit("emoji", emoji),
    Edit("shapes", shapes),
)
