"""Check of exercise 08: precision, recall and false alarms at a threshold."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from vae_lessons.checks.core import task
from vae_lessons.checks.probe import Mistake, as_number, ask, close, strided

KEYS = ("precision", "recall", "false_positive_rate")
CALL = "confusion(normal_scores, anomaly_scores, threshold)"


class Counts(NamedTuple):
    """The four cells of the table: flagged or not, anomaly or normal."""

    tp: int
    fp: int
    fn: int
    tn: int

    def report(self) -> dict[str, float]:
        """The three rates, with 0 / 0 = 0."""
        return {
            "precision": _ratio(self.tp, self.tp + self.fp),
            "recall": _ratio(self.tp, self.tp + self.fn),
            "false_positive_rate": _ratio(self.fp, self.fp + self.tn),
        }


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


@task(
    "confusion",
    points=2,
    hints=(
        "Count four things: flagged anomalies, flagged normal images, and the two kinds that were let through. Flagged "
        "means score > threshold.",
        "Precision is a share of all that was flagged, recall a share of the anomalies, and the false positive rate a "
        "share of the normal images.",
        "tp = (anomaly_scores > threshold).sum().item() and so on; then tp / (tp + fp), tp / (tp + fn) and "
        "fp / (fp + tn), each 0.0 where its denominator is 0.",
    ),
)
def judge_confusion(answer: Any, rng: torch.Generator) -> None:
    """The three rates at thresholds on, between and beyond the scores, and where a denominator is 0."""
    normal, anomaly = _scores(17, 6, 60, rng), _scores(14, 4, 25, rng)
    _confusion(answer, normal, anomaly, 2.5, "")
    cases = {
        "for a threshold between the scores": (normal, anomaly, 1.9),
        "for negative scores": (normal - 100, anomaly - 100, -97.5),
        "for float64 scores": (normal.double(), anomaly.double(), 3.0),
        "for non-contiguous scores": (strided(normal), strided(anomaly), 2.0),
        "for as many anomalies as normal images": (normal[:25], anomaly, 3.0),
        "where all are flagged": (normal, anomaly, -1.0),
        "for one image of each kind": (normal[:1], anomaly[:1], 0.0),
    }
    for when, (a, b, threshold) in cases.items():
        _confusion(answer, a, b, threshold, " " + when)
    empty = {
        "where nothing is flagged": (normal, anomaly, 50.0),
        "where the threshold is the highest score": (normal, anomaly, torch.cat([normal, anomaly]).max().item()),
        "without anomalies": (normal, anomaly[:0], 2.5),
        "without normal images": (normal[:0], anomaly, 2.5),
    }
    for when, (a, b, threshold) in empty.items():
        _no_division_by_zero(answer, a, b, threshold, " " + when)


def _scores(above: int, equal: int, total: int, rng: torch.Generator) -> Tensor:
    """Quarters from 0.5 to 4.5, so many above 2.5 and so many equal to it: all candidate mistakes differ."""
    steps = torch.randint(1, 9, (total,), generator=rng) / 4
    steps[above:] *= -1
    steps[above : above + equal] = 0
    return 2.5 + steps[torch.randperm(total, generator=rng)]


def _no_division_by_zero(answer: Any, normal: Tensor, anomaly: Tensor, threshold: float, when: str) -> None:
    try:
        _confusion(answer, normal, anomaly, threshold, when)
    except Mistake as mistake:
        raise Mistake(f"{mistake} Here a denominator is 0, and 0 / 0 counts as 0.0.") from mistake


def _confusion(answer: Any, normal: Tensor, anomaly: Tensor, threshold: float, when: str) -> None:
    arguments = {"normal_scores": normal, "anomaly_scores": anomaly, "threshold": threshold}
    got = _rates(ask("confusion", answer, arguments), CALL + when)
    right = _count(normal > threshold, anomaly > threshold).report()
    wrong = [key for key in KEYS if not close(got[key], right[key])]
    if not wrong:
        return
    seen = ", ".join(f"{key} {got[key]:.4g} where {right[key]:.4g} is expected" for key in wrong)
    named = (sentence for sentence, rates in _mistakes(normal, anomaly, threshold) if _equal(got, rates))
    raise Mistake(" ".join([f"{CALL}{when} gave {seen}.", *named][:2]))


def _rates(result: Any, call: str) -> dict[str, float]:
    """Return the three rates as floats, or say what is missing."""
    if not isinstance(result, Mapping):
        raise Mistake(f"{call} returned a {type(result).__name__}: return a dict with the keys {', '.join(KEYS)}.")
    missing = [key for key in KEYS if key not in result]
    if missing:
        keys = ", ".join(map(str, result)) or "no key"
        raise Mistake(f"{call} gave a dict with {keys}, but {' and '.join(missing)} must be there too.")
    return {key: as_number(_plain(result[key]), f'{call}["{key}"]') for key in KEYS}


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, Tensor) and value.dim() == 0 else value


def _equal(got: Mapping[str, float], other: Mapping[str, float]) -> bool:
    return all(close(got[key], other[key]) for key in KEYS)


def _count(normal_flags: Tensor, anomaly_flags: Tensor) -> Counts:
    fp, tp = sum(normal_flags.tolist()), sum(anomaly_flags.tolist())
    return Counts(tp, fp, len(anomaly_flags) - tp, len(normal_flags) - fp)


def _mistakes(normal: Tensor, anomaly: Tensor, threshold: float) -> Iterator[tuple[str, dict[str, float]]]:
    counts = _count(normal > threshold, anomaly > threshold)
    right = counts.report()
    yield (
        "Scores equal to the threshold were flagged: flagged means score > threshold.",
        _count(normal >= threshold, anomaly >= threshold).report(),
    )
    yield (
        "Scores below the threshold were flagged: flagged means score > threshold.",
        _count(normal < threshold, anomaly < threshold).report(),
    )
    yield "Normal images and anomalies are swapped.", _count(anomaly > threshold, normal > threshold).report()
    for sentence, change in _wrong_rates(counts, right):
        yield sentence, right | change


def _wrong_rates(counts: Counts, right: dict[str, float]) -> Iterable[tuple[str, dict[str, float]]]:
    """Candidate mistakes as sentences with the rates that are wrong."""
    tp, fp, fn, tn = counts
    precision, recall, alarms = KEYS
    total = sum(counts)
    swapped = {precision: right[recall], recall: right[precision]}
    yield "Precision and recall are swapped.", swapped
    yield "These are counts: divide each by its denominator.", {precision: tp, recall: tp, alarms: fp}
    yield "These are in percent: return shares between 0 and 1.", {key: 100 * right[key] for key in KEYS}
    share = "is a share of the normal images, fp / (fp + tn)."
    yield f"This is the specificity, tn / (tn + fp): the false positive rate {share}", {alarms: _ratio(tn, tn + fp)}
    yield (
        f"This is the share of false alarms among the flagged: the false positive rate {share}",
        {alarms: _ratio(fp, fp + tp)},
    )
    yield (
        f"This is the share of false alarms among all images: the false positive rate {share}",
        {alarms: _ratio(fp, total)},
    )
    yield f"This is fp / (fp + fn): the false positive rate {share}", {alarms: _ratio(fp, fp + fn)}
    yield f"This is the false negative rate: the false positive rate {share}", {alarms: _ratio(fn, fn + tp)}
    share = "is a share of the flagged images, tp / (tp + fp)."
    yield f"This is the accuracy: precision {share}", {precision: _ratio(tp + tn, total)}
    yield f"This is tp / all images: precision {share}", {precision: _ratio(tp, total)}
    yield f"This is the recall: precision {share}", {precision: right[recall]}
    yield f"This is tp / (tp + tn): precision {share}", {precision: _ratio(tp, tp + tn)}
    yield (
        f"This is tn / (tn + fn), the precision for normal images: precision {share}",
        {precision: _ratio(tn, tn + fn)},
    )
    share = "is a share of the anomalies, tp / (tp + fn)."
    yield f"This is the precision: recall {share}", {recall: right[precision]}
    yield f"This is tp / all images: recall {share}", {recall: _ratio(tp, total)}
    yield f"This is tp / (tp + tn): recall {share}", {recall: _ratio(tp, tp + tn)}
    yield f"This is the accuracy: recall {share}", {recall: _ratio(tp + tn, total)}
    yield f"This is the share of missed anomalies: recall {share}", {recall: _ratio(fn, fn + tp)}
