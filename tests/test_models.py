import pytest
import torch
from sklearn.decomposition import PCA
from torch.distributions import MultivariateNormal

from vae_lessons import models


@pytest.fixture
def correlated() -> torch.Tensor:
    """2,000 points in 6 dimensions with 2 strong directions."""
    torch.manual_seed(0)
    return (torch.randn(2000, 2) @ torch.randn(2, 6) * 2 + 0.3 * torch.randn(2000, 6) + 1).double()


@pytest.mark.parametrize("make", [models.mlp_vae, models.conv_vae])
def test_vae_shapes(make):
    output = make(5)(torch.rand(3, 784))
    assert [tuple(part.shape) for part in output] == [(3, 784), (3, 5), (3, 5), (3, 5)]


def test_a_layer_comes_before_each_relu_and_nowhere_else():
    vae = models.mlp_vae(5, between=torch.nn.BatchNorm1d)
    kinds = [type(layer).__name__ for layer in [*vae.encoder.body, *vae.decoder]]
    assert kinds == ["Linear", "BatchNorm1d", "Linear", "BatchNorm1d", "ReLU", "Linear"]
    assert {name for name, _ in models.mlp_vae(5).named_modules() if "1" in name} == {"decoder.1"}  # its ReLU
    widths = [module.num_features for module in vae.modules() if isinstance(module, torch.nn.BatchNorm1d)]
    assert widths == [256, 256]


def test_autoencoder_shapes():
    output = models.mlp_autoencoder(5)(torch.rand(3, 784))
    assert [tuple(part.shape) for part in output] == [(3, 784), (3, 5)]


def test_conv_vae_takes_other_sizes_and_names_a_bad_one():
    assert models.conv_vae(2, side=32)(torch.rand(1, 1024)).logits.shape == (1, 1024)
    with pytest.raises(ValueError, match="multiple of 4 pixels, got 30"):
        models.conv_vae(2, side=30)


def test_decode_takes_extra_axes():
    assert models.mlp_vae(2).decode(torch.randn(7, 3, 2)).shape == (7, 3, 784)


def test_vae_uses_the_given_noise():
    vae = models.mlp_vae(4)
    x, noise = torch.rand(3, 784), torch.randn(3, 4)
    output = vae(x, noise)
    torch.testing.assert_close(output.z, output.mu + output.logvar.exp().sqrt() * noise)
    torch.testing.assert_close(output.logits, vae.decode(output.z))


def test_autoencoder_and_vae_have_equal_decoders():
    shapes = [[p.shape for p in model.decoder.parameters()] for model in (models.mlp_autoencoder(3), models.mlp_vae(3))]
    assert shapes[0] == shapes[1]


def test_linear_vae_optimum_is_probabilistic_pca(correlated):
    vae = models.fit_linear_vae(correlated, 2)
    pca = PCA(2).fit(correlated.numpy())
    # scikit-learn's score is the log-likelihood of probabilistic PCA, with variances divided by N - 1
    torch.testing.assert_close(
        vae.exact_log_likelihood(correlated),
        torch.as_tensor(pca.score_samples(correlated.numpy())),
        rtol=0,
        atol=0.02,
    )


def test_exact_log_likelihood_agrees_with_the_full_covariance(correlated):
    vae = models.fit_linear_vae(correlated, 2)
    covariance = vae.decoder.weight @ vae.decoder.weight.T + vae.noise_logvar.exp() * torch.eye(6)
    expected = MultivariateNormal(vae.decoder.bias, covariance).log_prob(correlated)
    torch.testing.assert_close(vae.exact_log_likelihood(correlated), expected)


def test_linear_vae_posterior_is_exact(correlated):
    """Bayes' rule on the joint Gaussian of (z, x): covariance of z given x and its mean."""
    vae = models.fit_linear_vae(correlated, 2)
    weight, noise = vae.decoder.weight.detach(), vae.noise_logvar.exp().item()
    gain = weight.T @ torch.linalg.inv(weight @ weight.T + noise * torch.eye(6))
    mu, logvar = vae.encode(correlated)
    torch.testing.assert_close(mu, (correlated - vae.decoder.bias) @ gain.T)
    torch.testing.assert_close(torch.diag_embed(logvar[0].exp()), torch.eye(2).double() - gain @ weight)
