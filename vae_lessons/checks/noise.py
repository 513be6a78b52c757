"""Is it standard normal noise, fresh and independent, and is it scaled and shifted as a sample of N(mu, sigma^2) is?"""

from collections.abc import Iterator

import torch
from torch import Tensor

from vae_lessons.checks.probe import Mistake


def noise_fault(noise: Tensor) -> str | None:
    """Say what tells `noise` (2000, 8) from N(0, I), or return None.

    Every limit lies at least seven standard errors away, and the last one follows from the Dvoretzky-Kiefer-Wolfowitz
    bound 2 exp(-2 m d^2) with m = 16000 and d = 0.03: a right answer fails less than once in 10^9 checks.
    """
    return next((sentence for sentence, seen in _faults(noise.double()) if seen), None)


def _faults(z: Tensor) -> Iterator[tuple[str, bool]]:
    mean, std, (low, high) = z.mean().item(), z.std().item(), (z.min().item(), z.max().item())
    yield "All its numbers are 0: draw them with torch.randn.", low == high == 0
    yield "Its latents are all the same number: each one needs its own noise.", bool((z == z[:, :1]).all())
    yield "The same z is repeated for several images: each image needs its own.", len(z.unique(dim=0)) < len(z)
    yield "Its numbers all lie between 0 and 1, as from torch.rand: use torch.randn.", low >= 0 and high <= 1
    yield (
        f"Its numbers never leave {low:.2g} to {high:.2g}: a uniform distribution is not normal.",
        high - low < 4 * std,
    )
    spreads, centers = z.std(0), z.mean(0)
    uneven = spreads.max() > 1.3 * spreads.min() or centers.max() - centers.min() > 0.3 * std
    yield "Some latents have another mean or standard deviation than the others.", bool(uneven)
    yield f"Its standard deviation is {std:.2g}, expected 1.", not abs(std - 1) < 0.06
    yield f"Its mean is {mean:.2g}, expected 0.", not abs(mean) < 0.06
    related = torch.corrcoef(z.T) - torch.eye(z.shape[1])
    yield "Its latents are correlated: draw each one independently.", not related.abs().max() < 0.2
    ordered = z.reshape(-1).sort().values
    level = torch.linspace(0, 1, len(ordered), dtype=torch.float64)
    gap = (torch.distributions.Normal(0.0, 1.0).cdf(ordered) - level).abs().max()
    yield "Mean and spread are right, but the shape of the distribution is not.", not gap < 0.03


def blends(mu: Tensor, logvar: Tensor) -> Iterator[tuple[str, Tensor, Tensor]]:
    """The known wrong ways to make z = center + scale * noise: a sentence, the center and the scale."""
    zero, one, variance = torch.zeros_like(mu), torch.ones_like(mu), logvar.exp()
    sigma = variance.sqrt()
    yield "This is mu itself: no noise was added.", mu, zero
    yield "The noise was left out, this is mu + sigma: multiply sigma by the noise.", mu + sigma, zero
    yield "This is the noise itself: it still has to be scaled by sigma and moved by mu.", zero, one
    yield "sigma was left out: scale the noise by exp(logvar / 2).", mu, one
    yield "mu was left out: add it to the scaled noise.", zero, sigma
    yield "The noise was scaled by the variance exp(logvar): sigma is exp(logvar / 2).", mu, variance
    yield "The noise was scaled by exp(2 logvar), the variance squared: sigma is exp(logvar / 2).", mu, variance**2
    yield "The noise was scaled by half the variance: sigma is exp(logvar / 2).", mu, variance / 2
    yield "The noise was scaled by half of sigma: the one half belongs inside, exp(logvar / 2).", mu, sigma / 2
    yield "The noise was scaled by logvar itself: sigma is exp(logvar / 2).", mu, logvar
    yield "The noise was scaled by logvar / 2: sigma is its exponential.", mu, logvar / 2
    yield "The noise was scaled by a softplus: sigma is exp(logvar / 2).", mu, torch.nn.functional.softplus(logvar)
    yield "The noise was divided by sigma: multiply by exp(logvar / 2).", mu, 1 / sigma
    yield "The noise was divided by the variance: multiply by exp(logvar / 2).", mu, 1 / variance
    yield "mu was scaled too, (mu + noise) * sigma: only the noise is scaled.", mu * sigma, sigma
    yield "sigma scales mu, mu * sigma + noise: it belongs to the noise.", mu * sigma, one
    yield "sigma and the noise were added, mu + sigma + noise: multiply the two.", mu + sigma, one
    yield "mu and logvar changed places: mu comes first.", logvar, (mu / 2).exp()


def require_posterior(z: Tensor, mu: Tensor, logvar: Tensor, *, call: str) -> None:
    """z (2000, 8) must be a sample of N(mu, exp(logvar)), whose shapes broadcast to that of z."""
    z, mu, logvar = z.double(), mu.double().expand_as(z), logvar.double().expand_as(z)
    fault = noise_fault((z - mu) / (logvar / 2).exp())
    if fault is None:
        return
    for sentence, center, scale in blends(mu, logvar):
        if noise_fault((z - center) / scale) is None:
            raise Mistake(f"{call} is not drawn from N(mu, sigma^2). {sentence}")
    raise Mistake(f"{call} is not drawn from N(mu, sigma^2): (z - mu) / sigma should be standard normal. {fault}")


def require_fresh(first: Tensor, second: Tensor, *, call: str) -> None:
    """Two draws (N, D) of two calls may have no row in common."""
    if (first == second).all(dim=1).any():
        raise Mistake(f"Two calls of {call} drew the same noise: it must be fresh each time, so set no seed inside.")
