"""`check(answer)` says whether an exercise is right and, if not, which mistake it looks like; `hint(task)` helps on."""

# Importing a topic registers its tasks: one line per exercise, in the order of the course.
# isort: off
from vae_lessons.checks import autoencoder, neighbors  # noqa: F401
from vae_lessons.checks import vae  # noqa: F401
from vae_lessons.checks import reparameterization, score_function  # noqa: F401
from vae_lessons.checks import kl, likelihoods, elbo, hidden_beta  # noqa: F401
from vae_lessons.checks import training, evaluation, interpolation  # noqa: F401
from vae_lessons.checks import annealing, free_bits, active_units  # noqa: F401
from vae_lessons.checks import disentanglement, pareto  # noqa: F401
from vae_lessons.checks import anomaly, detection, confusion  # noqa: F401
# isort: on

from vae_lessons.checks.core import CheckResult, Hint, check, hint, points, task_names

__all__ = ["CheckResult", "Hint", "check", "hint", "points", "task_names"]
