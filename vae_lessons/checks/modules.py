"""Questions put to a learner's `nn.Module`: built, called and reloaded from outside, never read."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from vae_lessons.checks.probe import Mistake, NotAttempted, ask, same

GENTLE, WILD = 0.5, 1e4
REACH = 10.0  # outputs that never pass +-10 with wild weights are bounded; wider limits are a guard against overflow


def build(answer: Any, name: str, input_dim: int, hidden_dim: int, latent_dim: int) -> Any:
    """Construct the learner's module in evaluation mode, so that dropout and batch normalisation hold still."""
    sizes = {"input_dim": input_dim, "hidden_dim": hidden_dim, "latent_dim": latent_dim}
    try:
        model = ask(name, answer, sizes)
    except Mistake:
        if isinstance(answer, type) and not any(callable(value) for value in vars(answer).values()):
            raise NotAttempted(f"{name} is still to be written.") from None
        raise
    try:
        model.eval()
    except AttributeError:
        if hasattr(model, "forward"):
            ask("forward", model.forward, {"x": torch.zeros(2, input_dim)})
        raise Mistake(
            f"{name} is not a working nn.Module: inherit from nn.Module and call super().__init__()."
        ) from None
    return model


def method(model: Any, name: str, owner: str) -> Callable[[Tensor], Any]:
    """Return the bound method `name`, or say that it is missing."""
    try:
        return getattr(model, name)
    except AttributeError:
        raise Mistake(f"{owner} has no method {name}: write it beside forward.") from None


def redraw(model: Any, rng: torch.Generator, scale: float) -> None:
    """Load normal random numbers of standard deviation `scale` into all parameters, whatever their initial values."""
    state = dict(model.state_dict())
    for name, parameter in model.named_parameters(remove_duplicate=False):
        state[name] = torch.randn(parameter.shape, generator=rng) * scale
    model.load_state_dict(state)


def require_registered(
    answer: Any, name: str, sizes: tuple[int, int, int], outputs: Callable[[Any], list[Tensor]]
) -> None:
    """A copy with the same state must give the same `outputs(model)`: otherwise some layers are not registered."""
    first, second = build(answer, name, *sizes), build(answer, name, *sizes)
    remedy = "use self.layer = ..., nn.Sequential or nn.ModuleList, because an optimizer cannot see a plain list."
    if not list(first.named_parameters()):
        raise Mistake(f"{name} has no parameters: {remedy}")
    second.load_state_dict(first.state_dict())
    if not all(same(a, b) for a, b in zip(outputs(first), outputs(second), strict=True)):
        raise Mistake(f"Some layers of {name} are missing from its parameters() and state_dict(): {remedy}")


def require_hidden_dim(answer: Any, name: str) -> None:
    """The number of parameters must change with hidden_dim."""
    narrow, wide = (sum(p.numel() for p in build(answer, name, 20, hidden, 4).parameters()) for hidden in (8, 16))
    if narrow == wide:
        raise Mistake(f"{name} has {wide} parameters with hidden_dim 8 and with 16: hidden_dim is not used.")


def require_steady(name: str, function: Callable[[Tensor], Tensor], x: Tensor, *, cause: str) -> None:
    """The same input gives the same output, alone or in a batch."""
    whole = function(x)
    if not same(function(x), whole):
        raise Mistake(f"{name} gave two different results for the same input: {cause}")
    if not same(function(x[:1]), whole[:1]):
        raise Mistake(f"{name} of one row changes with the other rows of the batch: which axis does each step use?")


def require_nonlinear(name: str, function: Callable[[Tensor], Tensor], a: Tensor, b: Tensor) -> None:
    """An affine function has f(a) + f(b) = f(a + b) + f(0), which no hidden nonlinearity survives."""
    total = function(a + b)
    gap = function(a) + function(b) - total - function(torch.zeros_like(a))
    if gap.abs().max() <= 1e-3 * total.abs().max():
        raise Mistake(
            f"{name} is a purely linear map of its input: there is no nonlinearity between the layers (add a ReLU)."
        )


def gradients(model: Any, output: Tensor, rng: torch.Generator) -> dict[str, Tensor]:
    """Return the gradient of a random combination of `output` in every parameter, zero where none arrives."""
    named = dict(model.named_parameters())
    if not output.requires_grad:
        return {name: torch.zeros_like(parameter) for name, parameter in named.items()}
    loss = (output * torch.randn(output.shape, generator=rng)).sum()
    found = torch.autograd.grad(loss, list(named.values()), allow_unused=True)
    return {name: torch.zeros_like(named[name]) if g is None else g for name, g in zip(named, found, strict=True)}


def require_gradients(name: str, model: Any, output: Callable[[], Tensor], rng: torch.Generator) -> None:
    """With some of four random draws of the weights, a gradient must reach every parameter."""
    silent = {key for key, _ in model.named_parameters()}
    total = len(silent)
    for _ in range(4):
        redraw(model, rng, GENTLE)
        silent -= {key for key, gradient in gradients(model, output(), rng).items() if gradient.count_nonzero()}
    if silent:
        raise Mistake(
            f"No gradient of the output of {name} reaches {len(silent)} of its {total} parameters, such as "
            f"{min(silent)}: is a layer unused, or is there a detach() or no_grad() on the way?"
        )


def reached(
    model: Any, outputs: Callable[[], Mapping[str, Tensor]], rng: torch.Generator
) -> dict[str, tuple[Tensor, Tensor]]:
    """Return each output for ordinary and for huge random weights, over eight draws: what the output can reach."""
    found: dict[str, tuple[list[Tensor], list[Tensor]]] = {}
    for _ in range(8):
        for column, scale in enumerate((GENTLE, WILD)):
            redraw(model, rng, scale)
            for key, value in outputs().items():
                found.setdefault(key, ([], []))[column].append(value.detach())
    return {key: (torch.cat(gentle), torch.cat(wild)) for key, (gentle, wild) in found.items()}


def require_unbounded(what: str, gentle: Tensor, wild: Tensor, *, remedy: str) -> None:
    """The output must pass -10 and +10 when the weights are huge; otherwise name the function that holds it back."""
    values = wild.nan_to_num(nan=0.0)
    low, high = values.min().item(), values.max().item()
    if low < -REACH and high > REACH:
        return
    raise Mistake(f"{what} {_limits(low, high, gentle, wild)} {remedy}")


def _limits(low: float, high: float, gentle: Tensor, wild: Tensor) -> str:
    low, high = round(low, 3) + 0.0, round(high, 3) + 0.0
    if low >= 0 and high <= 1:
        return "all lie in (0, 1) whatever the weights, as after a sigmoid."
    if low >= -1 and high <= 1:
        return "all lie in (-1, 1) whatever the weights, as after a tanh."
    if low >= 0 and wild.isinf().any():
        return "are never negative and explode, as after an exp."
    if low >= 0 and (gentle == 0).any():
        return "are never negative and often exactly 0, as after a ReLU."
    if low >= 0:
        return "are never negative, as after a softplus, a square or an absolute value."
    limit = f"never fall below {low:.3g}" if high > REACH else f"never rise above {high:.3g}"
    if low >= -REACH and high <= REACH:
        limit = f"never leave {low:.3g} to {high:.3g}"
    return f"{limit} whatever the weights, as after a clamp or an activation."
