"""Checks of exercise 07: walking along one latent, and measuring how far the latents keep the factors apart."""

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from vae_lessons.checks.core import task
from vae_lessons.checks.probe import Mistake, ask, compare, compare_number, strided


class Decoder:
    """A nonlinear map from codes (..., D) to logits (..., P) that keeps the shapes of the codes it was given."""

    def __init__(self, latent_dim: int, pixels: int, rng: torch.Generator) -> None:
        self.inner = torch.randn(latent_dim, 16, generator=rng)
        self.outer, self.bias = torch.randn(16, pixels, generator=rng), torch.randn(pixels, generator=rng)
        self.seen: list[tuple[int, ...]] = []

    def __call__(self, z: Tensor) -> Tensor:
        """Return the logits of `z` and remember the shape of `z`."""
        if not isinstance(z, Tensor):
            raise TypeError(f"decode takes a torch.Tensor, not a {type(z).__name__}")
        self.seen.append(tuple(z.shape))
        return F.leaky_relu(z.float() @ self.inner) @ self.outer + self.bias


@task(
    "latent_traversal",
    points=2,
    hints=(
        "You want one picture per value. What do the codes of these pictures have in common, and where do they differ?",
        "Build a table of codes with one row per value: every row starts as a copy of z. Which column do the values "
        "go to?",
        "z.repeat(len(values), 1) makes the table as a true copy, so that z stays as it is. Put the values into "
        "column dim and give the table to decode; return what it gives.",
    ),
)
def judge_latent_traversal(answer: Any, rng: torch.Generator) -> None:
    """decode of copies of z (D,) in which z[dim] is replaced by each value in turn, in the order of the values."""
    decode, z = Decoder(6, 9, rng), torch.randn(6, generator=rng)
    values = torch.tensor([2.5, -1.5, 0.75, -3.0, 1.25]) + 0.2 * torch.randn(5, generator=rng)
    _traverse(answer, decode, z, 2, values, "", _traversal_mistakes(decode, z, 2, values))
    cases = {
        "for the first latent": (z, 0, values),
        "for the last latent": (z, 5, values),
        "for a single value": (z, 3, values[:1]),
        "for as many values as latents": (z, 1, values.repeat(2)[:6]),
        "for a value that z already has": (z, 4, torch.stack([z[4], z[4] + 1])),
        "for float64 codes": (z.double(), 2, values.double()),
        "for a non-contiguous z": (strided(z), 2, strided(values)),
        "for values far from 0": (z, 2, 40 * values),
    }
    for when, (code, dim, steps) in cases.items():
        _traverse(answer, decode, code, dim, steps, " " + when, ())
    _traverse(answer, Decoder(1, 4, rng), z[:1], 0, values, " for one latent", ())


def _traverse(
    answer: Any,
    decode: Decoder,
    z: Tensor,
    dim: int,
    values: Tensor,
    when: str,
    mistakes: Iterable[tuple[str, Tensor]],
) -> None:
    call, expected = f"latent_traversal(decode, z, {dim}, values){when}", _walk(decode, z, dim, values)
    decode.seen.clear()
    arguments = {"decode": decode, "z": z, "dim": dim, "values": values}
    try:
        result = ask("latent_traversal", answer, arguments)
    except Mistake:
        _require_codes(decode, len(z), call)
        raise
    if not decode.seen:
        raise Mistake(f"{call} never called decode: build the codes and decode them.")
    compare(result, expected, mistakes, call=call)


def _require_codes(decode: Decoder, latent_dim: int, call: str) -> None:
    for shape in decode.seen:
        if shape[-1:] != (latent_dim,):
            raise Mistake(
                f"In {call} decode was given codes of shape {shape}, expected {latent_dim} latents in each row: "
                "start from a copy of z and change one of them."
            )


def _codes(z: Tensor, dim: int, values: Tensor) -> Tensor:
    rows = [[float(value) if place == dim else old for place, old in enumerate(z.tolist())] for value in values]
    return torch.tensor(rows, dtype=torch.float64)


def _walk(decode: Decoder, z: Tensor, dim: int, values: Tensor) -> Tensor:
    return decode(_codes(z, dim, values))


def _traversal_mistakes(decode: Decoder, z: Tensor, dim: int, values: Tensor) -> Iterator[tuple[str, Tensor]]:
    right, alone, column = _walk(decode, z, dim, values), decode(z), values[:, None]
    squashed, last = right.sigmoid(), right[-1:]
    yield "A sigmoid was applied: return what decode gives, unchanged.", squashed
    yield "The values were added to z[dim]: they take its place.", _walk(decode, z, dim, z[dim] + values)
    yield "z[dim] was multiplied by the values: they take its place.", _walk(decode, z, dim, z[dim] * values)
    yield "The values were added to every latent: only z[dim] changes.", decode(z + column)
    yield "Every latent was set to the value: only z[dim] changes.", decode(column.expand(-1, len(z)))
    yield "The other latents were set to 0: they keep the numbers of z.", _walk(decode, 0 * z, dim, values)
    yield f"Latent {dim - 1} was changed instead of {dim}: latents count from 0.", _walk(decode, z, dim - 1, values)
    yield f"Latent {dim + 1} was changed instead of {dim}: latents count from 0.", _walk(decode, z, dim + 1, values)
    yield f"Latent 0 was changed instead of {dim}: use dim.", _walk(decode, z, 0, values)
    yield "Every row shows the last value: each row needs a copy of z of its own.", last.expand_as(right)
    yield "Only the last picture was returned: there is one row per value.", last[0]
    yield "Only the last picture was returned: there is one row per value.", last
    yield "Only the first picture was returned: is there a return inside the loop?", right[0]
    yield "Every row is decode(z): the values were put nowhere.", alone.expand_as(right)
    yield "The rows come in the reverse order of the values.", right.flip(0)
    yield "The rows were sorted by value: keep the order of values.", right[values.argsort()]
    yield "This is the change against decode(z): return what decode gives.", right - alone
    yield "These are the codes: decode them.", _codes(z, dim, values)
    yield "The result is transposed: one row per value, one column per pixel.", right.T
    yield "The pictures are joined in one long row: stack them, one row per value.", right.flatten()
    for extra in (right[:, None], squashed[:, None]):
        yield "Each picture has an axis too many: the result is (V, P), so concatenate rows of (1, P).", extra


