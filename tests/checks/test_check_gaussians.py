"""The tools behind the checks of exercises 03 and 04, their placeholders, and answers that no list holds."""

import pytest
import torch

from vae_lessons.checks import check, points
from vae_lessons.checks.formulas import written_out
from vae_lessons.checks.noise import noise_fault

POINTS = {
    "reparameterize": 2,
    "sample_posterior": 2,
    "score_function_gradient": 3,
    "gaussian_kl": 2,
    "bernoulli_log_likelihood": 2,
    "gaussian_log_likelihood": 2,
    "negative_elbo": 3,
    "effective_beta": 2,
}


def _raises(*_):
    raise NotImplementedError("write your answer here")


@pytest.mark.parametrize("task", POINTS)
@pytest.mark.parametrize("stub", [_raises, lambda *_: None, lambda *_: ...])
def test_a_placeholder_is_not_attempted(task, stub):
    stub.__name__ = task
    result = check(stub)
    assert (result.outcome, result.points) == ("not attempted", 0), str(result)


@pytest.mark.parametrize("task", POINTS)
def test_points(task):
    assert points(task) == POINTS[task]


def test_standard_normal_noise_has_no_fault_and_a_little_more_has():
    rng = torch.Generator().manual_seed(0)
    for _ in range(100):
        noise = torch.randn(2000, 8, generator=rng)
        assert noise_fault(noise) is None
        assert "standard deviation is 1.1" in noise_fault(1.1 * noise)
        assert "Its mean is" in noise_fault(noise + 0.1)


def test_a_formula_is_read_back_from_its_values():
    a, b = torch.randn(2, 6, generator=torch.Generator().manual_seed(0))
    terms = {"a": a, "b": b, "1": torch.ones(6)}
    assert written_out(a - 0.5 * b + 2, terms) == "a - 0.5 b + 2"
    assert written_out(-a, terms) == "- a"
    assert written_out(0 * a, terms) == "0"
    assert written_out(a * b, terms) is None
    assert written_out(a[:4], terms) is None
    assert written_out(a / 0, terms) is None


def _gradient(weigh, n_used=lambda n: n):
    def score_function_gradient(f, mu, logvar, n):
        z = mu + (logvar / 2).exp() * torch.randn(n_used(n), len(mu))
        return (weigh(f(z))[:, None] * (z - mu) / logvar.exp()).mean(0)

    return score_function_gradient


def _smallest_of_the_others(value):
    return value - torch.stack([torch.cat([value[:i], value[i + 1 :]]).min() for i in range(len(value))])


@pytest.mark.parametrize(
    ("weigh", "passed"),
    [
        (lambda value: value - 3.0, True),
        (_smallest_of_the_others, True),
        (lambda value: value - value.min(), False),
        (lambda value: value - value.median(), False),
        (lambda value: value.clamp(max=2.5), False),
        (lambda value: value.argsort().argsort().to(value), False),
    ],
)
def test_a_baseline_passes_where_the_gradient_stays_unbiased(weigh, passed):
    for seed in range(10):
        result = check(_gradient(weigh), seed=seed)
        assert result.passed is passed, (seed, str(result))
        assert passed or "standard error" in result.message, (seed, result.message)


@pytest.mark.parametrize("factor", [0.5, 1.2, -3])
def test_a_factor_of_the_gradient_is_named(factor):
    assert f"This is {factor} times the estimate" in check(_gradient(lambda value: factor * value)).message


def test_a_gradient_through_torch_func_is_no_score_function_gradient():
    def score_function_gradient(f, mu, logvar, n):
        noise = torch.randn(n, len(mu))
        return torch.func.grad(lambda m: f(m + (logvar / 2).exp() * noise).mean())(mu)

    result = check(score_function_gradient)
    assert result.outcome == "failed"


def test_the_weights_of_a_loss_are_read_off():
    def negative_elbo(x, logits, mu, logvar, beta=1.0):
        reconstruction = torch.nn.functional.binary_cross_entropy_with_logits(logits, x) * x.shape[1]
        return 0.25 * reconstruction + 3 * beta * 0.5 * (mu**2 + logvar.exp() - 1 - logvar).sum(1).mean()

    assert "This is 0.25 reconstruction + 5.1 KL, per image" in check(negative_elbo).message
