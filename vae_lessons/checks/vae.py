"""Checks of exercise 02: an encoder that gives a distribution, and images decoded from the prior."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from vae_lessons.checks.core import task
from vae_lessons.checks.modules import (
    GENTLE,
    build,
    gradients,
    reached,
    redraw,
    require_gradients,
    require_hidden_dim,
    require_nonlinear,
    require_registered,
    require_steady,
    require_unbounded,
)
from vae_lessons.checks.noise import noise_fault
from vae_lessons.checks.probe import Mistake, as_pair, as_tensor, ask, check_shape, compare, same, strided

SIZES = (20, 16, 8)  # input_dim, hidden_dim, latent_dim of the main trial


@task(
    "GaussianEncoder",
    points=3,
    hints=(
        "The encoder of the autoencoder gave one number per latent. A Gaussian needs two: where it sits and how wide "
        "it is.",
        "Share the hidden layer and its ReLU, then let two different Linear layers read it: one for mu, one for "
        "logvar. Both go from hidden_dim to latent_dim.",
        "forward computes the hidden layer once and returns the two heads as a pair, mu first. No activation on "
        "either: a log-variance may be negative. No sampling yet, that comes in the next lesson.",
    ),
)
def judge_gaussian_encoder(answer: Any, rng: torch.Generator) -> None:
    """Two unbounded outputs per latent that depend on x, each with weights of its own, from a nonlinear network."""
    for sizes, batch in ((SIZES, 32), ((7, 5, 1), 1), ((50, 30, 12), 3)):
        _shapes(answer, sizes, torch.randn(batch, sizes[0], generator=rng))
    x = torch.randn(32, SIZES[0], generator=rng)
    model = build(answer, "GaussianEncoder", *SIZES)
    _steady(model, x)
    require_registered(answer, "GaussianEncoder", SIZES, lambda copy: list(_heads(copy, x)))
    redraw(model, rng, GENTLE)
    _steady(model, x)
    _two_heads(model, x)
    _unbounded(model, x, rng)
    redraw(model, rng, GENTLE)
    _own_weights(model, x, rng, ("mu", "logvar"), 0)
    _own_weights(model, x, rng, ("logvar", "mu"), 1)
    require_gradients("GaussianEncoder", model, lambda: torch.cat(_heads(model, x), 1), rng)
    redraw(model, rng, GENTLE)
    for place, name in enumerate(("mu", "logvar")):
        require_nonlinear(name, lambda value, place=place: _heads(model, value)[place], 2 * x, 2 * x.roll(1, 0))
    require_hidden_dim(answer, "GaussianEncoder")


def _heads(model: Any, x: Tensor) -> tuple[Any, Any]:
    result = ask("forward", model, {"x": x})
    if isinstance(result, tuple | list) and len(result) == 3:
        raise Mistake("forward returns three results, but two are expected: mu and logvar. Sampling z comes later.")
    return as_pair(result, "forward(x)", "mu, logvar")


def _shapes(answer: Any, sizes: tuple[int, int, int], x: Tensor) -> None:
    model = build(answer, "GaussianEncoder", *sizes)
    expected = (len(x), sizes[2])
    for image in (x, strided(x)):
        mu, logvar = (as_tensor(part, "forward(x)") for part in _heads(model, image))
        if logvar.shape in ((len(x), 1), (len(x),), ()) and expected[1] > 1:
            raise Mistake(
                f"logvar has shape {tuple(logvar.shape)}, expected {expected}: there is one log-variance per latent."
            )
        for name, head in (("mu", mu), ("logvar", logvar)):
            check_shape(head, expected, call=f"{name} of GaussianEncoder{sizes}")


def _steady(model: Any, x: Tensor) -> None:
    cause = "return the parameters of the distribution, not a sample; sampling comes later, and no layer is random."
    for place, name in enumerate(("mu", "logvar")):
        require_steady(name, lambda value, place=place: _heads(model, value)[place], x, cause=cause)


def _two_heads(model: Any, x: Tensor) -> None:
    mu, logvar = _heads(model, x)
    if same(mu, logvar):
        raise Mistake("mu and logvar are the same numbers: the same head is used twice, and each needs its own.")
    for name, head in (("mu", mu), ("logvar", logvar)):
        if same(head[:1].expand_as(head), head):
            raise Mistake(f"{name} is the same for every image: it must be computed from x.")
        if same(head[:, :1].expand_as(head), head):
            raise Mistake(f"{name} is the same number in every latent of an image: there is one {name} per latent.")


def _own_weights(model: Any, x: Tensor, rng: torch.Generator, names: tuple[str, str], place: int) -> None:
    """Each latent of this head must be moved by some weight that leaves all of the other head alone."""
    name, other_name = names
    other = gradients(model, _heads(model, x)[1 - place], rng)
    for latent in range(SIZES[2]):
        own = gradients(model, _heads(model, x)[place][:, latent], rng)
        if not any(gradient.count_nonzero() for gradient in own.values()):
            raise Mistake(f"No gradient of {name} reaches any parameter: is there a detach() or no_grad() in forward?")
        if not any(((own[key] != 0) & (other[key] == 0)).any() for key in own):
            raise Mistake(f"{name} has no weights of its own, all of them also move {other_name}: use two heads.")


def _unbounded(model: Any, x: Tensor, rng: torch.Generator) -> None:
    found = reached(model, lambda: dict(zip(("mu", "logvar"), _heads(model, x), strict=True)), rng)
    remedy = "A mean may be any number: end with a plain linear layer."
    require_unbounded("The values of mu", *found["mu"], remedy=remedy)
    remedy = "The logarithm of a variance may be any number, negative too: end with a plain linear layer."
    require_unbounded("The values of logvar", *found["logvar"], remedy=remedy)


class RecordingDecoder(torch.nn.Module):
    """A decoder with fixed random weights that keeps the codes it was given."""

    def __init__(self, latent_dim: int, pixels: int, rng: torch.Generator) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.randn(latent_dim, pixels, generator=rng) * 1.5)
        self.bias = torch.nn.Parameter(torch.randn(pixels, generator=rng))
        self.seen: list[Tensor] = []

    def forward(self, z: Tensor) -> Tensor:
        """Return the logits of `z` and remember `z`."""
        self.seen.append(z.detach().clone())
        return z @ self.weight + self.bias


@task(
    "sample_prior",
    points=2,
    hints=(
        "The prior is the standard normal distribution: draw codes from it and let the decoder paint them.",
        "You need one row of latent_dim normal numbers per image. The decoder answers in logits; which function turns "
        "a logit into a brightness between 0 and 1?",
        "torch.randn with the shape (n, latent_dim), then the decoder, then sigmoid, all inside torch.no_grad() "
        "because nothing is trained here.",
    ),
)
def judge_sample_prior(answer: Any, rng: torch.Generator) -> None:
    """Sigmoid of the decoder at fresh standard normal codes, without gradient."""
    for n, latent_dim, pixels in ((6, 3, 10), (1, 1, 5), (1, 4, 7), (9, 1, 4)):
        _sample(answer, n, RecordingDecoder(latent_dim, pixels, rng))
    decoder = RecordingDecoder(8, 3, rng)
    first, second = _sample(answer, 2000, decoder), _sample(answer, 2000, decoder)
    if fault := noise_fault(first):
        raise Mistake(f"z should be drawn from the standard normal distribution. {fault}")
    if (first == second).all(dim=1).any():
        raise Mistake("Two calls drew the same z: the noise must be fresh each time, so set no seed in the function.")


def _sample(answer: Any, n: int, decoder: RecordingDecoder) -> Tensor:
    """Call the answer, compare its pixels with the sigmoid of the decoder's logits, and return the codes it drew."""
    latent_dim = len(decoder.weight)
    call = f"sample_prior(decoder, {n}, {latent_dim})"
    decoder.seen.clear()
    try:
        result = ask("sample_prior", answer, {"decoder": decoder, "n": n, "latent_dim": latent_dim})
    except Mistake:
        _codes(decoder, n, call)
        raise
    z = _codes(decoder, n, call)
    with torch.no_grad():
        logits = decoder(z).double()
    compare(result, logits.sigmoid(), _pixel_mistakes(logits) if n > 1 else (), call=call)
    if result.requires_grad:
        raise Mistake(f"{call} still carries a gradient: decode inside torch.no_grad(), or detach the result.")
    return z


