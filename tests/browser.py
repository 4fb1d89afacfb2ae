"""A page opened by Chromium, without a window and without a network: what is to be seen of it, and measured."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from html import escape, unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from twinreel.types import UInt8

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
SECONDS = 120
"""After which a browser that does not answer has failed."""
HEIGHT = 2400
_MEASURE = """
const frame = document.querySelector("iframe"), page = frame.contentDocument, view = frame.contentWindow;
const box = node => { const b = node.getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom]; };
const all = (path, what) => Array.from(page.querySelectorAll(path), what);
const found = {
  width: view.innerWidth,
  full_width: page.documentElement.scrollWidth,
  dark: view.matchMedia("(prefers-color-scheme: dark)").matches,
  ground: view.getComputedStyle(page.body).backgroundColor,
  ink: view.getComputedStyle(page.body).color,
  curves: all("svg", svg => Array.from(svg.querySelectorAll("path[class^=run]"), path =>
    [path.getTotalLength(), view.getComputedStyle(path).stroke])),
  labels: all("svg", svg => Array.from(svg.querySelectorAll("text"), text => [text.textContent, box(text)])),
  tables: all("table", table => [box(table), table.parentNode.clientWidth, table.parentNode.scrollWidth]),
  cells: all("td", cell => [cell.scrollWidth, cell.clientWidth]),
  blocks: all("h1, h2, p, svg, figcaption, .wide, .pair > *", block => [block.tagName, box(block)]),
  images: all("img", image => [image.complete, image.naturalWidth]),
  loaded: [...performance.getEntriesByType("resource"), ...view.performance.getEntriesByType("resource")].map(
    one => one.name),
};
document.getElementById("found").textContent = JSON.stringify(found);
"""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What a browser makes of a page."""

    found: dict[str, Any]
    """Measured in the page; boxes are left, top, right, bottom in pixels."""
    picture: UInt8
    """(h, width, 3) its top."""


def browser() -> str:
    """A Chromium. Skips where there is none; where TWINREEL_CHROMIUM names one, its absence is a failure."""
    named = os.environ.get("TWINREEL_CHROMIUM")
    found = next(filter(None, map(shutil.which, [named] if named else NAMES)), None)
    if found is None:
        missing = pytest.fail if named else pytest.skip
        missing(f"needs {named or 'Chromium'}")
    return found


def seen(page: str, width: int, folder: Path, *, dark: bool = False) -> Seen:
    """The page as it is at a width of so many pixels.

    It is shown in a frame, since windows have a least width that phones do not have.
    """
    held, picture = folder / "held.html", folder / "seen.png"
    held.write_text(
        '<!doctype html><meta charset="utf-8"><style>:root{color-scheme:light dark}body{margin:0}</style>'
        f'<iframe srcdoc="{escape(page)}" style="border:0;width:{width}px;height:{HEIGHT}px"></iframe>'
        f'<pre id="found" hidden></pre><script>addEventListener("load", () => {{{_MEASURE}}});</script>',
        encoding="utf-8",
    )
    words = [
        *(browser(), "--headless", "--disable-gpu", "--no-sandbox", "--hide-scrollbars"),
        *("--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={folder / 'profile'}"),
        *(f"--window-size={max(width, 500)},{HEIGHT}", f"--blink-settings=preferredColorScheme={int(not dark)}"),
        *(f"--screenshot={picture}", "--dump-dom", held.as_uri()),
    ]
    done = subprocess.run(words, capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 0, done.stderr
    measured = re.search(r'<pre id="found" hidden="">(.*?)</pre>', done.stdout, re.DOTALL)
    assert measured and measured[1], done.stdout[-2000:]
    pixels = np.asarray(Image.open(picture).convert("RGB"))[:, :width]
    return Seen(json.loads(unescape(measured[1])), pixels)
