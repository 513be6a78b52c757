import math

import pytest
import torch

from vae_lessons.data import binarize, mnist
from vae_lessons.metrics import PlausibilityJudge, posterior_budget, prior_gap


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


def test_gap_of_a_shifted_gaussian():
    """KL(N((1, 0), I) || N(0, I)) = 1 / 2, and the best classifier is right with probability Phi(1 / 2) = 0.691."""
    torch.manual_seed(0)
    train, test = torch.randn(2, 20_000, 2) + torch.tensor([1.0, 0.0])
    gap = prior_gap(train, test)
    assert gap.nats == pytest.approx(0.5, abs=0.05)
    assert gap.accuracy == pytest.approx(0.691, abs=0.015)


def test_gap_of_the_prior_itself():
    torch.manual_seed(0)
    gap = prior_gap(*torch.randn(2, 20_000, 2))
    assert gap.nats == pytest.approx(0.0, abs=0.03)
    assert gap.accuracy == pytest.approx(0.5, abs=0.015)


@pytest.fixture(scope="module")
def judge() -> PlausibilityJudge:
    digits = mnist()
    return PlausibilityJudge(digits.train, digits.validation)


def test_judge_accepts_real_digits(judge):
    assert 0.91 < judge.share(binarize(mnist().test.images)) < 0.97


def test_judge_rejects_noise_and_blank_paper(judge):
    torch.manual_seed(0)
    assert judge.share(torch.rand(1000, 784)) < 0.05
    assert judge.share((torch.rand(1000, 784) < 0.13).float()) < 0.05
    assert judge.share(torch.zeros(1, 784)) == 0.0


def test_judge_doubts_mixtures_of_two_digits(judge):
    test = mnist().test
    ones, zeros = (binarize(test.images[test.labels == digit])[:900] for digit in (1, 0))
    assert judge.share((ones + zeros) / 2) < 0.5
