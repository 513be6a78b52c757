"""Checks of exercise 04: the log-likelihood of binary pixels and of Gaussian pixels."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Bernoulli, Normal
from torch.nn import functional as F

from vae_lessons.checks.core import task
from vae_lessons.checks.formulas import written_out
from vae_lessons.checks.probe import Mistake, as_tensor, ask, check_shape, compare, require_no_nan, show, strided

LOG_2PI = 1.8378770664093453
STABLE = "compute it from the logits, as F.binary_cross_entropy_with_logits or F.logsigmoid does."


@task(
    "bernoulli_log_likelihood",
    points=2,
    hints=(
        "A pixel that is 1 contributes log p, one that is 0 contributes log(1 - p), where p = sigmoid(logit). How many "
        "numbers should be left for each image?",
        "The sigmoid of a large logit rounds to exactly 1, and log(1 - 1) is lost. PyTorch has a binary cross-entropy "
        "that takes logits; a log-likelihood is its negative.",
        "Take the negative of F.binary_cross_entropy_with_logits(logits, x, reduction='none') and sum over dim 1. The "
        "logits come first, x second.",
    ),
)
def judge_bernoulli_log_likelihood(answer: Any, rng: torch.Generator) -> None:
    """sum_p log Bernoulli(x_p; sigmoid(logits_p)), one number per image, exact even for logits of 1000."""
    call = "bernoulli_log_likelihood(x, logits)"
    x, logits = (torch.rand(5, 12, generator=rng) < 0.5).float(), 2 * torch.randn(5, 12, generator=rng)
    x[0, 0], x[0, 1] = 0.0, 1.0
    got = as_tensor(_bernoulli(answer, x, logits), call)
    require_no_nan(got, call=call, cause="logits may be negative, so they need a sigmoid before any logarithm.")
    compare(got, _log_bernoulli(x, logits), _bernoulli_mistakes(x, logits), call=call)
    wide, drawn = torch.randn(4, 784, generator=rng), (torch.rand(4, 784, generator=rng) < 0.3).float()
    cases = {
        "for a batch of one image": (x[:1], logits[:1]),
        "for images of one pixel": (x[:, :1], logits[:, :1] / 4),
        "for one image of one pixel": (x[:1, :1], logits[:1, :1] / 4),
        "for float64": (x.double(), logits.double()),
        "for non-contiguous tensors": (strided(x), logits.T.contiguous().T),
        "for 784 pixels": (drawn, wide),
        "for black images": (torch.zeros_like(x), logits),
    }
    for when, (a, b) in cases.items():
        compare(_bernoulli(answer, a, b), _log_bernoulli(a, b), (), call=f"{call} {when}")
    for size in (1000.0, 30.0):
        for dtype in (torch.float32, torch.float64):
            _extreme(answer, x.to(dtype), size * torch.sign(logits).to(dtype), f"{call} for logits of {size:.0f}")


def _bernoulli(answer: Any, x: Tensor, logits: Tensor) -> Any:
    return ask("bernoulli_log_likelihood", answer, {"x": x, "logits": logits})


def _log_bernoulli(x: Tensor, logits: Tensor) -> Tensor:
    return Bernoulli(logits=logits.double()).log_prob(x.double()).sum(1)


def _extreme(answer: Any, x: Tensor, logits: Tensor, call: str) -> None:
    """Half of the pixels contradict their logit, so that each costs as many nats as the logit is large."""
    got, right = as_tensor(_bernoulli(answer, x, logits), call), _log_bernoulli(x, logits)
    seen = f"{call} gave {show(got, right)}, expected {show(right, got)}."
    if not got.isfinite().all():
        raise Mistake(f"{seen} The sigmoid rounds to 0 or 1 there, or an exp overflows: {STABLE}")
    cost = (-F.logsigmoid(-logits.abs().double())).where((logits > 0) != (x > 0), torch.zeros(()).double())
    hundred = -cost.clamp(max=100).sum(1)
    late = f"The sigmoid was taken before the logarithm, which F.binary_cross_entropy then cuts at -100: {STABLE}"
    cut = f"Something cuts the logarithm off, such as a clamp or a small number inside it: {STABLE}"
    compare(got, right, ((late, hundred), (cut, got)), call=call)


def _bernoulli_mistakes(x: Tensor, logits: Tensor) -> Iterator[tuple[str, Tensor]]:
    x, logits = x.double(), logits.double()
    one, zero = x * F.logsigmoid(logits), (1 - x) * F.logsigmoid(-logits)
    pixel, pixels = one + zero, x.shape[1]
    right = pixel.sum(1)
    yield "This is the negative of it, a cross-entropy: turn the sign.", -right
    for sign, what in ((1, ""), (-1, "of the cross-entropy ")):
        yield f"This is the mean {what}over the {pixels} pixels: sum them.", sign * right / pixels
        yield f"This is the mean {what}over everything: sum over the pixels, dim 1.", sign * pixel.mean()
        yield f"This is the sum {what}over the batch too: keep one number per image.", sign * right.sum()
        yield f"This is the mean {what}over the batch: keep one number per image.", sign * right.mean()
        yield f"This is the value {what}of every pixel: sum over dim 1.", sign * pixel
        yield f"This is the sum {what}over the images (dim 0): sum over the pixels, dim 1.", sign * pixel.sum(0)
    yield "The sigmoid was applied twice: the logits go in as they are.", _log_bernoulli(x, logits.sigmoid())
    yield "Only the pixels that are 1 were counted: add (1 - x) log(1 - p).", one.sum(1)
    yield "Only the pixels that are 0 were counted: add x log p.", zero.sum(1)
    yield "x and 1 - x changed places: x belongs to log p.", _log_bernoulli(1 - x, logits)
    swapped = (logits * x - F.softplus(x)).sum(1)
    yield "x and logits changed places inside the cross-entropy: the logits come first.", swapped
    yield "x and logits changed places inside the cross-entropy: the logits come first.", -swapped
    yield "This is a softmax over the pixels: each pixel has its own sigmoid.", (x * logits.log_softmax(1)).sum(1)
    yield "This is a squared error: a Bernoulli log-likelihood was asked.", -((x - logits.sigmoid()) ** 2).sum(1)
    yield "This is a squared error: a Bernoulli log-likelihood was asked.", ((x - logits.sigmoid()) ** 2).sum(1)
    yield "This is the likelihood itself: its logarithm was asked.", right.exp()
    yield "This is in bits: use the natural logarithm.", right / torch.tensor(2.0).double().log()
    yield "The log-normaliser is missing: each pixel adds x * logit - softplus(logit).", (x * logits).sum(1)


@task(
    "gaussian_log_likelihood",
    points=2,
    hints=(
        "The density of one pixel is exp(-(x - mean)^2 / (2 sigma^2)) / sqrt(2 pi sigma^2). Take its logarithm: which "
        "three terms do you get?",
        "log p = -(log(2 pi) + logvar + (x - mean)^2 / exp(logvar)) / 2 for each pixel. The constant and logvar count "
        "once per pixel, also when logvar is a single number.",
        "Build the expression for every pixel first, so that broadcasting spreads logvar over (B, P), and only then "
        "sum over dim 1.",
    ),
)
def judge_gaussian_log_likelihood(answer: Any, rng: torch.Generator) -> None:
    """sum_p log N(x_p; mean_p, exp(logvar_p)), constants included, for logvar of shape (B, P), (), (P,) or (B, 1)."""
    call = "gaussian_log_likelihood(x, mean, logvar)"
    x, mean, logvar = torch.randn(3, 8, 5, generator=rng)
    single = 0.5 + torch.rand((), generator=rng)
    _compare_gaussian(answer, x, mean, logvar, f"{call} for logvar (B, P)")
    for form, value in (("()", single), ("(P,)", logvar[0]), ("(B, 1)", logvar[:, :1])):
        _compare_gaussian(answer, x, mean, value, f"{call} for logvar {form}")
    cases = {
        "for a batch of one": (x[:1], mean[:1], logvar[:1].abs()),
        "for one pixel": (x[:, :1], mean[:, :1], logvar[:, :1]),
        "for one image of one pixel": (x[:1, :1], mean[:1, :1], single),
        "for float64": (x.double(), mean.double(), logvar.double()),
        "for non-contiguous tensors": (strided(x), mean.T.contiguous().T, strided(logvar)),
        "for as many images as pixels": (x[:5], mean[:5], logvar[:5, :1]),
        "for logvar = 40": (x, mean, torch.tensor(40.0)),
        "for logvar = -40": (x, mean, torch.tensor(-40.0)),
        "for x = mean": (x, x.clone(), logvar),
    }
    for when, (a, b, c) in cases.items():
        got = as_tensor(_gaussian(answer, a, b, c), f"{call} {when}")
        limited = [("Something limits logvar or the variance, such as a clamp or an eps: both may be any size.", got)]
        compare(got, _log_normal(a, b, c), limited if "40" in when else (), call=f"{call} {when}")


def _gaussian(answer: Any, x: Tensor, mean: Tensor, logvar: Tensor) -> Any:
    return ask("gaussian_log_likelihood", answer, {"x": x, "mean": mean, "logvar": logvar})


def _log_normal(x: Tensor, mean: Tensor, logvar: Tensor) -> Tensor:
    return Normal(mean.double(), (logvar.double() / 2).exp()).log_prob(x.double()).sum(1)


def _compare_gaussian(answer: Any, x: Tensor, mean: Tensor, logvar: Tensor, call: str) -> None:
    got = as_tensor(_gaussian(answer, x, mean, logvar), call)
    require_no_nan(got, call=call, cause="a square root or logarithm of logvar fails, because it may be negative.")
    mistakes = _gaussian_mistakes(got, x.double(), mean.double(), logvar.double())
    compare(got, _log_normal(x, mean, logvar), mistakes, call=call)
    check_shape(got, (len(x),), call=call)


def _gaussian_mistakes(got: Tensor, x: Tensor, mean: Tensor, logvar: Tensor) -> Iterator[tuple[str, Tensor]]:
    wide, square, pixels = logvar.expand_as(x), (x - mean) ** 2, x.shape[1]
    scaled = square / wide.exp()
    pixel, right = -0.5 * (LOG_2PI + wide + scaled), _log_normal(x, mean, logvar)
    yield "This is the negative of it: turn the sign.", -right
    yield "The constant log(2 pi) is missing.", right + 0.5 * pixels * LOG_2PI
    yield (
        f"log(2 pi) was counted once: it belongs to each of the {pixels} pixels.",
        right + 0.5 * (pixels - 1) * LOG_2PI,
    )
    yield "log(2 pi) lost its one half.", right - 0.5 * pixels * LOG_2PI
    yield f"log(2 pi) was multiplied by the {pixels} pixels twice.", right - 0.5 * pixels * (pixels - 1) * LOG_2PI
    yield "The term -logvar / 2 is missing.", right + 0.5 * wide.sum(1)
    yield "Only the squared error is there: log(2 pi) and logvar are missing.", -0.5 * scaled.sum(1)
    yield "logvar lost its one half.", right - 0.5 * wide.sum(1)
    yield "logvar has the wrong sign outside the exponential.", right + wide.sum(1)
    yield "The squared error lost its one half.", right - 0.5 * scaled.sum(1)
    yield "All one halves are missing.", 2 * right
    counted = logvar.reshape(-1)[0] if logvar.dim() == 0 else logvar[:, 0] if logvar.dim() == 2 else logvar.sum()
    yield f"logvar was counted once: it belongs to each of the {pixels} pixels.", right + 0.5 * (wide.sum(1) - counted)
    yield from _gaussian_variances(x, mean, wide)
    yield "Only the first logvar was used.", _log_normal(x, mean, logvar.reshape(-1)[0])
    yield f"This is the mean over the {pixels} pixels: sum them.", right / pixels
    yield "This is the sum over the batch too: keep one number per image.", right.sum()
    yield "This is the mean over the batch: keep one number per image.", right.mean()
    yield "This is the mean over everything: sum over the pixels, dim 1.", pixel.mean()
    yield "This is the value of every pixel: sum over dim 1.", pixel
    yield "This is the sum over the images (dim 0): sum over the pixels, dim 1.", pixel.sum(0)
    yield "This is the likelihood itself: its logarithm was asked.", right.exp()
    terms = {"log(2 pi)": torch.full_like(x, LOG_2PI), "logvar": wide, "(x - mean)^2 / exp(logvar)": scaled}
    terms |= {"(x - mean)^2": square} if logvar.dim() == 2 else {}
    if found := written_out(got, {key: term.sum(1) for key, term in terms.items()}):
        yield f"Summed over pixels it is {found}: compare the three terms with your formula.", got


def _gaussian_variances(x: Tensor, mean: Tensor, logvar: Tensor) -> Iterator[tuple[str, Tensor]]:
    square, half = (x - mean) ** 2, 0.5 * logvar.exp().sqrt()

    def density(log_part: Tensor, scaled: Tensor) -> Tensor:
        return -0.5 * (LOG_2PI + log_part + scaled).sum(1)

    yield "logvar was read as log sigma: the variance is exp(logvar).", _log_normal(x, mean, 2 * logvar)
    yield "This divides by sigma: the variance is exp(logvar).", density(logvar, square / (2 * half))
    yield "This divides by exp(2 logvar): the variance is exp(logvar).", density(logvar, square / logvar.exp() ** 2)
    yield "The squared error was multiplied by the variance: divide.", density(logvar, square * logvar.exp())
    yield "logvar itself was used as the variance: it is exp(logvar).", density(logvar, square / logvar)
    yield "The squared error was not divided by the variance exp(logvar).", density(logvar, square)
    yield "The difference was not squared.", density(logvar, (x - mean) / logvar.exp())
    yield "The absolute difference was taken instead of the square.", density(logvar, square.sqrt() / logvar.exp())
