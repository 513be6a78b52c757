"""Measures of what a trained model learned: how full the latent space is, and how plausible its pictures are."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vae_lessons.data import Images, binarize
from vae_lessons.distributions import gaussian_kl, gaussian_log_prob, mixture_log_prob, reparameterize
from vae_lessons.losses import Terms
from vae_lessons.models import conv_encoder
from vae_lessons.training import fit, seed_everything


class PosteriorBudget(NamedTuple):
    """Where the KL of a VAE goes, in nats per image: kl = mutual_information + aggregate_gap."""

    kl: float  # E_x KL(q(z|x) || p(z))
    mutual_information: float  # I(x; z) under q, at most log N for N images
    aggregate_gap: float  # KL(q(z) || p(z)), how far the cloud of all codes is from the prior


@torch.no_grad()
def posterior_budget(mu: Tensor, logvar: Tensor, *, samples: int = 10) -> PosteriorBudget:
    """Split the mean KL of N posteriors, mu and logvar (N, D), into information and distance from the prior N(0, I).

    The KL is exact. The information is E[log q(z|x) - log q(z)] by Monte Carlo with `samples` draws from each posterior,
    where q(z) is the mixture of all N. The gap is the difference. Time and memory grow with N^2.
    Source: Hoffman and Johnson 2016, "ELBO surgery", section 2.
    """
    kl = gaussian_kl(mu, logvar).sum(1).mean().item()
    mu_of_draw, logvar_of_draw = mu.repeat(samples, 1), logvar.repeat(samples, 1)  # (K * N, D)
    z = reparameterize(mu_of_draw, logvar_of_draw)
    log_ratio = gaussian_log_prob(z, mu_of_draw, logvar_of_draw).sum(1) - mixture_log_prob(z, mu, logvar)
    information = log_ratio.mean().item()
    return PosteriorBudget(kl, information, kl - information)


class PlausibilityJudge:
    """Tells which pictures a digit classifier recognises as surely as it recognises real digits.

    A picture is plausible if the classifier's largest probability reaches the level that 95 of 100 validation images
    reach. It accepts about 95 % of real digits by construction; what it does with noise, blends and halves of digits is
    in the tests. It cannot see a lack of variety: one perfect digit drawn again and again is all plausible.
    """

    def __init__(self, train: Images, validation: Images, *, seed: int = 0, epochs: int = 2):
        """Train a small convolutional classifier on black and white images (5 seconds on two cores)."""
        seed_everything(seed)
        self.classifier = nn.Sequential(conv_encoder(64, channels=16), nn.ReLU(), nn.Linear(64, 10))
        fit(self.classifier, train, objective=_class_terms, epochs=epochs, prepare=binarize, seed=seed, progress=False)
        self.threshold = self.confidence(binarize(validation.images)).quantile(0.05).item()

    @torch.no_grad()
    def confidence(self, x: Tensor) -> Tensor:
        """The largest class probability: pixels (B, P) in [0, 1] to (B,)."""
        return torch.cat([self.classifier(part).softmax(1).amax(1) for part in x.split(1000)])

    def share(self, x: Tensor) -> float:
        """The share of pictures (B, P) that are plausible, from 0 to 1."""
        return (self.confidence(x) >= self.threshold).float().mean().item()


def _class_terms(model: nn.Module, x: Tensor, labels: Tensor) -> Terms:
    return Terms(F.cross_entropy(model(x), labels, reduction="none"), x.new_zeros(len(x), 0))
