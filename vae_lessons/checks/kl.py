"""Check of exercise 04: the KL of a Gaussian to the prior, in closed form."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Normal, kl_divergence

from vae_lessons.checks.core import task
from vae_lessons.checks.formulas import written_out
from vae_lessons.checks.probe import Mistake, as_tensor, ask, compare, require_no_nan, same, strided


@task(
    "gaussian_kl",
    points=2,
    hints=(
        "Every latent has its own KL, so the result keeps the shape (B, D). Four terms appear: which of them pull mu "
        "to 0, and which pull the variance to 1?",
        "KL = (mu^2 + sigma^2 - 1 - log sigma^2) / 2. You have logvar = log sigma^2: how is sigma^2 written with it?",
        "One half of mu squared plus torch.exp(logvar) minus 1 minus logvar, elementwise. Nothing is summed or "
        "averaged here, and nothing is drawn. For mu = 0 and logvar = 0 it is 0.",
    ),
)
def judge_gaussian_kl(answer: Any, rng: torch.Generator) -> None:
    """The closed form, per dimension, in float32 and float64, from tiny to huge variances."""
    call, (mu, logvar) = "gaussian_kl(mu, logvar)", torch.randn(2, 6, 4, generator=rng)
    first, second = (as_tensor(_kl(answer, mu, logvar), call) for _ in range(2))
    require_no_nan(first, call=call, cause="a logarithm of logvar fails, and logvar is the logarithm already.")
    if not same(first, second):
        raise Mistake(f"{call} gave two different results for the same input: use the closed form, without sampling.")
    compare(first, right_kl(mu, logvar), _kl_mistakes(first, mu.double(), logvar.double()), call=call)
    far = mu + mu.sign()  # where few numbers are compared, none is so small that float32 rounds it away
    wide, at_prior = torch.full_like(mu, 40.0), mu * (torch.arange(6) > 2)[:, None]
    cases = {
        "for a batch of one": (far[:1], logvar[:1]),
        "for one latent": (far[:, :1], logvar[:, :1]),
        "for one image and one latent": (far[:1, :1], logvar[:1, :1]),
        "for float64": (mu.double(), logvar.double()),
        "for non-contiguous tensors": (strided(mu), logvar.T.contiguous().T),
        "for rows of mu = 0 and logvar = 0": (at_prior, at_prior.flip(1)),
        "for logvar = 40": (mu, wide),
        "for logvar = -40": (mu, -wide),
        "for mu around 100": (mu + 100, logvar),
    }
    for when, (m, v) in cases.items():
        compare(_kl(answer, m, v), right_kl(m, v), _clamped(m, v), call=f"{call} {when}")


def _kl(answer: Any, mu: Tensor, logvar: Tensor) -> Any:
    return ask("gaussian_kl", answer, {"mu": mu, "logvar": logvar})


def right_kl(mu: Tensor, logvar: Tensor) -> Tensor:
    """Return kl_divergence of torch.distributions, (B, D) in float64."""
    return kl_divergence(Normal(mu.double(), (logvar.double() / 2).exp()), Normal(0.0, 1.0))


def _clamped(mu: Tensor, logvar: Tensor) -> Iterator[tuple[str, Tensor]]:
    for limit in (1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30):
        sentence = f"logvar was clamped to {limit} on the way: it may be any number."
        yield sentence, right_kl(mu, logvar.clamp(-limit, limit))


def wrong_kls(mu: Tensor, logvar: Tensor) -> Iterator[tuple[str, Tensor]]:
    """The known mistakes in the KL of one latent: a clause and the (B, D) that it leads to."""
    right, variance = right_kl(mu, logvar), logvar.exp()
    yield "the KL lost its one half", 2 * right
    yield "the sign of the KL is turned", -right
    yield "the KL lost its one half and its sign is turned", -2 * right
    yield (
        "this is the KL with the arguments swapped, from N(0, 1) to the posterior",
        kl_divergence(Normal(0.0, 1.0), Normal(mu, variance.sqrt())),
    )
    yield "logvar was read as log sigma in the KL, but sigma^2 = exp(logvar)", right_kl(mu, 2 * logvar)
    for sentence, used in (
        ("the KL uses logvar^2 for the variance, which is exp(logvar)", logvar**2),
        ("the KL uses logvar for the variance, which is exp(logvar)", logvar),
        ("the KL uses sigma for the variance, which is exp(logvar)", variance.sqrt()),
        ("the KL uses exp(2 logvar) for the variance, which is exp(logvar)", variance**2),
        ("the KL uses exp(-logvar) for the variance, which is exp(logvar)", 1 / variance),
    ):
        yield sentence, 0.5 * (mu**2 + used - 1 - logvar)
    yield "mu is not squared in the KL", 0.5 * (mu + variance - 1 - logvar)
    yield "mu and logvar changed places in the KL", right_kl(logvar, mu)
    yield "the KL lost its - 1", right + 0.5
    yield "the KL lost its - logvar", right + 0.5 * logvar
    yield "logvar has the wrong sign in the KL", right + logvar
    yield "mu is missing in the KL", right - 0.5 * mu**2
    yield "the variance is missing in the KL", right - 0.5 * variance


def _kl_mistakes(got: Tensor, mu: Tensor, logvar: Tensor) -> Iterator[tuple[str, Tensor]]:
    right, latents = right_kl(mu, logvar), mu.shape[1]
    for sentence, value in wrong_kls(mu, logvar):
        yield f"It seems that {sentence}.", value
    for what, kl in (("", right), (" of the KL with its sign turned", -right), (" of twice the KL", 2 * right)):
        yield f"This is the sum{what} over the {latents} latents: keep one number per latent, (B, D).", kl.sum(1)
        yield (
            f"This is the sum{what} over the {latents} latents, kept as a column: keep (B, D).",
            kl.sum(1, keepdim=True),
        )
        yield f"This is the mean{what} over the {latents} latents: keep one number per latent, (B, D).", kl.mean(1)
        yield f"This is the sum{what} over everything: keep one number per latent, (B, D).", kl.sum()
        yield f"This is the mean{what} over everything: keep one number per latent, (B, D).", kl.mean()
        yield (
            f"This is the loss form{what}, summed over latents and averaged over images: keep (B, D).",
            kl.sum(1).mean(),
        )
        yield f"This is the sum{what} over the batch: keep one row per image, (B, D).", kl.sum(0)
        yield f"This is the mean{what} over the batch: keep one row per image, (B, D).", kl.mean(0)
    yield "The result is transposed: one row per image, (B, D).", right.T
    terms = {"mu^2": mu**2, "exp(logvar)": logvar.exp(), "1": torch.ones_like(mu), "logvar": logvar}
    terms |= {"mu": mu, "exp(logvar / 2)": (logvar / 2).exp(), "logvar^2": logvar**2}
    if found := written_out(got, terms):
        yield f"This is {found}: compare its terms with (mu^2 + exp(logvar) - 1 - logvar) / 2.", got
