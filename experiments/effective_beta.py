"""Lesson 04: does the way of averaging hide a beta?

The same network is trained with "beta = 1" under four reductions: sum or mean over pixels, sum or mean over latents.
The control sums both and multiplies the KL by the beta that the reduction hides, pixels / latents and so on.
"""

import math

import torch
from torch import Tensor, nn

from experiments.digits import digits_for
from experiments.ledger import Arms, Claim, exceeds
from vae_lessons.data import binarize
from vae_lessons.losses import Terms, elbo_terms
from vae_lessons.models import mlp_vae
from vae_lessons.training import evaluate, fit, seed_everything

PIXELS, LATENTS = 784, 16
REDUCTIONS = {  # name: (divisor of the reconstruction, divisor of the KL)
    "sum_sum": (1, 1),
    "sum_mean": (1, LATENTS),
    "mean_mean": (PIXELS, LATENTS),
    "mean_sum": (PIXELS, 1),
}


def kl_after_training(seed: int, reconstruction_divisor: float, kl_divisor: float, quick: bool) -> float:
    """KL on the test digits, in nats per image, whatever was minimised."""

    def objective(model: nn.Module, x: Tensor, labels: Tensor) -> Terms:
        terms = elbo_terms(model, x)
        return Terms(terms.reconstruction / reconstruction_divisor, terms.kl / kl_divisor)

    digits = digits_for(quick)
    seed_everything(seed)
    vae = mlp_vae(LATENTS)
    fit(vae, digits.train, objective=objective, prepare=binarize, epochs=2 if quick else 5, progress=False)
    return evaluate(vae, digits.test, objective=elbo_terms, prepare=binarize).kl


def measure(seed: int, quick: bool) -> dict[str, float]:
    torch.manual_seed(seed)
    values = {}
    for name, (of_reconstruction, of_kl) in REDUCTIONS.items():
        values[name] = kl_after_training(seed, of_reconstruction, of_kl, quick)
        values[f"control_{name}"] = kl_after_training(seed, 1, of_kl / of_reconstruction, quick)
    return values


def verdict(arms: Arms) -> str:
    """Holds that it hides one, if the reductions differ and each agrees with the sum that has its hidden beta."""
    differ = exceeds(arms["sum_mean"], arms["sum_sum"]) and exceeds(arms["sum_sum"], arms["mean_mean"])
    explained = all(
        math.isclose(arms[name]["mean"], arms[f"control_{name}"]["mean"], rel_tol=0.1, abs_tol=0.1)
        for name in REDUCTIONS
    )
    return "holds" if differ and explained else "does not hold"


CLAIM = Claim(
    id="effective-beta",
    lesson="04_elbo",
    question='Does averaging over pixels or latents hide a beta in a loss with "beta = 1"?',
    quantity="KL on the test digits in nats per image, after training",
    treatment="mean over pixels, over latents, or both, with beta = 1",
    control="sums over both, with the beta that the averaging hides",
    measure=measure,
    verdict=verdict,
    order=(("sum_mean", "sum_sum"), ("sum_sum", "mean_mean"), ("mean_mean", "mean_sum")),
)
