"""Check of exercise 06: a floor under the KL of each dimension."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from vae_lessons.checks.core import task
from vae_lessons.checks.probe import (
    Mistake,
    as_tensor,
    ask,
    check_shape,
    compare,
    compare_rule,
    same,
    strided,
)


@task(
    "free_bits",
    points=2,
    hints=(
        "The floor is for each dimension of the code, not for each example. Which axis has to go first?",
        "Average over the batch, lift every dimension below min_nats up to it, and only then add up the dimensions.",
        "mean(0) leaves one number per dimension; clamp with min=min_nats is the floor; sum() joins the dimensions. "
        "No .item() and no detach(): this is a part of the loss.",
    ),
)
def judge_free_bits(answer: Any, rng: torch.Generator) -> None:
    """sum_d max(min_nats, mean_b kl_bd), whose gradient is that of the KL above the floor and zero below."""
    kl = _kl(7, rng)
    _values(answer, kl, (0.5, kl.sum(1).mean().item(), 50.0))
    _gradient(answer, kl, 0.5)
    cases = {
        "with a floor of 0": (kl, 0.0),
        "for a batch of one": (kl[:1], 0.5),
        "for one latent": (kl[:, 2:3], 0.5),
        "for one latent below the floor": (kl[:, :1], 2.0),
        "for float64": (_kl(4, rng).double(), 0.3),
        "for a non-contiguous kl": (strided(kl), 0.5),
        "for thousands of nats": (3000 * kl, 500.0),
    }
    for when, (values, floor) in cases.items():
        right = torch.tensor(_floored(values, floor), dtype=torch.float64)
        compare(_bits(answer, values, floor), right, (), call=f"free_bits(kl, {floor}) {when}")


def _kl(batch: int, rng: torch.Generator) -> Tensor:
    """KL (B, 6) whose dimensions lie on both sides of 0.5 in the mean, and so do entries of each of the last three."""
    level = torch.tensor([0.05, 0.15, 0.3, 0.9, 1.0, 2.0]) * (1 + 0.1 * torch.rand(6, generator=rng))
    order = torch.rand(batch, 6, generator=rng).argsort(0)
    return level * torch.linspace(0.2, 1.8, batch)[order]


def _floored(kl: Tensor, min_nats: float) -> float:
    return sum(max(min_nats, sum(column) / len(column)) for column in kl.double().T.tolist())


def _bits(answer: Any, kl: Tensor, min_nats: float) -> Any:
    """The answer as a tensor; below the floor everywhere, a plain number has lost nothing."""
    result = ask("free_bits", answer, {"kl": kl, "min_nats": min_nats})
    if isinstance(result, float | int) and bool((kl.mean(0) < min_nats).all()):
        return torch.tensor(float(result))
    return result


def _values(answer: Any, kl: Tensor, floors: tuple[float, ...]) -> None:
    results = [as_tensor(_bits(answer, kl, floor), f"free_bits(kl, {floor:.4g})") for floor in floors]
    if results[0].shape == ():
        calls = {f"free_bits(kl, {floor:.4g})": (kl, floor) for floor in floors}
        compare_rule(
            [check_shape(r, (), call=c).item() for r, c in zip(results, calls, strict=True)],
            calls,
            _floored,
            BITS_MISTAKES,
        )
    right = torch.tensor(_floored(kl, floors[0]), dtype=torch.float64)
    compare(results[0], right, _shape_mistakes(kl, floors[0]), call=f"free_bits(kl, {floors[0]:.4g})")


def _gradient(answer: Any, kl: Tensor, min_nats: float) -> None:
    source = kl.clone().requires_grad_()
    result = ask("free_bits", answer, {"kl": source * 1, "min_nats": min_nats})
    call = f"free_bits(kl, {min_nats})"
    if not as_tensor(result, call).is_floating_point() or not result.requires_grad:
        raise Mistake(f"{call} has lost the gradient, and a loss needs it: use no .item(), detach() or no_grad().")
    (found,) = torch.autograd.grad(result, source, allow_unused=True)
    found = torch.zeros_like(kl) if found is None else found
    free = kl.mean(0) < min_nats
    expected = torch.where(free, 0.0, 1 / len(kl)).expand_as(kl)
    if same(found, expected):
        return
    if not found[:, ~free].count_nonzero():
        raise Mistake(f"No gradient of {call} reaches the dimensions above the floor: is there a detach()?")
    if found[:, free].count_nonzero():
        raise Mistake(f"{call} has a gradient in dimensions below the floor, where the KL should be free (gradient 0).")
    raise Mistake(f"The value of {call} is right, but its gradient is not that of the mean KL above the floor.")


def _shape_mistakes(kl: Tensor, floor: float) -> Iterator[tuple[str, Tensor]]:
    kl = kl.double()
    yield "These are the dimensions one by one: they still have to be summed.", kl.mean(0).clamp(min=floor)
    yield "There is one number per example: take the mean over the batch first.", kl.clamp(min=floor).sum(1)
    yield "There is one floor for each example's whole KL: each dimension has its own.", kl.sum(1).clamp(min=floor)
    yield "The axes are swapped: the mean runs over the batch (dim=0).", kl.mean(1).clamp(min=floor)
    yield "This is the floor of every entry: average over the batch, then sum.", kl.clamp(min=floor)


BITS_MISTAKES: dict[str, Any] = {
    "The floor was put under every example: average over the batch first.": (
        lambda kl, floor: kl.clamp(min=floor).mean(0).sum()
    ),
    "The floor was put under every example, and nothing was averaged: average over the batch first.": (
        lambda kl, floor: kl.clamp(min=floor).sum()
    ),
    "The floor was put under every example, and the dimensions were averaged: average the batch, sum the dimensions.": (
        lambda kl, floor: kl.clamp(min=floor).mean()
    ),
    "There is no floor: this is the plain KL, and min_nats is not used.": lambda kl, floor: kl.mean(0).sum(),
    "There is one floor for all dimensions together: each dimension has its own.": (
        lambda kl, floor: kl.mean(0).sum().clamp(min=floor)
    ),
    "There is one floor for each example's whole KL: each dimension has its own.": (
        lambda kl, floor: kl.sum(1).clamp(min=floor).mean()
    ),
    "The floor D * min_nats was put under the sum: each dimension has its own.": (
        lambda kl, floor: kl.mean(0).sum().clamp(min=floor * kl.shape[1])
    ),
    "min_nats was divided over the dimensions: each one has min_nats of its own.": (
        lambda kl, floor: kl.mean(0).clamp(min=floor / kl.shape[1]).sum()
    ),
    "This is the mean over the dimensions: sum them.": lambda kl, floor: kl.mean(0).clamp(min=floor).mean(),
    "This floor is a ceiling: min_nats is the least that a dimension counts, clamp(min=...).": (
        lambda kl, floor: kl.mean(0).clamp(max=floor).sum()
    ),
    "min_nats was taken off each dimension: max(kl, min_nats) was asked, not max(kl - min_nats, 0).": (
        lambda kl, floor: (kl.mean(0) - floor).relu().sum()
    ),
    "min_nats was added to every dimension: it is a floor, so use a maximum.": (
        lambda kl, floor: (kl.mean(0) + floor).sum()
    ),
    "Dimensions below the floor count 0: they count min_nats.": (
        lambda kl, floor: kl.mean(0).where(kl.mean(0) > floor, 0.0).sum()
    ),
    "The batch was summed before the floor: take its mean.": lambda kl, floor: kl.sum(0).clamp(min=floor).sum(),
    "The result was multiplied by the size of the batch: take the mean.": (
        lambda kl, floor: kl.mean(0).clamp(min=floor).sum() * len(kl)
    ),
    "The axes are swapped: the mean runs over the batch (dim=0), the sum over the dimensions.": (
        lambda kl, floor: kl.mean(1).clamp(min=floor).sum()
    ),
    "This is the negative: it is a part of the loss, so it is positive.": lambda kl, floor: -_floored(kl, floor),
}
