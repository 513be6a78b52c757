"""Every formula against torch.distributions, numerical integration, or a constant derived by hand."""

import math

import pytest
import torch
from torch import distributions as td

from vae_lessons import distributions as ours

torch.manual_seed(0)
MU, LOGVAR = torch.randn(5, 3, dtype=torch.float64), 2 * torch.randn(5, 3, dtype=torch.float64)
NORMAL = td.Normal(MU, torch.sqrt(torch.exp(LOGVAR)))


def test_kl_agrees_with_torch_distributions():
    expected = td.kl_divergence(NORMAL, td.Normal(torch.zeros(()), torch.ones(())))
    torch.testing.assert_close(ours.gaussian_kl(MU, LOGVAR), expected, check_dtype=False)


def test_kl_agrees_with_integration():
    z = torch.linspace(-40, 40, 400_001, dtype=torch.float64)
    q = td.Normal(1.5, 0.5)
    p = td.Normal(0.0, 1.0)
    integral = torch.trapezoid(q.log_prob(z).exp() * (q.log_prob(z) - p.log_prob(z)), z)
    got = ours.gaussian_kl(torch.tensor(1.5, dtype=torch.float64), torch.tensor(2 * math.log(0.5), dtype=torch.float64))
    torch.testing.assert_close(got, integral)


def test_kl_by_hand():
    # mu = 2, sigma = 1: (4 + 1 - 1 - 0) / 2 = 2
    assert ours.gaussian_kl(torch.tensor(2.0), torch.tensor(0.0)).item() == 2.0


def test_std_of_a_log_variance():
    assert ours.std_from_logvar(torch.tensor(math.log(9.0))).item() == pytest.approx(3.0)


def test_reparameterize_with_given_noise():
    # mu = 1, sigma = 3, noise = 2: 1 + 3 * 2 = 7
    z = ours.reparameterize(torch.tensor([1.0]), torch.tensor([math.log(9.0)]), torch.tensor([2.0]))
    assert z.item() == pytest.approx(7.0)


def test_reparameterize_draws_the_right_distribution():
    mu, logvar = torch.full((200_000, 1), 2.0), torch.full((200_000, 1), math.log(0.25))
    z = ours.reparameterize(mu, logvar)
    assert z.mean().item() == pytest.approx(2.0, abs=0.01)  # nine standard errors
    assert z.std().item() == pytest.approx(0.5, abs=0.01)


def test_gradient_flows_through_the_sample():
    mu, logvar = torch.zeros(1, requires_grad=True), torch.zeros(1, requires_grad=True)
    ours.reparameterize(mu, logvar, torch.tensor([3.0])).sum().backward()
    assert mu.grad.item() == 1.0
    assert logvar.grad.item() == pytest.approx(1.5)  # d sigma / d logvar = sigma / 2, times the noise 3


def test_log_densities_agree_with_torch_distributions():
    x = torch.randn(5, 3, dtype=torch.float64)
    torch.testing.assert_close(ours.gaussian_log_prob(x, MU, LOGVAR), NORMAL.log_prob(x))
    torch.testing.assert_close(ours.gaussian_log_likelihood(x, MU, LOGVAR), NORMAL.log_prob(x).sum(1))
    torch.testing.assert_close(ours.standard_normal_log_prob(x), td.Normal(0.0, 1.0).log_prob(x).sum(1))


@pytest.mark.parametrize("shape", [(), (3,), (5, 1), (5, 3)])
def test_gaussian_likelihood_takes_every_shape_of_logvar(shape):
    x, logvar = torch.randn(5, 3), torch.randn(shape)
    expected = td.Normal(MU.float(), torch.exp(logvar).sqrt()).log_prob(x).sum(1)
    torch.testing.assert_close(ours.gaussian_log_likelihood(x, MU.float(), logvar), expected)


def test_bernoulli_agrees_with_torch_distributions_and_is_stable():
    x, logits = torch.randint(0, 2, (5, 3)).float(), torch.randn(5, 3)
    torch.testing.assert_close(ours.bernoulli_log_likelihood(x, logits), td.Bernoulli(logits=logits).log_prob(x).sum(1))
    far = ours.bernoulli_log_likelihood(torch.tensor([[1.0, 0.0, 0.0]]), torch.tensor([[1000.0, -1000.0, 1000.0]]))
    assert far.item() == -1000.0  # the first two pixels are certain and right, the third is wrong by 1000 nats


def test_bernoulli_broadcasts_over_samples():
    x, logits = torch.randint(0, 2, (5, 3)).float(), torch.randn(7, 5, 3)
    expected = td.Bernoulli(logits=logits).log_prob(x.expand(7, 5, 3)).sum(-1)
    torch.testing.assert_close(ours.bernoulli_log_likelihood(x, logits), expected)


def test_mixture_agrees_with_torch_distributions():
    z = torch.randn(600, 3, dtype=torch.float64)  # more than one chunk
    mixture = td.MixtureSameFamily(td.Categorical(logits=torch.zeros(5)), td.Independent(NORMAL, 1))
    torch.testing.assert_close(ours.mixture_log_prob(z, MU, LOGVAR), mixture.log_prob(z), check_dtype=False)
