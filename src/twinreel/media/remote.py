"""Files that are no files of this machine: URLs, read through fsspec in ranges."""

from __future__ import annotations

# ruff: noqa: PTH100
import os
import re

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


def is_remote(path: str) -> bool:
    """Is it a URL (``s3://bucket/film.mp4``) and no path of this machine?"""
    return _URL.match(path) is not None


def absolute(path: str) -> str:
    """The absolute path; a URL is one."""
    return path if is_remote(path) else os.path.abspath(path)
