"""Walks through a latent space, as pictures: between two images, and along one latent."""

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor


class Coder(Protocol):
    """What a walk needs of a model, such as `models.VAE`."""

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """mu and logvar: (B, P) to two of (B, D)."""

    def decode(self, z: Tensor) -> Tensor:
        """Logits: (B, D) to (B, P)."""


@torch.no_grad()
def interpolate(model: Coder, x_a: Tensor, x_b: Tensor, steps: int) -> Tensor:
    """Pictures decoded along the straight line between the posterior means of x_a and x_b, (P,) each: (steps, P).

    Both ends are included; pixels are probabilities in [0, 1]; without gradient. ValueError: fewer than two steps.
    """
    if steps < 2:
        raise ValueError(f"a path has two ends, so it needs at least 2 steps, got {steps}.")
    mu_a, mu_b = model.encode(torch.stack([x_a, x_b]))[0]
    share = torch.linspace(0, 1, steps).to(mu_a)[:, None]  # (steps, 1)
    return torch.sigmoid(model.decode((1 - share) * mu_a + share * mu_b))


def latent_traversal(decode: Callable[[Tensor], Tensor], z: Tensor, dim: int, values: Tensor) -> Tensor:
    """What `decode` gives for copies of z (D,) whose latent `dim` takes each of `values` (V,) in turn: (V, P)."""
    codes = z.repeat(len(values), 1)  # (V, D), a copy
    codes[:, dim] = values
    return decode(codes)
