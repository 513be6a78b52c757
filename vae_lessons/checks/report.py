"""The loss, reconstruction and KL that an answer reports, against what its model did."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Normal, kl_divergence
from torch.nn import functional as F

from vae_lessons.checks.noise import require_posterior
from vae_lessons.checks.probe import Mistake, as_number, close, compare_number
from vae_lessons.checks.recorded_vae import Event, Reading, divergences, readings

KEYS = ("loss", "reconstruction", "kl")
Report = dict[str, float]


def as_report(result: Any, call: str) -> Report:
    """Return the three numbers of a dict, or say what came instead."""
    if not isinstance(result, Mapping):
        raise Mistake(f"{call} returned a {type(result).__name__}, but a dict with {', '.join(KEYS)} is expected.")
    missing = [key for key in KEYS if key not in result]
    if missing:
        keys = ", ".join(map(str, result)) or "nothing"
        raise Mistake(f"The dict of {call} lacks {', '.join(missing)}: it has {keys}.")
    return {key: as_number(result[key], f"{key!r} of {call}") for key in KEYS}


def truth(reading: Reading, beta: float) -> Report:
    """The three numbers per image that belong to a reading."""
    reconstruction, kl = reading.surprise.mean().item(), reading.divergence.mean().item()
    return {"loss": reconstruction + beta * kl, "reconstruction": reconstruction, "kl": kl}


def recorded(events: Sequence[Event], x: Tensor, call: str) -> list[Reading]:
    """The readings of these events that cover all of `x`, or a `Mistake` that says what is missing."""
    if not events:
        raise Mistake(f"{call} never ran the model: call model(x).")
    found = readings(events)
    if not found:
        raise Mistake(f"{call} did not both encode images and decode codes: call model(x).")
    complete = [reading for reading in found if _covers(reading.x, x)]
    if not complete:
        codes, images = len(found[-1].x), len(x)
        if codes < images:
            raise Mistake(f"{call} decoded {codes} codes for {images} images: each image needs one, in every batch.")
        raise Mistake(f"{call} decoded {codes} codes, which are not one for each of the {images} images it was given.")
    return complete


def _covers(seen: Tensor, x: Tensor) -> bool:
    """Whether every image was seen equally often, in any order."""
    (rows, counts), (wanted, once) = (torch.unique(value, dim=0, return_counts=True) for value in (seen, x))
    return torch.equal(rows, wanted) and torch.equal(counts, once * (len(seen) // len(x)))


def match(report: Report, found: Sequence[Reading], beta: float, sizes: Sequence[int], call: str) -> list[Reading]:
    """Return the readings that the report may follow from, or name the mistake; `sizes` are those of the batches."""
    fits = [{key: close(report[key], value) for key, value in truth(reading, beta).items()} for reading in found]
    chosen = [reading for reading, fit in zip(found, fits, strict=True) if all(fit.values())]
    if chosen:
        return chosen
    if all(any(fit[key] for fit in fits) for key in KEYS):
        raise Mistake(f"The numbers of {call} come from different samples of z: compute all three from one run.")
    expected, mistakes = truth(found[0], beta), _mistakes(found[0], beta, sizes)
    for key in ("reconstruction", "kl", "loss"):
        if not math.isfinite(report[key]):
            remedy = "was the logarithm of 0 taken after a sigmoid? The loss that takes logits is safe."
            raise Mistake(f"{key!r} of {call} is {report[key]}, expected {expected[key]:.4g}: {remedy}")
    if close(report["kl"], expected["reconstruction"]) and close(report["reconstruction"], expected["kl"]):
        raise Mistake(f"In the dict of {call} reconstruction and kl changed places.")
    _both_pooled(report, found[0], expected, sizes, call)
    for key in ("reconstruction", "kl", "loss"):
        compare_number(report[key], expected[key], mistakes[key], call=f"{key!r} of {call}")
    raise Mistake(f"The numbers of {call} do not belong together: the loss is reconstruction + beta * kl.")


def _both_pooled(report: Report, reading: Reading, expected: Report, sizes: Sequence[int], call: str) -> None:
    """A wrong way of going from images to one number that explains two numbers is no coincidence."""
    pairs = zip(_pooled(reading.surprise, sizes), _pooled(reading.divergence, sizes), strict=True)
    for (sentence, reconstruction), (_, kl) in pairs:
        if close(report["reconstruction"], reconstruction) and close(report["kl"], kl):
            seen = f"{report['reconstruction']:.4g}, expected {expected['reconstruction']:.4g}"
            raise Mistake(f"'reconstruction' of {call} gave {seen}. {sentence}")


def require_sampled(reading: Reading, call: str) -> None:
    """The decoder must have been given samples, with noise of its own for each image."""
    if torch.equal(reading.z, reading.mu):
        raise Mistake(f"In {call} the decoder was given the mean mu: give it a sample z, as model(x) does.")
    noise = reading.noise
    if torch.isclose(noise[1:], noise[:-1], rtol=1e-3, atol=1e-3).all(1).any():
        raise Mistake(f"In {call} several images share the same noise: each one needs its own, as from model(x).")


MANY = (125, 128)  # images and latents of the trial that looks at the noise, 16,000 numbers


def require_noise(reading: Reading, call: str) -> None:
    """The codes of a trial of size `MANY` must be samples of the posterior."""
    z, mu, logvar = (part[: MANY[0]].reshape(2000, 8) for part in (reading.z, reading.mu, reading.logvar))
    require_posterior(z, mu, logvar, call=f"The z that {call} decodes")


Candidates = list[tuple[str, float]]


def _mistakes(reading: Reading, beta: float, sizes: Sequence[int]) -> dict[str, Candidates]:
    surprise, kl = reading.surprise, reading.divergence
    found = {
        "reconstruction": (surprise, RECONSTRUCTION, (reading.x, reading.logits)),
        "kl": (kl, DIVERGENCE, (reading.mu.double(), reading.logvar.double(), reading.z.double(), beta)),
        "loss": (surprise + beta * kl, LOSS, (surprise, kl, beta)),
    }
    return {
        key: [(sentence, rule(*given).double().mean().item()) for sentence, rule in rules.items()]
        + list(_pooled(right, sizes))
        for key, (right, rules, given) in found.items()
    }


def _pooled(values: Tensor, sizes: Sequence[int]) -> Iterator[tuple[str, float]]:
    """Wrong ways to make one number of one value per image."""
    yield "This is the sum over the images: divide by their number.", values.sum().item()
    yield "This is the first image only: take the mean over all.", values[0].item()
    if len(values) != sum(sizes) or len(sizes) == 1:
        return
    batches = values.split(list(sizes))
    means = torch.stack([batch.mean() for batch in batches])
    yield (
        "This is the mean of the batches' means, in which a small batch counts like a full one: add up over images, "
        "and divide by their number.",
        means.mean().item(),
    )
    yield "This is the last batch only: take the mean over all images.", means[-1].item()
    yield "This is the first batch only: take the mean over all images.", means[0].item()
    yield "This is the sum of the batches' means: add up over images, and divide by their number.", means.sum().item()
    yield "The sum was divided by the number of batches: divide by that of images.", values.sum().item() / len(sizes)
    yield "The batches' means were added and divided by the number of images.", means.sum().item() / len(values)
    yield (
        "Every batch was taken to be as large as the first: divide by the number of images.",
        values.sum().item() / (len(sizes) * sizes[0]),
    )


Rule = Callable[..., Tensor]  # to one value per image


def _surprise(x: Tensor, logits: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits.double(), x.double(), reduction="none")


RECONSTRUCTION: dict[str, Rule] = {
    "This is averaged over the pixels: sum them.": lambda x, logits: _surprise(x, logits).mean(1),
    "This is the log-likelihood: the reconstruction is its negative.": lambda x, logits: -_surprise(x, logits).sum(1),
    "This is the squared error: take the Bernoulli log-likelihood, the binary cross-entropy with logits.": (
        lambda x, logits: ((x - logits.sigmoid()) ** 2).sum(1)
    ),
    "A sigmoid was applied to the logits before a loss that applies one itself.": (
        lambda x, logits: _surprise(x, logits.sigmoid()).sum(1)
    ),
    "This is the cross-entropy of sigmoid(logits), which overflows: take the loss that takes logits.": (
        lambda x, logits: F.binary_cross_entropy(logits.sigmoid(), x, reduction="none").sum(1)
    ),
    "This is in bits: use the natural logarithm.": lambda x, logits: _surprise(x, logits).sum(1) / math.log(2),
    "x and the logits changed places in the loss.": lambda x, logits: _surprise(logits.sigmoid(), x).sum(1),
}


def _reverse(mu: Tensor, logvar: Tensor) -> Tensor:
    one = torch.ones_like(mu)
    return kl_divergence(Normal(0 * one, one), Normal(mu, (logvar / 2).exp()))


def _log_ratio(mu: Tensor, logvar: Tensor, z: Tensor) -> Tensor:
    return Normal(mu, (logvar / 2).exp()).log_prob(z) - Normal(torch.zeros_like(z), torch.ones_like(z)).log_prob(z)


DIVERGENCE: dict[str, Rule] = {
    "This is averaged over the latents: sum them.": lambda mu, logvar, z, beta: divergences(mu, logvar).mean(1),
    "This is twice the KL: is the one half there?": lambda mu, logvar, z, beta: 2 * divergences(mu, logvar).sum(1),
    "The sign is turned: a KL is never negative.": lambda mu, logvar, z, beta: -divergences(mu, logvar).sum(1),
    "This is beta times the KL: report the KL itself, and weight it in the loss only.": (
        lambda mu, logvar, z, beta: beta * divergences(mu, logvar).sum(1)
    ),
    "This is the KL in the other direction: KL(q(z|x) || p(z)) was asked.": (
        lambda mu, logvar, z, beta: _reverse(mu, logvar).sum(1)
    ),
    "logvar was read as the logarithm of sigma: it is that of the variance.": (
        lambda mu, logvar, z, beta: divergences(mu, 2 * logvar).sum(1)
    ),
    "The square of logvar was taken for the variance: that is exp(logvar).": (
        lambda mu, logvar, z, beta: 0.5 * (mu**2 + logvar**2 - 1 - logvar).sum(1)
    ),
    "This is log q(z|x) - log p(z) at the sample: the KL of two Gaussians has a formula.": (
        lambda mu, logvar, z, beta: _log_ratio(mu, logvar, z).sum(1)
    ),
}
LOSS: dict[str, Rule] = {
    "beta is not used: it is the weight of the KL.": lambda surprise, kl, beta: surprise + kl,
    "beta weights the reconstruction: it is the weight of the KL.": lambda surprise, kl, beta: beta * surprise + kl,
    "beta weights both terms: it is the weight of the KL only.": lambda surprise, kl, beta: beta * (surprise + kl),
    "beta is there twice: the KL is weighted once.": lambda surprise, kl, beta: surprise + beta**2 * kl,
    "The KL is missing.": lambda surprise, kl, beta: surprise,
    "The reconstruction is missing.": lambda surprise, kl, beta: beta * kl,
    "The KL is subtracted: a loss is reconstruction + beta * kl.": lambda surprise, kl, beta: surprise - beta * kl,
    "This is the ELBO: the loss is its negative, which is made small.": lambda surprise, kl, beta: (
        -surprise - beta * kl
    ),
}
