"""Checks of exercise 06: schedules of the KL weight."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch

from vae_lessons.checks.core import task
from vae_lessons.checks.probe import Mistake, as_number, ask, compare_rule

Rule = Callable[..., float]


def _whole(low: int, high: int, rng: torch.Generator) -> int:
    return int(torch.randint(low, high + 1, (), generator=rng))


def _between(low: float, high: float, rng: torch.Generator) -> float:
    return low + (high - low) * torch.rand((), generator=rng).item()


def _schedule(
    answer: Any, names: tuple[str, ...], calls: Sequence[tuple[float, ...]], right: Rule, wrong: dict[str, Rule]
) -> None:
    """Compare the answer with the rule `right` at all `calls`; `wrong` are sentences with the rule they describe."""
    name, *parameters = names
    written = {_written(name, parameters, call): call for call in calls}
    results = [ask(name, answer, dict(zip(parameters, call, strict=False))) for call in written.values()]
    numbers = [as_number(result, text) for result, text in zip(results, written, strict=True)]
    compare_rule(numbers, written, right, wrong)


def _written(name: str, parameters: Sequence[str], call: tuple[float, ...]) -> str:
    shown = [f"{value:.4g}" if isinstance(value, float) else str(value) for value in call]
    return f"{name}({', '.join(f'{key}={text}' for key, text in zip(parameters, shown, strict=False))})"


WARMUP = ("linear_warmup", "step", "warmup_steps", "start", "end")
CYCLICAL = ("cyclical", "step", "period", "ramp_fraction")


@task(
    "linear_warmup",
    points=1,
    hints=(
        "What share of the warm-up is done at this step? It is 0 at step 0, and it never passes 1.",
        "Go from start towards end by that share of the distance between them. What happens after the last step of "
        "the warm-up, and what if there is no warm-up at all?",
        "First the case step >= warmup_steps, which gives end and needs no division. Otherwise the weight is start "
        "plus (end - start) times step / warmup_steps.",
    ),
)
def judge_linear_warmup(answer: Any, rng: torch.Generator) -> None:
    """A straight line from start at step 0 to end at step warmup_steps, then end; no warm-up gives end at once."""
    short, middle, long = _whole(6, 15, rng), _whole(16, 40, rng), _whole(100, 900, rng)
    start, end, high = _between(0.1, 0.3, rng), _between(0.5, 0.9, rng), _between(2, 4, rng)
    calls = [(step, short) for step in _steps(short)]
    calls += [(step, middle, start, end) for step in _steps(middle)]
    calls += [(step, long, 0.0, high) for step in _steps(long)]
    calls += [(step, middle, high, start) for step in _steps(middle)]  # a line that falls
    _schedule(answer, WARMUP, calls, _warmup, WARMUP_MISTAKES)
    _no_warmup(answer, start, end)
    _schedule(answer, WARMUP, [(0, 1, start, end), (1, 1, start, end), (3, 9, end, end)], _warmup, {})
    _forgetful(answer, WARMUP, calls, _warmup)


def _steps(length: int) -> list[int]:
    return [0, 1, 2, length // 3, length // 2, length - 1, length, length + 1, 2 * length, 50 * length]


def _no_warmup(answer: Any, start: float, end: float) -> None:
    remedy = "Without a warm-up the weight is end from step 0 on."
    calls = [(0, 0), (5, 0), (0, 0, start, end), (1, 0, start, end)]
    try:
        _schedule(answer, WARMUP, calls, _warmup, {})
    except Mistake as mistake:
        raise Mistake(f"{mistake} {remedy}") from mistake


def _forgetful(answer: Any, names: tuple[str, ...], calls: Sequence[tuple[float, ...]], right: Rule) -> None:
    """The same calls in another order must give the same weights."""
    try:
        _schedule(answer, names, calls[::-1], right, {})
    except Mistake:
        raise Mistake(
            f"{names[0]} gave other weights when the same steps were asked in another order: the weight depends on "
            "the arguments only, so keep no counter."
        ) from None


def _share(step: float, length: float) -> float:
    return min(1.0, step / length)


def _warmup(step: float, length: float, start: float = 0.0, end: float = 1.0) -> float:
    return start + (end - start) * _share(step, length) if length else end


def _warmup_after(change: Callable[[float], float]) -> Rule:
    """A warm-up whose share of the way is changed."""
    return lambda s, w, a=0.0, b=1.0: a + (b - a) * change(_share(s, w))


WARMUP_MISTAKES: dict[str, Rule] = {
    "The line goes on after the warm-up: stop at end.": lambda s, w, a=0.0, b=1.0: a + (b - a) * s / w,
    "start and end are swapped.": lambda s, w, a=0.0, b=1.0: b + (a - b) * _share(s, w),
    "start and end are not used: the line goes from 0 to 1.": lambda s, w, a=0.0, b=1.0: _share(s, w),
    "start is not used: the line begins at 0.": lambda s, w, a=0.0, b=1.0: b * _share(s, w),
    "end is not used: the line rises to 1.": lambda s, w, a=0.0, b=1.0: a + (1 - a) * _share(s, w),
    "The whole of end is added to start: add (end - start) times the share.": (
        lambda s, w, a=0.0, b=1.0: a + b * _share(s, w)
    ),
    "The share is added to start as it is: multiply it by (end - start) first.": (
        lambda s, w, a=0.0, b=1.0: a + _share(s, w)
    ),
    "The share is added to start as it is, and the line goes on after the warm-up: multiply it by (end - start), and "
    "stop at end.": lambda s, w, a=0.0, b=1.0: a + s / w,
    "The share is added to start as it is and the sum is limited to 1: multiply the share by (end - start).": (
        lambda s, w, a=0.0, b=1.0: min(1.0, a + s / w)
    ),
    "The share is added to start as it is and the sum is limited to end: multiply the share by (end - start).": (
        lambda s, w, a=0.0, b=1.0: min(b, a + s / w)
    ),
    "The weight is limited to end from above, but start may lie above end: limit the share of the way to 1.": (
        lambda s, w, a=0.0, b=1.0: min(b, a + (b - a) * s / w)
    ),
    "The weight is clipped to [start, end], but start may lie above end: limit the share of the way to 1.": (
        lambda s, w, a=0.0, b=1.0: min(b, max(a, a + (b - a) * s / w))
    ),
    "The weight is kept above start and below end, but start may lie above end: limit the share of the way to 1.": (
        lambda s, w, a=0.0, b=1.0: max(a, min(b, a + (b - a) * s / w))
    ),
    "The weight is limited to 1: the limit is end.": lambda s, w, a=0.0, b=1.0: min(1.0, a + (b - a) * s / w),
    "This is end at every step: the weight has to rise from start.": lambda s, w, a=0.0, b=1.0: b,
    "This is start at every step: the weight has to rise to end.": lambda s, w, a=0.0, b=1.0: a,
    "This jumps from start to end at the end of the warm-up: draw a straight line (is a // a / in truth?).": (
        lambda s, w, a=0.0, b=1.0: b if s >= w else a
    ),
    "This is one step early: steps count from 0, and step 0 gives start.": (
        lambda s, w, a=0.0, b=1.0: a + (b - a) * _share(s + 1, w)
    ),
    "This is one step late: step warmup_steps gives end.": (
        lambda s, w, a=0.0, b=1.0: a + (b - a) * _share(max(s - 1, 0), w)
    ),
    "The line reaches end one step early: divide by warmup_steps.": (
        lambda s, w, a=0.0, b=1.0: a + (b - a) * _share(s, w - 1)
    ),
    "The line reaches end one step late: divide by warmup_steps.": (
        lambda s, w, a=0.0, b=1.0: a + (b - a) * _share(s, w + 1)
    ),
    "After the warm-up the weight falls back to start: stay at end.": (
        lambda s, w, a=0.0, b=1.0: a + (b - a) * s / w if s < w else a
    ),
    "After the warm-up the weight starts again: stay at end.": lambda s, w, a=0.0, b=1.0: a + (b - a) * (s % w) / w,
    "This rises with the square of the step: a straight line was asked.": _warmup_after(lambda share: share**2),
    "This rises with the square root of the step: a straight line was asked.": _warmup_after(math.sqrt),
    "This rises as a cosine: a straight line was asked.": _warmup_after(lambda f: (1 - math.cos(math.pi * f)) / 2),
}


@task(
    "cyclical",
    points=1,
    hints=(
        "How far into its period is this step? The remainder operator % starts again at 0.",
        "The first ramp_fraction of a period is a warm-up from 0 to 1; for the rest of the period the weight stays 1.",
        "Divide step % period by the length of the ramp, which is period * ramp_fraction, and let min keep the "
        "result at 1.",
    ),
)
def judge_cyclical(answer: Any, rng: torch.Generator) -> None:
    """From 0 to 1 over the first ramp_fraction of each period, then 1 until the period ends."""
    period = 4 * _whole(3, 9, rng)
    calls = [(step, period) for step in _cycle_steps(period, 0.5)]
    for fraction in (0.25, 0.75, 1.0):
        length = 4 * _whole(3, 9, rng)
        calls += [(step, length, fraction) for step in _cycle_steps(length, fraction)]
    for fraction in (0.25, 0.5):  # ramps of k + 1/4, k + 1/2 and k + 3/4 steps
        for length in (4 * _whole(3, 9, rng) + 1, 4 * _whole(3, 9, rng) + 3):
            calls += [(step, length, fraction) for step in _cycle_steps(length, fraction)]
    _schedule(answer, CYCLICAL, calls, _cycle, CYCLE_MISTAKES)
    _forgetful(answer, CYCLICAL, calls, _cycle)


def _cycle_steps(period: int, fraction: float) -> list[int]:
    ramp = int(period * fraction)
    first = [0, 1, ramp // 2, ramp - 1, ramp, ramp + 1, period - 1]
    return [*first, period, period + 1, 2 * period + ramp // 2, 5 * period - 1, 7 * period + 3]


def _cycle(step: float, period: float, ramp_fraction: float = 0.5) -> float:
    return min(1.0, (step % period) / (period * ramp_fraction))


def _position(change: Callable[[float, float], float]) -> Rule:
    """A rule of the position in the period, in [0, 1), and the ramp's fraction."""
    return lambda s, p, r=0.5: change((s % p) / p, r)


