"""Check of exercise 04: the weight of the KL that reductions hide."""

from collections.abc import Iterator
from typing import Any

import torch

from vae_lessons.checks.core import task
from vae_lessons.checks.probe import Mistake, as_number, ask, close

REDUCTIONS = [(first, second) for first in ("sum", "mean") for second in ("sum", "mean")]


@task(
    "effective_beta",
    points=2,
    hints=(
        "A loss may be multiplied by any number without changing where its minimum is. By which number must each loss "
        "be multiplied, so that the reconstruction becomes the summed one?",
        "A mean over the pixels is the sum divided by their number: multiply the whole loss by pixels, the KL "
        "included. A mean over the latents divides the KL by their number.",
        "Start from beta. Times pixels if recon_reduction is 'mean', divided by latents if kl_reduction is 'mean'. "
        "For 784 pixels and 10 latents, two means turn 0.1 into 7.84.",
    ),
)
def judge_effective_beta(answer: Any, rng: torch.Generator) -> None:
    """beta, times pixels for a mean over pixels, divided by latents for a mean over latents."""
    pixels, latents = (int(torch.randint(low, high, (), generator=rng)) for low, high in ((60, 90), (7, 20)))
    beta = 0.3 + 0.5 * torch.rand((), generator=rng).item()
    for sizes in ((784, 16, 0.4), (pixels, latents, beta), (64, 10), (12, 30, 4), (1, 1, 2.5), (50, 3, 0.0)):
        _compare_table(answer, *sizes)


def _compare_table(answer: Any, pixels: int, latents: int, *given: float) -> None:
    """Ask for the four pairs of reductions, and name a mistake only where it explains all four answers."""
    got = [_beta(answer, *pair, pixels, latents, *given) for pair in REDUCTIONS]
    beta = given[0] if given else 1.0
    right = [beta * _hidden(*pair, pixels, latents) for pair in REDUCTIONS]
    different = [not close(a, b) for a, b in zip(got, right, strict=True)]
    if not any(different):
        return
    first = different.index(True)
    shown = ", ".join(
        [*(repr(name) for name in REDUCTIONS[first]), str(pixels), str(latents), *map("{:.3g}".format, given)]
    )
    seen = f"effective_beta({shown}) gave {got[first]:.4g}, expected {right[first]:.4g}."
    for column in zip(*(_beta_mistakes(*pair, pixels, latents, beta) for pair in REDUCTIONS), strict=True):
        if all(close(value, wrong) for value, (_, wrong) in zip(got, column, strict=True)):
            raise Mistake(f"{seen} {column[0][0]}")
    if all(close(value, got[0] * weight) for value, weight in zip(got, right, strict=True)) and not given:
        raise Mistake(f"{seen} beta seems to be {got[0]:.3g} when it is left out: its default is 1.0.")
    raise Mistake(seen)


def _beta(answer: Any, *values: Any) -> float:
    names = ("recon_reduction", "kl_reduction", "pixels", "latents", "beta")
    result = ask("effective_beta", answer, dict(zip(names, values, strict=False)))
    return as_number(result, f"effective_beta({', '.join(map(repr, values))})")


def _hidden(recon: str, kl: str, pixels: int, latents: int) -> float:
    """The factor beside beta: sum / mean of the reconstruction over sum / mean of the KL."""
    return {"sum": 1, "mean": pixels}[recon] / {"sum": 1, "mean": latents}[kl]


def _beta_mistakes(recon: str, kl: str, pixels: int, latents: int, beta: float) -> Iterator[tuple[str, float]]:
    hidden = _hidden(recon, kl, pixels, latents)
    up, down = _hidden(recon, "sum", pixels, latents), 1 / _hidden("sum", kl, pixels, latents)
    yield "beta was left out: it multiplies the result.", hidden
    yield "beta stands alone here, but a mean changes the weight: where do pixels and latents come in?", beta
    inverse = 1 / (beta * hidden) if beta else 0.0
    yield "This is the inverse: the KL's weight relative to the reconstruction's was asked.", inverse
    yield (
        "The factor is upside down: a mean over pixels makes the KL weigh more, a mean over latents less.",
        beta / hidden,
    )
    yield (
        "The mean over pixels divides the reconstruction, so beta is multiplied by pixels, not divided.",
        beta / up / down,
    )
    yield "The mean over latents divides the KL, so beta is divided by latents, not multiplied.", beta * up * down
    yield "pixels and latents changed places.", beta * _hidden(recon, kl, latents, pixels)
    yield (
        "The two reductions changed places: the first is the reconstruction's.",
        beta * _hidden(kl, recon, pixels, latents),
    )
    flipped = [{"sum": "mean", "mean": "sum"}[reduction] for reduction in (recon, kl)]
    yield "'sum' and 'mean' changed places.", beta * _hidden(*flipped, pixels, latents)
    yield "The mean over pixels was left out: it multiplies the weight by pixels.", beta / down
    yield "The mean over latents was left out: it divides the weight by latents.", beta * up
    yield "This counts both means, whatever the reductions are.", beta * pixels / latents
    yield "The division was rounded down: use /, not //.", float(beta * up // down)
    yield "The division was rounded down: use /, not //.", beta * (up // down)
    yield "The result was rounded to a whole number.", float(round(beta * hidden))
