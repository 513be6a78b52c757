"""Results that are numbers, infinities among candidate mistakes, and quantile bands against NumPy's rules."""

import math

import numpy as np
import pytest
import torch

from vae_lessons.checks import check
from vae_lessons.checks.detection import _at_level
from vae_lessons.checks.probe import Mistake, as_number, compare_number, same

RULES = ["linear", "lower", "higher", "nearest", "midpoint", "inverted_cdf", "averaged_inverted_cdf", "hazen"]
RULES += ["closest_observation", "interpolated_inverted_cdf", "weibull", "median_unbiased", "normal_unbiased"]
LATER_TASKS = ["latent_traversal", "mutual_information_gap", "pareto_front"]
LATER_TASKS += ["anomaly_score", "threshold_at_fpr", "auroc", "confusion"]


@pytest.mark.parametrize("value", [0.5, 1, np.float32(0.5), np.float64(2.0), np.int64(3), math.nan, math.inf])
def test_python_and_numpy_numbers_are_numbers(value):
    assert as_number(value, "f()") == pytest.approx(float(value), nan_ok=True)


@pytest.mark.parametrize(
    ("value", "phrase"),
    [
        (torch.tensor(0.5), ".item() turns a tensor"),
        (torch.ones(3), "shape (3,), but a Python float is expected."),
        (True, "returned a bool"),
        ("0.5", "returned a str"),
        (np.ones(2), "returned a ndarray"),
        (1j, "returned a complex"),
    ],
)
def test_other_results_are_named(value, phrase):
    with pytest.raises(Mistake) as mistake:
        as_number(value, "f()")
    assert phrase in str(mistake.value)


def test_a_wrong_number_names_the_candidate_that_matches():
    compare_number(0.30000001, 0.3, [("Never.", 0.3)], call="f()")
    with pytest.raises(Mistake, match=r"f\(\) gave 0.6, expected 0.3. Twice."):
        compare_number(0.6, 0.3, [("Half.", 0.15), ("Twice.", 0.6), ("Late.", 0.6)], call="f()")
    with pytest.raises(Mistake, match=r"f\(\) gave nan, expected 0.3.$"):
        compare_number(math.nan, 0.3, [("Never.", math.nan)], call="f()")


def test_an_infinite_candidate_matches_only_itself():
    infinite = torch.tensor([1.0, math.inf])
    assert same(infinite, infinite.clone())
    assert not same(torch.tensor([1.0, 2.0]), infinite)
    assert not same(torch.tensor([3.0, math.inf]), infinite)


@pytest.mark.parametrize("count", [1, 2, 7, 20, 99, 200])
@pytest.mark.parametrize("fpr", [0.0, 0.01, 0.05, 0.1, 0.25, 1 / 3, 0.5, 0.8])
def test_every_common_quantile_rule_is_inside_the_band_and_far_scores_are_not(count, fpr):
    scores = torch.randn(count, generator=torch.Generator().manual_seed(count)).double()
    for rule in RULES:
        assert _at_level(np.quantile(scores.numpy(), 1 - fpr, method=rule), scores, 1 - fpr), rule
    ordered = scores.sort().values.tolist()
    for place, score in enumerate(ordered):
        if abs(place - (count - 1) * (1 - fpr)) > 2:
            assert not _at_level(score, scores, 1 - fpr), (place, score)


@pytest.mark.parametrize("task", LATER_TASKS)
def test_a_placeholder_is_not_attempted(task):
    def raises(*_):
        raise NotImplementedError

    for stub in (raises, lambda *_: None, lambda *_: ...):
        stub.__name__ = task
        assert check(stub).outcome == "not attempted"
