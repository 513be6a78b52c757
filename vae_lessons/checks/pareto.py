"""Check of exercise 07: the models that no other model beats in both rate and distortion."""

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor

from vae_lessons.checks.core import task
from vae_lessons.checks.probe import Mistake, as_tensor, ask, same, strided


@task(
    "pareto_front",
    points=2,
    hints=(
        "Both rate and distortion should be small. When is a model clearly worse than another one?",
        "A point is dominated if some other point is no worse in both and better in at least one. The front is all "
        "the others, whatever the shape of the curve.",
        "Go through the points by increasing rate (among equal rates the lowest distortion first) and keep those whose "
        "distortion is below the lowest seen so far. Return their places in the original order as long.",
    ),
)
def judge_pareto_front(answer: Any, rng: torch.Generator) -> None:
    """Indices of the points that no other dominates, by increasing rate; of equal points, one or all may be kept."""
    rate, distortion = _trade_off(rng)
    _pareto(answer, rate, distortion, "", _front_mistakes(rate, distortion))
    order = torch.randperm(7, generator=rng)
    tied_rate = torch.tensor([1.0, 1.0, 2.0, 3.0, 3.0, 4.0, 5.0])[order]
    tied_distortion = torch.tensor([9.0, 7.0, 7.0, 5.0, 6.0, 5.0, 1.0])[order]
    cases = {
        "with equal rates or equal distortions": (tied_rate, tied_distortion),
        "with equal rates in the other order": (tied_rate.flip(0), tied_distortion.flip(0)),
        "for float64 values": (rate.double(), distortion.double()),
        "for non-contiguous values": (strided(rate), strided(distortion)),
        "for negative distortions": (rate, distortion - 1000),
        "for values near 100,000": (1e4 * rate, 1e4 * distortion),
        "for a single model": (rate[:1], distortion[:1]),
        "where one model is best in both": (torch.tensor([3.0, 1.0, 2.0]), torch.tensor([5.0, 4.0, 6.0])),
        "where no model is dominated": (order.float(), 9 - order.float()),
        "for models that appear twice": (tied_rate.repeat(2), tied_distortion.repeat(2)),
    }
    for when, (a, b) in cases.items():
        _pareto(answer, a, b, " " + when, ())


def _trade_off(rng: torch.Generator) -> tuple[Tensor, Tensor]:
    """A front of six points that is not convex, and six points that some of these dominate, in random order."""
    steps = 1 + 0.2 * torch.rand(6, generator=rng)
    drops = torch.tensor([0.0, 1.0, 5.0, 2.0, 6.0, 1.0]) + 0.2 * torch.rand(6, generator=rng)
    front = torch.stack([steps.cumsum(0), 20 - drops.cumsum(0)])
    offsets = torch.tensor([[0.2, 0.4, 0.3, 0.3, 0.3, 2.0], [11.0, 6.0, 3.0, 4.0, 2.0, 1.0]])
    worse = front[:, [0, 0, 2, 3, 4, 5]] + offsets + 0.1 * torch.rand(2, 6, generator=rng)
    order = torch.randperm(12, generator=rng)
    rate, distortion = torch.cat([front, worse], 1)[:, order]
    return rate, distortion


def _beats(rate: Tensor, distortion: Tensor) -> Tensor:
    """Entry (i, j) says whether point i dominates point j, straight from the definition."""
    no_worse = (rate[:, None] <= rate) & (distortion[:, None] <= distortion)
    return no_worse & ((rate[:, None] < rate) | (distortion[:, None] < distortion))


def _front(rate: Tensor, distortion: Tensor) -> Tensor:
    places = (~_beats(rate, distortion).any(0)).nonzero().flatten()
    return places[rate[places].argsort(stable=True)]


def _pareto(answer: Any, rate: Tensor, distortion: Tensor, when: str, mistakes: Iterable[tuple[str, Tensor]]) -> None:
    call = f"pareto_front(rate, distortion){when}"
    got = as_tensor(ask("pareto_front", answer, {"rate": rate, "distortion": distortion}), call)
    if fault := _fault(got, rate, distortion):
        named = (sentence for sentence, wrong in mistakes if same(got, wrong))
        raise Mistake(f"{call} is wrong. {next(named, fault)}")
    if got.dtype != torch.long:
        raise Mistake(f"{call} returned {str(got.dtype)[6:]} numbers: indices must be long (torch.int64).")


