import math

import pytest
import torch
from torch import distributions as td

from vae_lessons import losses, models
from vae_lessons.distributions import gaussian_log_likelihood


@pytest.fixture
def vae_and_images():
    torch.manual_seed(0)
    return models.mlp_vae(3, hidden_dim=16, pixels=20), torch.randint(0, 2, (6, 20)).float()


@pytest.fixture
def linear_vae_and_data():
    torch.manual_seed(0)
    x = (torch.randn(500, 2) @ torch.randn(2, 6) * 2 + 0.5 * torch.randn(500, 6)).double()
    vae = models.fit_linear_vae(x, 2)
    return vae, x, lambda x, mean: gaussian_log_likelihood(x, mean, vae.noise_logvar)


def test_elbo_terms_agree_with_torch_distributions(vae_and_images):
    vae, x = vae_and_images
    torch.manual_seed(1)
    terms = losses.elbo_terms(vae, x)
    torch.manual_seed(1)
    output = vae(x)
    likelihood = td.Independent(td.Bernoulli(logits=output.logits), 1)
    posterior = td.Normal(output.mu, torch.exp(output.logvar).sqrt())
    torch.testing.assert_close(terms.reconstruction, -likelihood.log_prob(x))
    torch.testing.assert_close(terms.kl, td.kl_divergence(posterior, td.Normal(0.0, 1.0)))
    torch.testing.assert_close(
        losses.negative_elbo(x, output.logits, output.mu, output.logvar, beta=3.0),
        (-likelihood.log_prob(x) + 3 * td.kl_divergence(posterior, td.Normal(0.0, 1.0)).sum(1)).mean(),
    )


def test_terms_weigh_the_kl():
    terms = losses.Terms(torch.tensor([10.0, 20.0]), torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    assert terms.loss(0.5).tolist() == [11.5, 23.5]


def test_squared_error_by_hand():
    x, x_hat = torch.tensor([[1.0, 0.0], [0.0, 0.0]]), torch.tensor([[0.0, 2.0], [0.5, 0.0]])
    assert losses.squared_error(x, x_hat).tolist() == [5.0, 0.25]


@pytest.mark.parametrize("objective", [losses.squared_error_terms, losses.cross_entropy_terms])
def test_an_autoencoder_has_no_kl(objective):
    autoencoder, x = models.mlp_autoencoder(3, hidden_dim=16, pixels=20), torch.rand(6, 20)
    terms = objective(autoencoder, x)
    assert terms.kl.shape == (6, 0)
    torch.testing.assert_close(terms.loss(), terms.reconstruction)


def test_autoencoder_objectives_by_hand():
    class Fixed(torch.nn.Module):
        def forward(self, x):
            return models.AutoencoderOutput(torch.zeros(2, 3), torch.zeros(2, 1))

    x = torch.tensor([[1.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    assert losses.squared_error_terms(Fixed(), x).reconstruction.tolist() == [0.75, 0.75]  # sigmoid(0) = 1/2
    assert losses.cross_entropy_terms(Fixed(), x).reconstruction.tolist() == pytest.approx([3 * math.log(2)] * 2)


def test_free_bits_floors_the_batch_mean_of_each_dimension():
    kl = torch.tensor([[0.0, 3.0], [0.2, 1.0]])  # means 0.1 and 2
    assert losses.free_bits(kl, 0.5).item() == pytest.approx(2.5)


def test_at_the_linear_optimum_the_elbo_is_exact(linear_vae_and_data):
    """The posterior is exact there, so the bound's mean over the noise equals log p(x)."""
    vae, x, likelihood = linear_vae_and_data
    torch.manual_seed(0)
    elbo = -losses.elbo_terms(vae, x.repeat(200, 1), likelihood=likelihood).loss().mean()
    torch.testing.assert_close(elbo, vae.exact_log_likelihood(x).mean(), rtol=0, atol=0.02)


def test_with_the_exact_posterior_one_importance_sample_is_exact(linear_vae_and_data):
    """p(x, z) / q(z|x) is then p(x) for every z: the IWAE bound has no variance."""
    vae, x, likelihood = linear_vae_and_data
    bound = losses.iwae_bound(vae, x, samples=1, likelihood=likelihood)
    torch.testing.assert_close(bound, vae.exact_log_likelihood(x))


def test_iwae_tightens_a_loose_bound(linear_vae_and_data):
    vae, x, likelihood = linear_vae_and_data
    with torch.no_grad():
        vae.logvar += 1.0  # the wrong posterior
    torch.manual_seed(0)
    exact = vae.exact_log_likelihood(x).mean()
    gaps = [(exact - losses.iwae_bound(vae, x, k, likelihood=likelihood).mean()).item() for k in (1, 10, 500)]
    assert gaps[0] > 0.3 > gaps[1] > 0.02 > abs(gaps[2])
