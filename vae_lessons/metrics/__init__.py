"""Measures of what a trained model learned."""

from vae_lessons.metrics.detection import anomaly_score, auroc, confusion, score_terms, threshold_at_fpr
from vae_lessons.metrics.disentanglement import (
    factor_gaps,
    latent_factor_information,
    mutual_information_gap,
    pareto_front,
)
from vae_lessons.metrics.plausibility import PlausibilityJudge, spoil
from vae_lessons.metrics.posteriors import (
    PosteriorBudget,
    active_units,
    kl_per_dimension,
    posterior_budget,
    told_apart,
)
from vae_lessons.metrics.sharpness import gradient_energy, sharpness, undecided_share

__all__ = [
    "PlausibilityJudge",
    "PosteriorBudget",
    "active_units",
    "anomaly_score",
    "auroc",
    "confusion",
    "factor_gaps",
    "gradient_energy",
    "kl_per_dimension",
    "latent_factor_information",
    "mutual_information_gap",
    "pareto_front",
    "posterior_budget",
    "score_terms",
    "sharpness",
    "spoil",
    "threshold_at_fpr",
    "told_apart",
    "undecided_share",
]