def _codes(decoder: RecordingDecoder, n: int, call: str) -> Tensor:
    latent_dim, seen = len(decoder.weight), decoder.seen
    for z in seen:
        if z.shape[-1:] != (latent_dim,) or z.dim() > 2:
            raise Mistake(
                f"In {call} the decoder was given z of shape {tuple(z.shape)}, expected ({n}, {latent_dim}): "
                "one row per image, one column per latent."
            )
    if not seen:
        raise Mistake(f"{call} never called the decoder: draw z and call decoder(z).")
    z = torch.cat([code.reshape(-1, latent_dim) for code in seen])
    if len(z) != n:
        raise Mistake(f"In {call} the decoder was given {len(z)} codes in all, expected {n}: one z per image.")
    return z


def _pixel_mistakes(logits: Tensor) -> Iterator[tuple[str, Tensor]]:
    right = logits.sigmoid()
    yield "These are logits: a sigmoid turns them into pixels between 0 and 1.", logits
    yield "The sigmoid was applied twice: once is enough.", right.sigmoid()
    yield "The pixels were rounded to 0 or 1: return the brightness itself.", (right > 0.5).double()
    yield "This is a tanh: use the sigmoid.", logits.tanh()
    yield "This is a tanh moved to (0, 1), which is the sigmoid of twice the logits.", (2 * logits).sigmoid()
    yield "This is a softmax over the pixels: each pixel has its own sigmoid.", logits.softmax(1)
    yield "The logits were clamped to [0, 1]: use the sigmoid.", logits.clamp(0, 1)
    yield "This is one minus the brightness: the sign of the logits was turned.", 1 - right
    yield "The result is transposed: one row per image.", right.T
    yield "This is the mean over the images: return every image.", right.mean(0)