@task(
    "mutual_information_gap",
    points=2,
    hints=(
        "Take one factor, that is one column: how much does the best latent know about it, and the second best?",
        "Sort each column from high to low and subtract the second entry from the first. A factor with more entropy "
        "offers more to know: what makes the gaps comparable?",
        "topk(2, dim=0) gives the two largest entries of each column. Divide each gap by its own factor's entropy, "
        "then take the mean over factors and turn it into a float.",
    ),
)
def judge_mutual_information_gap(answer: Any, rng: torch.Generator) -> None:
    """Mean over factors of (largest - second largest information) / entropy, for tables (D, F) of several sizes."""
    call = "mutual_information_gap(mutual_information, entropy)"
    for latents, factors in ((5, 5), (7, 4), (3, 6)):
        entropy = 0.5 + 2 * torch.rand(factors, generator=rng)
        table = entropy * torch.rand(latents, factors, generator=rng)
        _gap(answer, table, entropy, _gap_mistakes(table, entropy), f"{call} with {latents} latents, {factors} factors")
    known = torch.diag(entropy)
    cases = {
        "for float64 tables": (table.double(), entropy.double()),
        "for a non-contiguous table": (table.T.contiguous().T, strided(entropy)),
        "for one factor": (table[:, :1], entropy[:1]),
        "for two latents": (table[:2], entropy),
        "where each factor is known by one latent": (known, entropy),
        "where two latents know the same": (known.repeat(2, 1), entropy),
        "where no latent knows anything": (0 * table, entropy),
    }
    for when, (information, spread) in cases.items():
        _gap(answer, information, spread, (), f"{call} {when}")


def _gap(answer: Any, table: Tensor, entropy: Tensor, mistakes: Iterable[tuple[str, float]], call: str) -> None:
    result = ask("mutual_information_gap", answer, {"mutual_information": table, "entropy": entropy})
    if isinstance(result, Tensor) and result.dim():
        raise Mistake(f"{call} gave shape {tuple(result.shape)}: one number is expected, the mean over factors.")
    columns = [sorted(column, reverse=True) for column in table.double().T.tolist()]
    gaps = [(column[0] - column[1]) / h for column, h in zip(columns, entropy.tolist(), strict=True)]
    compare_number(result, sum(gaps) / len(gaps), mistakes, call=call)


def _gap_mistakes(table: Tensor, entropy: Tensor) -> Iterator[tuple[str, float]]:
    for sentence, shares in _gap_variants(table.double(), entropy.double()):
        yield sentence, shares.mean().item()


def _gap_variants(table: Tensor, entropy: Tensor) -> Iterator[tuple[str, Tensor]]:
    """Candidate mistakes as sentences with numbers whose mean is the wrong answer."""
    order, rows = table.sort(0, descending=True).values, table.sort(1, descending=True).values
    gap, row_gap = order[0] - order[1], rows[:, 0] - rows[:, 1]
    right = gap / entropy
    yield "The gaps were not divided by the entropy of their factor.", gap
    yield (
        "The sum of the gaps was divided by the sum of the entropies: divide each gap by its own.",
        gap / entropy.mean(),
    )
    yield "All gaps were divided by the largest entropy: each factor has its own.", gap / entropy.max()
    yield "The gaps were divided by the largest information: divide by the entropy of the factor.", gap / order[0]
    yield "The gaps were multiplied by the entropy: divide by it.", gap * entropy
    yield "This is the sum over factors: take the mean.", right * len(entropy)
    yield "This is the median over factors: take the mean.", right.median()
    yield "This is the largest gap: take the mean over factors.", right.max()
    yield "The sum over factors was divided by the number of latents.", right.sum() / len(table)
    yield "This is the largest information alone: subtract the second largest.", order[0] / entropy
    yield "The smallest information was subtracted: subtract the second largest.", (order[0] - order[-1]) / entropy
    yield "The third largest was subtracted: subtract the second largest.", (order[0] - order[2]) / entropy
    yield "The mean over latents was subtracted: subtract the second largest.", (order[0] - table.mean(0)) / entropy
    yield "These are the two smallest: sort from high to low.", (order[-1] - order[-2]).abs() / entropy
    yield "The first two latents were compared: sort each column first.", (table[0] - table[1]) / entropy
    yield "The first two latents were compared: sort each column first.", (table[0] - table[1]).abs() / entropy
    yield "The sign is turned: largest minus second largest.", -right
    axis = "This is the gap between factors for each latent: compare latents (dim=0) for each factor."
    yield axis, row_gap
    if len(table) == len(entropy):
        shares = (table / entropy[:, None]).sort(0, descending=True).values
        yield axis, row_gap / entropy
        yield "The entropy was divided along the wrong axis: it belongs to the columns.", shares[0] - shares[1]
    normed = (table / entropy).sort(1, descending=True).values
    yield axis, normed[:, 0] - normed[:, 1]
    yield "The logarithm of 2 came in: both arguments are in nats, so nothing is to be converted.", right / 0.6931472
    yield "The logarithm of 2 came in: both arguments are in nats, so nothing is to be converted.", right * 0.6931472
