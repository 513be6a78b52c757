"""Lesson 04: does the closed form of the KL agree with Monte Carlo, and what does it save?

On the posteriors that a trained VAE gives to 1,000 test digits: the closed form, and the mean of log q(z|x) - log p(z)
over K samples of z.
"""

from itertools import pairwise

import torch

from experiments.ledger import Arms, Claim
from vae_lessons.data import binarize, mnist
from vae_lessons.distributions import gaussian_kl, gaussian_log_prob, reparameterize, standard_normal_log_prob
from vae_lessons.losses import elbo_terms
from vae_lessons.models import mlp_vae
from vae_lessons.training import fit, seed_everything

SAMPLES = (1, 10, 100, 1000)


def measure(seed: int, quick: bool) -> dict[str, float]:
    digits = mnist()
    seed_everything(seed)
    vae = mlp_vae(16)
    epochs = 1 if quick else 5
    fit(vae, digits.train, objective=elbo_terms, prepare=binarize, epochs=epochs, progress=False)
    with torch.no_grad():
        mu, logvar = vae.encode(binarize(digits.test.images[:1000]))
        exact = gaussian_kl(mu, logvar).sum(1)  # (B,)
        z = reparameterize(mu.expand(max(SAMPLES), *mu.shape), logvar)  # (K, B, D)
        terms = gaussian_log_prob(z, mu, logvar).sum(-1) - standard_normal_log_prob(z)  # (K, B)
    values = {"kl": exact.mean().item()}
    for samples in SAMPLES:
        error = terms[:samples].mean(0) - exact
        values[f"error_{samples}"] = error.pow(2).mean().sqrt().item()
        values[f"bias_{samples}"] = abs(error.mean().item() / (error.std().item() / len(error) ** 0.5))
    return values


def verdict(arms: Arms) -> str:
    shrinks = all(arms[f"error_{more}"]["mean"] < arms[f"error_{few}"]["mean"] for few, more in pairwise(SAMPLES))
    unbiased = all(arms[f"bias_{samples}"]["mean"] < 2.5 for samples in SAMPLES)
    return "holds: the two agree, and one sample is off by nats" if shrinks and unbiased else "does not hold"


CLAIM = Claim(
    id="kl-closed-form",
    lesson="04_elbo",
    question="Does the closed form of the KL agree with Monte Carlo?",
    quantity="root mean squared difference per image in nats (error_K); mean difference in standard errors (bias_K)",
    treatment="closed form",
    control="mean of log q(z|x) - log p(z) over K samples",
    measure=measure,
    verdict=verdict,
    order=(("error_1", "error_10"), ("error_10", "error_100")),
)
