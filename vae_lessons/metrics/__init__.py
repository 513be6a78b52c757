"""Measures of what a trained model learned."""

from vae_lessons.metrics.plausibility import PlausibilityJudge, spoil
from vae_lessons.metrics.posteriors import (
    PosteriorBudget,
    active_units,
    kl_per_dimension,
    posterior_budget,
    told_apart,
)

__all__ = [
    "PlausibilityJudge",
    "PosteriorBudget",
    "active_units",
    "kl_per_dimension",
    "posterior_budget",
    "spoil",
    "told_apart",
]
