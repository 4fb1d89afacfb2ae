"""What people do to videos before they post them again. All of it needs Pillow, which is an extra."""

from twinreel.errors import MissingExtra

try:
    import PIL  # noqa: F401
except ImportError as missing:
    raise MissingExtra("editing pictures", "bench") from missing
