"""Gaussian and Bernoulli formulas, in nats; the only place that turns a log-variance into a standard deviation.

Axis letters in all modules: B batch, D latent dimensions, P pixels, K samples.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

LOG_2PI = math.log(2 * math.pi)


def std_from_logvar(logvar: Tensor) -> Tensor:
    """sigma = exp(logvar / 2), same shape as logvar."""
    return torch.exp(0.5 * logvar)


def reparameterize(mu: Tensor, logvar: Tensor, noise: Tensor | None = None) -> Tensor:
    """z = mu + sigma * noise, shape (B, D); noise ~ N(0, I) is drawn when it is not given.

    Source: Kingma and Welling 2014, section 2.4.
    """
    if noise is None:
        noise = torch.randn_like(mu)
    return mu + std_from_logvar(logvar) * noise


def gaussian_log_prob(x: Tensor, mean: Tensor, logvar: Tensor) -> Tensor:
    """log N(x; mean, exp(logvar)) of every element, in nats; the three shapes broadcast."""
    return -0.5 * (LOG_2PI + logvar + (x - mean) ** 2 / torch.exp(logvar))


def standard_normal_log_prob(z: Tensor) -> Tensor:
    """log N(z; 0, I) in nats: (..., D) to (...)."""
    return -0.5 * (LOG_2PI + z**2).sum(-1)


def gaussian_kl(mu: Tensor, logvar: Tensor) -> Tensor:
    """KL(N(mu, sigma^2) || N(0, 1)) = (mu^2 + sigma^2 - 1 - log sigma^2) / 2 of every dimension, in nats, (B, D).

    Source: Kingma and Welling 2014, appendix B.
    """
    return 0.5 * (mu**2 + torch.exp(logvar) - 1 - logvar)


def bernoulli_log_likelihood(x: Tensor, logits: Tensor) -> Tensor:
    """log p(x) of pixels x in {0, 1} with probability sigmoid(logits), in nats: (B, P) to (B,), summed over pixels.

    It is a likelihood only for pixels that are 0 or 1 (see `data.binarize`).
    """
    return -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(-1)


def gaussian_log_likelihood(x: Tensor, mean: Tensor, logvar: Tensor) -> Tensor:
    """log N(x; mean, exp(logvar)) summed over the last axis, in nats, constants included: (B, P) to (B,).

    logvar is a scalar, per pixel (P,), per example (B, 1) or both (B, P). A density can exceed 1: the result can be
    positive.
    """
    return gaussian_log_prob(x, mean, logvar).sum(-1)


def mixture_log_prob(z: Tensor, mu: Tensor, logvar: Tensor, *, chunk: int = 256) -> Tensor:
    """log of (1/N) sum_n N(z; mu_n, diag(exp(logvar_n))), in nats: z (S, D), mu and logvar (N, D), result (S,).

    With the posteriors of N images this is the aggregate posterior q(z). Memory is chunk * N * D floats.
    """
    parts = [
        torch.logsumexp(gaussian_log_prob(part[:, None, :], mu, logvar).sum(-1), dim=1)  # (chunk, N, D) -> (chunk,)
        for part in z.split(chunk)
    ]
    return torch.cat(parts) - math.log(len(mu))
