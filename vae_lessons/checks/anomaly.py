"""Check of exercise 08: how strange an image is to a VAE."""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Bernoulli
from torch.nn import functional as F

from vae_lessons.checks.core import task
from vae_lessons.checks.probe import Mistake, ask, compare, same, strided
from vae_lessons.checks.recorded_vae import RecordedVAE, binary, divergences


@task(
    "anomaly_score",
    points=3,
    hints=(
        "The ELBO says how well the model explains an image. What must its sign be, if strange images are to score "
        "high?",
        "Two parts per image: minus the Bernoulli log-likelihood of its pixels, and its KL. Which z gives the same "
        "score at every call: a sample, or the posterior mean?",
        "Get mu and logvar from model.encode(x), logits from model.decode(mu). The binary cross-entropy with logits "
        "(reduction='none') and the closed-form KL, each summed over dim=1, add up to the score.",
    ),
)
def judge_anomaly_score(answer: Any, rng: torch.Generator) -> None:
    """-log p(x|z=mu) + KL(q(z|x) || N(0, I)), one number per image, for binary images and several models."""
    model, x = RecordedVAE(12, 3, rng), binary(5, 12, rng)
    _steady(answer, model, x)
    _score(answer, model, x, "", rich=True)
    cases = {
        "for a model in evaluation mode": (RecordedVAE(12, 3, rng).eval(), x),
        "for a single image": (model, x[:1]),
        "for the images in another order": (model, x.flip(0)),
        "for one latent": (RecordedVAE(12, 1, rng), x),
        "for images of one pixel": (RecordedVAE(1, 2, rng), x[:, :1]),
        "for as many images as latents": (RecordedVAE(12, 5, rng), x),
        "for non-contiguous images": (model, strided(x)),
        "for float64": (RecordedVAE(12, 3, rng).double(), x.double()),
        "for logvar near -25": (RecordedVAE(12, 3, rng, shift=-25.0), x),
        "for logvar near 12": (RecordedVAE(12, 3, rng, shift=12.0), x),
    }
    for when, (vae, images) in cases.items():
        _score(answer, vae, images, " " + when)
    _score(answer, RecordedVAE(12, 3, rng, gain=400.0), x, " for logits of some hundreds", rich=True)


def _ask(answer: Any, model: RecordedVAE, x: Tensor) -> Any:
    state = {name: value.clone() for name, value in model.state_dict().items()}
    result = ask("anomaly_score", answer, {"model": model, "x": x})
    if any(not torch.equal(value, state[name]) for name, value in model.state_dict().items()):
        raise Mistake("anomaly_score(model, x) changed the weights of the model: nothing is trained here.")
    return result


def _steady(answer: Any, model: RecordedVAE, x: Tensor) -> None:
    first, second = _ask(answer, model, x), _ask(answer, model, x)
    if isinstance(first, Tensor) and isinstance(second, Tensor) and not same(first, second):
        raise Mistake(
            "anomaly_score gave two different results for the same images, but a score is no matter of chance: "
            "decode the posterior mean mu, not a sample z."
        )


def _score(answer: Any, model: RecordedVAE, x: Tensor, when: str, *, rich: bool = False) -> None:
    model.events.clear()
    result = _ask(answer, model, x)
    codes = [event.given for event in model.events if len(event.results) == 1]
    if isinstance(result, Tensor) and result.isnan().any():
        raise Mistake(
            f"anomaly_score(model, x){when} gave nan: was the logarithm of 0 taken after a sigmoid? The loss that "
            "takes logits is safe."
        )
    mistakes = _score_mistakes(model, x, codes) if rich else ()
    reconstruction, kl = _terms(model, x)
    compare(result, reconstruction + kl.sum(1), mistakes, call=f"anomaly_score(model, x){when}")


@torch.no_grad()
def _posterior(model: RecordedVAE, x: Tensor) -> tuple[Tensor, Tensor]:
    mu, logvar = model.encode(x)
    return mu.double(), logvar.double()


@torch.no_grad()
def _logits(model: RecordedVAE, z: Tensor) -> Tensor:
    return model.decode(z.to(next(model.parameters()).dtype)).double()


def _surprise(x: Tensor, logits: Tensor) -> Tensor:
    """-log p(x|z) in nats: (B, P) to (B,)."""
    return -Bernoulli(logits=logits).log_prob(x.double()).sum(1)


def _terms(model: RecordedVAE, x: Tensor) -> tuple[Tensor, Tensor]:
    """Minus the log-likelihood at z = mu, (B,), and the KL of each latent, (B, D), in float64."""
    mu, logvar = _posterior(model, x)
    return _surprise(x, _logits(model, mu)), divergences(mu, logvar)


def _score_mistakes(model: RecordedVAE, x: Tensor, codes: Sequence[Tensor]) -> Iterator[tuple[str, Tensor]]:
    mu, logvar = _posterior(model, x)
    reconstruction, kls = _terms(model, x)
    kl, logits = kls.sum(1), _logits(model, mu)
    yield from _wrong_sums(reconstruction, kl, x.shape[1], kls.shape[1])
    yield from _wrong_batch(reconstruction, kl)
    for sentence, wrong in _wrong_kls(mu, logvar):
        yield sentence, reconstruction + wrong.sum(1)
    for sentence, wrong in _wrong_likelihoods(x, logits):
        yield sentence, wrong + kl
        yield f"{sentence} The KL is missing too.", wrong
    for z in [*codes, torch.cat([mu[:0], *codes])]:
        if z.shape == mu.shape and not same(z, mu):
            other = _surprise(x, _logits(model, z))
            yield "The image was decoded from a z that is not mu: decode the posterior mean.", other + kl
            yield "The image was decoded from a z that is not mu, and the KL is missing.", other
    zero = _surprise(x, _logits(model, torch.zeros_like(mu)))
    yield "The image was decoded from z = 0: decode the posterior mean.", zero + kl


