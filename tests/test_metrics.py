import math

import pytest
import torch

from vae_lessons.data import binarize, fashion_mnist, mnist
from vae_lessons.metrics import PlausibilityJudge, active_units, kl_per_dimension, posterior_budget, told_apart


def test_units_are_active_when_their_mean_moves():
    """The three columns have variances 0, 0.0081 and 0.0225 around means that do not count."""
    mu = torch.tensor([[5.0, -0.09, 1.15], [5.0, 0.09, 0.85]])
    assert active_units(mu) == 1
    assert active_units(mu, threshold=0.005) == 2
    assert active_units(mu[:1]) == 0


def test_kl_per_dimension_is_a_mean_over_examples():
    """KL(N(m, 1) || N(0, 1)) = m^2 / 2: means 0, 2 and 4 give 0, 2 and 8, on average 10 / 3."""
    mu = torch.tensor([[0.0, 0.0], [2.0, 0.0], [4.0, 0.0]])
    assert kl_per_dimension(mu, torch.zeros(3, 2)).tolist() == pytest.approx([10 / 3, 0.0])


def test_posteriors_equal_to_the_prior_carry_nothing():
    budget = posterior_budget(torch.zeros(50, 3), torch.zeros(50, 3))
    assert budget == pytest.approx((0.0, 0.0, 0.0), abs=1e-5)


def test_distant_posteriors_carry_log_n_nats():
    """Three narrow posteriors far apart: the code tells which of the 3 it is, log 3 nats and no more."""
    mu = torch.tensor([[-50.0], [0.0], [50.0]])
    budget = posterior_budget(mu, torch.zeros(3, 1), samples=200)
    assert budget.mutual_information == pytest.approx(math.log(3), abs=1e-4)
    assert budget.kl == pytest.approx(2 / 3 * 50**2 / 2, rel=1e-5)


def test_posteriors_that_tile_the_prior_leave_no_gap():
    """mu ~ N(0, 0.75) and sigma^2 = 0.25 add up to N(0, 1): no gap, and 0.5 log(1 / 0.25) nats of information."""
    torch.manual_seed(0)
    mu = 0.75**0.5 * torch.randn(4000, 1)
    budget = posterior_budget(mu, torch.full((4000, 1), math.log(0.25)), samples=5)
    assert budget.aggregate_gap == pytest.approx(0.0, abs=0.01)
    assert budget.mutual_information == pytest.approx(0.5 * math.log(4), abs=0.03)


def test_a_shifted_cloud_has_the_gap_of_two_gaussians():
    torch.manual_seed(0)
    mu = 1.0 + 0.75**0.5 * torch.randn(4000, 1)  # q(z) = N(1, 1), so the gap is 1 / 2
    assert posterior_budget(mu, torch.full((4000, 1), math.log(0.25))).aggregate_gap == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize(("dimensions", "shift"), [(1, 0.0), (2, 1.0), (32, 12**0.5)])
def test_shifted_gaussians_are_told_apart_as_well_as_possible(dimensions, shift):
    """The best classifier of N(m, I) against N(0, I) is right with probability Phi(|m| / 2)."""
    torch.manual_seed(0)
    train, test = torch.randn(2, 20_000, dimensions) + shift / dimensions**0.5
    best = torch.distributions.Normal(0.0, 1.0).cdf(torch.tensor(shift / 2)).item()
    assert told_apart(train, test) == pytest.approx(best, abs=0.015)


@pytest.fixture(scope="module")
def judge() -> PlausibilityJudge:
    digits = mnist()
    return PlausibilityJudge(digits.train, digits.validation)


def test_judge_accepts_real_digits(judge):
    assert 0.92 < judge.share(binarize(mnist().test.images)) < 0.96


def test_what_the_judge_lets_through(judge):
    """Two kinds that it was trained to reject, on new pictures, then kinds that it never saw."""
    torch.manual_seed(0)
    x, clothes = binarize(mnist().test.images), binarize(fashion_mnist().test.images)
    other = x[torch.randperm(len(x))]
    assert judge.share(torch.maximum(x, other)) < 0.2
    assert judge.share(torch.cat([x[:, :392], other[:, 392:]], dim=1)) < 0.3
    assert judge.share(clothes) < 0.1
    assert judge.share((torch.rand(1000, 784) < 0.13).float()) < 0.02
    assert judge.share(torch.zeros(1, 784)) == 0.0
    assert judge.share(x.reshape(-1, 28, 28).flip(1).flatten(1)) < 0.4  # on their heads


def test_measuring_leaves_the_random_state_alone():
    torch.manual_seed(1)
    before = torch.get_rng_state()
    told_apart(*torch.randn(2, 100, 2, generator=torch.Generator().manual_seed(0)), epochs=1)
    assert torch.equal(before, torch.get_rng_state())
