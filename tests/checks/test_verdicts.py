"""Every right answer passes and every wrong one fails with a sentence of its own, whatever the seed."""

import answers_annealing  # noqa: F401
import answers_anomaly  # noqa: F401
import answers_disentanglement  # noqa: F401
import answers_elbo  # noqa: F401
import answers_functions  # noqa: F401  (registers its answers)
import answers_interpolation  # noqa: F401
import answers_modules  # noqa: F401
import answers_reparameterization  # noqa: F401
import answers_training  # noqa: F401
import pytest
from catalogue import RIGHT, WRONG

from vae_lessons.checks import check, points, task_names

SEEDS = range(20)


def _cases(catalogue):
    return [pytest.param(task, *rest, id=f"{task}-{name}") for task in catalogue for name, *rest in catalogue[task]]


@pytest.mark.parametrize(("task", "answer"), _cases(RIGHT))
def test_right_answers_pass(task, answer):
    for seed in SEEDS:
        result = check(answer, seed=seed)
        assert result.passed, (seed, str(result))
        assert (result.task, result.points) == (task, points(task))


@pytest.mark.parametrize(("task", "answer", "phrase"), _cases(WRONG))
def test_wrong_answers_fail_by_name(task, answer, phrase):
    for seed in SEEDS:
        result = check(answer, seed=seed)
        assert (result.task, result.outcome, result.points) == (task, "failed", 0), (seed, str(result))
        assert phrase in result.message, (seed, result.message)


def test_every_task_has_answers_of_both_kinds():
    for task in task_names():
        assert len(RIGHT[task]) >= 3 and len(WRONG[task]) >= 6, task
