"""Check of exercise 04: the loss, its two terms and their gradients."""

import itertools
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Bernoulli
from torch.nn import functional as F

from vae_lessons.checks.core import task
from vae_lessons.checks.formulas import written_out
from vae_lessons.checks.kl import right_kl, wrong_kls
from vae_lessons.checks.likelihoods import STABLE
from vae_lessons.checks.probe import Mistake, as_tensor, ask, compare, same, show, strided


@task(
    "negative_elbo",
    points=3,
    hints=(
        "The bound is the expected log-likelihood minus the KL. A loss is minimised, so which sign does each of the "
        "two get?",
        "Work per image first: minus the log-likelihood summed over pixels, plus beta times the KL summed over "
        "latents. That is (B,). Only then comes the batch.",
        "bernoulli_log_likelihood gives (B,). gaussian_kl(...).sum(1) gives (B,) too. Take the mean over the batch of "
        "minus the first plus beta times the second.",
    ),
)
def judge_negative_elbo(answer: Any, rng: torch.Generator) -> None:
    """Mean over the batch of -log p(x|z) summed over pixels + beta * KL summed over latents, and its gradients."""
    batches = [_batch(rng) for _ in range(4)]
    call = "negative_elbo(x, logits, mu, logvar"
    for beta in (1.7, 0.3, 0.0):
        _compare_loss(answer, batches, (beta,), f"{call}, beta={beta:g})")
    _compare_loss(answer, batches, (), f"{call})")
    x, logits, mu, logvar = inputs = batches[0]
    single = x[:1], logits[:1], mu[:1].abs() + 1, logvar[:1]  # a KL that float32 does not round away
    cases = {
        "for float64": tuple(part.double() for part in inputs),
        "for a batch of one": single,
        "for one image of one pixel with one latent": tuple(part[:, :1] for part in single),
        "for non-contiguous tensors": tuple(strided(part) for part in inputs),
        "for logvar = 40": (x, logits, mu, torch.full_like(mu, 40.0)),
        "for logvar = -40": (x, logits, mu, torch.full_like(mu, -40.0)),
    }
    for when, parts in cases.items():
        compare(_loss(answer, parts, 1.7), _right_loss(*parts, 1.7), (), call=f"{call}, beta=1.7) {when}")
    _require_stable(answer, (x, 1000 * logits.sign(), mu, logvar), f"{call}, beta=1.7) for logits of 1000")
    _require_loss_gradients(answer, inputs, 1.7)


def _batch(rng: torch.Generator) -> tuple[Tensor, ...]:
    x, logits = (torch.rand(5, 12, generator=rng) < 0.5).float(), 2 * torch.randn(5, 12, generator=rng)
    return x, logits, *torch.randn(2, 5, 3, generator=rng)


def _loss(answer: Any, inputs: tuple[Tensor, ...], *beta: float) -> Any:
    names = ("x", "logits", "mu", "logvar", "beta")
    return ask("negative_elbo", answer, dict(zip(names, (*inputs, *beta), strict=False)))


def _right_loss(x: Tensor, logits: Tensor, mu: Tensor, logvar: Tensor, beta: float) -> Tensor:
    reconstruction = -Bernoulli(logits=logits.double()).log_prob(x.double()).sum(1)
    return (reconstruction + beta * right_kl(mu, logvar).sum(1)).mean()


def _compare_loss(answer: Any, batches: list[tuple[Tensor, ...]], given: tuple[float, ...], call: str) -> None:
    """Name a mistake only where it explains the loss of every batch: one number alone fits many explanations."""
    got = [as_tensor(_loss(answer, batch, *given), call) for batch in batches]
    double = [tuple(part.double() for part in batch) for batch in batches]
    beta = given[0] if given else 1.0
    tables = [_loss_mistakes(*batch, beta) for batch in double] if given else []
    agreed = (
        column[0]
        for column in zip(*tables, strict=True)
        if all(same(value, wrong) for value, (_, wrong) in zip(got, column, strict=True))
    )
    mistakes = itertools.chain(agreed, _weights(got, double, given))
    for value, batch in zip(got, double, strict=True):
        compare(value, _right_loss(*batch, beta), mistakes if value is got[0] else (), call=call)


def _weights(
    got: list[Tensor], batches: list[tuple[Tensor, ...]], given: tuple[float, ...]
) -> Iterator[tuple[str, Tensor]]:
    """Read off the two weights of the loss, where it is a sum of the right terms."""
    without = torch.stack([_right_loss(*batch, 0.0) for batch in batches])
    kl = torch.stack([_right_loss(*batch, 1.0) for batch in batches]) - without
    numbers = all(value.dim() == 0 for value in got)
    found = written_out(torch.stack(got), {"reconstruction": without, "KL": kl}) if numbers else None
    if found and given:
        yield f"This is {found}, per image, but reconstruction + {given[0]:g} KL was asked.", got[0]
    if found:
        yield f"This is {found}, per image, but beta is 1.0 when it is left out.", got[0]


