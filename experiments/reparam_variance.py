"""Lesson 03: how noisy are the two ways to estimate the gradient of E_q[log p(x|z)] in mu?

The decoder is the linear VAE fitted to real digits in closed form, so that the exact gradient is known:
log p(x|z) = const - |x - W z - b|^2 / (2 s^2) has the expected gradient W^T (x - W mu - b) / s^2. q is N(0, I), where
training starts, or the posterior of the picture, where it ends. Each estimate uses one sample of z.
"""

from collections import defaultdict

import torch
from torch import Tensor

from experiments.ledger import Arms, Claim, exceeds
from vae_lessons.data import mnist, to_float
from vae_lessons.distributions import gaussian_log_likelihood, reparameterize
from vae_lessons.models import LinearVAE, fit_linear_vae

SIZES = (2, 8, 32)
PLACES = ("start", "end")
PICTURES, SAMPLES = 10, 4000


def estimates(vae: LinearVAE, x: Tensor, mu: Tensor, logvar: Tensor, samples: int) -> dict[str, Tensor]:
    """One-sample gradient estimates (S, D) by each method, for one picture x (P,) and its mu and logvar (D,)."""
    mus = mu.expand(samples, -1).clone().requires_grad_()  # a leaf per sample: each gets a gradient of its own
    z = reparameterize(mus, logvar)
    log_likelihood = gaussian_log_likelihood(x, vae.decode(z), vae.noise_logvar)  # (S,)
    (by_path,) = torch.autograd.grad(log_likelihood.sum(), mus)
    value, score = log_likelihood.detach()[:, None], ((z - mu) / logvar.exp()).detach()  # (S, 1), (S, D)
    others = (value.sum() - value) / (samples - 1)  # the mean over the other samples, so that nothing is biased
    return {"reparam": by_path, "score": value * score, "baseline": (value - others) * score}


@torch.no_grad()
def exact_gradient(vae: LinearVAE, x: Tensor, mu: Tensor) -> Tensor:
    """d E[log p(x|z)] / d mu, (D,)."""
    return (x - vae.decode(mu)) @ vae.decoder.weight / vae.noise_logvar.exp()


def measure(seed: int, quick: bool) -> dict[str, float]:
    torch.manual_seed(seed)
    digits = mnist()
    x_train, x_test = to_float(digits.train.images).double(), to_float(digits.test.images).double()
    pictures = x_test[torch.randperm(len(x_test))[: 2 if quick else PICTURES]]
    values = {}
    for latent_dim in SIZES[:2] if quick else SIZES:
        vae = fit_linear_vae(x_train, latent_dim)
        with torch.no_grad():
            mu, logvar = vae.encode(pictures)
        places = {"start": (torch.zeros_like(mu), torch.zeros_like(logvar)), "end": (mu, logvar)}
        for place, (mu, logvar) in places.items():
            noise, bias = noise_and_bias(vae, pictures, mu, logvar)
            values |= {f"{name}_{place}_{latent_dim}": value for name, value in noise.items()}
            values |= {f"bias_{name}_{place}_{latent_dim}": value for name, value in bias.items()}
    return values


def noise_and_bias(vae: LinearVAE, pictures: Tensor, mu: Tensor, logvar: Tensor) -> tuple[dict, dict]:
    """Of each method, means over pictures: relative standard deviation, and distance from exact in standard errors."""
    noise, bias = defaultdict(float), defaultdict(float)
    for x, mu_of_x, logvar_of_x in zip(pictures, mu, logvar, strict=True):
        exact = exact_gradient(vae, x, mu_of_x)
        for name, gradients in estimates(vae, x, mu_of_x, logvar_of_x, SAMPLES).items():
            variance, error = gradients.var(0).sum(), (gradients.mean(0) - exact).norm()
            noise[name] += (variance.sqrt() / exact.norm()).item() / len(pictures)
            bias[name] += (error / (variance / SAMPLES).sqrt()).item() / len(pictures)
    return noise, bias


def verdict(arms: Arms) -> str:
    """Compared with the stronger control, which has a baseline."""
    ahead = [name for name in arms if name.startswith("reparam") and exceeds(arms[f"baseline{name[7:]}"], arms[name])]
    sizes = [size for size in SIZES if f"reparam_end_{size}" in arms]
    grows = all(
        exceeds(arms[f"baseline_{place}_{sizes[-1]}"], arms[f"baseline_{place}_{sizes[0]}"]) for place in PLACES
    )
    if len(ahead) < len(PLACES) * len(sizes):
        return f"depends on place and size: holds for {ahead or 'none'}"
    return "holds, and the score function gets noisier with more latents" if grows else "holds"


CLAIM = Claim(
    id="reparam-variance",
    lesson="03_reparameterization",
    question="Is the reparameterised gradient less noisy than the score-function gradient, and how does size matter?",
    quantity=(
        "standard deviation of a one-sample gradient, relative to the length of the exact one (start: q = N(0, I), "
        "end: q = the posterior); bias: distance of the mean from the exact gradient in standard errors (about 1 if "
        "unbiased)"
    ),
    treatment="reparameterised gradient",
    control="score-function gradient, plain and with a leave-one-out baseline",
    measure=measure,
    verdict=verdict,
    order=(("score_start_8", "baseline_start_8"), ("baseline_start_8", "reparam_start_8")),
)
