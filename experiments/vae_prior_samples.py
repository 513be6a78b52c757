"""Lesson 02: how good are pictures decoded from a VAE's prior, and how far are all its codes together from that prior?

The control decodes codes drawn from the aggregate posterior of the test images: the same decoder, fed what it was
trained on. The difference between the two is the cost of the prior being not quite where the codes are.
"""

import torch

from experiments.digits import digits_for
from experiments.ledger import Arms, Claim, comparison, exceeds
from vae_lessons.data import binarize
from vae_lessons.distributions import reparameterize
from vae_lessons.losses import elbo_terms
from vae_lessons.metrics import PlausibilityJudge, told_apart
from vae_lessons.models import mlp_vae
from vae_lessons.training import fit, seed_everything

SIZES = (2, 4, 8, 16, 32)


def measure(seed: int, quick: bool) -> dict[str, float]:
    digits = digits_for(quick)
    judge = PlausibilityJudge(digits.train, digits.validation, seed=seed)
    x = binarize(digits.test.images)
    values = {"real": judge.share(x)}
    for latent_dim in SIZES[:2] if quick else SIZES:
        seed_everything(seed)
        vae = mlp_vae(latent_dim)
        epochs = 5 if quick else 10
        fit(vae, digits.train, objective=elbo_terms, epochs=epochs, prepare=binarize, seed=seed, progress=False)
        with torch.no_grad():
            mu, logvar = vae.encode(x)
            prior = torch.randn(5000, latent_dim)
            for name, z in (("prior", prior), ("posterior", reparameterize(mu, logvar))):
                values[f"{name}_{latent_dim}"] = judge.share((vae.decode(z) > 0).float())
            codes = reparameterize(*vae.encode(binarize(digits.train.images)))
        values[f"told_apart_{latent_dim}"] = told_apart(codes, reparameterize(mu, logvar), seed=seed)
    return values


def verdict(arms: Arms) -> str:
    sizes = [size for size in SIZES if f"prior_{size}" in arms]
    worse = [size for size in sizes if exceeds(arms[f"posterior_{size}"], arms[f"prior_{size}"])]
    first, last = sizes[0], sizes[-1]
    if worse != sizes:
        return f"depends on the latent size: holds for {worse or 'none'}"
    trend = comparison(arms[f"prior_{last}"], arms[f"prior_{first}"])
    return f"holds; the prior's share with {last} latents is {trend} that with {first}"


CLAIM = Claim(
    id="vae-prior-samples",
    lesson="02_vae",
    question="Are pictures decoded from the prior less plausible than pictures decoded from where the codes are?",
    quantity=(
        "share of plausible pictures, in black and white (prior, posterior, real); share of codes and prior draws that "
        "a network tells apart (told_apart, 0.5 is guessing)"
    ),
    treatment="z from the prior N(0, I)",
    control="z from the aggregate posterior of the test images, same decoder",
    measure=measure,
    verdict=verdict,
    order=(("posterior_2", "prior_2"), ("posterior_4", "prior_4"), ("told_apart_4", "told_apart_2")),
)
