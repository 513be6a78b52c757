import math

import pytest
import torch

from vae_lessons.distributions import gaussian_kl
from vae_lessons.losses import elbo_terms
from vae_lessons.models import mlp_vae
from vae_lessons.total_correlation import beta_tc_terms, total_correlation


def cloud(correlation: float, posteriors: int = 3000) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """z, mu and logvar whose mixture q(z) is nearly N(0, [[1, r], [r, 1]]): mu holds the correlation, sigma^2 = 0.2."""
    covariance = torch.tensor([[0.8, correlation], [correlation, 0.8]])
    mu = torch.randn(posteriors, 2) @ torch.linalg.cholesky(covariance).T
    logvar = torch.full_like(mu, math.log(0.2))
    return mu + math.sqrt(0.2) * torch.randn_like(mu), mu, logvar


@pytest.mark.parametrize("correlation", [0.0, 0.5, -0.7])
def test_two_gaussian_latents(correlation):
    """The total correlation of two Gaussians is their mutual information, -1/2 log(1 - r^2)."""
    torch.manual_seed(0)
    exact = -0.5 * math.log(1 - correlation**2)
    assert total_correlation(*cloud(correlation)).mean().item() == pytest.approx(exact, abs=0.025)


def test_far_apart_posteriors_on_a_diagonal():
    """Two narrow clouds at (-50, -50) and (50, 50): each latent alone tells which, so one of two log 2 is too many."""
    mu = torch.tensor([[-50.0, -50.0], [50.0, 50.0]])
    assert total_correlation(mu, mu, torch.zeros(2, 2)).tolist() == pytest.approx([math.log(2)] * 2)


def test_far_apart_posteriors_on_a_grid():
    """Four narrow clouds at the corners of a square: the two latents are independent."""
    mu = 50 * torch.tensor([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
    assert total_correlation(mu, mu, torch.zeros(4, 2)).tolist() == pytest.approx([0.0] * 4, abs=1e-5)


def test_a_single_latent_has_none():
    torch.manual_seed(0)
    z, mu, logvar = torch.randn(3, 50, 1)
    assert total_correlation(z, mu, logvar).tolist() == pytest.approx([0.0] * 50)


def test_weight_1_is_the_negative_elbo():
    torch.manual_seed(0)
    vae, x = mlp_vae(4), (torch.rand(20, 784) > 0.5).float()
    torch.manual_seed(1)
    expected = elbo_terms(vae, x).loss()
    torch.manual_seed(1)
    assert torch.allclose(beta_tc_terms(1.0)(vae, x).loss(), expected)


def test_the_weight_adds_total_correlations():
    torch.manual_seed(0)
    vae, x = mlp_vae(4), (torch.rand(20, 784) > 0.5).float()
    torch.manual_seed(1)
    _, mu, logvar, z = vae(x)
    torch.manual_seed(1)
    terms = beta_tc_terms(6.0)(vae, x)
    assert torch.allclose(terms.kl[:, :4], gaussian_kl(mu, logvar))
    assert torch.allclose(terms.kl[:, 4], 5 * total_correlation(z, mu, logvar))


def test_its_gradient_moves_the_latents_apart():
    """Descent on the total correlation alone makes two correlated latents nearly independent."""
    torch.manual_seed(0)
    _, mu, logvar = cloud(0.7, posteriors=300)
    mix = torch.eye(2, requires_grad=True)
    optimizer = torch.optim.Adam([mix], lr=0.05)
    for _ in range(60):
        moved = mu @ mix
        loss = total_correlation(moved + 0.4 * torch.randn_like(mu), moved, logvar - math.log(0.2 / 0.16)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    before, after = (torch.corrcoef(m.T)[0, 1].abs().item() for m in (mu, (mu @ mix).detach()))
    assert before > 0.8 and after < 0.3
