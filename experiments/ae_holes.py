"""Lesson 01: does the latent space of an autoencoder have holes that a VAE's has not?

Both models have the same layers, the same latent size and the same reconstruction loss. The autoencoder is sampled from
N(0, I), which nobody promised to fit, and, as the fair control, from densities fitted to its own codes.
"""

import torch
from sklearn.mixture import GaussianMixture
from torch import Tensor

from experiments.ledger import Arms, Claim, exceeds
from vae_lessons.data import binarize, mnist
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


def halfway(codes: Tensor, labels: Tensor) -> Tensor:
    """The middle between the codes of random pairs of pictures of different digits."""
    first, second = torch.randint(len(codes), (2, 2 * PICTURES))
    different = labels[first] != labels[second]
    return ((codes[first] + codes[second]) / 2)[different][:PICTURES]


@torch.no_grad()
def shares(decode, codes: Tensor, labels: Tensor, judge: PlausibilityJudge, seed: int) -> dict[str, float]:
    """The share of plausible pictures decoded from each kind of point."""
    points = {
        "prior": torch.randn(PICTURES, codes.shape[1]),
        "gaussian": fitted_density(codes, 1, seed),
        "mixture": fitted_density(codes, 10, seed),
        "halfway": halfway(codes, labels),
        "codes": codes,
    }
    return {name: judge.share(torch.sigmoid(decode(z))) for name, z in points.items()}


def measure(seed: int, quick: bool) -> dict[str, float]:
    digits = mnist()
    judge = PlausibilityJudge(digits.train, digits.validation, seed=seed)
    x, labels = binarize(digits.test.images), digits.test.labels
    values = {"real": judge.share(x)}
    for latent_dim in SIZES:
        for name, make, objective in (("ae", mlp_autoencoder, cross_entropy_terms), ("vae", mlp_vae, elbo_terms)):
            seed_everything(seed)
            model = make(latent_dim)
            epochs = 2 if quick else 10
            fit(model, digits.train, objective=objective, epochs=epochs, prepare=binarize, seed=seed, progress=False)
            with torch.no_grad():
                codes = model.encode(x)
            codes = codes[0] if name == "vae" else codes  # the means
            for kind, share in shares(model.decode, codes, labels, judge, seed).items():
                values[f"{name}_{kind}_{latent_dim}"] = share
    return values


def verdict(arms: Arms) -> str:
    """Is the VAE's prior ahead of the autoencoder, sampled naively and fairly?"""
    naive = [size for size in SIZES if exceeds(arms[f"vae_prior_{size}"], arms[f"ae_prior_{size}"])]
    fair = [size for size in SIZES if exceeds(arms[f"vae_prior_{size}"], arms[f"ae_gaussian_{size}"])]
    if fair == list(SIZES):
        return "holds"
    if naive == fair:
        return "does not hold" if not fair else f"depends on the latent size: holds for {fair}"
    return (
        "depends on where the autoencoder is sampled: the VAE is ahead for latent sizes "
        f"{naive} if it is N(0, I), and {fair or 'none'} if it is a Gaussian fitted to its codes"
    )


CLAIM = Claim(
    id="ae-holes",
    lesson="01_autoencoder",
    question="Are the points between and around an autoencoder's codes less plausible than a VAE's?",
    quantity="share of decoded points that a digit classifier recognises as surely as 95 of 100 real digits",
    treatment="VAE sampled from its prior N(0, I)",
    control="autoencoder of equal layers, latent size and loss, sampled from N(0, I) and from its own fitted density",
    measure=measure,
    verdict=verdict,
)
