"""Checks of exercise 03: one sample that gradients can pass, and many samples."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from vae_lessons.checks.core import task
from vae_lessons.checks.noise import blends, noise_fault, require_fresh, require_posterior
from vae_lessons.checks.probe import Mistake, as_tensor, ask, check_shape, compare, require_no_nan, same, strided

SIGMA = "exp(logvar / 2)"


@task(
    "reparameterize",
    points=2,
    hints=(
        "A standard normal number becomes a sample of N(mu, sigma^2) by stretching and shifting. Which of the two does "
        "mu do, and which does sigma?",
        "logvar is the logarithm of sigma squared, so sigma is exp(logvar / 2). When no noise is given, draw one "
        "number for every entry of mu.",
        "If noise is None, set it to torch.randn_like(mu). Return mu plus sigma times noise, built from mu and logvar "
        "by ordinary operations, so that gradients flow.",
    ),
)
def judge_reparameterize(answer: Any, rng: torch.Generator) -> None:
    """mu + sigma * noise for the noise given, fresh noise otherwise, with gradients in mu and logvar."""
    mu, logvar, noise = torch.randn(3, 6, 4, generator=rng)
    _given_noise(answer, mu, logvar, noise)
    for when, (m, v, e) in _reparameterize_cases(mu, logvar, noise).items():
        call = f"reparameterize(mu, logvar, noise) {when}"
        compare(_reparameterize(answer, m, v, e), _right(m, v, e), _clamped(m, v, e), call=call)
        check_shape(_reparameterize(answer, m, v), tuple(m.shape), call=f"reparameterize(mu, logvar) {when}")
    _fresh_noise(answer, rng)
    for given in ((noise,), ()):
        _differentiable(answer, *torch.randn(3, 6, 4, generator=rng), given)


def _reparameterize(answer: Any, mu: Tensor, logvar: Tensor, *noise: Tensor) -> Any:
    arguments = dict(zip(("mu", "logvar", "noise"), (mu, logvar, *noise), strict=False))
    return ask("reparameterize", answer, arguments)


def _right(mu: Tensor, logvar: Tensor, noise: Tensor) -> Tensor:
    return mu.double() + (logvar.double() / 2).exp() * noise.double()


def _given_noise(answer: Any, mu: Tensor, logvar: Tensor, noise: Tensor) -> None:
    call, right = "reparameterize(mu, logvar, noise)", _right(mu, logvar, noise)
    first, second = (as_tensor(_reparameterize(answer, mu, logvar, noise), call) for _ in range(2))
    require_no_nan(first, call=call, cause="a square root or logarithm of logvar fails, because it may be negative.")
    if not same(first, second):
        raise Mistake(f"{call} gave two different results for the same noise: use the noise given, draw only for None.")
    compare(first, right, _noise_mistakes(mu.double(), logvar.double(), noise.double()), call=call)


def _noise_mistakes(mu: Tensor, logvar: Tensor, noise: Tensor) -> Iterator[tuple[str, Tensor]]:
    sigma, right = (logvar / 2).exp(), _right(mu, logvar, noise)
    for sentence, center, scale in blends(mu, logvar):
        yield sentence, center + scale * noise
    yield "The noise was subtracted: add it.", mu - sigma * noise
    yield "The first row of the noise was used for the whole batch: each image has its own.", mu + sigma * noise[:1]
    yield "One number of the noise was used for all latents: each has its own.", mu + sigma * noise[:, :1]
    yield "(mu + noise) was scaled, and by the variance: only the noise is scaled, by sigma.", (mu + noise) * sigma**2
    yield "The latents were added up: keep one number per latent, (B, D).", right.sum(1)
    yield "The latents were averaged: keep one number per latent, (B, D).", right.mean(1)
    yield "The batch was averaged: keep one row per image, (B, D).", right.mean(0)
    yield "The result is transposed: one row per image, (B, D).", right.T


def _reparameterize_cases(mu: Tensor, logvar: Tensor, noise: Tensor) -> dict[str, tuple[Tensor, Tensor, Tensor]]:
    wide = torch.full_like(mu, 40.0)
    above = mu.abs() + noise.abs()  # no small difference of large numbers, which float32 would round
    return {
        "for a batch of one": (mu[:1], logvar[:1], noise[:1]),
        "for one latent": (mu[:, :1], logvar[:, :1], noise[:, :1]),
        "for one image and one latent": (above[:1, :1], logvar[:1, :1], noise[:1, :1].abs()),
        "for float64": (mu.double(), logvar.double(), noise.double()),
        "for non-contiguous tensors": (strided(mu), strided(logvar), noise.T.contiguous().T),
        "for noise = 0": (mu, logvar, torch.zeros_like(mu)),
        "for logvar = 40": (mu, wide, noise),
        "for logvar = -40": (mu, -wide, noise),
        "for mu around 100": (mu + 100, logvar, noise),
    }


def _clamped(mu: Tensor, logvar: Tensor, noise: Tensor) -> Iterator[tuple[str, Tensor]]:
    for limit in (1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30):
        yield (
            f"logvar was clamped to {limit} on the way: it may be any number.",
            _right(mu, logvar.clamp(-limit, limit), noise),
        )


def _fresh_noise(answer: Any, rng: torch.Generator) -> None:
    """Where mu = 0 and logvar = 0 the result is the noise itself; elsewhere it can be worked out."""
    call, zeros = "reparameterize(mu, logvar)", torch.zeros(2000, 8)
    plain = [check_shape(_reparameterize(answer, zeros, zeros.clone()), (2000, 8), call=call) for _ in range(2)]
    if fault := noise_fault(plain[0]):
        raise Mistake(f"{call} with mu = 0 and logvar = 0 should be standard normal noise. {fault}")
    require_fresh(*plain, call=call)
    mu, logvar = torch.randn(2, 2000, 8, generator=rng)
    z = check_shape(_reparameterize(answer, 2 * mu, logvar), (2000, 8), call=call)
    require_posterior(z, 2 * mu, logvar, call=call)


def _differentiable(answer: Any, mu: Tensor, logvar: Tensor, weight: Tensor, given: tuple[Tensor] | tuple[()]) -> None:
    """The gradient of sum(weight * z) is weight in mu and weight * (z - mu) / 2 in logvar."""
    mu, logvar = mu.clone().requires_grad_(), logvar.clone().requires_grad_()
    call = f"reparameterize(mu, logvar{', noise' * len(given)})"
    z = _reparameterize(answer, mu, logvar, *given)
    right = weight, weight * (z - mu).detach() / 2
    found = (None, None)
    if z.requires_grad:
        found = torch.autograd.grad((z * weight).sum(), (mu, logvar), allow_unused=True)
    for name, gradient, expected in zip(("mu", "logvar"), found, right, strict=True):
        if gradient is None:
            raise Mistake(
                f"No gradient of {call} reaches {name}: is there a detach(), a no_grad(), or a sample() where "
                "rsample() belongs?"
            )
        compare(gradient, expected, (), call=f"The gradient of sum(weight * z) in {name}, z = {call},")


@task(
    "sample_posterior",
    points=2,
    hints=(
        "For each image you want n different codes: n times as much noise as for one.",
        f"The noise has the shape (n, B, D). sigma = {SIGMA} and mu are (B, D): how does PyTorch combine these shapes?",
        "torch.randn(n, *mu.shape) is the noise. Broadcasting lines up the last two axes by itself, so mu plus sigma "
        "times noise is already (n, B, D).",
    ),
)
def judge_sample_posterior(answer: Any, rng: torch.Generator) -> None:
    """n independent samples of N(mu, sigma^2), stacked in front."""
    for n, batch, latent in ((5, 3, 2), (1, 1, 1), (4, 1, 3), (2, 3, 1), (1, 4, 2), (3, 3, 3)):
        mu, logvar = torch.randn(2, batch, latent, generator=rng)
        for m, v in ((mu, logvar), (strided(mu), strided(logvar)), (mu.double(), logvar.double())):
            _stacked(answer, m, v, n)
    _independent(answer)
    mu = 3 * torch.randn(4, 2, generator=rng)
    logvar = torch.tensor([[1.0, -2.0], [0.3, 40.0], [-0.7, 2.0], [-1.0, 0.6]])
    z = _stacked(answer, mu, logvar, 2000)
    _in_place(z, mu, logvar)
    require_posterior(z.flatten(1), mu.flatten(), logvar.flatten(), call="sample_posterior(mu, logvar, 2000)")
    narrow = _stacked(answer, mu, torch.full_like(mu, -40.0), 5)
    compare(
        narrow, mu.expand(5, 4, 2), (), call="sample_posterior(mu, logvar, 5) for logvar = -40, where sigma is 2e-9,"
    )


def _stacked(answer: Any, mu: Tensor, logvar: Tensor, n: int) -> Tensor:
    (batch, latent), call = mu.shape, f"sample_posterior(mu, logvar, {n})"
    got = as_tensor(ask("sample_posterior", answer, {"mu": mu, "logvar": logvar, "n": n}), call)
    shape, seen = (n, batch, latent), tuple(got.shape)
    known = {
        (batch, n, latent): "The samples come second: put them on the first axis.",
        (batch, latent, n): "The samples come last: put them on the first axis.",
        (n * batch, latent): "Samples and images share one axis: give each its own.",
        (n, latent): "The images are missing: each has its own mu and logvar.",
        (n, batch): "The latents are missing: each has its own mu and logvar.",
        (batch, latent): f"This is one sample per image: {n} were asked, stacked in front.",
    }
    if seen != shape and seen in known and min(shape) > 1:
        raise Mistake(f"{call} gave shape {seen}, expected shape {shape}, (n, B, D). {known[seen]}")
    if len(seen) == 3 and seen[1:] == shape[1:] and seen[0] != n:
        raise Mistake(f"{call} gave {seen[0]} samples of each image: the number of samples is the argument n.")
    return check_shape(got, shape, call=call)


def _independent(answer: Any) -> None:
    """Where mu = 0 and logvar = 0 the result is the noise itself, and what is shared shows exactly."""
    zeros, call = torch.zeros(4, 2), "sample_posterior(mu, logvar, 2000)"
    z = _stacked(answer, zeros, zeros.clone(), 2000)
    for axis, who in enumerate(("All samples of an image", "All images of a sample", "All latents of a code")):
        if (z == z.narrow(axis, 0, 1)).all() and z.any():
            raise Mistake(f"{who} from {call} share the same noise: draw noise of shape (n, B, D).")
    flat = z.flatten(1).double()
    if len(flat.abs().unique(dim=0)) < len(flat) == len(flat.unique(dim=0)):
        raise Mistake(f"Some samples of {call} are others with the sign turned: independent ones were asked.")
    fault = noise_fault(flat)
    if fault is None and abs((flat[1:] * flat[:-1]).mean().item()) > 0.06:  # 7.5 standard errors
        fault = "Neighboring samples are correlated: draw each one independently."
    if fault:
        raise Mistake(f"{call} with mu = 0 and logvar = 0 should be independent standard normal noise. {fault}")
    require_fresh(flat, _stacked(answer, zeros, zeros.clone(), 2000).flatten(1), call=call)


def _in_place(z: Tensor, mu: Tensor, logvar: Tensor) -> None:
    """Samples drawn image by image and then read sample by sample land on the wrong images."""
    spread = [part.repeat_interleave(len(z), 0).view(z.shape).double() for part in (mu, logvar)]
    noise = (z.double() - spread[0]) / (spread[1] / 2).exp()
    if noise_fault(noise.flatten(1)) is None:
        raise Mistake(
            "sample_posterior(mu, logvar, n) gives samples to the wrong images: after repeat_interleave the rows of "
            "one image lie together, so that a reshape to (n, B, D) mixes them. Use expand, or repeat."
        )
