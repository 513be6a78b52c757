"""Check of exercise 06: how many units of the code are in use."""

from numbers import Integral
from typing import Any

import torch
from torch import Tensor

from vae_lessons.checks.core import task
from vae_lessons.checks.probe import Mistake, as_number, ask, compare_rule, strided

DEFAULT = 0.01  # the threshold that is not passed on
Trial = tuple[Tensor, float]


@task(
    "active_units",
    points=1,
    hints=(
        "A unit is active if its posterior mean changes from one image to the next. Which measure of spread, and "
        "along which axis?",
        "Take the variance of mu over the examples: one number per latent. Then count those above the threshold.",
        "mu.var(dim=0) > threshold is a row of true and false; its sum is the count, and int() or .item() makes it a "
        "Python number.",
    ),
)
def judge_active_units(answer: Any, rng: torch.Generator) -> None:
    """The number of latents whose posterior mean has a variance over examples above the threshold."""
    trials: list[Trial] = [(_means(limit, extra, rng), limit) for limit, extra in ((DEFAULT, 2), (0.5, 0), (0.001, 1))]
    _counts(answer, trials, "", UNITS_MISTAKES)
    mu = trials[0][0]
    cases: dict[str, Trial] = {
        "for float64": (mu.double(), DEFAULT),
        "for a non-contiguous mu": (strided(mu), DEFAULT),
        "for one active latent": (torch.randn(50, 1, generator=rng), DEFAULT),
        "for one latent that never changes": (torch.full((50, 1), 2.0), DEFAULT),
        "for one example": (mu[:1], DEFAULT),
        "for a collapsed code": (torch.zeros(20, 4), DEFAULT),
        "for a code in use everywhere": (3 * torch.randn(99, 5, generator=rng), DEFAULT),
    }
    for when, trial in cases.items():
        _counts(answer, [trial], " " + when, {})


def _means(threshold: float, extra: int, rng: torch.Generator) -> Tensor:
    """Means (N, D) of 4 + extra active and 8 other units, by their variance in thresholds and their exact mean.

    No two of the mistakes below count alike, and no variance is within a factor of 4 of the threshold.
    """
    active, quiet = [(4, 0), (5, 0), (30, 1.5), (60, 0)], [(0.1, 0), (0.2, 0), (0.25, -1), (5e-4, 0)]
    units = active + active[:1] * extra + quiet + [(0, mean) for mean in (2, -1, 3, 0)]
    scale, mean = torch.tensor(units)[torch.randperm(len(units), generator=rng)].T
    noise = torch.randn(90 + 10 * extra, len(units), generator=rng)
    return mean + (threshold * scale).sqrt() * (noise - noise.mean(0)) / noise.std(0)


def _variance(mu: Tensor) -> Tensor:
    return torch.tensor([sum((v - sum(c) / len(c)) ** 2 for v in c) / len(c) for c in mu.double().T.tolist()])


def _active(mu: Tensor, threshold: float) -> float:
    return float((_variance(mu) > threshold).sum())


def _counts(answer: Any, trials: list[Trial], when: str, mistakes: dict[str, Any]) -> None:
    calls = {_call(*trial) + when: trial for trial in trials}
    results = [_count(answer, *trial) for trial in trials]
    numbers = [_value(result, call) for result, call in zip(results, calls, strict=True)]
    compare_rule(numbers, calls, _active, mistakes)
    for result, call in zip(results, calls, strict=True):
        if not isinstance(result, Integral):
            raise Mistake(f"{call} returned a {type(result).__name__}, but a count is an int: return int(...).")


def _call(mu: Tensor, threshold: float) -> str:
    """How a call is shown; 0.01 is the default and is left out."""
    return f"active_units(mu of shape {tuple(mu.shape)}{'' if threshold == DEFAULT else f', {threshold}'})"


def _count(answer: Any, mu: Tensor, threshold: float) -> Any:
    given = {} if threshold == DEFAULT else {"threshold": threshold}
    return ask("active_units", answer, {"mu": mu, **given})


def _value(result: Any, call: str) -> float:
    """The count as a number, even where it is in a tensor of one number."""
    if not isinstance(result, Tensor):
        return as_number(result, call)
    if result.numel() != 1:
        shape = tuple(result.shape)
        raise Mistake(f"{call} returned a tensor of shape {shape}, but one number is expected: count the active units.")
    return float(result)


UNITS_MISTAKES: dict[str, Any] = {
    "This compares the standard deviation with the threshold: take the variance.": (
        lambda mu, limit: (mu.std(0) > limit).sum()
    ),
    "This compares the mean square with the threshold: subtract the mean first, as a variance does.": (
        lambda mu, limit: ((mu**2).mean(0) > limit).sum()
    ),
    "This counts the latents whose mean is not zero: the variance over the examples counts.": (
        lambda mu, limit: (mu.mean(0).abs() > limit).sum()
    ),
    "This counts the latents whose size |mu| is above the threshold: the variance over the examples counts.": (
        lambda mu, limit: (mu.abs().mean(0) > limit).sum()
    ),
    "The variance runs over the latents of an example: it runs over the examples, dim=0.": (
        lambda mu, limit: (mu.var(1) > limit).sum()
    ),
    "These are the inactive units: count those above the threshold.": (
        lambda mu, limit: mu.shape[1] - _active(mu, limit)
    ),
    "This is the share of active units: their number was asked.": lambda mu, limit: _active(mu, limit) / mu.shape[1],
    "The threshold is not used: it need not be 0.01.": lambda mu, limit: _active(mu, 0.01),
    "The sum of squared deviations is compared with the threshold: divide by the number of examples.": (
        lambda mu, limit: (_variance(mu) * len(mu) > limit).sum()
    ),
    "The range of mu is compared with the threshold: take the variance.": (
        lambda mu, limit: (mu.amax(0) - mu.amin(0) > limit).sum()
    ),
    "These are all units, active or not: count those whose variance is above the threshold.": (
        lambda mu, limit: mu.shape[1]
    ),
    "The square of the variance is compared with the threshold.": lambda mu, limit: (_variance(mu) ** 2 > limit).sum(),
    "This is the variance of all units added up: count the units above the threshold.": (
        lambda mu, limit: mu.var(0).sum()
    ),
}
