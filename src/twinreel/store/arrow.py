"""PyArrow, which is an extra."""

from __future__ import annotations

import importlib
from typing import Any

from twinreel.errors import MissingExtra


def pyarrow() -> tuple[Any, Any]:
    """The modules ``pyarrow`` and ``pyarrow.parquet``; MissingExtra where they are not installed."""
    try:
        return importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        raise MissingExtra("Parquet", "parquet") from error
