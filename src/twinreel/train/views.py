"""Edited views of photographs, to learn from what stays the same.

What SSCD trains on (Pizzi et al., "A self-supervised descriptor for image copy detection", CVPR 2022, section 4.1 and
its supplement), and besides what phones and editing programs do to videos: other shapes of screen, blurred borders,
pictures in pictures, filming off a screen.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from twinreel.edits.base import Rng, picture, pixels
from twinreel.edits.registry import EDITS, LAYOUTS
from twinreel.types import UInt8

PICTURES = {".jpg", ".jpeg", ".png", ".webp"}
HELD_OUT = 10
"""Every so many-th photograph, the first among them, is never trained on, and measures retrieval."""
# In the order in which they are made: how often, at full strength. Milder views have fewer of them, too.
CHANCES: tuple[tuple[str, float], ...] = (
    ("flip", 0.5),
    ("crop", 0.35),
    ("big_crop", 0.35),
    ("quarter_turn", 0.08),
    ("flip_upright", 0.03),
    ("rotate", 0.2),
    ("camcord", 0.12),
    ("stretch", 0.2),
    ("brightness", 0.35),
    ("contrast", 0.3),
    ("gamma", 0.25),
    ("saturation", 0.25),
    ("hue", 0.15),
    ("tint", 0.15),
    ("grayscale", 0.12),
    ("sepia", 0.03),
    ("logo", 0.12),
    ("caption", 0.15),
    ("emoji", 0.1),
    ("shapes", 0.06),
    ("LAYOUT", 0.15),
    ("border", 0.15),
    ("blurred_border", 0.08),
    ("downscale", 0.25),
    ("blur", 0.2),
    ("noise", 0.15),
    ("sharpen", 0.08),
    ("pixelate", 0.04),
    ("compress", 0.4),
)
LAYOUT_CHANCES = {"picture_in_picture": 0.5, "side_by_side": 0.12, "stacked": 0.12, "blend": 0.14, "on_ground": 0.12}
SECOND_COUNTS = {"picture_in_picture": 0.5, "side_by_side": 0.5, "stacked": 0.5, "blend": 0.0, "on_ground": 0.0}
"""Share of the view that the second picture is what it shows; where it is a mere ground, none."""


@dataclass(frozen=True, slots=True)
class View:
    """An edited photograph."""

    frame: UInt8
    first: int
    """Number of the photograph."""
    second: int
    """... of another that is seen as well; the same where there is none."""
    share: float
    """How much of what is seen is the second, [0, 1)."""


def photographs_in(folder: Path) -> list[Path]:
    """The photographs in a folder and those below it, in the order by which training numbers them."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in PICTURES)


class Photographs:
    """Photographs by number, decoded as they are needed."""

    def __init__(self, paths: list[Path]) -> None:
        self._files = [path.read_bytes() for path in paths]

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, number: int) -> UInt8:
        return pixels(Image.open(io.BytesIO(self._files[number])))


def view(photographs: Photographs, number: int, size: int, strength: float, rng: Rng) -> View:
    """Photograph ``number`` edited, and stretched to (size, size)."""
    frame = photographs[number]
    second, share = number, 0.0
    for name, chance in CHANCES:
        if rng.random() >= chance * (1.0 if name == "flip" else 0.4 + 0.6 * strength):
            continue
        if name == "LAYOUT":
            layout = str(rng.choice(list(LAYOUT_CHANCES), p=list(LAYOUT_CHANCES.values())))
            other = int(rng.integers(len(photographs)))
            combine = LAYOUTS[layout].draw(rng, strength)
            if other != number:
                frame = combine(frame, photographs[other])
                share = SECOND_COUNTS[layout]
                second = other if share else number
        else:
            frame = EDITS[name].draw(rng, strength)(frame)
    return View(stretched(frame, size), number, second, share)


def stretched(frame: UInt8, size: int) -> UInt8:
    return pixels(picture(frame).resize((size, size), Image.Resampling.BILINEAR))