def _wrong_sums(reconstruction: Tensor, kl: Tensor, pixels: int, latents: int) -> Iterator[tuple[str, Tensor]]:
    right = reconstruction + kl
    yield "This is the ELBO itself: a stranger image scores higher, so turn the sign.", -right
    yield "This is the reconstruction term alone: the KL is missing.", reconstruction
    yield "This is the log-likelihood: turn its sign and add the KL.", -reconstruction
    yield "This is the KL alone: the reconstruction term is missing.", kl
    yield "The KL was subtracted: the negative ELBO adds it.", reconstruction - kl
    yield "The log-likelihood was added to the KL: subtract it.", kl - reconstruction
    yield "The KL counts twice: is its factor one half missing?", reconstruction + 2 * kl
    pixel = f"The mean over the {pixels} pixels was taken: sum them, as a log-likelihood does."
    latent = f"The mean over the {latents} latents was taken: sum their KL."
    yield pixel, reconstruction / pixels + kl
    yield latent, reconstruction + kl / latents
    yield "The means over pixels and over latents were taken: sum both.", reconstruction / pixels + kl / latents
    yield pixel, reconstruction / pixels
    yield f"The score was divided by the {pixels} pixels: leave it in nats per image.", right / pixels
    yield "The score is in bits: leave it in nats, without the logarithm of 2.", right / 0.69314718


def _wrong_batch(reconstruction: Tensor, kl: Tensor) -> Iterator[tuple[str, Tensor]]:
    right = reconstruction + kl
    yield "This is the mean over the batch: one score per image was asked.", right.mean()
    yield "This is the sum over the batch: one score per image was asked.", right.sum()
    pairs = "Every image was paired with every other, (B, B): do reconstruction and KL both have shape (B,)?"
    yield pairs, reconstruction + kl[:, None]
    yield pairs, reconstruction[:, None] + kl
    yield "The KL was averaged over the batch: each image has its own.", reconstruction + kl.mean()
    yield "The KL was summed over the batch: each image has its own.", reconstruction + kl.sum()
    scaled = "The score was rescaled with the other images of the batch: each image is scored alone."
    centred = right - right.mean()
    for wrong in (centred, centred / right.std(), centred / right.std(correction=0), right / right.max()):
        yield scaled, wrong
    low, total = right - right.min(), right.sum()
    for wrong in (low, low / low.max(), right / total, right.softmax(0), right.argsort().argsort()):
        yield scaled, wrong


def _wrong_kls(mu: Tensor, logvar: Tensor) -> Iterator[tuple[str, Tensor]]:
    square, variance = mu**2, logvar.exp()
    yield (
        "logvar was read as a log-std in the KL: the variance is exp(logvar).",
        (variance**2 + square - 1) / 2 - logvar,
    )
    yield "The KL has logvar where exp(logvar) belongs.", (logvar + square - 1 - logvar) / 2
    yield "The KL takes logvar squared for the variance, which is exp(logvar).", (logvar**2 + square - 1 - logvar) / 2
    yield (
        "The KL has the standard deviation where the variance belongs.",
        ((logvar / 2).exp() + square - 1 - logvar) / 2,
    )
    yield (
        "The KL has its arguments swapped: it runs from q(z|x) to the prior.",
        ((1 + square) / variance - 1 + logvar) / 2,
    )
    single = "The KL was estimated at the single point z = mu: use the closed form of KL(q(z|x) || N(0, I))."
    yield single, (square - logvar) / 2
    yield "Only the prior term of the KL is there, without the entropy of q.", square / 2
    yield "The constant -1 of the KL is missing.", (variance + square - logvar) / 2


def _wrong_likelihoods(x: Tensor, logits: Tensor) -> Iterator[tuple[str, Tensor]]:
    x, pixels = x.double(), logits.sigmoid()
    yield "The sigmoid was applied twice: a loss with logits applies it itself.", _surprise(x, pixels)
    saturated = "A sigmoid came before the logarithm and ran into 0 and 1: use the loss that takes logits."
    rounded = logits.float().sigmoid()
    yield saturated, F.binary_cross_entropy(rounded, x.float(), reduction="none").double().sum(1)
    yield saturated, torch.where(x > 0, -rounded.double().log(), -(1 - rounded.double()).log()).sum(1)
    for eps in (1e-6, 1e-7, 1e-8, 1e-10, 1e-12):
        safe = -(x * (pixels + eps).log() + (1 - x) * (1 - pixels + eps).log())
        clamped = F.binary_cross_entropy(rounded.clamp(eps, 1 - eps), x.float(), reduction="none")
        yield saturated, safe.sum(1)
        yield saturated, clamped.double().sum(1)
    yield "This is the squared error: use the Bernoulli log-likelihood.", ((x - pixels) ** 2).sum(1)
    yield "This is half the squared error: use the Bernoulli log-likelihood.", ((x - pixels) ** 2).sum(1) / 2
    yield "This is the absolute error: use the Bernoulli log-likelihood.", (x - pixels).abs().sum(1)
    yield "The squared error was taken with the logits: use the Bernoulli log-likelihood.", ((x - logits) ** 2).sum(1)
