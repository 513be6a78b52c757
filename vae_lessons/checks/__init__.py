"""`check(answer)` says whether an exercise is right and, if not, which mistake it looks like; `hint(task)` helps on."""

from vae_lessons.checks import autoencoder, neighbors, vae  # noqa: F401  (importing a topic registers its tasks)
from vae_lessons.checks.core import CheckResult, Hint, check, hint, points, task_names

__all__ = ["CheckResult", "Hint", "check", "hint", "points", "task_names"]
