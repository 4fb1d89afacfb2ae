"""Library: add folders, ask what matches."""

from __future__ import annotations

from twinreel.library.adding import Adding
from twinreel.library.asking import Asking
from twinreel.library.cleaning import Cleaning
from twinreel.library.decisions import Deciding
from twinreel.library.hashes import Hashing
from twinreel.library.joining import Exchanging
from twinreel.library.meaning import Meaning
from twinreel.library.telling import Telling
from twinreel.library.whole import Wholes


class Library(Adding, Asking, Telling, Cleaning, Deciding, Exchanging, Wholes, Hashing, Meaning):
    """A library of videos: one file that remembers fingerprints, paths and matches.

        with Library(Path("videos.sqlite")) as library:
            library.add(["/films"])
            for group in library.groups(): ...
            for found in library.search("clip.mp4"): ...

    ``describer``, ``sampling``, ``aligner``, ``index``, ``verify`` and ``weights`` are remembered with the library by
    ``add``: who does not give them gets the same again. Others than before make new fingerprints and matches beside
    the old fingerprints; what is reported are the matches of the latest ``add``.

    For one thread at a time.
    """
