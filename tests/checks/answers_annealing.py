"""Answers to linear_warmup, cyclical, free_bits and active_units."""

import math

import numpy as np
import torch
from catalogue import right, wrong

WARMUP, CYCLE, BITS, UNITS = "linear_warmup", "cyclical", "free_bits", "active_units"


@right(WARMUP)
def early_return(step, warmup_steps, start=0.0, end=1.0):
    if step >= warmup_steps:
        return end
    return start + (end - start) * step / warmup_steps


@right(WARMUP)
def weighted_mean(step, warmup_steps, start=0.0, end=1.0):
    share = 1.0 if warmup_steps == 0 else min(step / warmup_steps, 1)
    return (1 - share) * start + share * end


@right(WARMUP)
def numpy_interp(step, warmup_steps, start=0.0, end=1.0):
    return np.interp(step, [0, warmup_steps], [start, end]) if warmup_steps else np.float64(end)


@right(WARMUP)
def through_float32(step, warmup_steps, start=0.0, end=1.0):
    if not warmup_steps:
        return end
    share = torch.tensor(step / warmup_steps).clamp(0, 1)
    return torch.lerp(torch.tensor(start), torch.tensor(end), share).item()


@right(WARMUP)
def limited_by_both(step, warmup_steps, start=0.0, end=1.0):
    if warmup_steps <= 0:
        return end
    weight = start + (end - start) / warmup_steps * step
    return min(weight, end) if start < end else max(weight, end)


_farthest = {}


def _counting(step, warmup_steps, start=0.0, end=1.0):
    """Right as long as the steps come in order: it remembers the farthest."""
    key = (warmup_steps, start, end)
    _farthest[key] = max(step, _farthest.get(key, 0)) if step else 0
    return early_return(_farthest[key], warmup_steps, start, end)


def _f(s, w):
    return min(1, s / w) if w else 1


