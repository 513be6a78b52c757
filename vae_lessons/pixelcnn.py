"""A VAE whose decoder draws a picture pixel by pixel: masked convolutions, and a code that may or may not be needed."""

import math

import torch
from torch import Tensor, nn

from vae_lessons.distributions import reparameterize
from vae_lessons.models import GaussianEncoder, VAEOutput, mlp


class MaskedConv2d(nn.Conv2d):
    """A convolution that sees only what comes before a pixel in reading order, and the pixel itself if `own`.

    Source: van den Oord et al. 2016, "Pixel Recurrent Neural Networks", section 3.4 (mask A without, B with `own`).
    """

    def __init__(self, inputs: int, outputs: int, kernel_size: int, *, own: bool):
        super().__init__(inputs, outputs, kernel_size, padding=kernel_size // 2)
        seen = torch.arange(kernel_size**2) < kernel_size**2 // 2 + own
        self.register_buffer("mask", seen.view(kernel_size, kernel_size).float())

    def forward(self, x: Tensor) -> Tensor:
        return self._conv_forward(x, self.weight * self.mask, self.bias)


def code_as_bias(latent_dim: int, channels: int) -> nn.Sequential:
    """The code as one number per channel, the same at every pixel: (B, D) to (B, channels, 1, 1)."""
    return nn.Sequential(nn.Linear(latent_dim, channels), nn.Unflatten(1, (channels, 1, 1)))


def code_as_map(latent_dim: int, channels: int, side: int) -> nn.Sequential:
    """The code as a picture of its own, half as fine: (B, D) to (B, channels, side, side), side even."""
    half = side // 2
    return nn.Sequential(
        nn.Linear(latent_dim, channels * half**2), nn.Unflatten(1, (channels, half, half)), nn.Upsample(scale_factor=2)
    )


class PixelDecoder(nn.Module):
    """p(x|z) = prod_i p(x_i | x_1 .. x_(i-1), z) of black and white pixels, all logits at once when x is known.

    The code joins the features of the first layer; `code` turns it into (B, channels, 1 or side, 1 or side). Each of
    `depth` further layers looks one pixel further. As in the first PixelCNN, some of the earlier pixels above and to
    the right stay out of sight. Source: van den Oord et al. 2016, "Conditional Image Generation", section 2.
    """

    def __init__(self, code: nn.Module, *, channels: int, depth: int, kernel_size: int = 7):
        super().__init__()
        self.code = code
        self.first = MaskedConv2d(1, channels, kernel_size, own=False)
        self.layers = nn.ModuleList(MaskedConv2d(channels, channels, 3, own=True) for _ in range(depth))
        self.last = nn.Conv2d(channels, 1, 1)

    def forward(self, z: Tensor, x: Tensor) -> Tensor:
        """Logits of every pixel given the code and the pixels before it: z (B, D), x (B, P) to (B, P)."""
        side = math.isqrt(x.shape[1])
        features = self.first(x.view(-1, 1, side, side)) + self.code(z)
        for layer in self.layers:
            features = features + layer(torch.relu(features))
        return self.last(torch.relu(features)).flatten(1)


class PixelVAE(nn.Module):
    """A VAE whose decoder also sees the pixels before the one that it predicts. Images are square: (B, P)."""

    def __init__(self, encoder: nn.Module, decoder: PixelDecoder):
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """mu and logvar of q(z|x): (B, P) to two of (B, D)."""
        return self.encoder(x)

    def decode(self, z: Tensor, x: Tensor) -> Tensor:
        """Logits of every pixel of x given z and the earlier pixels of x: (B, D) and (B, P) to (B, P)."""
        return self.decoder(z, x)

    def forward(self, x: Tensor, noise: Tensor | None = None) -> VAEOutput:
        mu, logvar = self.encode(x)
        z = reparameterize(mu, logvar, noise)
        return VAEOutput(self.decode(z, x), mu, logvar, z)

    @torch.no_grad()
    def sample(self, z: Tensor, pixels: int) -> Tensor:
        """Pictures drawn from p(x|z) one pixel after the other: (B, D) to (B, pixels) of zeros and ones."""
        x = z.new_zeros(len(z), pixels)
        for i in range(pixels):
            x[:, i] = torch.bernoulli(torch.sigmoid(self.decode(z, x)[:, i]))
        return x


def pixel_vae(
    latent_dim: int,
    *,
    side: int = 28,
    channels: int = 24,
    depth: int = 2,
    kernel_size: int = 7,
    as_map: bool = False,
    hidden_dim: int = 256,
) -> PixelVAE:
    """The encoder of `mlp_vae` with a pixel-by-pixel decoder; the code enters as a bias per channel or as a map."""
    encoder = GaussianEncoder(mlp(side**2, hidden_dim), hidden_dim, latent_dim)
    code = code_as_map(latent_dim, channels, side) if as_map else code_as_bias(latent_dim, channels)
    return PixelVAE(encoder, PixelDecoder(code, channels=channels, depth=depth, kernel_size=kernel_size))
