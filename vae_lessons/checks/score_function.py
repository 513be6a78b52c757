"""Check of exercise 03: the gradient of an expectation without differentiating the function inside."""

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor

from vae_lessons.checks.core import task
from vae_lessons.checks.noise import require_fresh, require_posterior
from vae_lessons.checks.probe import Mistake, as_tensor, ask, check_shape, numbers, same, show, strided

NAME = "score_function_gradient"
CALLS = 400  # results averaged to see a bias
TRACKED = "z carried a gradient into f, but f may have steps and must not be differentiated: weight f(z) by the score."
LIMIT = 8.0  # standard errors: a right answer goes beyond them less than once in 10^9 checks


class StepFunction:
    """A function with steps, f: (n, D) to (n,), that keeps the z it was given and lets no gradient through."""

    def __init__(self, f: Callable[[Tensor], Tensor]) -> None:
        self.f, self.tracked = f, False
        self.seen: list[Tensor] = []
        self.values: list[Tensor] = []

    def __call__(self, z: Tensor) -> Tensor:
        """Return f(z), computed from a copy of z."""
        if not isinstance(z, Tensor):
            raise Mistake(f"f was given a {type(z).__name__}, but it takes a tensor z of shape (n, D).")
        self.tracked |= z.requires_grad
        self.seen.append(z.detach().clone())
        self.values.append(self.f(self.seen[-1]))
        return self.values[-1].clone()


@task(
    NAME,
    points=3,
    hints=(
        "The gradient of E[f(z)] in mu is E[f(z) times the gradient of log q(z) in mu]. What is the latter for a "
        "normal distribution?",
        "It is (z - mu) / sigma^2, and sigma^2 is exp(logvar). So draw n codes, ask f for their values (n,), and "
        "average the products over the samples. f itself is never differentiated.",
        "z = mu + exp(logvar / 2) * torch.randn(n, D), where D = len(mu). The values f(z) need a second axis, f(z)[:, "
        "None], before they can multiply (z - mu) / exp(logvar). Then take the mean over dim 0.",
    ),
)
def judge_score_function_gradient(answer: Any, rng: torch.Generator) -> None:
    """The plain estimate is compared number by number at the z that f saw; any other must be right on average."""
    trials = [_trial(answer, *setting) for setting in _settings(rng)]
    if len({trial.used for trial in trials}) == 1:
        raise Mistake(f"{NAME} gave f {trials[0].used} codes for n = 16 and for n = 400: n is the number of samples.")
    other = [trial for trial in trials if not trial.plain]
    if not other:
        _require_draws(answer, rng)
    else:
        _name_mistake(other)
        _require_unbiased(answer)


def _require_draws(answer: Any, rng: torch.Generator) -> None:
    """The z that f sees must come from N(mu, sigma^2), anew in each call, with sigma from small to huge."""
    mu, logvar = 2 * torch.randn(8, generator=rng), torch.tensor([-20.0, -2.0, -1.0, 0.0, 0.5, 1.0, 2.0, 20.0])
    mu[0] = 0.0
    draws = []
    for _ in range(2):
        f = StepFunction(lambda z: _floor(z, mu, logvar))
        ask(NAME, answer, {"f": f, "mu": mu.clone(), "logvar": logvar.clone(), "n": 2000})
        draws.append(_codes(f, 8, 2000, f"{NAME}(f, mu, logvar, 2000)"))
    require_posterior(draws[0], mu, logvar, call=f"The z that {NAME} gives to f")
    require_fresh(*draws, call=NAME)


