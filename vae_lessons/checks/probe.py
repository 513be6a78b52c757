"""Questions put to an answer: call it safely, compare tensors, and find the mistake that explains a difference."""

import math
from collections.abc import Callable, Iterable, Mapping
from numbers import Real
from typing import Any

import torch
from torch import Tensor


class Mistake(Exception):  # noqa: N818  (the word the learner reads)
    """What is wrong with an answer, in one or two sentences for the learner."""


class NotAttempted(Exception):  # noqa: N818
    """The answer is still the placeholder; the text says which part."""


def ask(name: str, function: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
    """Call the learner's `function` with `arguments` in order; errors, changed inputs and no result become verdicts."""
    before = {key: value.detach().clone() for key, value in arguments.items() if isinstance(value, Tensor)}
    call = f"{name}({', '.join(arguments)})"
    try:
        result = function(*arguments.values())
    except (Mistake, NotAttempted):
        raise
    except (Exception, SystemExit) as error:
        if _is_placeholder(error):
            raise NotAttempted(f"{name} is still to be written.") from None
        raise Mistake(f"{call} raised {_short_error(error)} with {_describe(arguments)}.") from error
    if result is None or result is Ellipsis:
        raise NotAttempted(f"{call} returns nothing: it is still to be written, or its return is missing.")
    for key, value in before.items():
        if not torch.equal(value, arguments[key].detach()):
            raise Mistake(f"{call} changed its argument {key} in place: leave the input alone and make a new tensor.")
    return result


def as_tensor(result: Any, call: str) -> Tensor:
    """Return the result as a detached tensor on the CPU, or say what it is instead."""
    if isinstance(result, Tensor):
        return result.detach().cpu()
    if type(result).__module__ == "torch.return_types":  # of topk, sort, max, ...
        raise Mistake(f"{call} returned both values and indices: return one of them, .values or .indices.")
    kind = "a NumPy array" if type(result).__module__ == "numpy" else f"a {type(result).__name__}"
    raise Mistake(f"{call} returned {kind}, but a torch.Tensor is expected: return a tensor.")


def as_pair(result: Any, call: str, names: str) -> tuple[Any, Any]:
    """Return the two parts of a tuple or list, or say what came instead."""
    if isinstance(result, tuple | list) and len(result) == 2:
        return result[0], result[1]
    count = f"a {type(result).__name__} of {len(result)}" if isinstance(result, tuple | list) else "a single value"
    if isinstance(result, Tensor):
        count = f"one tensor of shape {tuple(result.shape)}"
    raise Mistake(f"{call} returned {count}, but two results are expected: return {names}.")


def as_number(result: Any, call: str) -> float:
    """Return a Python or NumPy number as a float, or say what it is instead."""
    if isinstance(result, Real) and not isinstance(result, bool):
        return float(result)
    kind, remedy = f"a {type(result).__name__}", ""
    if isinstance(result, Tensor):
        kind = f"a tensor of shape {tuple(result.shape)}"
        remedy = ": .item() turns a tensor of one number into a float" if result.numel() == 1 else ""
    raise Mistake(f"{call} returned {kind}, but a Python float is expected{remedy}.")


def close(a: float, b: float) -> bool:
    """Whether two numbers agree up to the rounding of float32."""
    return math.isclose(a, b, rel_tol=1e-4, abs_tol=1e-6)


def compare_number(result: Any, expected: float, mistakes: Iterable[tuple[str, float]], *, call: str) -> None:
    """Raise a `Mistake` unless the result is the number `expected`; `mistakes` are as in `compare`."""
    got = as_number(result, call)
    if close(got, expected):
        return
    seen = f"{call} gave {got:.4g}, expected {expected:.4g}."
    raise Mistake(next((f"{seen} {sentence}" for sentence, wrong in mistakes if close(got, wrong)), seen))


def compare_rule(
    got: Iterable[float],
    calls: Mapping[str, tuple[Any, ...]],
    right: Callable[..., float],
    wrong: Mapping[str, Callable[..., float]],
) -> None:
    """Raise a `Mistake` unless the numbers follow the rule `right` in all calls, given as text and arguments.

    `wrong` are sentences with the rule that they describe: the sentence whose rule fits every call is told.
    """

    def follow(rule: Callable[..., float]) -> Tensor:
        return torch.tensor([float(rule(*arguments)) for arguments in calls.values()], dtype=torch.float64)

    seen, expected = torch.tensor(list(got), dtype=torch.float64), follow(right)
    if same(seen, expected):
        return
    place = int((seen - expected).abs().nan_to_num(nan=torch.inf).argmax())
    text = f"{list(calls)[place]} gave {seen[place]:.4g}, expected {expected[place]:.4g}."
    raise Mistake(next((f"{text} {sentence}" for sentence, rule in wrong.items() if same(seen, follow(rule))), text))


def same(a: Tensor, b: Tensor) -> bool:
    """Whether `a` has the shape of `b` and its values up to rounding."""
    if a.shape != b.shape:
        return False
    a, b = a.double(), b.double()
    finite = b[b.isfinite()].abs()
    scale = finite.max().item() if finite.numel() else 0.0
    return torch.allclose(a, b, rtol=1e-4, atol=1e-5 * scale + 1e-12)


def compare(result: Any, expected: Tensor, mistakes: Iterable[tuple[str, Tensor]], *, call: str) -> None:
    """Raise a `Mistake` unless the result equals `expected`; `mistakes` are sentences with the values they lead to."""
    got = as_tensor(result, call)
    if got.is_floating_point() and same(got, expected):
        return
    seen = f"{call} gave {show(got, expected)}, expected {show(expected, got)}"
    for sentence, wrong in mistakes:
        if same(got, wrong):
            raise Mistake(f"{seen}. {sentence}")
    if got.shape != expected.shape:
        raise Mistake(f"{seen}.{_shape_remark(got, expected)}")
    if not got.is_floating_point():
        raise Mistake(f"{call} returned {_dtype(got)} numbers, but floating-point numbers are expected.")
    raise Mistake(f"{seen}.")


def check_shape(result: Any, shape: tuple[int, ...], *, call: str) -> Tensor:
    """Return the result as a tensor, or raise a `Mistake` that names both shapes."""
    got = as_tensor(result, call)
    if tuple(got.shape) != shape:
        remark = _shape_remark(got, torch.empty(shape))
        raise Mistake(f"{call} gave shape {tuple(got.shape)}, expected shape {shape}.{remark}")
    return got


def require_no_nan(got: Tensor, *, call: str, cause: str) -> None:
    """Nothing in the result may be nan; `cause` says what leads to it."""
    if got.isnan().any():
        raise Mistake(f"{call} gave nan: {cause}")


def show(tensor: Tensor, other: Tensor) -> str:
    """Describe a tensor by its shape where it differs from the other's, otherwise by the values that differ most."""
    if tensor.shape != other.shape:
        return f"shape {tuple(tensor.shape)}"
    if not tensor.numel():
        return "an empty tensor"
    gap = (tensor.double() - other.double()).abs().reshape(-1).nan_to_num(nan=torch.inf)
    places = gap.topk(min(3, gap.numel())).indices.sort().values
    return numbers(tensor.reshape(-1)[places])


def numbers(values: Tensor) -> str:
    """Write a few values with four digits: [0.5, 1.25]."""
    return "[" + ", ".join(f"{float(value):.4g}" for value in values.reshape(-1)) + "]"


def strided(tensor: Tensor) -> Tensor:
    """Return the same values in a tensor that is not contiguous in memory."""
    return tensor.repeat_interleave(2, dim=-1)[..., ::2]


def _is_placeholder(error: BaseException) -> bool:
    """Whether the error is the placeholder's; PyTorch also raises NotImplementedError, for an operation it lacks."""
    from_torch = "implemented for '" in str(error) or str(error).startswith("Could not run")
    return isinstance(error, NotImplementedError) and not from_torch


def _short_error(error: BaseException) -> str:
    text = " ".join(str(error).split())
    text = text if len(text) <= 240 else text[:240] + " ..."
    remedy = " (call super().__init__() first)" if "before Module.__init__() call" in text else ""
    return f"{type(error).__name__}: {text}{remedy}"


def _describe(arguments: Mapping[str, Any]) -> str:
    def one(value: Any) -> str:
        if isinstance(value, Tensor):
            return f"of shape {tuple(value.shape)}"
        return f"= {value}" if isinstance(value, int | float) else f"a {type(value).__name__}"

    return ", ".join(f"{key} {one(value)}" for key, value in arguments.items())


def _shape_remark(got: Tensor, expected: Tensor) -> str:
    if got.numel() != expected.numel():
        return ""
    if got.squeeze().shape != expected.squeeze().shape:
        return ""
    if got.dim() < expected.dim():
        return " An axis of size 1 was dropped: is there a squeeze() or an index too much?"
    return " There is an extra axis of size 1: broadcast against (B,) it would silently give (B, B)."


def _dtype(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
