"""Curves as pictures."""

from __future__ import annotations

import numpy as np

from twinreel.pictures.digits import HEIGHT as TEXT
from twinreel.pictures.digits import width, write
from twinreel.pictures.picture import Picture
from twinreel.types import Float64

SIZE = (240, 400)
"""Pixels (height, width) of the field."""
_PAPER, _INK, _GRID, _LINE = (255, 255, 255), (60, 60, 60), (225, 225, 225), (20, 90, 200)
_LEFT, _BOTTOM, _SPACE = 40, 20, 6
_LABELS = 10
"""Numbers below the field at most."""


def error_curve(errors: Float64) -> Picture:
    """What the first 0, 1, ... k anchors leave unexplained, ``Anchors.errors`` (k + 1,), shares from 1 down: the number
    of anchors to the right, the share upwards."""
    height, wide = SIZE
    image = np.full((_SPACE + height + _BOTTOM, _LEFT + wide + 4 * _SPACE, 3), _PAPER, np.uint8)
    most = max(1, len(errors) - 1)
    rows = _SPACE + np.round((1 - np.clip(errors, 0, 1)) * (height - 1)).astype(int)
    columns = _LEFT + np.round(np.arange(len(errors)) / most * (wide - 1)).astype(int)
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        row, text = _SPACE + round((1 - share) * (height - 1)), f"{share:.0%}"
        image[row, _LEFT : _LEFT + wide] = _GRID
        write(image, text, min(row, image.shape[0] - TEXT) - TEXT // 2, _LEFT - _SPACE - width(text), _INK)
    for number in range(0, most + 1, -(-most // _LABELS)):
        column, text = _LEFT + round(number / most * (wide - 1)), str(number)
        image[_SPACE : _SPACE + height, column] = _GRID
        write(image, text, _SPACE + height + _SPACE, column - width(text) // 2, _INK)
    for place in range(len(errors) - 1):
        steps = max(abs(int(rows[place + 1] - rows[place])), int(columns[place + 1] - columns[place])) + 1
        down = np.round(np.linspace(rows[place], rows[place + 1], steps)).astype(int)
        right = np.round(np.linspace(columns[place], columns[place + 1], steps)).astype(int)
        for thick in (0, 1):
            image[np.minimum(down + thick, image.shape[0] - 1), right] = _LINE
    for row, column in zip(rows, columns, strict=True):
        image[max(0, row - 2) : row + 3, column - 2 : column + 3] = _LINE
    return Picture(image)
