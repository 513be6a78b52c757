"""Tasks, verdicts and hints: find the task of an answer, judge it in isolation, and show the result."""

import contextlib
import difflib
import html
import random
import secrets
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch

from vae_lessons.checks.probe import Mistake, NotAttempted

Outcome = Literal["passed", "failed", "not attempted"]
Judge = Callable[[Any, torch.Generator], None]

_SYMBOLS: dict[str, str] = {"passed": "✓", "failed": "✗", "not attempted": "○"}
_COLOURS: dict[str, str] = {"passed": "#2e7d32", "failed": "#c62828", "not attempted": "#757575"}


@dataclass(frozen=True)
class Task:
    """One thing a learner writes: its name, what it is worth, three hints, and the judge that raises a `Mistake`."""

    name: str
    points: int
    hints: tuple[str, str, str]
    judge: Judge


_TASKS: dict[str, Task] = {}
_HINTS_SHOWN: dict[str, int] = {}


@dataclass(frozen=True, repr=False)
class CheckResult:
    """The verdict on one answer; `points` are those earned and `check(answer, seed=seed)` repeats the same trials."""

    task: str
    outcome: Outcome
    message: str
    points: int
    seed: int | None = None

    @property
    def passed(self) -> bool:
        """Whether the answer was right in every trial."""
        return self.outcome == "passed"

    def __str__(self) -> str:
        return f"{_SYMBOLS[self.outcome]} {self.outcome} · {self.task}: {self.message}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        border = f"border-left: 4px solid {_COLOURS[self.outcome]}; padding-left: 0.8em"
        head = f"{_SYMBOLS[self.outcome]} <strong>{self.outcome}</strong> · <code>{html.escape(self.task)}</code>"
        return f'<div style="{border}">{head}<br>{html.escape(self.message)}</div>'

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """Give the page the message and nbgrader the points, which it reads as a number from text/plain."""
        in_notebook = "ipykernel.zmqshell" in sys.modules
        return {"text/plain": str(self.points) if in_notebook else str(self), "text/html": self._repr_html_()}


@dataclass(frozen=True, repr=False)
class Hint:
    """The hints of a task that have been asked for so far."""

    title: str
    steps: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n".join([self.title, *(f"  {i}. {step}" for i, step in enumerate(self.steps, 1))])

    __repr__ = __str__

    def _repr_markdown_(self) -> str:
        return "\n".join([f"**{self.title}**", "", *(f"{i}. {step}" for i, step in enumerate(self.steps, 1))])


def task(name: str, *, points: int, hints: tuple[str, str, str]) -> Callable[[Judge], Judge]:
    """Register the decorated judge, called with (answer, generator), as the check of the task `name`."""

    def register(judge: Judge) -> Judge:
        _TASKS[name] = Task(name, points, hints, judge)
        return judge

    return register


def task_names() -> tuple[str, ...]:
    """Return the names of all tasks, in the order of the course."""
    return tuple(_TASKS)


def points(task: str) -> int:
    """Return what a right answer to `task` is worth; ValueError for an unknown name."""
    if task not in _TASKS:
        raise ValueError(f"{task!r} is no task: the tasks are {', '.join(_TASKS)}.")
    return _TASKS[task].points


def hint(task: str) -> Hint:
    """Show the hints of `task`, one more at each call until all three are there."""
    name = _name(task) or str(task)
    if name not in _TASKS:
        return Hint(f"There is no task {name!r}{_suggestion(name)} The tasks are {', '.join(_TASKS)}.")
    hints = _TASKS[name].hints
    shown = _HINTS_SHOWN[name] = min(_HINTS_SHOWN.get(name, 0) + 1, len(hints))
    return Hint(f"Hint {shown} of {len(hints)} · {name}", hints[:shown])


def check(answer: Any, *, seed: int | None = None) -> CheckResult:
    """Try `answer` on fresh random inputs and return the verdict; never raises for a wrong answer.

    The task is found by the name of the function or class. Global random states, the default dtype and the gradient
    mode are left as they were. Pass the `seed` of an earlier result to repeat its trials.
    """
    name = _name(answer)
    if name not in _TASKS or isinstance(answer, str):
        return CheckResult(name or type(answer).__name__, "failed", _no_task(answer), 0)
    seed = secrets.randbits(31) if seed is None else seed
    outcome, message = _verdict(_TASKS[name], answer, seed)
    return CheckResult(name, outcome, message, _TASKS[name].points if outcome == "passed" else 0, seed)


def _verdict(task: Task, answer: Any, seed: int) -> tuple[Outcome, str]:
    try:
        with _isolated(seed):
            task.judge(answer, torch.Generator().manual_seed(seed))
    except NotAttempted as reason:
        return "not attempted", f'{reason} Fill in the cell, run it, then run this one; hint("{task.name}") helps.'
    except Mistake as mistake:
        return "failed", str(mistake)
    except Exception as error:
        return "failed", f"The check could not use this answer: {type(error).__name__}: {error}"
    return "passed", "Right in every trial."


@contextlib.contextmanager
def _isolated(seed: int) -> Iterator[None]:
    """Run with known random states and default settings, without warnings, and put everything back afterwards."""
    python, numpy, dtype = random.getstate(), np.random.get_state(), torch.get_default_dtype()
    gpus = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else []
    with contextlib.ExitStack() as stack:
        stack.enter_context(torch.random.fork_rng(devices=gpus))
        stack.enter_context(torch.inference_mode(False))  # gradients on, whatever the learner's mode
        stack.enter_context(torch.device("cpu"))
        stack.enter_context(warnings.catch_warnings())
        stack.enter_context(contextlib.redirect_stderr(sys.stdout))  # nbgrader gives no points where stderr is used
        warnings.simplefilter("ignore")
        try:
            torch.set_default_dtype(torch.float32)
            torch.default_generator.manual_seed(seed)
            np.random.seed(seed % 2**32)
            random.seed(seed)
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)
            torch.set_default_dtype(dtype)


def _name(answer: Any) -> str | None:
    name = answer if isinstance(answer, str) else getattr(answer, "__name__", None)
    return name if isinstance(name, str) else None


def _suggestion(name: str) -> str:
    near = difflib.get_close_matches(name, _TASKS, n=1)
    return f": did you mean {near[0]}?" if near else "."


def _no_task(answer: Any) -> str:
    name, names = _name(answer), f"The tasks are {', '.join(_TASKS)}."
    if isinstance(answer, str):
        return f"check takes the function or class itself, without quotes: check({name})."
    if name is None:
        kind = type(answer).__name__
        example = kind if kind in _TASKS else next(iter(_TASKS))
        return f"check takes the function or class itself, as in check({example}), but was given a {kind}. {names}"
    return f"{name} is not the name of a task{_suggestion(name)} {names}"
