"""Checks of exercise 08: a threshold from normal scores, and the area under the ROC curve."""

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Normal

from vae_lessons.checks.core import task
from vae_lessons.checks.probe import Mistake, as_number, ask, close, compare_number, strided


@task(
    "threshold_at_fpr",
    points=1,
    hints=(
        "A false alarm is a normal image whose score lies above the threshold. Which share of the normal scores should "
        "lie below it?",
        "If fpr of the normal scores lie above, then 1 - fpr of them lie below: that is a quantile.",
        "torch.quantile(normal_scores, 1 - fpr) gives it as a tensor; .item() makes a float of it.",
    ),
)
def judge_threshold_at_fpr(answer: Any, rng: torch.Generator) -> None:
    """The 1 - fpr quantile, by any of the usual rules for places between two scores."""
    scores = 20 + 5 * torch.randn(200, generator=rng).exp()
    places = [170, int(scores.argsort()[120])]
    scores[places] = scores[places[::-1]]  # so that a pick without sorting looks like no other mistake
    for fpr in (0.15, 0.03, 0.3, 0.5, 0.0):
        _threshold(answer, scores, fpr, "")
    cases = {
        "for float64 scores": (scores.double(), 0.1),
        "for negative scores": (scores - 1000, 0.1),
        "for non-contiguous scores": (strided(scores), 0.2),
        "for 7 scores": (scores[:7], 0.4),
        "for a single score": (scores[:1], 0.1),
        "for scores that are all equal": (scores[:1].repeat(20), 0.1),
        "for scores with many ties": (scores.round(decimals=-1), 0.15),
    }
    for when, (normal, fpr) in cases.items():
        _threshold(answer, normal, fpr, " " + when)


def _threshold(answer: Any, normal: Tensor, fpr: float, when: str) -> None:
    call = f"threshold_at_fpr(normal_scores, {fpr:g}){when}"
    got = as_number(ask("threshold_at_fpr", answer, {"normal_scores": normal, "fpr": fpr}), call)
    if _at_level(got, normal, 1 - fpr):
        return
    if math.isnan(got):
        raise Mistake(f"{call} gave nan, but a number is expected.")
    above = (normal > got).double().mean().item()
    seen = f"{call} gave {got:.4g}: {above:.1%} of the normal scores lie above, expected {fpr:.1%}."
    raise Mistake(" ".join([seen, *_threshold_mistakes(got, normal, fpr)][:2]))


def _at_level(got: float, normal: Tensor, level: float) -> bool:
    """Whether `got` is this quantile by any common rule: the nine of Hyndman and Fan 1996, the nearest score, a side.

    With n scores these rules look at a place from n * level - 1 to n * level - min(level, 1 - level), counted from 0,
    or at a score beside it.
    """
    ordered, last = normal.double().sort().values.tolist(), len(normal) - 1
    place = round(len(normal) * level, 6)
    low = ordered[min(max(math.floor(place) - 1, 0), last)]
    high = ordered[min(max(math.ceil(round(place - min(level, 1 - level), 6)), 0), last)]
    slack = 1e-6 * max(abs(low), abs(high))
    return low - slack <= got <= high + slack


def _threshold_mistakes(got: float, normal: Tensor, fpr: float) -> Iterator[str]:
    """Sentences of the mistakes that lead to `got`."""
    count, values = len(normal), normal.double()
    low, high, mean, std = values.min(), values.max(), values.mean(), values.std()
    if _at_level(got, normal, fpr):
        yield "This is the quantile at fpr, the wrong tail: take it at 1 - fpr."
    single = {
        "This is the largest normal score, which allows no false alarm.": high,
        "This is the smallest normal score.": low,
        "The fpr is the share of scores above, not of the range between the smallest and the largest.": (
            low + (1 - fpr) * (high - low)
        ),
        "The fpr is the share of scores above, not of the largest score.": (1 - fpr) * high,
        "This is 1 - fpr itself: take the quantile of the scores there.": 1 - fpr,
        "This is the mean of the normal scores.": mean,
    }
    yield from (sentence for sentence, wrong in single.items() if close(got, float(wrong)))
    bell = Normal(mean, std).icdf(torch.tensor(1 - fpr, dtype=torch.float64)).item()
    if any(close(got, float(wrong)) for wrong in (bell, mean + 2 * std, mean + 3 * std)):
        yield "Mean plus some standard deviations fits only scores that are normally distributed: take the quantile."
    levels = {
        "A percentile counts to 100: take it at 100 * (1 - fpr).": (1 - fpr) / 100,
        "The fpr is a share, not a percentage: take the quantile at 1 - fpr.": 1 - fpr / 100,
        "The fpr was halved, as for two tails: only high scores are strange.": 1 - fpr / 2,
        "This is the median, whatever the fpr.": 0.5,
        "This is the threshold for an fpr of 0.05, whatever is asked.": 0.95,
        "This is the threshold for an fpr of 0.01, whatever is asked.": 0.99,
    }
    yield from (sentence for sentence, level in levels.items() if _at_level(got, normal, level))
    if close(got, float(values[min(int((1 - fpr) * count), count - 1)])):
        yield "The scores were not sorted before one was picked."


