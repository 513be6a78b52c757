"""Check of exercise 01: nearest neighbors in the latent space."""

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor

from vae_lessons.checks.core import task
from vae_lessons.checks.probe import Mistake, as_tensor, ask, check_shape, numbers, same, strided


@task(
    "nearest_neighbors",
    points=2,
    hints=(
        "You need the distance from every query to every code: a table with one row per query.",
        "torch.cdist builds that table. Then ask for the places of the k smallest entries of each row.",
        "topk with largest=False, or argsort and the first k columns, gives places and not distances. Mind which "
        "argument of cdist comes first, so that rows are queries.",
    ),
)
def judge_nearest_neighbors(answer: Any, rng: torch.Generator) -> None:
    """Indices of the k nearest codes in Euclidean distance, nearest first; equal distances may come in any order."""
    codes, query = torch.randn(60, 4, generator=rng), torch.randn(30, 4, generator=rng)
    _neighbors(answer, codes, query, 5, "", _neighbor_mistakes(codes, query, 5))
    double = codes.double()
    twice = codes[:10].repeat(2, 1)
    cases = {
        "for queries that are among the codes": (codes, codes[:6].clone(), 3),
        "for float64 codes": (double, query.double(), 4),
        "for non-contiguous codes": (strided(codes), query.T.contiguous().T, 3),
        "for a single query": (codes, query[:1], 3),
        "for k=1": (codes, query, 1),
        "for k equal to the number of codes": (codes[:7], query, 7),
        "for one latent dimension": (codes[:, :1], query[:, :1], 3),
        "for codes that appear twice": (twice, query, 4),
    }
    for when, (points, asked, k) in cases.items():
        _neighbors(answer, points, asked, k, " " + when, ())


def _distances(codes: Tensor, query: Tensor) -> Tensor:
    """Squared Euclidean distances (Q, N) in float64, straight from the definition."""
    return ((query.double()[:, None] - codes.double()[None]) ** 2).sum(-1)


def _neighbors(
    answer: Any, codes: Tensor, query: Tensor, k: int, when: str, mistakes: Iterable[tuple[str, Tensor]]
) -> None:
    call = f"nearest_neighbors(codes, query, k={k}){when}"
    result = ask("nearest_neighbors", answer, {"codes": codes, "query": query, "k": k})
    got, table = as_tensor(result, call), _distances(codes, query)
    right = table.sort(dim=1).values[:, :k]
    if _are_neighbors(got, table, right):
        if got.dtype != torch.long:
            raise Mistake(f"{call} returned {str(got.dtype)[6:]} numbers: indices must be long (torch.int64).")
        return
    for sentence, wrong in mistakes:
        if same(got, wrong):
            raise Mistake(f"{call} is wrong. {sentence}")
    check_shape(got, tuple(right.shape), call=call)
    raise Mistake(f"{call} is wrong. {_difference(got, table, right)}")


def _are_neighbors(got: Tensor, table: Tensor, right: Tensor) -> bool:
    if got.shape != right.shape or got.is_complex() or got.dtype == torch.bool or not _are_places(got, table):
        return False
    tolerance = 1e-4 * table.mean()
    different = all(len(set(row)) == len(row) for row in got.tolist())
    return different and bool(((table.gather(1, got.long()) - right).abs() <= tolerance).all())


def _are_places(got: Tensor, table: Tensor) -> bool:
    return bool(((got >= 0) & (got < table.shape[1]) & (got == got.long())).all())


def _difference(got: Tensor, table: Tensor, right: Tensor) -> str:
    if not _are_places(got, table):
        return f"The first row holds {numbers(got[0])}, but indices from 0 to {table.shape[1] - 1} are expected."
    chosen = table.gather(1, got.long())
    row = int((chosen - right).abs().sum(1).argmax())
    if same(chosen.sort(dim=1).values, right):
        return "These are the right codes in the wrong order: the nearest comes first."
    if any(len(set(places)) < len(places) for places in got.tolist()):
        return "The same code appears twice in one row: each neighbor counts once."
    return (
        f"For query {row} the chosen codes are at distances {numbers(chosen[row].sqrt())}, "
        f"but the nearest are at {numbers(right[row].sqrt())}."
    )


def _neighbor_mistakes(codes: Tensor, query: Tensor, k: int) -> Iterator[tuple[str, Tensor]]:
    table = _distances(codes, query)
    order = table.argsort(dim=1)
    dot = query.double() @ codes.double().T
    cosine = dot / codes.double().norm(dim=1)
    city = (query.double()[:, None] - codes.double()[None]).abs().sum(-1)
    yield "These are the farthest codes: take the smallest distances (largest=False).", order.flip(1)[:, :k]
    yield "The nearest code is left out of every row: a query need not be one of the codes.", order[:, 1 : k + 1]
    yield f"There is one neighbor too few: {k} were asked.", order[:, : k - 1]
    yield f"There is one neighbor too many: {k} were asked.", order[:, : k + 1]
    yield "The result is transposed: one row per query, one column per neighbor.", order[:, :k].T
    yield "These are the codes themselves: their indices were asked.", codes[order[:, :k]]
    near = table.sort(dim=1).values[:, :k]
    for distances in (near, near.sqrt()):
        yield f"These are distances ({numbers(distances[0, :1])} and so on): their indices were asked.", distances
    yield "This ranks by cosine similarity: use the Euclidean distance.", cosine.argsort(1, descending=True)[:, :k]
    yield "This ranks by the dot product: use the Euclidean distance.", dot.argsort(1, descending=True)[:, :k]
    yield "This ranks by the Manhattan distance (absolute differences): use the Euclidean one.", city.argsort(1)[:, :k]
    swapped = table.T.argsort(1)
    yield "codes and query are swapped: one row per query was asked.", swapped[:, :k]
    yield "These are the farthest, and codes and query are swapped: rows are queries.", swapped.flip(1)[:, :k]
    yield "These are ranks of the codes, not indices: which code holds place 0?", order.argsort(1)[:, :k]
