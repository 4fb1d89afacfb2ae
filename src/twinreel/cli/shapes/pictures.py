"""What `twinreel picture` prints."""

from __future__ import annotations

from typing import TypedDict


class PictureShape(TypedDict):
    """A picture that was written, in pixels."""

    file: str
    width: int
    height: int
