"""twinreel finds identical, near-duplicate and partly copied videos, and says which seconds match.

from twinreel import Library
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twinreel.library import Library

__version__ = "0.1.0"
__all__ = ["Library", "__version__"]


def __getattr__(name: str) -> Any:
    # Looked up when asked for: worker processes import this package, too, and need none of what a Library needs.
    if name == "Library":
        from twinreel.library import Library

        return Library
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
