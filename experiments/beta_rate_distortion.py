"""Lesson 07: what does a factor beta of the KL buy, and what does it cost?

The same network is trained on black and white digits with the loss distortion + beta * rate, where the distortion is
the reconstruction term and the rate the KL. All models are judged alike, on test digits: rate, distortion, their sum
(the negative ELBO, in which beta is 1 whatever was trained with), and how many latents are in use.
"""

from itertools import pairwise

import torch

from experiments.digits import digits_for
from experiments.ledger import Arms, Claim, exceeds
from vae_lessons.data import Splits, binarize
from vae_lessons.losses import elbo_terms
from vae_lessons.metrics import active_units
from vae_lessons.models import mlp_vae
from vae_lessons.training import evaluate, fit, seed_everything

BETAS = (0.1, 0.25, 0.5, 1, 2, 4, 8)
LATENTS, EPOCHS = 16, 8


def trade(digits: Splits, beta: float, seed: int, epochs: int) -> dict[str, float]:
    """Train with one beta; the four measures on the test digits."""
    seed_everything(seed)
    vae = mlp_vae(LATENTS)
    fit(
        vae,
        digits.train,
        objective=elbo_terms,
        prepare=binarize,
        beta=lambda step: beta,
        epochs=epochs,
        seed=seed,
        progress=False,
    )
    test = evaluate(vae, digits.test, objective=elbo_terms, prepare=binarize)
    with torch.no_grad():
        mu, _ = vae.encode(binarize(digits.test.images))
    return {
        "rate": test.kl,
        "distortion": test.reconstruction,
        "negative_elbo": test.loss,
        "active": active_units(mu),
    }


def measure(seed: int, quick: bool) -> dict[str, float]:
    digits = digits_for(quick)
    values = {}
    for beta in BETAS[::3] if quick else BETAS:
        for name, value in trade(digits, beta, seed, 2 if quick else EPOCHS).items():
            values[f"{name}_{beta:g}"] = value
    return values


def verdict(arms: Arms) -> str:
    """Whether each step in beta lowers the rate and raises the distortion, and which beta has the best ELBO."""
    betas = [name.removeprefix("rate_") for name in arms if name.startswith("rate_")]
    trades = all(exceeds(arms[f"rate_{a}"], arms[f"rate_{b}"]) for a, b in pairwise(betas)) and all(
        exceeds(arms[f"distortion_{b}"], arms[f"distortion_{a}"]) for a, b in pairwise(betas)
    )
    best = min(betas, key=lambda beta: arms[f"negative_elbo_{beta}"]["mean"])
    worse = [b for b in betas if exceeds(arms[f"negative_elbo_{b}"], arms[f"negative_elbo_{best}"])]
    rivals = [b for b in betas if b not in (best, *worse)]
    elbo = f"the best ELBO is that of beta {best}" + (
        f", not clearly better than {', '.join(rivals)}" if rivals else ""
    )
    return f"holds; {elbo}" if trades else f"does not hold at every step; {elbo}"


CLAIM = Claim(
    id="beta-rate-distortion",
    lesson="07_beta_vae",
    question="Does a larger beta trade rate for distortion, and is the best ELBO that of beta = 1?",
    quantity=(
        "on test digits, in nats per image: rate (KL), distortion (reconstruction term), negative_elbo (their sum); "
        "active: latents in use, of 16"
    ),
    treatment="beta from 0.1 to 8 in training",
    control="beta = 1, the ELBO itself; same network, data, steps and seeds",
    measure=measure,
    verdict=verdict,
    order=(
        ("rate_0.1", "rate_1"),
        ("rate_1", "rate_8"),
        ("distortion_8", "distortion_1"),
        ("distortion_1", "distortion_0.1"),
        ("negative_elbo_8", "negative_elbo_1"),
    ),
)
