"""Measures of what a trained model learned: how full the latent space is, and how plausible its pictures are."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vae_lessons.data import Images, binarize
from vae_lessons.distributions import gaussian_kl, gaussian_log_prob, mixture_log_prob, reparameterize
from vae_lessons.losses import Terms
from vae_lessons.models import conv_encoder, mlp
from vae_lessons.training import fit, own_randomness


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
        _fit_classifier(network, Images(points, is_code), prepare=torch.clone, epochs=epochs)
        prior = torch.randn_like(test_codes)
    with torch.no_grad():
        right = torch.cat([network(test_codes).argmax(1) == 1, network(prior).argmax(1) == 0])
    return right.float().mean().item()


class PlausibilityJudge:
    """Tells which black and white pictures a classifier recognises as digits as surely as it recognises real ones.

    The classifier knows the ten digits and an eleventh class of spoiled digits. A picture is plausible if its largest
    digit probability reaches the level that 95 of 100 validation pictures reach. What that lets through is measured in
    the tests: 94 % of real test digits, next to no clothes, noise or two digits in one, but a quarter of the digits
    that stand on their heads. It looks at one picture at a time, so it cannot see a lack of variety.
    """

    def __init__(self, train: Images, validation: Images, *, seed: int = 0, epochs: int = 2):
        """Train a small convolutional classifier on digits (labels 0 to 9): 10 seconds on two cores."""
        with own_randomness(seed, torch.device("cpu")):
            self.classifier = nn.Sequential(conv_encoder(64, channels=16), nn.ReLU(), nn.Linear(64, 11))
            labels = torch.cat([train.labels, torch.full_like(train.labels, 10)])
            data = Images(torch.cat([train.images, spoil(train.images)]), labels)
            _fit_classifier(self.classifier, data, prepare=binarize, epochs=epochs)
        self.threshold = self.confidence(binarize(validation.images)).quantile(0.05).item()

    @torch.no_grad()
    def confidence(self, x: Tensor) -> Tensor:
        """The largest digit probability: pixels (B, P), 0 or 1, to (B,)."""
        return torch.cat([self.classifier(part).softmax(1)[:, :10].amax(1) for part in x.split(1000)])

    def share(self, x: Tensor) -> float:
        """The share of pictures (B, P) that are plausible, from 0 to 1."""
        return (self.confidence(x) >= self.threshold).float().mean().item()


def spoil(images: Tensor) -> Tensor:
    """Each of the uint8 images (N, 28, 28) made into something that is no digit, in one of six ways at random."""
    other = images[torch.randperm(len(images))]
    blend = F.avg_pool2d((images.float() + other.float())[:, None] / 2, 3, stride=1, padding=1)[:, 0]
    erased, top = images.clone(), torch.randint(4, 20, (len(images), 1))
    rows = torch.arange(28)
    erased[(rows >= top) & (rows < top + 6)] = 0  # a band of six rows
    ways = [
        torch.maximum(images, other),  # two digits in one
        torch.minimum(images, other),  # what two digits share
        (255 * (blend > 90)).to(torch.uint8),  # a thick average
        torch.cat([images[:, :14], other[:, 14:]], dim=1),  # two halves, one above the other
        torch.cat([images[:, :, :14], other[:, :, 14:]], dim=2),  # two halves side by side
        erased,
    ]
    return torch.stack(ways)[torch.randint(len(ways), (len(images),)), torch.arange(len(images))]


def _fit_classifier(network: nn.Module, data: Images, *, prepare, epochs: int) -> None:
    def objective(model: nn.Module, x: Tensor, labels: Tensor) -> Terms:
        return Terms(F.cross_entropy(model(x), labels, reduction="none"), x.new_zeros(len(x), 0))

    fit(network, data, objective=objective, prepare=prepare, epochs=epochs, progress=False)
