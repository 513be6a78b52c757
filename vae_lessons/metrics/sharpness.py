"""How sharp pictures are. Nothing here knows whether they show anything sensible."""

import math

from torch import Tensor


def gradient_energy(pictures: Tensor) -> Tensor:
    """The sum of squared differences between neighbours, across and down: square pictures (N, P) to (N,)."""
    side = math.isqrt(pictures.shape[1])
    image = pictures.reshape(-1, side, side)
    return (image.diff(dim=1) ** 2).sum((1, 2)) + (image.diff(dim=2) ** 2).sum((1, 2))


def sharpness(pictures: Tensor, originals: Tensor) -> float:
    """The mean gradient energy of pictures (N, P) in [0, 1] over that of originals (M, P); 1 means as sharp.

    Edges that are wider than one pixel lower it, and so does ink that is missing: read it beside the pictures.
    """
    return (gradient_energy(pictures).mean() / gradient_energy(originals).mean()).item()


def undecided_share(pictures: Tensor, low: float = 0.1, high: float = 0.9) -> float:
    """The share of pixels that are neither paper nor ink, between low and high: (N, P) in [0, 1] to a number."""
    return ((pictures > low) & (pictures < high)).float().mean().item()
