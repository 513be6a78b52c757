"""KL weights as pure functions of the training step (an optimizer update, counted from 0)."""


def constant(step: int, value: float = 1.0) -> float:
    """The same weight at every step."""
    return value


def linear_warmup(step: int, warmup_steps: float, start: float = 0.0, end: float = 1.0) -> float:
    """From start to end in a straight line over warmup_steps, then end.

    Source: Sonderby et al. 2016 (linear); Bowman et al. 2016 introduced annealing of the KL.
    """
    if step >= warmup_steps:
        return end
    return start + (end - start) * max(step, 0) / warmup_steps


def cyclical(step: int, period: int, ramp_fraction: float = 0.5) -> float:
    """From 0 to 1 over the first ramp_fraction of each period, then 1 until the period ends.

    The ramp takes period * ramp_fraction steps, which need not be a whole number.
    Source: Fu et al. 2019. ValueError: a period below 1.
    """
    if period < 1:
        raise ValueError(f"period must be at least 1 step, got {period}.")
    return linear_warmup(step % period, period * ramp_fraction)
