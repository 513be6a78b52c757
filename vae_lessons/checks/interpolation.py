"""Check of exercise 05: a walk between two images through the latent space."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from vae_lessons.checks.core import task
from vae_lessons.checks.probe import Mistake, as_tensor, ask, compare, numbers, same, strided
from vae_lessons.checks.recorded_vae import RecordedVAE, binary


@task(
    "interpolate",
    points=2,
    hints=(
        "Not the pixels but the codes are mixed. Which code of an image is the same at every call?",
        "Encode both images and keep the two means. Points on the line between them are (1 - t) * mu_a + t * mu_b, "
        "for steps values of t from 0 to 1.",
        "torch.linspace(0, 1, steps) includes both ends; with [:, None] it broadcasts against mu. encode takes a "
        "batch, so add an axis to each image. Decode the line, apply a sigmoid, all inside torch.no_grad().",
    ),
)
def judge_interpolate(answer: Any, rng: torch.Generator) -> None:
    """sigmoid(decode((1 - t) mu_a + t mu_b)) for t from 0 to 1, both ends included, without gradient."""
    model = RecordedVAE(12, 4, rng)
    a, b = binary(2, 12, rng)
    a[0], b[0] = 0, 1  # never the same image
    _steady(answer, model, a, b)
    _walk(answer, model, a, b, 6, "", rich=True)
    double = RecordedVAE(12, 4, rng).double()
    cases = {
        "for two steps": (model, a, b, 2),
        "for three steps": (model, a, b, 3),
        "for many steps": (model, b, a, 40),
        "for as many steps as latents": (model, a, b, 4),
        "for a model in evaluation mode": (RecordedVAE(12, 4, rng).eval(), a, b, 5),
        "for two equal images": (model, a, a.clone(), 4),
        "for one latent": (RecordedVAE(12, 1, rng), a, b, 5),
        "for images of one pixel": (RecordedVAE(1, 3, rng), a[:1], b[:1], 5),
        "for non-contiguous images": (model, strided(a), strided(b), 5),
        "for float64": (double, a.double(), b.double(), 5),
        "for logits near 300": (RecordedVAE(12, 4, rng, gain=300.0), a, b, 5),
        "for logvar near 8": (RecordedVAE(12, 4, rng, shift=8.0), a, b, 5),
    }
    for when, (vae, left, right, steps) in cases.items():
        _walk(answer, vae, left, right, steps, " " + when)


def _ask(answer: Any, model: RecordedVAE, a: Tensor, b: Tensor, steps: int) -> Any:
    state = {name: value.clone() for name, value in model.state_dict().items()}
    model.events.clear()
    result = ask("interpolate", answer, {"model": model, "x_a": a, "x_b": b, "steps": steps})
    if any(not torch.equal(value, state[name]) for name, value in model.state_dict().items()):
        raise Mistake("interpolate changed the weights of the model: nothing is trained here.")
    return result


def _walk(answer: Any, model: RecordedVAE, a: Tensor, b: Tensor, steps: int, when: str, *, rich: bool = False) -> None:
    call = f"interpolate(model, x_a, x_b, {steps}){when}"
    result = _ask(answer, model, a, b, steps)
    codes = [event.given for event in model.events if len(event.results) == 1]
    walk = Walk(model, a, b, steps)
    compare(result, walk.right(), _mistakes(walk, codes) if rich else (), call=call)
    if result.requires_grad:
        raise Mistake(f"{call} still carries a gradient: work inside torch.no_grad(), or detach the result.")


def _steady(answer: Any, model: RecordedVAE, a: Tensor, b: Tensor) -> None:
    first, second = (as_tensor(_ask(answer, model, a, b, 5), "interpolate") for _ in range(2))
    if same(first, second):
        return
    if ((first == 0) | (first == 1)).all():
        raise Mistake("The pixels of interpolate were drawn, all 0 or 1: return the brightness itself.")
    raise Mistake("Two calls of interpolate gave two walks: go from mean to mean, not between samples.")


class Walk:
    """The codes of the two ends, and pictures of any line between them."""

    @torch.no_grad()
    def __init__(self, model: RecordedVAE, a: Tensor, b: Tensor, steps: int) -> None:
        self.model, self.a, self.b, self.steps = model, a, b, steps
        self.mu_a, self.logvar_a = model.encode(a)
        self.mu_b, self.logvar_b = model.encode(b)

    def line(self, start: Tensor, end: Tensor, share: Callable[[int], float] | None = None) -> Tensor:
        """Points from start to end, as rows; `share` gives the place of each on the way, from 0 to 1."""
        share = share or (lambda step: step / (self.steps - 1))
        return torch.stack([start + share(step) * (end - start) for step in range(self.steps)])

    @torch.no_grad()
    def decode(self, z: Tensor) -> Tensor:
        """Logits in double precision."""
        return self.model.decode(z.to(self.mu_a.dtype)).double()

    def right(self) -> Tensor:
        """The pictures that were asked for."""
        return self.decode(self.line(self.mu_a, self.mu_b)).sigmoid()


def _mistakes(walk: Walk, codes: list[Tensor]) -> Iterator[tuple[str, Tensor]]:
    a, b, n = walk.mu_a, walk.mu_b, walk.steps
    line = walk.line(a, b)
    logits = walk.decode(line)
    ends = walk.decode(torch.stack([a, b]))
    yield "These are logits: a sigmoid turns them into pixels between 0 and 1.", logits
    yield "The sigmoid was applied twice: once is enough.", logits.sigmoid().sigmoid()
    yield "The pixels were rounded to 0 or 1: return the brightness itself.", (logits > 0).double()
    yield "The logits were clamped to [0, 1]: use the sigmoid.", logits.clamp(0, 1)
    yield "The walk goes backwards: it begins at x_a.", logits.flip(0).sigmoid()
    yield "These are the codes on the line: they still have to be decoded.", line
    yield "The pixels of x_a and x_b were mixed: mix the codes, and decode.", walk.line(walk.a, walk.b)
    with torch.no_grad():
        mixed = walk.model.encode(walk.line(walk.a, walk.b))[0]
    yield "The pixels were mixed and then encoded: encode first, and mix the means.", walk.decode(mixed).sigmoid()
    yield "The two decoded images were mixed: mix the codes, and decode each.", walk.line(*ends.sigmoid())
    yield "The logits of the two ends were mixed: mix the codes, and decode each.", walk.line(*ends).sigmoid()
    for sentence, share in _SHARES.items():
        places = walk.line(a, b, lambda step, share=share: share(step, n))
        yield sentence, walk.decode(places).sigmoid()
    yield (
        "logvar was taken for mu: encode returns mu first.",
        walk.decode(walk.line(walk.logvar_a, walk.logvar_b)).sigmoid(),
    )
    yield "One point too many: steps counts both ends.", walk.decode(_spaced(a, b, n + 1)).sigmoid()
    yield "Two points too many: steps counts both ends.", walk.decode(_spaced(a, b, n + 2)).sigmoid()
    yield "One point too few: steps counts both ends.", walk.decode(_spaced(a, b, n - 1)).sigmoid()
    added = walk.line(a, a + b)
    yield "This decodes mu_a + t * mu_b: the share of mu_a is 1 - t.", walk.decode(added).sigmoid()
    yield "The result is transposed: one row per step.", logits.sigmoid().T
    if codes:
        z = torch.cat(codes)[-n:]
        yield _where(z, walk), walk.decode(z).sigmoid()


def _where(z: Tensor, walk: Walk) -> str:
    """Say how the codes that were decoded differ from the line between the means."""
    ends = ((z[0], walk.mu_a, "begins", "x_a"), (z[-1], walk.mu_b, "ends", "x_b"))
    for code, mean, verb, image in ends:
        if not same(code, mean):
            seen = f"The walk {verb} at the code {numbers(code)}, but the mean of {image} is {numbers(mean)}"
            return f"{seen}: go from mean to mean, not between samples."
    return "The codes begin and end at the means, but not in equal steps on the straight line between them."


def _spaced(a: Tensor, b: Tensor, count: int) -> Tensor:
    return a + torch.linspace(0, 1, count, dtype=a.dtype)[:, None] * (b - a)


_SHARES: dict[str, Callable[[int, int], float]] = {
    "The end at x_b is missing: torch.linspace(0, 1, steps) includes both.": lambda step, n: step / n,
    "The end at x_a is missing: torch.linspace(0, 1, steps) includes both.": lambda step, n: (step + 1) / n,
    "Both ends are missing: torch.linspace(0, 1, steps) includes them.": lambda step, n: (step + 1) / (n + 1),
    "t counts the steps 0, 1, 2 and so on: it must go from 0 to 1.": lambda step, n: step,
}
