"""Lesson 01: does the latent space of an autoencoder have holes that a VAE's has not?

Both models have the same layers, the same latent size and the same reconstruction loss. The autoencoder is sampled from
N(0, I), which nobody promised to fit, and, as the fair control, from densities fitted to its own training codes.
Halfway points are compared with halfway points in pixel space, which use no model at all. Pictures are judged in black
and white: a pixel is ink where its probability is above one half.
"""

import torch
from sklearn.mixture import GaussianMixture
from torch import Tensor

from experiments.digits import digits_for
from experiments.ledger import Arms, Claim, comparison
from vae_lessons.data import Splits, binarize, to_float
from vae_lessons.losses import cross_entropy_terms, elbo_terms
from vae_lessons.metrics import PlausibilityJudge
from vae_lessons.models import mlp_autoencoder, mlp_vae
from vae_lessons.training import fit, seed_everything

PICTURES = 5000
SIZES = (2, 16)


def fitted_density(codes: Tensor, components: int, seed: int) -> Tensor:
    """PICTURES draws from a Gaussian mixture fitted to codes (N, D)."""
    mixture = GaussianMixture(components, reg_covar=1e-4, random_state=seed).fit(codes.double().numpy())
    return torch.as_tensor(mixture.sample(PICTURES)[0]).float()


def halfway(points: Tensor, labels: Tensor, *, same_digit: bool) -> Tensor:
    """The middle between random pairs of points (N, D), of the same digit or of different ones: at most PICTURES."""
    first, second = torch.randint(len(points), (2, 20 * PICTURES))
    chosen = (labels[first] == labels[second]) == same_digit
    return ((points[first] + points[second]) / 2)[chosen][:PICTURES]


@torch.no_grad()
def shares(model, encode, digits: Splits, judge: PlausibilityJudge, seed: int) -> dict[str, float]:
    """The share of plausible pictures decoded from each kind of point; `encode` gives codes or means."""
    train_codes = encode(binarize(digits.train.images[:20_000]))
    codes, labels = encode(binarize(digits.test.images)), digits.test.labels
    points = {
        "prior": torch.randn(PICTURES, codes.shape[1]),
        "gaussian": fitted_density(train_codes, 1, seed),
        "mixture": fitted_density(train_codes, 10, seed),
        "different": halfway(codes, labels, same_digit=False),
        "same": halfway(codes, labels, same_digit=True),
        "codes": codes,
    }
    return {name: judge.share((model.decode(z) > 0).float()) for name, z in points.items()}


def measure(seed: int, quick: bool) -> dict[str, float]:
    digits = digits_for(quick)
    judge = PlausibilityJudge(digits.train, digits.validation, seed=seed)
    seed_everything(seed)
    grey, labels = to_float(digits.test.images), digits.test.labels
    values = {"real": judge.share(binarize(digits.test.images))}
    for name, same_digit in (("different", False), ("same", True)):
        values[f"pixels_{name}"] = judge.share((halfway(grey, labels, same_digit=same_digit) > 0.5).float())
    for latent_dim in SIZES:
        for name, make, objective in (("ae", mlp_autoencoder, cross_entropy_terms), ("vae", mlp_vae, elbo_terms)):
            seed_everything(seed)
            model, epochs = make(latent_dim), 5 if quick else 10
            fit(model, digits.train, objective=objective, epochs=epochs, prepare=binarize, seed=seed, progress=False)
            encode = model.encode if name == "ae" else lambda x, vae=model: vae.encode(x)[0]
            for kind, share in shares(model, encode, digits, judge, seed).items():
                values[f"{name}_{kind}_{latent_dim}"] = share
    return values


def verdict(arms: Arms) -> str:
    """The VAE beside the autoencoder for each way of choosing points and each latent size."""
    ways = {
        "from N(0, I)": ("prior", "prior"),
        "from the VAE's N(0, I) and the autoencoder's fitted Gaussian": ("prior", "gaussian"),
        "from fitted Gaussians": ("gaussian", "gaussian"),
        "halfway between different digits": ("different", "different"),
    }
    found = [
        f"{way}: {', '.join(comparison(arms[f'vae_{v}_{size}'], arms[f'ae_{a}_{size}']) for size in SIZES)}"
        for way, (v, a) in ways.items()
    ]
    return f"depends on where one looks; the VAE with {SIZES[0]} and {SIZES[1]} latents is, " + "; ".join(found)


CLAIM = Claim(
    id="ae-holes",
    lesson="01_autoencoder",
    question="Are the points between and around an autoencoder's codes less plausible than a VAE's?",
    quantity="share of decoded points that a classifier recognises as digits as surely as 95 of 100 real ones",
    treatment="VAE, points from its prior N(0, I), from densities fitted to its codes, and halfway between codes",
    control="autoencoder of equal layers, latent size and loss, the same points; halfway points in pixel space",
    measure=measure,
    verdict=verdict,
    order=(("vae_prior_16", "ae_prior_16"), ("ae_mixture_16", "ae_prior_16"), ("real", "vae_prior_16")),
)
