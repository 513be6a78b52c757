"""Lesson 07: does a larger beta blur what a VAE draws?

Sharpness is the gradient energy of the decoded probabilities over that of the original black and white digits: 1 is as
sharp as they are. The originals averaged over 3 x 3 pixels show what the number means. Reconstructions are decoded from
posterior means, samples from the prior. A sharp picture need not be a good one, so the samples are judged as well: in
black and white, by a classifier. An autoencoder of equal layers reconstructs without any KL, and is sampled from a
Gaussian fitted to its training codes.
"""

from itertools import pairwise

import torch
from torch import Tensor
from torch.nn import functional as F

from experiments.digits import digits_for
from experiments.ledger import Arms, Claim, comparison, exceeds
from vae_lessons.data import Splits, binarize
from vae_lessons.losses import cross_entropy_terms, elbo_terms
from vae_lessons.metrics import PlausibilityJudge, sharpness, undecided_share
from vae_lessons.models import mlp_autoencoder, mlp_vae
from vae_lessons.training import fit, seed_everything

BETAS = (0.1, 1, 2, 8)
LATENTS, EPOCHS, PICTURES = 16, 8, 5000


def softened(x: Tensor) -> Tensor:
    """Each pixel replaced by the mean of its 3 x 3 neighbourhood: (N, 784) to (N, 784)."""
    return F.avg_pool2d(x.reshape(-1, 1, 28, 28), 3, stride=1, padding=1).flatten(1)


def prior_like(codes: Tensor) -> Tensor:
    """PICTURES draws from a Gaussian with the mean and covariance of codes (N, D)."""
    return torch.distributions.MultivariateNormal(codes.mean(0), torch.cov(codes.T)).sample((PICTURES,))


@torch.no_grad()
def appraise(decode, codes: Tensor, z: Tensor, x: Tensor, judge: PlausibilityJudge) -> dict[str, float]:
    """Reconstructions decoded from codes of x, and samples decoded from z: how sharp, how undecided, how plausible."""
    reconstructions, samples = torch.sigmoid(decode(codes)), torch.sigmoid(decode(z))
    return {
        "reconstruction": sharpness(reconstructions, x),
        "sample": sharpness(samples, x),
        "undecided_reconstruction": undecided_share(reconstructions),
        "undecided_sample": undecided_share(samples),
        "plausible": judge.share((samples > 0.5).float()),
    }


def trained(model, digits: Splits, objective, seed: int, epochs: int, beta: float = 1.0):
    """`model` after training, with the same seed for the batches and the noise in every arm."""
    fit(
        model,
        digits.train,
        objective=objective,
        prepare=binarize,
        beta=lambda step: beta,
        epochs=epochs,
        seed=seed,
        progress=False,
    )
    return model


def measure(seed: int, quick: bool) -> dict[str, float]:
    digits = digits_for(quick)
    x, epochs = binarize(digits.test.images), 2 if quick else EPOCHS
    judge = PlausibilityJudge(digits.train, digits.validation, seed=seed)
    values = {"softened": sharpness(softened(x), x), "plausible_real": judge.share(x)}
    seed_everything(seed)
    autoencoder = trained(mlp_autoencoder(LATENTS), digits, cross_entropy_terms, seed, epochs)
    with torch.no_grad():
        train_codes, codes = autoencoder.encode(binarize(digits.train.images)), autoencoder.encode(x)
    found = {"ae": appraise(autoencoder.decode, codes, prior_like(train_codes), x, judge)}
    for beta in BETAS[::3] if quick else BETAS:
        seed_everything(seed)
        vae = trained(mlp_vae(LATENTS), digits, elbo_terms, seed, epochs, beta)
        with torch.no_grad():
            mu, _ = vae.encode(x)
        found[f"{beta:g}"] = appraise(vae.decode, mu, torch.randn(PICTURES, LATENTS), x, judge)
    return values | {f"{kind}_{name}": value for name, kinds in found.items() for kind, value in kinds.items()}


def verdict(arms: Arms) -> str:
    betas = [name.removeprefix("sample_") for name in arms if name.startswith("sample_") and name != "sample_ae"]
    low, high = betas[0], betas[-1]
    blurs = all(exceeds(arms[f"reconstruction_{a}"], arms[f"reconstruction_{b}"]) for a, b in pairwise(betas))
    samples = comparison(arms[f"sample_{high}"], arms[f"sample_{low}"])
    plausible = comparison(arms[f"plausible_{high}"], arms[f"plausible_{low}"])
    return (
        f"reconstructions: {'holds at every step of beta' if blurs else 'does not hold at every step'}; "
        f"the sharpness of samples with beta {high} is {samples} that with {low}, their plausible share {plausible}"
    )


CLAIM = Claim(
    id="beta-blur",
    lesson="07_beta_vae",
    question="Does a larger beta blur reconstructions and samples, and are the sharper samples the better ones?",
    quantity=(
        "gradient energy of decoded probabilities over that of the test digits (reconstruction, sample, softened); "
        "share of pixels between 0.1 and 0.9 (undecided); share of plausible samples, in black and white (plausible)"
    ),
    treatment="VAE trained with beta from 0.1 to 8; samples from N(0, I)",
    control=(
        "autoencoder of equal layers, sampled from a Gaussian fitted to its codes; the test digits themselves, and the "
        "same averaged over 3 x 3 pixels"
    ),
    measure=measure,
    verdict=verdict,
    seeds=(0, 1, 2),
    order=(
        ("reconstruction_0.1", "reconstruction_8"),
        ("reconstruction_ae", "reconstruction_8"),
    ),
)
