"""The terms of the ELBO per example, in nats, and the bounds and losses made of them."""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from vae_lessons.distributions import (
    bernoulli_log_likelihood,
    gaussian_kl,
    gaussian_log_prob,
    reparameterize,
    standard_normal_log_prob,
)

Likelihood = Callable[[Tensor, Tensor], Tensor]  # x (B, P) and the decoder's output (B, P) to log p(x|z) (B,)


class Terms(NamedTuple):
    """What an objective returns: the two parts of a loss, per example."""

    reconstruction: Tensor  # (B,), -log p(x|z) or another distance, summed over pixels
    kl: Tensor  # (B, D), KL(q(z_d|x) || p(z_d)); D = 0 for a model without a posterior

    def loss(self, beta: float = 1.0) -> Tensor:
        """reconstruction + beta * sum_d kl_d, (B,); with beta = 1 and a likelihood it is the negative ELBO."""
        return self.reconstruction + beta * self.kl.sum(1)


def elbo_terms(
    model: nn.Module,
    x: Tensor,
    labels: Tensor | None = None,
    *,
    likelihood: Likelihood = bernoulli_log_likelihood,
) -> Terms:
    """The negative ELBO's terms for a VAE with one sample of z per example: x (B, P). Labels are not used.

    Source: Kingma and Welling 2014, equation 10 with L = 1.
    """
    output = model(x)
    return Terms(-likelihood(x, output.logits), gaussian_kl(output.mu, output.logvar))


def squared_error(x: Tensor, x_hat: Tensor) -> Tensor:
    """sum_p (x_p - x_hat_p)^2: (B, P) to (B,)."""
    return ((x - x_hat) ** 2).sum(-1)


def squared_error_terms(model: nn.Module, x: Tensor, labels: Tensor | None = None) -> Terms:
    """The squared error of sigmoid(logits) for an autoencoder, with no KL: x (B, P). Labels are not used."""
    x_hat = torch.sigmoid(model(x).logits)
    return Terms(squared_error(x, x_hat), x.new_zeros(len(x), 0))


def cross_entropy_terms(model: nn.Module, x: Tensor, labels: Tensor | None = None) -> Terms:
    """-log p(x|z) of binary pixels for an autoencoder, with no KL: x (B, P). Labels are not used."""
    return Terms(-bernoulli_log_likelihood(x, model(x).logits), x.new_zeros(len(x), 0))


def negative_elbo(x: Tensor, logits: Tensor, mu: Tensor, logvar: Tensor, beta: float = 1.0) -> Tensor:
    """-log p(x|z) + beta * KL, summed over pixels and latents, mean over the batch: a scalar in nats per image."""
    return Terms(-bernoulli_log_likelihood(x, logits), gaussian_kl(mu, logvar)).loss(beta).mean()


def free_bits(kl: Tensor, min_nats: float) -> Tensor:
    """sum_d max(min_nats, mean_b kl_bd): (B, D) to a scalar. Source: Kingma et al. 2016."""
    return kl.mean(0).clamp(min=min_nats).sum()


@torch.no_grad()
def iwae_bound(
    model: nn.Module, x: Tensor, samples: int, *, likelihood: Likelihood = bernoulli_log_likelihood
) -> Tensor:
    """log (1/K) sum_k p(x, z_k) / q(z_k|x) with z_k ~ q(z|x), in nats: x (B, P) to (B,).

    Without gradient. A lower bound on log p(x) that grows tighter with K = samples; with K = 1 its mean is the ELBO.
    Memory is K * B * P floats. Source: Burda et al. 2016, equation 8.
    """
    mu, logvar = model.encode(x)
    z = reparameterize(mu.expand(samples, *mu.shape), logvar)  # (K, B, D)
    log_weights = (
        likelihood(x, model.decode(z)) + standard_normal_log_prob(z) - gaussian_log_prob(z, mu, logvar).sum(-1)
    )  # (K, B)
    return torch.logsumexp(log_weights, dim=0) - math.log(samples)
