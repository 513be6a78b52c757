"""What the posteriors of a VAE say: which latents are in use, what the KL is spent on, how full the prior is."""

from typing import NamedTuple

import torch
from torch import Tensor

from vae_lessons.data import Images
from vae_lessons.distributions import gaussian_kl, gaussian_log_prob, mixture_log_prob, reparameterize
from vae_lessons.metrics.classifiers import fit_classifier
from vae_lessons.models import mlp
from vae_lessons.training import own_randomness


def kl_per_dimension(mu: Tensor, logvar: Tensor) -> Tensor:
    """The mean over examples of each latent's KL to N(0, 1), in nats: two of (B, D) to (D,)."""
    return gaussian_kl(mu, logvar).mean(0)


def active_units(mu: Tensor, threshold: float = 0.01) -> int:
    """How many latents have a posterior mean that varies over examples by more than `threshold`: mu is (B, D).

    Source: Burda et al. 2016, section 5.2.
    """
    return int((mu.var(dim=0, correction=0) > threshold).sum())


class PosteriorBudget(NamedTuple):
    """Where the KL of a VAE goes, in nats per image: kl = mutual_information + aggregate_gap."""

    kl: float  # E_x KL(q(z|x) || p(z))
    mutual_information: float  # I(x; z) under q, at most log N for N images
    aggregate_gap: float  # KL(q(z) || p(z)), how far the cloud of all codes is from the prior


@torch.no_grad()
def posterior_budget(mu: Tensor, logvar: Tensor, *, samples: int = 10) -> PosteriorBudget:
    """Split the mean KL of N posteriors, mu and logvar (N, D), into information and distance from the prior N(0, I).

    The KL is exact; the information is E[log q(z|x) - log q(z)] by Monte Carlo with `samples` draws per posterior; the
    gap is the rest. q(z) is the mixture of exactly these N posteriors: when the information comes near log N, the
    gap says how few they are rather than where they lie, and `told_apart` is the better measure. Time grows with N^2.
    Source: Hoffman and Johnson 2016, "ELBO surgery", section 2.
    """
    kl = gaussian_kl(mu, logvar).sum(1).mean().item()
    mu_of_draw, logvar_of_draw = mu.repeat(samples, 1), logvar.repeat(samples, 1)  # (K * N, D)
    z = reparameterize(mu_of_draw, logvar_of_draw)
    log_ratio = gaussian_log_prob(z, mu_of_draw, logvar_of_draw).sum(1) - mixture_log_prob(z, mu, logvar)
    information = log_ratio.mean().item()
    return PosteriorBudget(kl, information, kl - information)


def told_apart(train_codes: Tensor, test_codes: Tensor, *, seed: int = 0, epochs: int = 5) -> float:
    """The share of fresh codes (M, D) and as many draws of N(0, I) that a network tells apart; 0.5 is guessing.

    The network learns from codes (N, D) and N draws. By its accuracy a, the two distributions overlap by at most
    2 (1 - a), since the best possible accuracy is (1 + total variation) / 2. Source: Lopez-Paz and Oquab 2017.
    """
    with own_randomness(seed, torch.device("cpu")):
        network = mlp(train_codes.shape[1], 256, 256, 2)
        points = torch.cat([train_codes, torch.randn_like(train_codes)])
        is_code = torch.cat([torch.ones(len(train_codes)), torch.zeros(len(train_codes))]).long()
        fit_classifier(network, Images(points, is_code), prepare=torch.clone, epochs=epochs)
        prior = torch.randn_like(test_codes)
    with torch.no_grad():
        right = torch.cat([network(test_codes).argmax(1) == 1, network(prior).argmax(1) == 0])
    return right.float().mean().item()
