"""Check of exercise 05: one step of training."""

import copy
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vae_lessons.checks.core import task
from vae_lessons.checks.noise import require_fresh
from vae_lessons.checks.probe import Mistake, ask, numbers, same, strided
from vae_lessons.checks.recorded_vae import Reading, RecordedVAE, binary, divergences
from vae_lessons.checks.report import (
    MANY,
    Report,
    as_report,
    match,
    recorded,
    require_noise,
    require_sampled,
    truth,
)

RATE = 0.01  # of the plain gradient descent that makes the steps


@task(
    "train_step",
    points=3,
    hints=(
        "Five things in a fixed order: training mode, the loss of this batch, old gradients away, new gradients, one "
        "step of the optimizer.",
        "Run the model once: its output holds logits, mu and logvar. The reconstruction is the binary cross-entropy "
        "with logits, summed over pixels; the KL is summed over latents; both are averaged over the batch at the end.",
        "model.train(), output = model(x), loss = reconstruction + beta * kl, optimizer.zero_grad(), loss.backward(), "
        "optimizer.step(). Return a dict of the three numbers, each turned into a float by .item().",
    ),
)
def judge_train_step(answer: Any, rng: torch.Generator) -> None:
    """The loss before the step, its gradient alone in the step, training mode, fresh noise, floats."""
    x, y = binary(7, 12, rng), binary(5, 12, rng)
    _reports(answer, Trial(RecordedVAE(12, 4, rng).eval(), ""), x)
    trial = Trial(RecordedVAE(12, MANY[1], rng), f" for {MANY[0]} images")
    require_noise(_report(answer, trial, binary(MANY[0], 12, rng), 1.0)[0], "train_step")
    trial = Trial(RecordedVAE(12, 4, rng).eval(), "")
    for images, beta in ((x, 3.0), (y, None), (y, 0.25)):
        _step(answer, trial, images, beta)
    cases = {
        "for a single image": (RecordedVAE(12, 4, rng), x[:1]),
        "for one latent": (RecordedVAE(12, 1, rng), x),
        "for images of one pixel": (RecordedVAE(1, 2, rng), x[:, :1]),
        "for as many images as pixels": (RecordedVAE(7, 7, rng), x[:, :7]),
        "for non-contiguous images": (RecordedVAE(12, 4, rng), strided(x)),
        "for float64": (RecordedVAE(12, 4, rng).double(), x.double()),
        "for logits near 300": (RecordedVAE(12, 4, rng, gain=300.0), x),
        "for logvar near -25": (RecordedVAE(12, 4, rng, shift=-25.0), x),
        "for logvar near 8": (RecordedVAE(12, 4, rng, shift=8.0), x),
    }
    for when, (model, images) in cases.items():
        _step(answer, Trial(model, " " + when), images, 0.5)


class Step(NamedTuple):
    """What a call of the optimizer found: the gradients, and how often the model had run by then."""

    gradient: Tensor
    events: int


class Trial:
    """A model with an optimizer that notes each step, and the gradient of the step before."""

    def __init__(self, model: RecordedVAE, when: str) -> None:
        self.model, self.when, self.steps, self.previous = model, when, list[Step](), torch.zeros(())
        self.optimizer = torch.optim.SGD(model.parameters(), lr=RATE)
        self.optimizer.register_step_post_hook(self._note)

    def _note(self, *_: Any) -> None:
        self.steps.append(Step(_flat(self.model, lambda parameter: parameter.grad), len(self.model.events)))


def _flat(model: nn.Module, value: Callable[[nn.Parameter], Tensor | None]) -> Tensor:
    """One vector of a value of every parameter, zero where it is missing."""
    found = [(parameter, value(parameter)) for parameter in model.parameters()]
    return torch.cat([(torch.zeros_like(p) if v is None else v).detach().reshape(-1).clone() for p, v in found])


def _step(answer: Any, trial: Trial, x: Tensor, beta: float | None) -> None:
    """Judge one call: what it reports, and the step it makes."""
    call, weight = _call(trial, beta), 1.0 if beta is None else beta
    before = copy.deepcopy(trial.model)
    found = _report(answer, trial, x, beta)
    _one_step(len(trial.steps), call)
    if not any(same(trial.steps[0].gradient, _gradient(before, reading, weight, _right)) for reading in found):
        _wrong_gradient(before, found[0], trial, weight, call)
    gradient = trial.previous = trial.steps[0].gradient
    moved = _flat(trial.model, lambda parameter: parameter)
    if not same(moved, _flat(before, lambda parameter: parameter) - RATE * gradient):
        raise Mistake(f"After {call} the parameters are not where optimizer.step() put them: leave them to it.")


def _report(answer: Any, trial: Trial, x: Tensor, beta: float | None) -> list[Reading]:
    """Judge what a call reports, and return what it may follow from."""
    call, weight = _call(trial, beta), 1.0 if beta is None else beta
    report = _run(answer, trial, x, beta, call)
    events = trial.model.events
    used = events[: trial.steps[0].events] if trial.steps else events
    found = recorded(used, x, call)
    if not all(event.training for event in used):
        raise Mistake(f"{call} ran the model in evaluation mode: call model.train() first.")
    _not_afterwards(report, trial, x, weight, call)
    return match(report, found, weight, [len(x)], call)


def _call(trial: Trial, beta: float | None) -> str:
    return f"train_step(model, optimizer, x{'' if beta is None else f', {beta}'}){trial.when}"


def _run(answer: Any, trial: Trial, x: Tensor, beta: float | None, call: str) -> Report:
    trial.model.events.clear()
    trial.steps.clear()
    given = {"model": trial.model, "optimizer": trial.optimizer, "x": x}
    return as_report(ask("train_step", answer, given if beta is None else {**given, "beta": beta}), call)


