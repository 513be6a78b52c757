"""Walks through latent space against a linear model, whose path is known in closed form."""

import pytest
import torch

from vae_lessons.latents import interpolate, latent_traversal


class LinearCoder:
    """The mean is 2 x, the logits are minus the code; logvar is huge, so that a sample would be far from the mean."""

    def encode(self, x):
        return 2 * x, torch.full_like(x, 20.0)

    def decode(self, z):
        return -z


def test_interpolation_is_a_straight_line_between_means():
    x_a, x_b = torch.tensor([0.0, 1.0, -1.0]), torch.tensor([1.0, 1.0, 3.0])
    pictures = interpolate(LinearCoder(), x_a, x_b, steps=5)
    share = torch.tensor([0.0, 0.25, 0.5, 0.75, 1.0])[:, None]
    torch.testing.assert_close(pictures.logit(), -2 * (x_a + share * (x_b - x_a)), atol=1e-4, rtol=1e-4)
    assert not pictures.requires_grad


def test_a_path_needs_two_ends():
    with pytest.raises(ValueError, match="at least 2 steps, got 1"):
        interpolate(LinearCoder(), torch.zeros(3), torch.ones(3), steps=1)


def test_traversal_changes_one_latent_of_a_copy():
    z, values = torch.tensor([1.0, 2.0, 3.0]), torch.tensor([-5.0, 0.0, 5.0])
    decoded = latent_traversal(lambda codes: 10 * codes, z, 1, values)
    assert decoded.tolist() == [[10.0, -50.0, 30.0], [10.0, 0.0, 30.0], [10.0, 50.0, 30.0]]
    assert z.tolist() == [1.0, 2.0, 3.0]