def _fault(got: Tensor, rate: Tensor, distortion: Tensor) -> str | None:
    """What is wrong with these indices, in a sentence; None for a front."""
    if got.dim() != 1:
        return f"The result has shape {tuple(got.shape)}, expected (K,): a flat row of indices."
    places = got.tolist()
    if got.dtype == torch.bool or not all(place in range(len(rate)) for place in places):
        return f"The result starts with {places[:3]}, but indices from 0 to {len(rate) - 1} are expected."
    if len(set(places)) < len(places):
        return "The same index appears twice."
    places = [int(place) for place in places]
    return _unfit(places, rate, distortion) or _missing(places, rate, distortion) or _unordered(places, rate)


def _unfit(places: list[int], rate: Tensor, distortion: Tensor) -> str | None:
    beats = _beats(rate, distortion)
    for place in places:
        for other in beats[:, place].nonzero().flatten().tolist():
            tie = rate[other] == rate[place] or distortion[other] == distortion[place]
            why = "is equal in one and lower in the other" if tie else "is lower in both"
            return (
                f"Point {place} {_where(place, rate, distortion)} is kept, but it is dominated: "
                f"point {other} {_where(other, rate, distortion)} {why}."
            )
    return None


def _missing(places: list[int], rate: Tensor, distortion: Tensor) -> str | None:
    kept = {(rate[place].item(), distortion[place].item()) for place in places}
    for place in _front(rate, distortion).tolist():
        if (rate[place].item(), distortion[place].item()) not in kept:
            return f"Point {place} {_where(place, rate, distortion)} is missing, although no other point dominates it."
    return None


def _unordered(places: list[int], rate: Tensor) -> str | None:
    chosen = rate[places]
    if bool((chosen.diff() >= 0).all()):
        return None
    if bool((chosen.diff() <= 0).all()):
        return "These are the right points by decreasing rate: the lowest rate comes first."
    return "These are the right points in the wrong order: sort them by increasing rate."


def _where(place: int, rate: Tensor, distortion: Tensor) -> str:
    return f"(rate {rate[place].item():.4g}, distortion {distortion[place].item():.4g})"


def _front_mistakes(rate: Tensor, distortion: Tensor) -> Iterator[tuple[str, Tensor]]:
    front, by_rate = _front(rate, distortion), rate.argsort()
    flipped = "dominates here where it should not: both rate and distortion should be small."
    yield f"A larger rate {flipped}", _front(-rate, distortion).flip(0)
    yield f"A larger rate {flipped}", _front(-rate, distortion)
    yield f"A larger distortion {flipped}", _front(rate, -distortion)
    yield f"The larger value {flipped}", _front(-rate, -distortion).flip(0)
    yield f"The larger value {flipped}", _front(-rate, -distortion)
    mask = torch.zeros(len(rate), dtype=torch.bool)
    mask[front] = True
    yield "This is a mask with one entry per point: the indices of the points were asked.", mask
    yield "These are the dominated points: the others were asked.", (~mask).nonzero().flatten()
    yield "These are the dominated points: the others were asked.", by_rate[~mask[by_rate]]
    yield (
        "These are places in the order by rate: map them back to the original order.",
        mask[by_rate].nonzero().flatten(),
    )
    yield "These are rates: the indices of the points were asked.", rate[front]
    points = torch.stack([rate[front], distortion[front]], 1)
    yield "These are the points themselves: their indices were asked.", points
    yield "Only the convex hull was kept: a point above it may still be undominated.", _hull(rate, distortion)
    yield "This is the one point with the lowest sum: keep all undominated ones.", (rate + distortion).argmin()[None]
    steps = distortion[by_rate].diff() < 0
    stairs = by_rate[torch.cat([torch.tensor([True]), steps])]
    yield "Each point was compared with the one before it only: compare with the lowest distortion so far.", stairs
    yield "All points were kept: leave the dominated ones out.", by_rate
    yield "All points were kept: leave the dominated ones out.", torch.arange(len(rate))
    yield "The result is a column, as from nonzero(): flatten it.", front[:, None]
    yield "The result is a column, as from nonzero(): flatten it.", mask.nonzero()


def _hull(rate: Tensor, distortion: Tensor) -> Tensor:
    """The points that minimise distortion + weight * rate for some weight from nearly 0 to very large."""
    weights = torch.logspace(-4, 4, 4001)
    return (distortion + weights[:, None] * rate).argmin(1).flip(0).unique_consecutive()
