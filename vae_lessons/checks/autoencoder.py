"""Checks of exercise 01: a bottleneck that is one, and an error per image."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from vae_lessons.checks.core import task
from vae_lessons.checks.modules import (
    GENTLE,
    build,
    method,
    reached,
    redraw,
    require_gradients,
    require_hidden_dim,
    require_nonlinear,
    require_registered,
    require_steady,
    require_unbounded,
)
from vae_lessons.checks.probe import Mistake, as_pair, as_tensor, ask, check_shape, compare, same, strided

SIZES = (20, 16, 8)  # input_dim, hidden_dim, latent_dim of the main trial


@task(
    "Autoencoder",
    points=3,
    hints=(
        "Two small networks in a row: one squeezes the image into a few numbers, the other unfolds them again. "
        "Which sizes go in and out of each?",
        "Each network is a Linear layer to hidden_dim, a ReLU, and a second Linear layer. Keep both as attributes, "
        "for instance in nn.Sequential, so that the optimizer can find them.",
        "encode runs the first network, decode the second. forward calls encode, gives the code (and nothing else) to "
        "decode, and returns both results, logits first. No sigmoid at the end: logits may be any number.",
    ),
)
def judge_autoencoder(answer: Any, rng: torch.Generator) -> None:
    """A true bottleneck, logits at the end, every layer registered, nonlinear and trainable, at any size."""
    for sizes, batch in ((SIZES, 32), ((7, 5, 1), 1), ((50, 30, 12), 3)):
        _shapes(answer, sizes, torch.randn(batch, sizes[0], generator=rng))
    codes, x = torch.randn(32, SIZES[2], generator=rng), torch.randn(32, SIZES[0], generator=rng)
    model = build(answer, "Autoencoder", *SIZES)
    _steady(model, x, codes)
    require_registered(answer, "Autoencoder", SIZES, lambda copy: [_decode(copy, codes), _encode(copy, x)])
    redraw(model, rng, GENTLE)
    _steady(model, x, codes)
    _bottleneck(model, x, 3 * x.roll(1, 0) + 2, codes)
    require_gradients("Autoencoder", model, lambda: _forward(model, x)[0], rng)
    (gentle, wild) = reached(model, lambda: {"logits": _decode(model, codes)}, rng)["logits"]
    remedy = "decode returns logits, which may be any number, so end with a plain linear layer."
    require_unbounded("The outputs of decode", gentle, wild, remedy=remedy)
    redraw(model, rng, GENTLE)
    require_nonlinear("encode", lambda value: _encode(model, value), 2 * x, 2 * x.roll(1, 0))
    require_nonlinear("decode", lambda value: _decode(model, value), 2 * codes, 2 * codes.roll(1, 0))
    require_hidden_dim(answer, "Autoencoder")


def _encode(model: Any, x: Tensor) -> Any:
    return ask("encode", method(model, "encode", "Autoencoder"), {"x": x})


def _decode(model: Any, z: Tensor) -> Any:
    return ask("decode", method(model, "decode", "Autoencoder"), {"z": z})


def _forward(model: Any, x: Tensor) -> tuple[Any, Any]:
    return as_pair(ask("forward", model, {"x": x}), "forward(x)", "logits, z")


def _shapes(answer: Any, sizes: tuple[int, int, int], x: Tensor) -> None:
    model = build(answer, "Autoencoder", *sizes)
    batch, (pixels, _, latent) = len(x), sizes
    where = f" of Autoencoder({pixels}, {sizes[1]}, {latent})"
    for image in (x, strided(x)):
        z = check_shape(_encode(model, image), (batch, latent), call=f"encode(x){where}")
        check_shape(_decode(model, z), (batch, pixels), call=f"decode(z){where}")
        logits, code = (as_tensor(part, "forward(x)") for part in _forward(model, image))
        if logits.shape == (batch, latent) and code.shape == (batch, pixels):
            raise Mistake("forward returns (z, logits), but (logits, z) is expected: swap the two.")
        check_shape(logits, (batch, pixels), call=f"logits from forward(x){where}")
        check_shape(code, (batch, latent), call=f"z from forward(x){where}")


def _steady(model: Any, x: Tensor, codes: Tensor) -> None:
    cause = "nothing in the model should be random, and no layer should be made inside a method."
    require_steady("encode", lambda value: _encode(model, value), x, cause=cause)
    require_steady("decode", lambda value: _decode(model, value), codes, cause=cause)


def _bottleneck(model: Any, x: Tensor, other: Tensor, codes: Tensor) -> None:
    logits, z = _forward(model, x)
    first = _decode(model, codes)
    if not same(z, _encode(model, x)):
        raise Mistake("The z that forward returns is not encode(x): call self.encode(x) and return its result.")
    _encode(model, other)
    _forward(model, other)
    if not same(_decode(model, codes), first):
        raise Mistake("decode(z) changes with the last image that was encoded: it may depend on x only through z.")
    alone = _decode(model, z)
    if same(logits, alone):
        return
    if same(logits, alone.sigmoid()):
        raise Mistake("forward returns the sigmoid of decode(z): the logits themselves are expected.")
    raise Mistake(
        "The logits of forward(x) are not decode(z): something of x goes around the bottleneck, such as a skip "
        "connection. decode may depend on x only through z."
    )


@task(
    "reconstruction_error",
    points=2,
    hints=(
        "Every image gets its own number. Which axis runs over the pixels, and which must stay?",
        "Take the difference, square it elementwise, and add up along the pixel axis only.",
        "The tensor method sum takes the axis to add up: dim=1 is the pixels, and the batch axis survives. "
        "No mean, no square root, no sigmoid.",
    ),
)
def judge_reconstruction_error(answer: Any, rng: torch.Generator) -> None:
    """Squared error summed over pixels, one number per image, in float32 and float64 and for odd layouts."""
    x, x_hat = torch.rand(2, 5, 12, generator=rng)
    call = "reconstruction_error(x, x_hat)"
    compare(_error(answer, x, x_hat), _squared_error(x, x_hat), _error_mistakes(x, x_hat), call=call)
    a, b = torch.randn(2, 6, 9, generator=rng, dtype=torch.float64)
    cases = {
        "for float64 images": (a, b),
        "for a non-contiguous x": (strided(x), x_hat.T.contiguous().T),
        "for a batch of one image": (x[:1], x_hat[:1]),
        "for images of one pixel": (x[:, :1], x_hat[:, :1]),
        "for identical images": (x, x.clone()),
        "for values far from 0": (30 * a.float(), 30 * b.float()),
    }
    for when, (left, right) in cases.items():
        compare(_error(answer, left, right), _squared_error(left, right), (), call=f"{call} {when}")


def _error(answer: Any, x: Tensor, x_hat: Tensor) -> Any:
    return ask("reconstruction_error", answer, {"x": x, "x_hat": x_hat})


def _squared_error(x: Tensor, x_hat: Tensor) -> Tensor:
    gap = x.double().numpy() - x_hat.double().numpy()
    return torch.tensor([float(row @ row) for row in gap], dtype=torch.float64)


def _error_mistakes(x: Tensor, x_hat: Tensor) -> Iterator[tuple[str, Tensor]]:
    gap, pixels = (x - x_hat).double(), x.shape[1]
    square, absolute, right = gap**2, gap.abs(), _squared_error(x, x_hat)
    bce = torch.nn.functional.binary_cross_entropy(x_hat, x, reduction="none").double()
    yield f"This is the mean over the {pixels} pixels, and the sum was asked: use sum, not mean.", right / pixels
    yield "This is the sum over the whole batch: keep one number per image by summing over dim=1 only.", right.sum()
    yield "This is the mean over everything: keep one number per image and sum its pixels.", square.mean()
    yield "This is the mean over the batch: keep one number per image.", right.mean()
    yield "This is the sum along the batch axis (dim=0): add up the pixels, dim=1.", square.sum(0)
    yield "This is the mean along the batch axis (dim=0): add up the pixels, dim=1.", square.mean(0)
    yield "This is the squared error of every pixel: it still has to be summed over dim=1.", square
    yield "This is the absolute error: square the differences.", absolute.sum(1)
    yield "This is the mean absolute error: square the differences and sum them.", absolute.mean(1)
    yield "This is the square root of the sum (a distance): leave the root out.", right.sqrt()
    yield "This is the root of the mean square: leave out the root and the mean.", (right / pixels).sqrt()
    yield "This is half the squared error: no factor one half was asked.", right / 2
    yield "This is the negative of the squared error: turn the sign.", -right
    yield "The differences were summed before squaring: square each one, then sum.", gap.sum(1) ** 2
    yield "The differences were summed without squaring them.", gap.sum(1)
    yield "The differences were summed without squaring them.", -gap.sum(1)
    squashed = ((x - x_hat.sigmoid()).double() ** 2).sum(1)
    yield "A sigmoid was applied to x_hat, but x_hat already holds pixels: compare it as it is.", squashed
    yield "This is the binary cross-entropy: the squared error was asked.", bce.sum(1)
    yield (
        "Every image was compared with every other, (B, B): only matching rows belong together.",
        torch.cdist(x.double(), x_hat.double()) ** 2,
    )
