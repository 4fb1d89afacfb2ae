"""twinreel finds identical, near-duplicate and partly copied videos, and says which seconds match."""

__version__ = "0.1.0"
