"""Measures of what a trained model learned: how full the latent space is, and how plausible its pictures are."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vae_lessons.data import Images, binarize
from vae_lessons.distributions import gaussian_kl, gaussian_log_prob, mixture_log_prob, reparameterize
from vae_lessons.losses import Terms
from vae_lessons.models import conv_encoder, mlp
from vae_lessons.training import fit, seed_everything


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
    gap says how few they are rather than where they lie, and `prior_gap` is the better measure. Time grows with N^2.
    Source: Hoffman and Johnson 2016, "ELBO surgery", section 2.
    """
    kl = gaussian_kl(mu, logvar).sum(1).mean().item()
    mu_of_draw, logvar_of_draw = mu.repeat(samples, 1), logvar.repeat(samples, 1)  # (K * N, D)
    z = reparameterize(mu_of_draw, logvar_of_draw)
    log_ratio = gaussian_log_prob(z, mu_of_draw, logvar_of_draw).sum(1) - mixture_log_prob(z, mu, logvar)
    information = log_ratio.mean().item()
    return PosteriorBudget(kl, information, kl - information)


class PriorGap(NamedTuple):
    """How well a classifier tells codes z ~ q(z) from draws of the prior N(0, I)."""

    accuracy: float  # from 0.5, cannot tell, to 1
    nats: float  # mean log-odds of held-out codes, an estimate of KL(q(z) || p(z)) that leans low


def prior_gap(train_codes: Tensor, test_codes: Tensor, *, seed: int = 0, epochs: int = 5) -> PriorGap:
    """Train a small network on codes (N, D) against equally many prior draws, and judge it on fresh codes (M, D).

    The log-odds of the best classifier is log q(z) - log p(z), whose mean under q is the KL.
    Source: density ratio estimation, Sugiyama et al. 2012, chapter 4; Rosca et al. 2018, section 3.
    """
    seed_everything(seed)
    network = mlp(train_codes.shape[1], 256, 256, 2)
    data = Images(
        torch.cat([train_codes, torch.randn_like(train_codes)]),
        torch.cat([torch.ones(len(train_codes)), torch.zeros(len(train_codes))]).long(),
    )
    fit(network, data, objective=_class_terms, prepare=torch.clone, epochs=epochs, seed=seed, progress=False)
    with torch.no_grad():
        of_codes, of_prior = (
            (network(z) @ torch.tensor([-1.0, 1.0])) for z in (test_codes, torch.randn_like(test_codes))
        )
    accuracy = ((of_codes > 0).float().mean() + (of_prior < 0).float().mean()) / 2
    return PriorGap(accuracy.item(), of_codes.mean().item())


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
