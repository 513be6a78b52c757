"""Lesson 05: what makes a walk between two pictures smooth?

From one test digit's posterior mean to that of a different digit, in ten equal steps of the code. A walk is even if no
step changes the picture much more than the others, and direct if the steps together are not much longer than the
distance between its ends. The control is a cross-fade of the pixels, which is perfectly even and direct.
"""

from functools import partial

import torch
from torch import Tensor, nn

from experiments.digits import digits_for
from experiments.ledger import Arms, Claim, exceeds
from vae_lessons.data import binarize, to_float
from vae_lessons.losses import elbo_terms
from vae_lessons.metrics import PlausibilityJudge
from vae_lessons.models import VAE, mlp_vae
from vae_lessons.schedules import constant
from vae_lessons.training import fit, seed_everything

BETAS = (0, 0.1, 1, 4)
NORMALISED = {"plain": None, "batch_norm": nn.BatchNorm1d}
STEPS = 10
PAIRS = 2000


def between(a: Tensor, b: Tensor) -> Tensor:
    """Points on the straight lines from a to b, (N, D) each: (STEPS + 1, N, D)."""
    share = torch.linspace(0, 1, STEPS + 1)[:, None, None]
    return (1 - share) * a + share * b


@torch.no_grad()
def walks(vae: VAE, a: Tensor, b: Tensor) -> Tensor:
    """Pictures (STEPS + 1, N, P) decoded between the means of a and b."""
    codes = between(vae.encode(a)[0], vae.encode(b)[0])
    return torch.sigmoid(vae.decode(codes.flatten(0, 1))).unflatten(0, codes.shape[:2])


def describe(pictures: Tensor, judge: PlausibilityJudge) -> dict[str, float]:
    """How even, direct and plausible walks (STEPS + 1, N, P) are."""
    steps = (pictures[1:] - pictures[:-1]).norm(dim=-1)  # (STEPS, N)
    direct = (pictures[-1] - pictures[0]).norm(dim=-1)  # (N,)
    return {
        "largest": (steps.amax(0) / steps.mean(0)).mean().item(),
        "detour": (steps.sum(0) / direct).mean().item(),
        "middle": judge.share((pictures[STEPS // 2] > 0.5).float()),
        "ends": judge.share((pictures[0] > 0.5).float()),
    }


def measure(seed: int, quick: bool) -> dict[str, float]:
    digits = digits_for(quick)
    judge = PlausibilityJudge(digits.train, digits.validation, seed=seed)
    seed_everything(seed)
    first, second = torch.randint(digits.test.size, (2, 2 * PAIRS))
    differ = digits.test.labels[first] != digits.test.labels[second]
    first, second = first[differ][:PAIRS], second[differ][:PAIRS]
    x, grey = binarize(digits.test.images), to_float(digits.test.images)
    found = {"pixels": describe(between(grey[first], grey[second]), judge)}
    for name, layer in NORMALISED.items():
        for beta in BETAS:
            seed_everything(seed)
            vae = mlp_vae(16, between=layer)
            train = partial(fit, vae, digits.train, objective=elbo_terms, prepare=binarize, seed=seed, progress=False)
            train(beta=partial(constant, value=beta), epochs=3 if quick else 8)
            found[f"{name}_{beta}"] = describe(walks(vae, x[first], x[second]), judge)
    return {f"{quantity}_{model}": value for model, values in found.items() for quantity, value in values.items()}


def verdict(arms: Arms) -> str:
    """What beta and batch normalisation do to each quantity."""
    found = []
    for quantity in ("largest", "detour", "middle"):
        low, high = (arms[f"{quantity}_plain_{beta}"] for beta in (BETAS[0], BETAS[-1]))
        change = "raises" if exceeds(high, low) else "lowers" if exceeds(low, high) else "does not clearly change"
        pairs = [(arms[f"{quantity}_batch_norm_{beta}"], arms[f"{quantity}_plain_{beta}"]) for beta in BETAS]
        up, down = all(exceeds(a, b) for a, b in pairs), all(exceeds(b, a) for a, b in pairs)
        batch_norm = "raises it" if up else "lowers it" if down else "has no such effect at every beta"
        found.append(f"{quantity}: beta from {BETAS[0]} to {BETAS[-1]} {change} it, batch normalisation {batch_norm}")
    return f"depends on what smooth means; {'; '.join(found)}"


CLAIM = Claim(
    id="interpolation-smoothness",
    lesson="05_training",
    question="Does a larger KL weight, or batch normalisation, make walks between two codes smoother?",
    quantity=(
        "largest of ten steps in picture space over their mean (largest, 1 is even); length of all steps over the "
        "distance of the ends (detour, 1 is direct); share of plausible pictures halfway, at the start (middle, ends)"
    ),
    treatment="beta from 0 to 4, without and with batch normalisation",
    control="a cross-fade of the pixels (pixels), and beta = 0",
    measure=measure,
    verdict=verdict,
    order=(
        ("detour_plain_0", "detour_plain_4"),
        ("largest_plain_1", "largest_pixels"),
        ("middle_plain_1", "middle_pixels"),
    ),
)
