"""Other people's networks beside the PyTorch that is installed: timm, and the torchvision that it imports.

torchvision's wheels on PyPI are built for graphics cards. Beside a PyTorch for processors alone their operators cannot
be loaded, and two of them are referred to as soon as torchvision is imported, which fails at that. Nothing here calls
any of them, so they are declared, and all that is written in Python can be used.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

import torch

from twinreel.errors import MissingExtra

_library: Any = torch.library.Library
_DECLARED = _library("torchvision", "FRAGMENT")
"""Operators stay declared as long as this lives."""


def mend_torchvision() -> None:
    """Makes torchvision importable, where it is installed and its operators are not those of this PyTorch."""
    try:
        importlib.import_module("torchvision")
    except ModuleNotFoundError:
        return
    except RuntimeError:
        for module in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[module]
        for operator in ("nms", "qnms"):
            _DECLARED.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        importlib.import_module("torchvision")


def timm_for(what: str) -> Any:
    """timm; MissingExtra where it is not installed. what: that needs it."""
    mend_torchvision()
    try:
        return importlib.import_module("timm")
    except ImportError as error:
        raise MissingExtra(what, "isc") from error