def _require_stable(answer: Any, inputs: tuple[Tensor, ...], call: str) -> None:
    got, right = as_tensor(_loss(answer, inputs, 1.7), call), _right_loss(*inputs, 1.7)
    if not same(got, right):
        seen = f"{call} gave {show(got, right)}, expected {show(right, got)}."
        raise Mistake(f"{seen} The sigmoid rounds to 0 or 1 there: {STABLE}")


def _loss_mistakes(x: Tensor, logits: Tensor, mu: Tensor, logvar: Tensor, beta: float) -> Iterator[tuple[str, Tensor]]:
    """What may happen to the two terms together, then every pair of a right or wrong reconstruction and KL."""
    terms, kls = _reconstructions(x, logits), _kls(mu, logvar)
    (_, r), (_, k) = terms[0], kls[0]
    whole = r + beta * k
    yield "This is the ELBO itself, which is maximised: the loss is its negative.", -whole.mean()
    yield "beta was not used: it multiplies the KL.", (r + k).mean()
    yield "beta multiplies the reconstruction: it belongs to the KL.", (beta * r + k).mean()
    yield "beta multiplies both terms: it belongs to the KL alone.", (beta * whole + beta * (1 - beta) * k).mean()
    yield "The reconstruction was weighted by 1 - beta: beta weighs only the KL.", (whole - beta * r).mean()
    yield "The KL was divided by beta: multiply.", (r + k / (beta or 1.0)).mean()
    yield "beta was squared on the way: it multiplies the KL once.", (r + beta**2 * k).mean()
    yield "The KL is subtracted: in the loss it is added.", (r - beta * k).mean()
    yield "The log-likelihood is added: in the loss it is subtracted.", (beta * k - r).mean()
    yield "The KL is missing: add beta times its sum over latents.", r.mean()
    yield "The reconstruction is missing: add minus the log-likelihood.", beta * k.mean()
    yield "This is the loss of every image, (B,): take the mean over the batch.", whole
    yield "This is the sum over the batch: take the mean, so that the loss does not grow with the batch.", whole.sum()
    yield "beta was not used: it multiplies the KL. And the batch was summed: take the mean.", (r + k).sum()
    yield "Every image was paired with every other, (B, B): sum both terms to (B,).", r[:, None] + beta * k
    for sentence, reconstruction in terms:
        for other, kl in kls:
            both = f"{sentence}, and {other}" if sentence and other else sentence or other
            yield f"It seems that {both}.", (reconstruction + beta * kl).mean()


def _reconstructions(x: Tensor, logits: Tensor) -> list[tuple[str, Tensor]]:
    """The right reconstruction term (B,), then wrong ones."""
    pixels, p = x.shape[1], logits.sigmoid()
    right = -Bernoulli(logits=logits).log_prob(x).sum(1)
    wrong = {
        f"the reconstruction is averaged over the {pixels} pixels (sum them)": right / pixels,
        "the reconstruction is summed over the batch (take the mean)": right * len(x),
        "the sigmoid was applied twice": -Bernoulli(logits=p).log_prob(x).sum(1),
        "the reconstruction is a squared error": ((x - p) ** 2).sum(1),
        "the reconstruction is a squared error, averaged over the pixels": ((x - p) ** 2).mean(1),
        "the reconstruction is half a squared error": ((x - p) ** 2).sum(1) / 2,
        "the reconstruction is a squared error of the logits": ((x - logits) ** 2).sum(1),
        "only the pixels that are 1 were counted": -(x * F.logsigmoid(logits)).sum(1),
        "x and logits changed places in the cross-entropy": (F.softplus(x) - x * logits).sum(1),
        "x and 1 - x changed places": -Bernoulli(logits=-logits).log_prob(x).sum(1),
    }
    return [("", right), *wrong.items()]


def _kls(mu: Tensor, logvar: Tensor) -> list[tuple[str, Tensor]]:
    """The right KL term (B,), then wrong ones."""
    right, latents = right_kl(mu, logvar).sum(1), mu.shape[1]
    averaged = f"the KL is averaged over the {latents} latents (sum them)"
    summed = "the KL is summed over the batch (take the mean)"
    wrong = [(sentence, value.sum(1)) for sentence, value in wrong_kls(mu, logvar)]
    return [("", right), (averaged, right / latents), (summed, right * len(mu)), *wrong]


def _require_loss_gradients(answer: Any, inputs: tuple[Tensor, ...], beta: float) -> None:
    """The gradients are (sigmoid(logits) - x) / B, beta mu / B and beta (exp(logvar) - 1) / (2 B)."""
    x, (logits, mu, logvar) = inputs[0], (part.clone().requires_grad_() for part in inputs[1:])
    loss = _loss(answer, (x, logits, mu, logvar), beta)
    right = (logits.sigmoid() - x).detach(), beta * mu.detach(), beta * (logvar.detach().exp() - 1) / 2
    found = (None, None, None)
    if loss.requires_grad:
        found = torch.autograd.grad(loss, (logits, mu, logvar), allow_unused=True)
    for name, gradient, expected in zip(("logits", "mu", "logvar"), found, right, strict=True):
        if gradient is None:
            raise Mistake(f"No gradient of the loss reaches {name}: is there a detach(), a no_grad() or an item()?")
        compare(gradient, expected / len(x), (), call=f"The gradient of negative_elbo(...) in {name}")