WARMUP_MUTANTS = {
    "no_clamp": (lambda s, w, a=0.0, b=1.0: a + (b - a) * s / w, "goes on after the warm-up"),
    "swapped": (lambda s, w, a=0.0, b=1.0: b + (a - b) * _f(s, w), "start and end are swapped"),
    "no_start_end": (lambda s, w, a=0.0, b=1.0: _f(s, w), "start and end are not used"),
    "no_start": (lambda s, w, a=0.0, b=1.0: b * _f(s, w), "start is not used"),
    "no_end": (lambda s, w, a=0.0, b=1.0: a + (1 - a) * _f(s, w), "end is not used"),
    "adds_end": (lambda s, w, a=0.0, b=1.0: a + b * _f(s, w), "whole of end is added"),
    "adds_share": (lambda s, w, a=0.0, b=1.0: a + _f(s, w), "share is added to start as it is"),
    "limited_to_1": (lambda s, w, a=0.0, b=1.0: min(1.0, a + (b - a) * s / w), "limited to 1"),
    "limited_to_end": (
        lambda s, w, a=0.0, b=1.0: min(b, a + (b - a) * s / w) if w else b,
        "start may lie above end: limit the share",
    ),
    "clipped_between": (
        lambda s, w, a=0.0, b=1.0: float(np.clip(a + (b - a) * s / w, a, b)) if w else b,
        "clipped to [start, end], but start may",
    ),
    "kept_between": (
        lambda s, w, a=0.0, b=1.0: max(a, min(b, a + (b - a) * s / w)) if w else b,
        "kept above start and below end, but start may",
    ),
    "adds_share_no_clamp": (lambda s, w, a=0.0, b=1.0: a + s / w, "as it is, and the line goes on"),
    "adds_share_to_1": (lambda s, w, a=0.0, b=1.0: min(1.0, a + s / w), "and the sum is limited to 1"),
    "adds_share_to_end": (lambda s, w, a=0.0, b=1.0: min(b, a + s / w), "and the sum is limited to end"),
    "always_end": (lambda s, w, a=0.0, b=1.0: b, "This is end at every step"),
    "always_start": (lambda s, w, a=0.0, b=1.0: a, "This is start at every step"),
    "floor_division": (lambda s, w, a=0.0, b=1.0: a + (b - a) * min(1, s // w), "jumps from start to end"),
    "one_early": (lambda s, w, a=0.0, b=1.0: a + (b - a) * _f(s + 1, w), "one step early: steps count"),
    "one_late": (lambda s, w, a=0.0, b=1.0: a + (b - a) * _f(max(s - 1, 0), w), "This is one step late"),
    "divides_by_less": (lambda s, w, a=0.0, b=1.0: a + (b - a) * _f(s, w - 1), "reaches end one step early"),
    "divides_by_more": (lambda s, w, a=0.0, b=1.0: a + (b - a) * _f(s, w + 1), "reaches end one step late"),
    "falls_back": (lambda s, w, a=0.0, b=1.0: a + (b - a) * s / w if s < w else a, "falls back to start"),
    "repeats": (lambda s, w, a=0.0, b=1.0: a + (b - a) * (s % w) / w, "starts again: stay at end"),
    "quadratic": (lambda s, w, a=0.0, b=1.0: a + (b - a) * _f(s, w) ** 2, "square of the step"),
    "cosine": (lambda s, w, a=0.0, b=1.0: a + (b - a) * (1 - math.cos(math.pi * _f(s, w))) / 2, "as a cosine"),
    "exponential": (lambda s, w, a=0.0, b=1.0: b + (a - b) * 0.9**s, "gave"),
    "zero_division": (lambda s, w, a=0.0, b=1.0: a + (b - a) * min(1, s / w), "ZeroDivisionError"),
    "zero_gives_start": (lambda s, w, a=0.0, b=1.0: early_return(s, w, a, b) if w else a, "the weight is end from"),
    "zero_starts_low": (lambda s, w, a=0.0, b=1.0: early_return(s, max(w, 1), a, b), "the weight is end from"),
    "tensor": (lambda s, w, a=0.0, b=1.0: torch.tensor(early_return(s, w, a, b)), ".item()"),
    "text": (lambda s, w, a=0.0, b=1.0: f"{early_return(s, w, a, b)}", "returned a str"),
    "nan": (lambda s, w, a=0.0, b=1.0: float("nan"), "gave nan"),
    "counter": (_counting, "keep no counter"),
}


@right(CYCLE)
def minimum(step, period, ramp_fraction=0.5):
    return min(1.0, (step % period) / (period * ramp_fraction))


@right(CYCLE)
def reuses_the_warmup(step, period, ramp_fraction=0.5):
    return early_return(step % period, period * ramp_fraction)


@right(CYCLE)
def position_in_a_period(step, period, ramp_fraction=0.5):
    position = step / period - step // period
    if position < ramp_fraction:
        return position / ramp_fraction
    return 1


@right(CYCLE)
def numpy_clip(step, period, ramp_fraction=0.5):
    return np.clip(math.fmod(step, period) / (period * ramp_fraction), 0, 1)


@right(CYCLE)
def subtracting_loop(step, period, ramp_fraction=0.5):
    while step >= period:
        step -= period
    return torch.tensor(step / period / ramp_fraction).clamp(max=1).item()


def _cycle(change):
    """A wrong schedule: change(position in the period, ramp_fraction)."""
    return lambda s, p, r=0.5: change((s % p) / p, r)


CYCLE_MUTANTS = {
    "never_restarts": (lambda s, p, r=0.5: min(1.0, s / (p * r)), "never starts again"),
    "whole_period": (_cycle(lambda at, r: at), "takes the whole period"),
    "always_half": (_cycle(lambda at, r: min(1.0, 2 * at)), "takes half of the period"),
    "no_clamp": (_cycle(lambda at, r: at / r), "goes on above 1"),
    "zero_after": (_cycle(lambda at, r: at / r if at < r else 0.0), "After the ramp the weight is 0"),
    "ramp_last": (_cycle(lambda at, r: max(0.0, (at - 1 + r) / r)), "The ramp comes last"),
    "ramp_after": (_cycle(lambda at, r: max(0.0, (at - r) / (1 - r)) if r < 1 else 0.0), "begins only after"),
    "fraction_at_one": (_cycle(lambda at, r: min(1.0, at / (1 - r)) if r < 1 else 1.0), "is spent at 1"),
    "falling": (_cycle(lambda at, r: 1 - min(1.0, at / r)), "falls from 1 to 0"),
    "triangle": (_cycle(lambda at, r: at / r if at < r else (1 - at) / (1 - r)), "falls again after the ramp"),
    "cosine": (_cycle(lambda at, r: (1 - math.cos(math.pi * min(1, at / r))) / 2), "ramp is a cosine"),
    "one_early": (lambda s, p, r=0.5: minimum(s + 1, p, r), "one step early"),
    "one_late": (lambda s, p, r=0.5: minimum(s - 1, p, r), "one step late"),
    "sawtooth": (lambda s, p, r=0.5: s % (p * r) / (p * r), "starts again after each ramp"),
    "long_period": (lambda s, p, r=0.5: min(1.0, s % (p + 1) / (p * r)), "one step too long"),
    "short_ramp": (lambda s, p, r=0.5: min(1.0, (s % p) / (p * r - 1)), "reaches 1 one step early"),
    "truncated_ramp": (lambda s, p, r=0.5: min(1.0, s % p / int(p * r)), "ramp was cut to whole steps"),
    "floored_ramp": (lambda s, p, r=0.5: min(1.0, s % p / (p * r // 1)), "ramp was cut to whole steps"),
    "rounded_ramp": (lambda s, p, r=0.5: early_return(s % p, round(p * r)), "ramp was rounded to whole steps"),
    "ceiled_ramp": (lambda s, p, r=0.5: early_return(s % p, math.ceil(p * r)), "ramp was rounded up"),
    "swapped_remainder": (lambda s, p, r=0.5: min(1.0, (p % s) / (p * r)), "raised ZeroDivisionError"),
    "tensor": (lambda s, p, r=0.5: torch.tensor(minimum(s, p, r)), ".item()"),
    "always_one": (lambda s, p, r=0.5: 1.0, "gave 1, expected 0"),
    "no_fraction": (lambda s, p: minimum(s, p), "raised TypeError"),
}


@right(BITS)
def one_line(kl, min_nats):
    return kl.mean(0).clamp(min=min_nats).sum()


@right(BITS)
def maximum(kl, min_nats):
    return torch.maximum(kl.mean(dim=0), torch.tensor(min_nats)).sum()


@right(BITS)
def loop_over_dimensions(kl, min_nats):
    total = 0.0
    for column in kl.T:
        total += max(column.mean(), min_nats)
    return total


@right(BITS)
def relu_and_in_place(kl, min_nats):
    mean = kl.sum(0).div_(len(kl))
    return (torch.relu(mean.sub_(min_nats)) + min_nats).sum()


@right(BITS)
def where_in_double(kl, min_nats):
    mean = torch.einsum("bd->d", kl.double()) / kl.size(0)
    return torch.where(mean < min_nats, torch.full_like(mean, min_nats), mean).sum(-1)


@right(BITS)
def larger_of_two_tensors(kl, min_nats):
    return sum(max(value, torch.tensor(min_nats)) for value in kl.mean(0))


BITS_MUTANTS = {
    "per_example": (lambda kl, m: kl.clamp(min=m).mean(0).sum(), "under every example: average"),
    "per_entry_sum": (lambda kl, m: kl.clamp(min=m).sum(), "and nothing was averaged"),
    "per_entry_mean": (lambda kl, m: kl.clamp(min=m).mean(), "and the dimensions were averaged"),
    "no_floor": (lambda kl, m: kl.mean(0).sum(), "There is no floor"),
    "total_floor": (lambda kl, m: kl.mean(0).sum().clamp(min=m), "one floor for all dimensions together"),
    "floor_of_examples": (lambda kl, m: kl.sum(1).clamp(min=m).mean(), "one floor for each example's whole KL"),
    "shared_floor": (lambda kl, m: kl.mean(0).sum().clamp(min=m * kl.shape[1]), "D * min_nats was put under the sum"),
    "divided_floor": (lambda kl, m: kl.mean(0).clamp(min=m / kl.shape[1]).sum(), "divided over the dimensions"),
    "mean_of_dimensions": (lambda kl, m: kl.mean(0).clamp(min=m).mean(), "mean over the dimensions: sum"),
    "ceiling": (lambda kl, m: kl.mean(0).clamp(max=m).sum(), "floor is a ceiling"),
    "excess": (lambda kl, m: (kl.mean(0) - m).relu().sum(), "taken off each dimension"),
    "added": (lambda kl, m: (kl.mean(0) + m).sum(), "added to every dimension"),
    "dropped": (lambda kl, m: (kl.mean(0) * (kl.mean(0) > m)).sum(), "below the floor count 0"),
    "batch_sum": (lambda kl, m: kl.sum(0).clamp(min=m).sum(), "batch was summed before the floor"),
    "times_batch": (lambda kl, m: kl.mean(0).clamp(min=m).sum() * len(kl), "multiplied by the size of the batch"),
    "axes": (lambda kl, m: kl.mean(1).clamp(min=m).sum(), "axes are swapped"),
    "axes_kept": (lambda kl, m: kl.mean(1).clamp(min=m), "axes are swapped"),
    "negative": (lambda kl, m: -kl.mean(0).clamp(min=m).sum(), "This is the negative"),
    "dimensions": (lambda kl, m: kl.mean(0).clamp(min=m), "still have to be summed"),
    "examples": (lambda kl, m: kl.clamp(min=m).sum(1), "one number per example"),
    "examples_floor": (lambda kl, m: kl.sum(1).clamp(min=m), "one floor for each example's"),
    "entries": (lambda kl, m: kl.clamp(min=m), "floor of every entry"),
    "item": (lambda kl, m: kl.mean(0).clamp(min=m).sum().item(), "a torch.Tensor is expected"),
    "detached": (lambda kl, m: kl.mean(0).clamp(min=m).sum().detach(), "lost the gradient"),
    "through_gradient": (
        lambda kl, m: (kl.mean(0) + (kl.mean(0).clamp(min=m) - kl.mean(0)).detach()).sum(),
        "gradient in dimensions below the floor",
    ),
    "frozen_kl": (
        lambda kl, m: kl.detach().mean(0).clamp(min=m).sum() + 0 * kl.sum(),
        "reaches the dimensions above the floor",
    ),
    "squeezed_batch": (lambda kl, m: kl.squeeze().mean(0).clamp(min=m).sum(), "for a batch of one"),
    "in_place": (lambda kl, m: kl.clamp_(min=m).mean(0).sum(), "changed its argument kl in place"),
    "one_number": (lambda kl, m: kl.mean(0, keepdim=True).clamp(min=m).sum(1), "extra axis of size 1"),
    "numpy": (lambda kl, m: np.maximum(kl.numpy().mean(0), m).sum(), "a torch.Tensor is expected"),
}


@right(UNITS)
def variance(mu, threshold=0.01):
    return int((mu.var(dim=0) > threshold).sum())


@right(UNITS)
def biased_in_double(mu, threshold=0.01):
    return (mu.double().var(0, unbiased=False) > threshold).sum().item()


@right(UNITS)
def loop_with_statistics(mu, threshold=0.01):
    count = 0
    for column in mu.T:
        center = column.mean()
        count += bool(((column - center) ** 2).mean() >= threshold)
    return count


@right(UNITS)
def numpy_count(mu, threshold=0.01):
    return np.count_nonzero(np.var(mu.numpy(), axis=0) > threshold)


@right(UNITS)
def standard_deviation_and_root(mu, threshold=0.01):
    return len([s for s in mu.std(0) if s > threshold**0.5])


@right(UNITS)
def numpy_integer(mu, threshold=0.01):
    return np.int64((torch.cov(mu.T).reshape(mu.shape[1], -1).diagonal() > threshold).sum().item())


UNITS_MUTANTS = {
    "std": (lambda mu, t=0.01: int((mu.std(0) > t).sum()), "compares the standard deviation"),
    "mean_square": (lambda mu, t=0.01: int(((mu**2).mean(0) > t).sum()), "compares the mean square"),
    "mean": (lambda mu, t=0.01: int((mu.mean(0).abs() > t).sum()), "whose mean is not zero"),
    "size": (lambda mu, t=0.01: int((mu.abs().mean(0) > t).sum()), "size |mu|"),
    "wrong_axis": (lambda mu, t=0.01: int((mu.var(1) > t).sum()), "runs over the latents"),
    "inactive": (lambda mu, t=0.01: int((mu.var(0) < t).sum()), "inactive units"),
    "share": (lambda mu, t=0.01: (mu.var(0) > t).float().mean().item(), "share of active units"),
    "fixed_threshold": (lambda mu, t=0.01: int((mu.var(0) > 0.01).sum()), "threshold is not used"),
    "sum_of_squares": (
        lambda mu, t=0.01: int((((mu - mu.mean(0)) ** 2).sum(0) > t).sum()),
        "sum of squared deviations",
    ),
    "range": (lambda mu, t=0.01: int((mu.amax(0) - mu.amin(0) > t).sum()), "range of mu"),
    "all": (lambda mu, t=0.01: mu.shape[1], "all units, active or not"),
    "variance_squared": (lambda mu, t=0.01: int((mu.var(0) ** 2 > t).sum()), "square of the variance"),
    "total_variance": (lambda mu, t=0.01: mu.var(0).sum().item(), "variance of all units added up"),
    "mask": (lambda mu, t=0.01: mu.var(0) > t, "count the active units"),
    "which": (lambda mu, t=0.01: (mu.var(0) > t).nonzero(), "returned a tensor of shape"),
    "tensor": (lambda mu, t=0.01: (mu.var(0) > t).sum(), "a count is an int"),
    "float": (lambda mu, t=0.01: (mu.var(0) > t).float().sum().item(), "a count is an int"),
    "one_number": (lambda mu, t=0.01: int(mu.var() > t), "gave 1, expected"),
    "centered_in_place": (lambda mu, t=0.01: int((mu.sub_(mu.mean(0)).pow(2).mean(0) > t).sum()), "changed its"),
    "no_latent_axis": (lambda mu, t=0.01: int((mu.squeeze().var(0) > t).sum()), "for one example"),
    "rounded": (lambda mu, t=0.01: int(mu.var(0).round(decimals=1).gt(t).sum()), "gave"),
}

for _task, _mutants in ((WARMUP, WARMUP_MUTANTS), (CYCLE, CYCLE_MUTANTS), (BITS, BITS_MUTANTS), (UNITS, UNITS_MUTANTS)):
    for _name, (_answer, _phrase) in _mutants.items():
        _answer.__name__ = _name
        wrong(_task, _phrase)(_answer)