def _floor(z: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
    """A staircase that rises with every latent, so that both its gradient and its mean are far from 0."""
    return 8.0 + torch.floor(2 * (z - mu) / (logvar / 2).exp()).sum(1)


def _settings(rng: torch.Generator) -> Iterator[tuple[Tensor, Tensor, int, str]]:
    mu, logvar = torch.randn(3, generator=rng).double(), torch.tensor([-1.0, 0.4, 0.9]).double()
    yield mu, logvar, 16, ""
    yield mu, logvar, 16, " called again"  # the same tensors
    yield mu, logvar, 400, " for n = 400"
    yield mu[:1].clone(), logvar[:1].clone(), 16, " for one latent"
    yield strided(mu.float()), strided(logvar.float()), 400, " for non-contiguous float32"
    for value in (-20.0, 20.0):
        yield torch.zeros(2), torch.full((2,), value), 400, f" for logvar = {value:.0f}"


class Trial(NamedTuple):
    """One result beside the plain estimate at the z that f saw, `used` of them, and beside known mistakes."""

    got: Tensor
    right: Tensor
    used: int
    call: str
    mistakes: list[tuple[str, Tensor]]

    @property
    def plain(self) -> bool:
        """Whether the result is the plain estimate."""
        return same(self.got, self.right)


def _trial(answer: Any, mu: Tensor, logvar: Tensor, n: int, when: str) -> Trial:
    kept, call = mu.grad if mu.grad is None else mu.grad.clone(), f"{NAME}(f, mu, logvar, n){when}"
    m, v = mu.detach().double(), logvar.detach().double()
    f = StepFunction(lambda z: _floor(z, m.to(z.dtype), v.to(z.dtype)))
    got, z = _answered(answer, f, mu, logvar, n, call)
    value, z = torch.cat(f.values).double(), z.double()
    trial = Trial(got, _plain(z, value, m, v), len(z), call, list(_estimate_mistakes(z, value, m, v)))
    if trial.plain and len(z) != n:
        raise Mistake(f"In {call} f was given {len(z)} codes in all, but n = {n} were asked: draw n of them.")
    if not trial.plain:
        _no_finite_difference(z, n)
        if kept is not None and same(got, trial.right + kept):
            raise Mistake(f"{call} added the result of the call before: backward() adds to mu.grad, so use a copy.")
        if got.shape != mu.shape:
            _name_mistake([trial])
            check_shape(got, tuple(mu.shape), call=call)
    return trial


def _name_mistake(trials: list[Trial]) -> None:
    """Raise the mistake that explains every trial; a chance agreement in one of them does not count."""
    got, right = trials[0].got, trials[0].right
    seen = f"{trials[0].call} gave {show(got, right)}, expected {show(right, got)} for the z drawn."
    for column in zip(*(trial.mistakes for trial in trials), strict=True):
        if all(same(trial.got, wrong) for trial, (_, wrong) in zip(trials, column, strict=True)):
            raise Mistake(f"{seen} {column[0][0]}")
    if got.shape == right.shape:
        times = (got.double() @ right / (right @ right)).item()
        if all(same(trial.got, times * trial.right) for trial in trials):
            raise Mistake(f"{seen} This is {times:.3g} times the estimate: a factor is too much or missing.")


def _answered(answer: Any, f: StepFunction, mu: Tensor, logvar: Tensor, n: int, call: str) -> tuple[Tensor, Tensor]:
    """Return what the answer gives and the z (N, D) that it put into f."""
    try:
        got = as_tensor(ask(NAME, answer, {"f": f, "mu": mu, "logvar": logvar, "n": n}), call)
    except Mistake as mistake:
        if f.seen:
            _codes(f, len(mu), n, call)
        if not f.tracked:
            raise
        raise Mistake(f"{mistake} {TRACKED}") from None
    return got, _codes(f, len(mu), n, call)


def _codes(f: StepFunction, latent: int, n: int, call: str) -> Tensor:
    for z in f.seen:
        if z.dim() != 2 or z.shape[1] != latent:
            raise Mistake(
                f"In {call} f was given z of shape {tuple(z.shape)}, expected ({n}, {latent}): one row per sample."
            )
    if not f.seen:
        raise Mistake(f"{call} never called f: draw z and call f(z).")
    z = torch.cat(f.seen)
    if len(z) < n:
        raise Mistake(f"In {call} f was given {len(z)} codes in all, expected {n}: draw n of them.")
    return z


def _plain(z: Tensor, value: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
    return (value[:, None] * (z - mu) / logvar.exp()).mean(0)


def _estimate_mistakes(z: Tensor, value: Tensor, mu: Tensor, logvar: Tensor) -> Iterator[tuple[str, Tensor]]:
    gap, variance, f, m = z - mu, logvar.exp(), value[:, None], len(z)
    score, right = gap / variance, _plain(z, value, mu, logvar)
    log_q = -0.5 * (gap**2 / variance + logvar + math.log(2 * math.pi))
    yield "It is 0 because z moves with mu inside log q: detach z before log q(z) is differentiated.", 0 * right
    yield "The samples were added up: take their mean.", right * m
    yield "The sign is turned: the score is (z - mu) / sigma^2.", -right
    yield f"The sum was divided by n - 1: the mean over n = {m} samples is unbiased.", right * m / (m - 1)
    yield "The score is (z - mu) / sigma^2: the division is missing.", (f * gap).mean(0)
    yield "This divides by sigma: the score is (z - mu) / sigma^2.", (f * gap / variance.sqrt()).mean(0)
    yield "This divides by exp(2 logvar): sigma^2 is exp(logvar).", (f * gap / variance**2).mean(0)
    yield "This divides by logvar: sigma^2 is exp(logvar).", (f * gap / logvar).mean(0)
    yield "This multiplies by sigma^2: the score divides by it.", (f * gap * variance).mean(0)
    yield "mu was not subtracted: the score is (z - mu) / sigma^2.", (f * z / variance).mean(0)
    yield "f was left out: this is the mean of the score alone.", score.mean(0)
    yield (
        "The means of f and of the score were multiplied: multiply first, then take the mean.",
        f.mean() * score.mean(0),
    )
    yield (
        f"The mean of the same f(z) was subtracted, which shrinks the gradient by 1 - 1/n with n = {m}: a baseline may "
        "not contain the sample it is taken from.",
        ((f - f.mean()) * score).mean(0),
    )
    yield "Every sample still has its own row: take the mean over the samples.", f * score
    yield "The mean runs over the latents: take it over the samples, dim 0.", (f * score).mean(1)
    yield "This is the gradient in logvar: the one in mu was asked.", (f * 0.5 * (gap**2 / variance - 1)).mean(0)
    yield "f was multiplied by log q(z): multiply it by the gradient of log q(z) in mu.", (f * log_q).mean(0)
    yield "This is the mean of f: its gradient in mu was asked.", value.mean()
    yield "This is the mean of f log q: its gradient in mu was asked.", (value * log_q.sum(1)).mean()
    alone = right if len(mu) == 1 else right.sum()
    yield "This is the gradient added up over the latents: keep one number per latent.", alone


def _no_finite_difference(z: Tensor, n: int) -> None:
    """Blocks of n codes that differ by the same step in every row are one sample, moved."""
    blocks = z.split(n)
    for block in blocks[1:]:
        step = block - blocks[0] if block.shape == blocks[0].shape else torch.zeros(1, 1)
        if step.any() and (step - step.mean(0)).abs().max() < 0.05 * step.abs().max():
            raise Mistake(
                "f was asked for the same z moved by a small step, a finite difference, which is a derivative of f: "
                "weight f(z) by (z - mu) / sigma^2 instead."
            )


def _require_unbiased(answer: Any) -> None:
    """Average many results where the gradient is known, with steps in f and few samples (where a bias shows most)."""
    mu, logvar = torch.tensor([0.3, -0.5]), torch.tensor([0.4, -0.6])
    q = torch.distributions.Normal(mu[0], (logvar[0] / 2).exp())
    at_mu, at_zero = q.log_prob(mu[0]).exp().item(), q.log_prob(torch.tensor(0.0)).exp().item()
    _on_average(answer, lambda z: 10 * (z[:, 0] - 0.3).sign(), mu, logvar, 2, [20 * at_mu, 0.0])
    _on_average(answer, lambda z: 10 * (3.0 * (z[:, 0] > 0) - z[:, 1]), mu, logvar, 10, [30 * at_zero, -10.0])
    wide, slope = torch.tensor([-20.0, 20.0]), (2 / math.pi) ** 0.5
    exact = [slope * math.exp(10), slope * math.exp(-10)]
    _on_average(answer, lambda z: z.sign().sum(1), torch.zeros(2), wide, 2, exact)


def _on_average(
    answer: Any, f: Callable[[Tensor], Tensor], mu: Tensor, logvar: Tensor, n: int, exact: list[float]
) -> None:
    call, right, results, tracked = f"{NAME}(f, mu, logvar, {n})", torch.tensor(exact).double(), [], False
    for _ in range(CALLS):
        steps = StepFunction(f)
        got, _ = _answered(answer, steps, mu.clone(), logvar.clone(), n, call)
        results.append(check_shape(got, (2,), call=call).double())
        tracked |= steps.tracked
    table = torch.stack(results)
    if (table == table[0]).all():
        raise Mistake(f"{CALLS} calls of {call} all gave {numbers(table[0])}: the noise must be fresh each time.")
    mean, error = table.mean(0), table.std(0) / CALLS**0.5
    if not ((mean - right).abs() <= LIMIT * error).all():
        remark = TRACKED if tracked else "Average f(z) (z - mu) / sigma^2, with the same z in both factors."
        raise Mistake(
            f"{CALLS} results of {call} are {numbers(mean)} on average (standard error {numbers(error)}), but the "
            f"exact gradient is {numbers(right)}. {remark}"
        )