def _ramp_of(whole: Callable[[float], int]) -> Rule:
    """A schedule whose ramp is made a whole number of steps."""
    return lambda s, p, r=0.5: min(1.0, (s % p) / whole(p * r))


WHOLE_RAMP = "It takes period * ramp_fraction steps, whole or not: with period=5 that is 2.5, so step 1 gives 0.4."

CYCLE_MISTAKES: dict[str, Rule] = {
    "The weight never starts again: take the step's place in its period, step % period.": (
        lambda s, p, r=0.5: _share(s, p * r)
    ),
    "The ramp takes the whole period: ramp_fraction is not used.": _position(lambda at, r: at),
    "The ramp takes half of the period whatever ramp_fraction is.": _position(lambda at, r: min(1.0, at / 0.5)),
    "The ramp goes on above 1: after it the weight stays 1.": _position(lambda at, r: at / r),
    "After the ramp the weight is 0: it stays 1 until the period ends.": (
        _position(lambda at, r: at / r if at < r else 0.0)
    ),
    "The ramp comes last: it is the first part of the period.": _position(lambda at, r: max(0.0, (at - (1 - r)) / r)),
    "The ramp begins only after ramp_fraction of the period: it is the first part.": (
        _position(lambda at, r: max(0.0, (at - r) / (1 - r)) if r < 1 else 0.0)
    ),
    "ramp_fraction was taken for the share of the period that is spent at 1: it is the ramp's.": (
        _position(lambda at, r: min(1.0, at / (1 - r)) if r < 1 else 1.0)
    ),
    "The weight falls from 1 to 0: it has to rise.": _position(lambda at, r: 1 - min(1.0, at / r)),
    "The weight falls again after the ramp: it stays 1 until the period ends.": (
        _position(lambda at, r: at / r if at < r else (1 - at) / (1 - r))
    ),
    "The ramp is a cosine: a straight line was asked.": (
        _position(lambda at, r: (1 - math.cos(math.pi * min(1.0, at / r))) / 2)
    ),
    "This is one step early: steps count from 0, and step 0 gives 0.": lambda s, p, r=0.5: _cycle(s + 1, p, r),
    "This is one step late: step 0 begins the first period.": lambda s, p, r=0.5: _cycle(s - 1, p, r),
    "The weight starts again after each ramp: it stays 1 until the period ends.": (
        lambda s, p, r=0.5: (s % (p * r)) / (p * r)
    ),
    "The period is one step too long: step % period starts again at step period.": (
        lambda s, p, r=0.5: min(1.0, (s % (p + 1)) / (p * r))
    ),
    f"The ramp was cut to whole steps. {WHOLE_RAMP}": _ramp_of(math.floor),
    f"The ramp was rounded to whole steps. {WHOLE_RAMP}": _ramp_of(round),
    f"The ramp was rounded up to whole steps. {WHOLE_RAMP}": _ramp_of(math.ceil),
    "The ramp reaches 1 one step early: divide by period * ramp_fraction.": (
        lambda s, p, r=0.5: min(1.0, (s % p) / (p * r - 1))
    ),
}
