"""Encoders, decoders, the autoencoder and the variational autoencoder. Images are flat: (B, P), P = 784 for 28 x 28."""

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn

from vae_lessons.distributions import reparameterize

MNIST_PIXELS = 28 * 28
Between = Callable[[int], nn.Module]  # the width of a hidden layer to a layer such as nn.BatchNorm1d(width)


class AutoencoderOutput(NamedTuple):
    logits: Tensor  # (B, P)
    z: Tensor  # (B, D)


class VAEOutput(NamedTuple):
    logits: Tensor  # (B, P)
    mu: Tensor  # (B, D)
    logvar: Tensor  # (B, D)
    z: Tensor  # (B, D)


def mlp(*sizes: int, between: Between | None = None) -> nn.Sequential:
    """Linear layers of the given sizes with a ReLU between each two: (B, sizes[0]) to (B, sizes[-1]).

    `between` makes a layer that comes before each ReLU, such as nn.BatchNorm1d.
    """
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes[:-1]):
        layers += [nn.Linear(inputs, outputs), *([between(outputs)] if between else []), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(*sizes[-2:]))


def conv_encoder(outputs: int, *, side: int = 28, channels: int = 32) -> nn.Sequential:
    """Two convolutions of stride 2 and a linear layer: (B, side * side) to (B, outputs); side is a multiple of 4."""
    return nn.Sequential(
        nn.Unflatten(1, (1, _multiple_of_4(side), side)),
        nn.Conv2d(1, channels, 4, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(channels, 2 * channels, 4, stride=2, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(2 * channels * (side // 4) ** 2, outputs),
    )


def conv_decoder(latent_dim: int, *, side: int = 28, channels: int = 32) -> nn.Sequential:
    """The mirror image of `conv_encoder`: (B, latent_dim) to logits (B, side * side)."""
    return nn.Sequential(
        nn.Linear(latent_dim, 2 * channels * (_multiple_of_4(side) // 4) ** 2),
        nn.ReLU(),
        nn.Unflatten(1, (2 * channels, side // 4, side // 4)),
        nn.ConvTranspose2d(2 * channels, channels, 4, stride=2, padding=1),
        nn.ReLU(),
        nn.ConvTranspose2d(channels, 1, 4, stride=2, padding=1),
        nn.Flatten(),
    )


def _multiple_of_4(side: int) -> int:
    if side % 4:
        raise ValueError(f"side must be a multiple of 4 pixels, got {side}.")
    return side


class Autoencoder(nn.Module):
    """An encoder (B, P) to (B, D) and a decoder (B, D) to logits (B, P), joined only by the code z."""

    def __init__(self, encoder: nn.Module, decoder: nn.Module):
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder

    def encode(self, x: Tensor) -> Tensor:
        """z = encoder(x): (B, P) to (B, D)."""
        return self.encoder(x)

    def decode(self, z: Tensor) -> Tensor:
        """Logits of the pixels: (B, D) to (B, P)."""
        return self.decoder(z)

    def forward(self, x: Tensor) -> AutoencoderOutput:
        z = self.encode(x)
        return AutoencoderOutput(self.decode(z), z)


class GaussianEncoder(nn.Module):
    """q(z|x) = N(mu(x), diag(exp(logvar(x)))): one body with two linear heads, (B, P) to two of (B, D)."""

    def __init__(self, body: nn.Module, features: int, latent_dim: int):
        super().__init__()
        self.body = body
        self.mu = nn.Linear(features, latent_dim)
        self.logvar = nn.Linear(features, latent_dim)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features = torch.relu(self.body(x))
        return self.mu(features), self.logvar(features)


class VAE(nn.Module):
    """An encoder (B, P) to (mu, logvar), a sampler, and a decoder (B, D) to logits (B, P).

    Source: Kingma and Welling 2014.
    """

    def __init__(self, encoder: nn.Module, decoder: nn.Module):
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """mu and logvar of q(z|x): (B, P) to two of (B, D)."""
        return self.encoder(x)

    def decode(self, z: Tensor) -> Tensor:
        """Logits (or means) of p(x|z): (..., D) to (..., P)."""
        return self.decoder(z)

    def forward(self, x: Tensor, noise: Tensor | None = None) -> VAEOutput:
        mu, logvar = self.encode(x)
        z = reparameterize(mu, logvar, noise)
        return VAEOutput(self.decode(z), mu, logvar, z)


class LinearVAE(VAE):
    """The VAE with linear maps and p(x|z) = N(W z + b, exp(noise_logvar) I), whose best fit is probabilistic PCA.

    `decode` returns means (B, P). The posterior's logvar is the same for every x, as it is in the exact posterior.
    Source: Lucas et al. 2019; Tipping and Bishop 1999.
    """

    def __init__(self, pixels: int, latent_dim: int):
        super().__init__(nn.Linear(pixels, latent_dim), nn.Linear(latent_dim, pixels))
        self.logvar = nn.Parameter(torch.zeros(latent_dim))
        self.noise_logvar = nn.Parameter(torch.zeros(()))

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """mu = V x + c and the one logvar, expanded: (B, P) to two of (B, D)."""
        mu = self.encoder(x)
        return mu, self.logvar.expand_as(mu)

    def exact_log_likelihood(self, x: Tensor) -> Tensor:
        """log p(x) = log N(x; b, W W^T + exp(noise_logvar) I) in nats: (B, P) to (B,)."""
        noise_variance = self.noise_logvar.exp().expand(len(self.decoder.bias))
        marginal = torch.distributions.LowRankMultivariateNormal(self.decoder.bias, self.decoder.weight, noise_variance)
        return marginal.log_prob(x)


@torch.no_grad()
def fit_linear_vae(x: Tensor, latent_dim: int) -> LinearVAE:
    """The optimum in closed form for x (N, P): W = U (L - s^2)^(1/2), s^2 the mean of the left-out eigenvalues.

    The encoder is set to the posterior p(z|x), which is exact where W^T W is diagonal, as it is here.
    Source: Tipping and Bishop 1999, equations 7, 8 and appendix A.
    """
    model = LinearVAE(x.shape[1], latent_dim).to(x)
    mean = x.mean(0)
    eigenvalues, eigenvectors = torch.linalg.eigh((x - mean).T @ (x - mean) / len(x))  # ascending
    noise_variance = eigenvalues[:-latent_dim].mean()
    kept = eigenvalues[-latent_dim:]
    weight = eigenvectors[:, -latent_dim:] * (kept - noise_variance).clamp(min=0).sqrt()  # (P, D)
    model.decoder.weight.copy_(weight)
    model.decoder.bias.copy_(mean)
    model.noise_logvar.copy_(noise_variance.log())
    to_mean = weight.T / (weight.T @ weight + noise_variance * torch.eye(latent_dim).to(x)).diagonal()[:, None]
    model.encoder.weight.copy_(to_mean)
    model.encoder.bias.copy_(-to_mean @ mean)
    model.logvar.copy_((noise_variance / kept).log())
    return model


def mlp_autoencoder(latent_dim: int, *, hidden_dim: int = 256, pixels: int = MNIST_PIXELS) -> Autoencoder:
    """pixels - hidden - latent - hidden - pixels, with ReLU."""
    return Autoencoder(mlp(pixels, hidden_dim, latent_dim), mlp(latent_dim, hidden_dim, pixels))


def mlp_vae(
    latent_dim: int, *, hidden_dim: int = 256, pixels: int = MNIST_PIXELS, between: Between | None = None
) -> VAE:
    """The same layers as `mlp_autoencoder`, with a second head on the encoder; `between` as for `mlp`.

    With dropout, `between=lambda width: nn.Dropout(0.2)`, the ReLU that follows changes nothing about what is dropped.
    """
    body = mlp(pixels, hidden_dim)
    if between:
        body.append(between(hidden_dim))
    return VAE(GaussianEncoder(body, hidden_dim, latent_dim), mlp(latent_dim, hidden_dim, pixels, between=between))


def conv_vae(latent_dim: int, *, hidden_dim: int = 256, side: int = 28, channels: int = 32) -> VAE:
    """A VAE with two convolutions of stride 2 on either side."""
    encoder = GaussianEncoder(conv_encoder(hidden_dim, side=side, channels=channels), hidden_dim, latent_dim)
    return VAE(encoder, conv_decoder(latent_dim, side=side, channels=channels))