@task(
    "auroc",
    points=2,
    hints=(
        "Draw one normal and one anomalous image at random: how often does the anomaly score higher? That chance is "
        "the AUROC.",
        "Compare every anomaly with every normal image, a table of (anomalies, normals). What should an equal pair "
        "count?",
        "Broadcast anomaly_scores[:, None] against normal_scores[None, :]; a win counts 1, a tie one half. The mean of "
        "the table as a float is the answer.",
    ),
)
def judge_auroc(answer: Any, rng: torch.Generator) -> None:
    """Share of pairs in which the anomaly scores higher, ties as one half, over all pairs."""
    normal, anomaly = torch.randn(40, generator=rng), torch.randn(25, generator=rng) + 0.8
    _auroc(answer, normal, anomaly, "")
    dice, loaded = torch.randint(0, 4, (40,), generator=rng).float(), torch.randint(1, 6, (25,), generator=rng).float()
    cases = {
        "for scores with many ties": (dice, loaded),
        "for anomalies that score lower": (anomaly, normal),
        "for as many anomalies as normal images": (normal[:25], anomaly),
        "for float64 scores": (normal.double(), anomaly.double()),
        "for non-contiguous scores": (strided(normal), strided(anomaly)),
        "for scores that are all equal": (torch.full((6,), 2.5), torch.full((4,), 2.5)),
        "for anomalies all above": (normal, anomaly + 100),
        "for anomalies all below": (normal, anomaly - 100),
        "for one image of each kind": (normal[:1], normal[:1] + 1),
        "for scores near 100,000": (1e5 + 256 * dice, 1e5 + 256 * loaded),
    }
    for when, (a, b) in cases.items():
        _auroc(answer, a, b, " " + when)


def _auroc(answer: Any, normal: Tensor, anomaly: Tensor, when: str) -> None:
    result = ask("auroc", answer, {"normal_scores": normal, "anomaly_scores": anomaly})
    wins, ties = _pairs(normal, anomaly)
    call = f"auroc(normal_scores, anomaly_scores){when}"
    compare_number(result, wins + ties / 2, _auroc_mistakes(normal, anomaly), call=call)


def _pairs(normal: Tensor, anomaly: Tensor) -> tuple[float, float]:
    """The shares of (anomaly, normal) pairs that the anomaly wins, and that are equal."""
    pairs = [(a, n) for a in anomaly.tolist() for n in normal.tolist()]
    return sum(a > n for a, n in pairs) / len(pairs), sum(a == n for a, n in pairs) / len(pairs)


def _auroc_mistakes(normal: Tensor, anomaly: Tensor) -> Iterator[tuple[str, float]]:
    wins, ties = _pairs(normal, anomaly)
    right, count = wins + ties / 2, len(normal) * len(anomaly)
    if ties:
        yield "Ties were counted as wins: an equal pair counts one half.", wins + ties
        yield "Ties were counted as losses: an equal pair counts one half.", wins
        yield "Ties were left out: an equal pair counts one half.", wins / max(1 - ties, 1 / count)
    if right < 0.5:
        yield "An AUROC below one half is not turned round: it says that anomalies score lower.", 1 - right
    yield "The classes are swapped: an anomaly should score higher than a normal image.", 1 - right
    yield "The classes are swapped, and ties were not counted as one half.", 1 - wins - ties
    yield "This is the number of pairs won: divide it by the number of all pairs.", right * count
    yield "This is in percent: return a share between 0 and 1.", 100 * right
    yield "This is the Gini coefficient, 2 * AUROC - 1.", 2 * right - 1
    yield (
        "The pairs won were divided by the number of images: divide by the number of pairs.",
        (right * count / (len(normal) + len(anomaly))),
    )
    yield (
        "Only images at the same place were compared: compare every anomaly with every normal image.",
        _matched(normal, anomaly),
    )
    precision = _average_precision(normal, anomaly)
    yield "This is the average precision, the area under the precision-recall curve.", precision
    yield (
        "This is the best accuracy over all thresholds: the AUROC needs no threshold.",
        _best_accuracy(normal, anomaly),
    )


def _matched(normal: Tensor, anomaly: Tensor) -> float:
    size = min(len(normal), len(anomaly))
    return (anomaly[:size] > normal[:size]).double().mean().item()


def _average_precision(normal: Tensor, anomaly: Tensor) -> float:
    hits = [(anomaly >= score).sum().item() for score in anomaly]
    flagged = [hit + (normal >= score).sum().item() for hit, score in zip(hits, anomaly, strict=True)]
    return sum(hit / total for hit, total in zip(hits, flagged, strict=True)) / len(anomaly)


def _best_accuracy(normal: Tensor, anomaly: Tensor) -> float:
    right = [((anomaly >= t).sum() + (normal < t).sum()).item() for t in torch.cat([normal, anomaly])]
    return max(right) / (len(normal) + len(anomaly))
