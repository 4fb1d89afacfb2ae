"""Verifiers by name. Those that need PyTorch are imported when one of them is asked for."""

from __future__ import annotations

from pathlib import Path

from twinreel.describe.regions import BackboneRegions
from twinreel.engine.verifying import Verification
from twinreel.errors import MissingExtra, UserError
from twinreel.match.verify import Chamfer

UNVERIFIED = "none"
PLAIN = "chamfer"
NETWORKS = ("visil", "dns", "s2vs")


def check_verifier(name: str) -> None:
    """UserError for a name that is not known."""
    known = (UNVERIFIED, PLAIN, *NETWORKS)
    if name not in known:
        raise UserError(f"there is no verifier {name!r}; there are {', '.join(known)}")


def load_verification(name: str, weights: str | None) -> Verification | None:
    """A verifier with the regions that it takes; None for ``none``.

    weights: the folder of its files; see ``networks.verifiers``. MissingExtra without PyTorch, UserError where a file
    is missing or does not fit.
    """
    check_verifier(name)
    if name == UNVERIFIED:
        return None
    if name == PLAIN:
        return Verification(BackboneRegions(), Chamfer())
    if weights is None:
        raise UserError(f"{name} needs the folder of its weights: --weights FOLDER; docs/networks.md names the files")
    try:
        from twinreel.networks.verifiers import load_verifier
    except ModuleNotFoundError as error:
        raise MissingExtra(f"the verifier {name}", "networks") from error
    return Verification(*load_verifier(name, Path(weights)))