def _not_afterwards(report: Report, trial: Trial, x: Tensor, beta: float, call: str) -> None:
    """A run of the model after the step must not be where the numbers come from."""
    later = trial.model.events[trial.steps[0].events :] if trial.steps else []
    if not later:
        return
    reading = recorded(later, x, call)[0]
    if all(abs(report[key] - value) <= 1e-4 * abs(value) for key, value in truth(reading, beta).items()):
        raise Mistake(f"The numbers of {call} are those after the step: report the loss that the step was made from.")


def _one_step(count: int, call: str) -> None:
    if count == 0:
        raise Mistake(f"{call} never called optimizer.step(), so the parameters did not move.")
    if count > 1:
        raise Mistake(f"{call} called optimizer.step() {count} times: one step was asked.")


def _reports(answer: Any, trial: Trial, x: Tensor) -> None:
    """Two calls must report the truth about samples of z that are new in each call."""
    first, second = _report(answer, trial, x, 3.0)[0], _report(answer, trial, x, None)[0]
    require_sampled(first, _call(trial, 3.0))
    rounded = [(reading.noise[: len(x)] * 100).round() for reading in (first, second)]
    require_fresh(*rounded, call="train_step")


Loss = Callable[[Tensor, Tensor, float], Tensor]  # of -log p(x|z) (R, P), the KL (R, D) and beta


def _right(surprise: Tensor, kl: Tensor, beta: float) -> Tensor:
    return surprise.sum(1).mean() + beta * kl.sum(1).mean()


def _gradient(
    model: RecordedVAE, reading: Reading, beta: float, loss: Loss, follow: tuple[float, float] = (1.0, 0.5)
) -> Tensor:
    """The gradient of `loss` with the noise of the reading; dz = follow[0] dmu + follow[1] (z - mu) dlogvar."""
    mu, logvar = model.encode(reading.x)
    center, spread = mu - mu.detach(), (reading.z - reading.mu) * (logvar - logvar.detach())
    logits = model.decode(reading.z + follow[0] * center + follow[1] * spread)
    surprise = F.binary_cross_entropy_with_logits(logits, reading.x, reduction="none")
    parameters = list(model.parameters())
    found = torch.autograd.grad(loss(surprise, divergences(mu, logvar), beta), parameters, allow_unused=True)
    return torch.cat(
        [(torch.zeros_like(p) if g is None else g).reshape(-1) for p, g in zip(parameters, found, strict=True)]
    )


def _wrong_gradient(model: RecordedVAE, reading: Reading, trial: Trial, beta: float, call: str) -> None:
    seen, expected = trial.steps[0].gradient, _gradient(model, reading, beta, _right)
    place = int((seen - expected).abs().argmax())
    text = f"In {call} the step follows a wrong gradient ({numbers(seen[place])}, expected {numbers(expected[place])})."
    if not seen.count_nonzero():
        raise Mistake(
            f"In {call} the optimizer found no gradient: the order is zero_grad(), backward(), step(), and the loss "
            "must not pass through .item(), detach() or no_grad() before."
        )
    if trial.previous.dim() and same(seen, expected + trial.previous):
        raise Mistake(f"{text} Those of the call before were added to it: clear them with optimizer.zero_grad().")
    for sentence, loss in LOSSES.items():
        if same(seen, _gradient(model, reading, beta, loss)):
            raise Mistake(f"{text} {sentence}")
    for sentence, follow in PATHS.items():
        if same(seen, _gradient(model, reading, beta, _right, follow)):
            raise Mistake(f"{text} {sentence}")
    scale = (seen @ expected / (expected @ expected)).item()
    if same(seen, scale * expected):
        raise Mistake(f"{text} It is {scale:.3g} times the right one: do not scale or clip it.")
    raise Mistake(text)


LOSSES: Mapping[str, Loss] = {
    "beta is not used in the loss that is minimised.": lambda a, kl, beta: _right(a, kl, 1.0),
    "beta weights the reconstruction in the loss that is minimised.": lambda a, kl, beta: (
        beta * a.sum(1).mean() + kl.sum(1).mean()
    ),
    "The KL has no part in it: was it detached?": lambda a, kl, beta: a.sum(1).mean(),
    "The reconstruction has no part in it: was it detached?": lambda a, kl, beta: beta * kl.sum(1).mean(),
    "It is that of the sum over the batch: minimise the mean.": lambda a, kl, beta: len(a) * _right(a, kl, beta),
    "It goes uphill: minimise reconstruction + beta * kl.": lambda a, kl, beta: -_right(a, kl, beta),
    "backward() ran twice.": lambda a, kl, beta: 2 * _right(a, kl, beta),
    "The minimised reconstruction is averaged over the pixels: sum them.": lambda a, kl, beta: (
        a.mean() + beta * kl.sum(1).mean()
    ),
    "The minimised KL is averaged over the latents: sum them.": lambda a, kl, beta: a.sum(1).mean() + beta * kl.mean(),
    "The minimised terms are averaged over pixels and latents: sum them.": lambda a, kl, beta: (
        a.mean() + beta * kl.mean()
    ),
}
PATHS: Mapping[str, tuple[float, float]] = {
    "No gradient reaches the encoder through z: z = mu + exp(logvar / 2) * noise, without detach().": (0.0, 0.0),
    "No gradient reaches logvar through z: sigma was detached.": (1.0, 0.0),
    "No gradient reaches mu through z: mu was detached.": (0.0, 0.5),
}
