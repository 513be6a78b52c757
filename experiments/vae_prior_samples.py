"""Lesson 02: how good are pictures decoded from a VAE's prior, and how far are all its codes together from that prior?

The control decodes codes drawn from the aggregate posterior of the test images: the same decoder, fed what it was
trained on. The difference between the two is the cost of the prior being not quite where the codes are.
"""

import torch

from experiments.ledger import Arms, Claim, exceeds
from vae_lessons.data import binarize, mnist
from vae_lessons.distributions import reparameterize
from vae_lessons.losses import elbo_terms
from vae_lessons.metrics import PlausibilityJudge, prior_gap
from vae_lessons.models import mlp_vae
from vae_lessons.training import fit, seed_everything

SIZES = (2, 4, 8, 16, 32)


def measure(seed: int, quick: bool) -> dict[str, float]:
    digits = mnist()
    judge = PlausibilityJudge(digits.train, digits.validation, seed=seed)
    x = binarize(digits.test.images)
    values = {"real": judge.share(x)}
    for latent_dim in SIZES[:2] if quick else SIZES:
        seed_everything(seed)
        vae = mlp_vae(latent_dim)
        epochs = 2 if quick else 10
        fit(vae, digits.train, objective=elbo_terms, epochs=epochs, prepare=binarize, seed=seed, progress=False)
        with torch.no_grad():
            mu, logvar = vae.encode(x)
            prior = torch.randn(5000, latent_dim)
            for name, z in (("prior", prior), ("posterior", reparameterize(mu, logvar))):
                values[f"{name}_{latent_dim}"] = judge.share(torch.sigmoid(vae.decode(z)))
            codes = reparameterize(*vae.encode(binarize(digits.train.images)))
        gap = prior_gap(codes, reparameterize(mu, logvar), seed=seed)
        values[f"told_apart_{latent_dim}"], values[f"gap_{latent_dim}"] = gap
    return values


def verdict(arms: Arms) -> str:
    sizes = [size for size in SIZES if f"prior_{size}" in arms]
    worse = [exceeds(arms[f"posterior_{size}"], arms[f"prior_{size}"]) for size in sizes]
    if not all(worse):
        return "depends on the latent size" if any(worse) else "does not hold"
    return "holds"


CLAIM = Claim(
    id="vae-prior-samples",
    lesson="02_vae",
    question="Are pictures decoded from the prior less plausible than pictures decoded from where the codes are?",
    quantity=(
        "share of plausible pictures (prior, posterior, real); share of codes and prior draws that a classifier tells "
        "apart (told_apart, 0.5 is chance); estimate of KL(q(z) || p(z)) in nats (gap)"
    ),
    treatment="z from the prior N(0, I)",
    control="z from the aggregate posterior of the test images, same decoder",
    measure=measure,
    verdict=verdict,
)
