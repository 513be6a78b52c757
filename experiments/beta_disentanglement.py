"""Lesson 07: does a larger beta, or a weight on the total correlation, make single latents follow single factors?

Pictures with five known factors; a small convolutional VAE trained with beta on the whole KL, or with a weight on the
total correlation alone (beta-TCVAE; weight 1 is beta 1). MIG is measured on the posterior means of all 6,144 pictures,
so that every combination of factors counts once. Three controls say what a MIG is worth: factors in random order, which
is what chance gives, the same encoder before training, and principal components of the pixels.
The network, the steps and the weights were chosen in short runs with seeds 0 and 1, which are therefore left out.
"""

import statistics

import torch
from torch import Tensor

from experiments.ledger import Arms, Claim, comparison
from vae_lessons.data import FACTOR_NAMES, Images, Splits, binarize, every_shape, shapes
from vae_lessons.losses import elbo_terms
from vae_lessons.metrics import active_units, factor_gaps, latent_factor_information
from vae_lessons.models import VAE, conv_vae
from vae_lessons.total_correlation import beta_tc_terms
from vae_lessons.training import evaluate, fit, seed_everything

BETAS, TC_WEIGHTS = (1, 4, 8, 16), (4, 16)
LATENTS, EPOCHS, BATCH, LEARNING_RATE = 6, 30, 64, 1e-2


def small_vae(seed: int) -> VAE:
    """The network of every arm, with the same first weights for one seed."""
    seed_everything(seed)
    return conv_vae(LATENTS, hidden_dim=128, side=32, channels=8)


def train(pictures: Splits, seed: int, epochs: int, *, beta: float = 1.0, tc_weight: float = 1.0) -> VAE:
    """A VAE trained with `beta` times the KL plus (tc_weight - 1) times the total correlation."""
    vae = small_vae(seed)
    fit(
        vae,
        pictures.train,
        objective=elbo_terms if tc_weight == 1 else beta_tc_terms(tc_weight),
        prepare=binarize,
        beta=lambda step: beta,
        epochs=epochs,
        batch_size=BATCH,
        learning_rate=LEARNING_RATE,
        seed=seed,
        progress=False,
    )
    return vae


@torch.no_grad()
def means(vae: VAE, x: Tensor) -> Tensor:
    return vae.encode(x)[0]


def gaps(codes: Tensor, factors: Tensor) -> dict[str, float]:
    """The gap of each factor, and their mean, the MIG."""
    per_factor = factor_gaps(*latent_factor_information(codes, factors))
    return {"mig": per_factor.mean().item()} | dict(zip(FACTOR_NAMES, per_factor.tolist(), strict=True))


def appraise(vae: VAE, pictures: Splits, every: Images) -> dict[str, float]:
    """Gaps on all pictures, the best latent's share of x and y, and the terms of the negative ELBO on test pictures."""
    codes = means(vae, binarize(every.images))
    information, entropy = latent_factor_information(codes, every.labels)
    known = (information.amax(0) / entropy)[-2:].mean().item()
    test = evaluate(vae, pictures.test, objective=elbo_terms, prepare=binarize)
    return gaps(codes, every.labels) | {
        "position_known": known,
        "rate": test.kl,
        "distortion": test.reconstruction,
        "active": active_units(codes),
    }


def controls(seed: int, trained: VAE, every: Images) -> dict[str, float]:
    """MIG of what has learned nothing about factors."""
    x, order = binarize(every.images), torch.randperm(len(every.labels))
    _, _, directions = torch.pca_lowrank(x, LATENTS, niter=4)
    return {
        "mig_shuffled": gaps(means(trained, x), every.labels[order])["mig"],
        "mig_untrained": gaps(means(small_vae(seed), x), every.labels)["mig"],
        "mig_pca": gaps(x @ directions, every.labels)["mig"],
    }


def measure(seed: int, quick: bool) -> dict[str, float]:
    pictures, every = shapes(), every_shape()
    arms = {f"beta_{beta}": {"beta": beta} for beta in BETAS} | {f"tc_{w}": {"tc_weight": w} for w in TC_WEIGHTS}
    if quick:
        arms = {name: arms[name] for name in ("beta_16", "tc_16")}
    values = {}
    for name, setting in arms.items():
        vae = train(pictures, seed, 12 if quick else EPOCHS, **setting)
        for quantity, value in appraise(vae, pictures, every).items():
            values[f"{quantity}_{name}"] = value
    return values | controls(seed, vae, every)


def verdict(arms: Arms) -> str:
    """The effect of beta beside the spread over seeds, then the total correlation's weight beside equal and no beta."""
    betas = [arm for name, arm in arms.items() if name.startswith("mig_beta_")]
    effect = max(arm["mean"] for arm in betas) - min(arm["mean"] for arm in betas)
    spread = statistics.mean(arm["std"] ** 2 for arm in betas) ** 0.5
    text = f"depends on the seed: over beta the mean MIG varies by {effect:.2f}, over seeds it spreads by {spread:.2f}"
    for one, other in (("beta_16", "beta_1"), ("tc_16", "beta_1"), ("tc_16", "beta_16")):
        if f"mig_{other}" in arms:
            text += f"; {one} is {comparison(arms[f'mig_{one}'], arms[f'mig_{other}'])} {other}"
    return f"{text}, its gap for scale {comparison(arms['scale_tc_16'], arms['scale_beta_16'])} that of beta_16"


CLAIM = Claim(
    id="beta-disentanglement",
    lesson="07_beta_vae",
    question="Does a larger beta make single latents follow single factors, and does weighing the total correlation?",
    quantity=(
        "MIG on all 6,144 pictures (mig) and the gap of each factor, from 0 to 1; share of x's and y's entropy that "
        "their best latent knows (position_known); rate and distortion on test pictures in nats; active: "
        "latents in use, of 6"
    ),
    treatment="beta 1, 4, 8 and 16 on the whole KL; a weight of 4 and 16 on the total correlation alone",
    control="factors in random order; the untrained encoder; six principal components; same network, steps and seeds",
    measure=measure,
    verdict=verdict,
    seeds=(2, 3, 4, 5, 6),
    order=(("scale_tc_16", "scale_beta_16"), ("mig_tc_16", "mig_shuffled")),
)
