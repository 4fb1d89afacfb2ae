"""What a batch of edited views is trained on; see ``descriptor``."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

HIDDEN = -1e4
"""A logit that takes no part."""
NEAREST = 1e-4
"""Squared distance that the entropy regulariser tells apart at least."""


def anchored(
    vectors: Tensor, first: Tensor, second: Tensor, share: Tensor, anchors: Tensor, temperature: float
) -> Tensor:
    """Cross-entropy of views (b, d) among the anchors (m, d) of all photographs.

    ``first``, ``second`` (b,): numbers of the photographs that a view shows, the same where it shows one; ``share``
    (b,): how much of it the second is. Neither is a wrong answer for the other. Wu et al., "Unsupervised feature
    learning via non-parametric instance discrimination" (CVPR 2018), equation 2, with a memory that stays as it is.
    """
    logits = vectors @ anchors.T / temperature
    of_first = F.cross_entropy(_without(logits, second, first), first, reduction="none")
    of_second = F.cross_entropy(_without(logits, first, second), second, reduction="none")
    return ((1 - share) * of_first + share * of_second).mean()


def _without(logits: Tensor, hidden: Tensor, right: Tensor) -> Tensor:
    """Logits (b, m) in which ``hidden`` (b,) is no answer, unless it is the right one."""
    rows = torch.arange(len(logits), device=logits.device)
    result = logits.clone()
    result[rows, hidden] = torch.where(hidden == right, logits[rows, hidden], torch.full_like(logits[:, 0], HIDDEN))
    return result


def contrast_and_entropy(
    vectors: Tensor,
    first: Tensor,
    second: Tensor,
    share: Tensor,
    queue: Tensor,
    queued: Tensor,
    temperature: float,
) -> tuple[Tensor, Tensor]:
    """InfoNCE of a batch (b, d) whose rows i and i + b/2 show the same photograph, and the entropy regulariser.

    ``queue`` (q, d): earlier views of the photographs ``queued`` (q,). Views that show one photograph are neither
    negatives nor neighbours of one another. Van den Oord et al., "Representation learning with contrastive predictive
    coding" (2018), equation 4; Pizzi et al. (CVPR 2022), equation 4.
    """
    pool, ids = torch.cat([vectors, queue]), torch.cat([first, queued])
    likeness = vectors @ pool.T
    related = (first[:, None] == ids[None, :]) | (second[:, None] == ids[None, :])
    rows = torch.arange(len(vectors), device=vectors.device)
    partner = rows.roll(len(vectors) // 2)
    logits = (likeness / temperature).masked_fill(related, float("-inf"))
    logits[rows, partner] = likeness[rows, partner] / temperature
    contrast = (F.cross_entropy(logits, partner, reduction="none") * (1 - share)).mean()
    nearest = likeness.masked_fill(related, -1.0).max(dim=1).values
    entropy = -(2 - 2 * nearest).clamp(min=NEAREST).sqrt().log().mean()
    return contrast, entropy
