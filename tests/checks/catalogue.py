"""Right and wrong answers for every task, collected by two decorators; a wrong one names a phrase of its message."""

from collections.abc import Callable
from typing import Any

RIGHT: dict[str, list[tuple[str, Any]]] = {}
WRONG: dict[str, list[tuple[str, Any, str]]] = {}


def right(task: str) -> Callable[[Any], Any]:
    """Register a right answer to `task`; the answer takes the task's name, as a learner's would."""

    def register(answer: Any) -> Any:
        RIGHT.setdefault(task, []).append((answer.__name__, answer))
        answer.__name__ = task
        return answer

    return register


def wrong(task: str, phrase: str) -> Callable[[Any], Any]:
    """Register a wrong answer to `task`, whose message must contain `phrase`."""

    def register(answer: Any) -> Any:
        WRONG.setdefault(task, []).append((answer.__name__, answer, phrase))
        answer.__name__ = task
        return answer

    return register
