"""Lesson 04: how far below log p(x) are the ELBO and the IWAE bound?

A linear VAE on digits, where log p(x) is known exactly, with three posteriors: the exact one (from the closed form),
the one that a learned encoder gives after gradient training, and the exact one made too wide on purpose.
"""

import torch
from torch import Tensor

from experiments.ledger import Arms, Claim, exceeds
from vae_lessons.data import Images, mnist, to_float
from vae_lessons.distributions import gaussian_log_likelihood
from vae_lessons.losses import elbo_terms, iwae_bound
from vae_lessons.models import LinearVAE, fit_linear_vae
from vae_lessons.training import fit, seed_everything

LATENTS, SAMPLES = 16, (1, 10, 100)


def train(train: Images, seed: int, epochs: int) -> LinearVAE:
    """The linear VAE trained by gradient, from random weights."""

    def objective(model: LinearVAE, x: Tensor, labels: Tensor):
        return elbo_terms(model, x, likelihood=likelihood_of(model))

    seed_everything(seed)
    vae = LinearVAE(784, LATENTS)
    fit(vae, train, objective=objective, prepare=to_float, epochs=epochs, learning_rate=2e-3, progress=False)
    return vae


def likelihood_of(vae: LinearVAE):
    return lambda x, mean: gaussian_log_likelihood(x, mean, vae.noise_logvar)


@torch.no_grad()
def gaps(vae: LinearVAE, x: Tensor) -> dict[str, float]:
    """log p(x) minus the bound, mean over x, for K = 1 (the ELBO), 10 and 100."""
    exact = vae.exact_log_likelihood(x).mean()
    return {f"k{k}": (exact - iwae_bound(vae, x, k, likelihood=likelihood_of(vae)).mean()).item() for k in SAMPLES}


def measure(seed: int, quick: bool) -> dict[str, float]:
    digits = mnist()
    x_train, x = to_float(digits.train.images), to_float(digits.test.images[:1000])
    optimum = fit_linear_vae(x_train.double(), LATENTS).float()
    trained = train(digits.train, seed, epochs=2 if quick else 20)
    wide = fit_linear_vae(x_train.double(), LATENTS).float()
    wide.logvar.data += 1.0
    torch.manual_seed(seed)
    values = {
        f"{name}_{k}": gap
        for name, vae in (("exact", optimum), ("trained", trained), ("wide", wide))
        for k, gap in gaps(vae, x).items()
    }
    with torch.no_grad():
        missing = optimum.exact_log_likelihood(x_train).mean() - trained.exact_log_likelihood(x_train).mean()
    return values | {"optimum_minus_trained": missing.item()}


def verdict(arms: Arms) -> str:
    zero = all(abs(arms[f"exact_k{k}"]["mean"]) < 0.01 for k in SAMPLES)
    shrinks = exceeds(arms["wide_k1"], arms["wide_k10"]) and exceeds(arms["wide_k10"], arms["wide_k100"])
    return "holds: no gap with the exact posterior, a gap that shrinks with K otherwise" if zero and shrinks else "no"


CLAIM = Claim(
    id="elbo-gap",
    lesson="04_elbo",
    question="Is the ELBO's distance from log p(x) the fault of the posterior, and does the IWAE bound close it?",
    quantity="log p(x) minus the bound, in nats per image; k1 is the ELBO, k10 and k100 the IWAE bound",
    treatment="posteriors that are not exact: learned by gradient, or too wide",
    control="the exact posterior of the linear VAE",
    measure=measure,
    verdict=verdict,
    order=(("wide_k1", "wide_k10"), ("wide_k10", "wide_k100"), ("trained_k1", "exact_k1")),
)
