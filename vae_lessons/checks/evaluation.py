"""Check of exercise 05: the loss of a model on a whole data set."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from vae_lessons.checks.core import task
from vae_lessons.checks.probe import Mistake, ask, strided
from vae_lessons.checks.recorded_vae import Reading, RecordedVAE, binary
from vae_lessons.checks.report import MANY, as_report, match, recorded, require_noise, require_sampled


@task(
    "evaluate",
    points=3,
    hints=(
        "The last batch is often smaller than the others. How do you add up, so that every image counts the same?",
        "Keep two sums and a count over the batches: the reconstructions of all images, their KLs, and how many there "
        "were. Divide once, after the loop. Which mode must the model be in, and in which mode did you find it?",
        "Note model.training, call model.eval(), loop inside torch.no_grad() with output = model(x), and give the "
        "mode back with model.train(was_training). Sum over dim=1 and over the batch; len(x) goes into the count.",
    ),
)
def judge_evaluate(answer: Any, rng: torch.Generator) -> None:
    """Means over images whatever the batches, sampled codes, no gradient, evaluation mode, everything put back."""
    x = binary(11, 12, rng)
    model = RecordedVAE(12, 4, rng)
    for beta in (None, 3.0, 0.25):
        call = f"evaluate(model, batches{'' if beta is None else f', {beta}'})"
        _evaluate(answer, model.eval(), [*x.split([7, 3, 1])], beta, f"{call} with a model in evaluation mode")
        require_sampled(_evaluate(answer, model.train(), x.split([2, 8, 1]), beta, call), call)
    many = binary(MANY[0], 12, rng).split([60, 45, 20])
    require_noise(_evaluate(answer, RecordedVAE(12, MANY[1], rng), many, 0.5, "evaluate of many images"), "evaluate")
    cases = {
        "for one batch": (model, [x]),
        "for batches of one image": (model, x[:4].split(1)),
        "for one latent": (RecordedVAE(12, 1, rng), x.split(4)),
        "for images of one pixel": (RecordedVAE(1, 2, rng), x[:, :1].split(4)),
        "for non-contiguous images": (model, [strided(x[:6]), strided(x[6:])]),
        "for float64": (RecordedVAE(12, 4, rng).double(), x.double().split(4)),
        "for logits near 300": (RecordedVAE(12, 4, rng, gain=300.0), x.split(4)),
        "for logvar near -25": (RecordedVAE(12, 4, rng, shift=-25.0), x.split(4)),
        "for logvar near 8": (RecordedVAE(12, 4, rng, shift=8.0), x.split(4)),
    }
    for when, (vae, batches) in cases.items():
        _evaluate(answer, vae, batches, 0.5, f"evaluate(model, batches, 0.5) {when}")
    _generator(answer, model, x)


def _generator(answer: Any, model: RecordedVAE, x: Tensor) -> None:
    """Batches that can be read only once."""
    try:
        _evaluate(answer, model, x.split([7, 3, 1]), 0.5, "evaluate(model, batches, 0.5) for a generator", once=True)
    except Mistake as mistake:
        raise Mistake(
            f"{mistake} batches may be a generator, which has no length and can be read once: loop over it once."
        ) from mistake


def _evaluate(
    answer: Any, model: RecordedVAE, batches: Iterable[Tensor], beta: float | None, call: str, *, once: bool = False
) -> Reading:
    """Judge one call, and return what the decoder was given."""
    batches = list(batches) if isinstance(batches, list) else tuple(batches)
    copies, state = [batch.clone() for batch in batches], _state(model)
    model.events.clear()
    given = {"model": model, "batches": (batch for batch in batches) if once else batches}
    report = as_report(ask("evaluate", answer, given if beta is None else {**given, "beta": beta}), call)
    if not all(torch.equal(batch, copied) for batch, copied in zip(batches, copies, strict=True)):
        raise Mistake(f"{call} changed the images of its batches: leave them alone and make new tensors.")
    found = recorded(model.events, torch.cat(copies), call)
    _quiet(model, call)
    reading = match(report, found, 1.0 if beta is None else beta, [len(batch) for batch in batches], call)[0]
    _put_back(model, state, call)
    return reading


State = tuple[list[bool], dict[str, Tensor]]


def _state(model: RecordedVAE) -> State:
    return [part.training for part in model.modules()], {k: v.clone() for k, v in model.state_dict().items()}


def _quiet(model: RecordedVAE, call: str) -> None:
    """The model must have run in evaluation mode and without a gradient."""
    if any(event.training for event in model.events):
        raise Mistake(f"{call} ran the model in training mode: call model.eval() first.")
    if any(event.gradient for event in model.events):
        raise Mistake(f"{call} kept gradients, which only costs memory here: run the model inside torch.no_grad().")


def _put_back(model: RecordedVAE, state: State, call: str) -> None:
    modes, weights = _state(model)
    if any(not torch.equal(value, state[1][name]) for name, value in weights.items()):
        raise Mistake(f"{call} changed the weights of the model: nothing is trained here.")
    if modes == state[0]:
        return
    found, left = ("training" if mode[0] else "evaluation" for mode in (state[0], modes))
    raise Mistake(
        f"{call} found the model in {found} mode and left it in {left} mode: note model.training first, and give it "
        "back with model.train(was_training)."
    )
