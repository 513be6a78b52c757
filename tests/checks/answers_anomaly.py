"""Answers to anomaly_score, threshold_at_fpr, auroc and confusion."""

import math
import statistics

import numpy as np
import torch
from catalogue import right, wrong
from scipy.stats import mannwhitneyu
from sklearn import metrics
from torch import distributions as dist
from torch.nn import functional as F

SCORE, THRESHOLD, AUROC, CONFUSION = "anomaly_score", "threshold_at_fpr", "auroc", "confusion"


def _recon(x, logits):
    return F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)


def _kls(mu, logvar):
    return 0.5 * (logvar.exp() + mu**2 - 1 - logvar)


@right(SCORE)
def closed_form(model, x):
    mu, logvar = model.encode(x)
    return _recon(x, model.decode(mu)) + _kls(mu, logvar).sum(1)


@right(SCORE)
@torch.no_grad()
def evaluation_mode_in_double(model, x):
    model.eval()
    mu, logvar = (part.double() for part in model.encode(x))
    logits = model.decode(mu.to(x.dtype)).double()
    q, p = dist.Normal(mu, (logvar / 2).exp()), dist.Normal(torch.zeros_like(mu), 1.0)
    return dist.kl_divergence(q, p).sum(-1) - dist.Bernoulli(logits=logits).log_prob(x.double()).sum(-1)


@right(SCORE)
def one_image_at_a_time(model, x):
    scores = []
    for image in x:
        mu, logvar = model.encode(image)
        logits = model.decode(mu)
        likelihood = -(image * F.softplus(-logits) + (1 - image) * F.softplus(logits)).sum()
        scores.append((-0.5 * (1 + logvar - mu**2 - logvar.exp()).sum() - likelihood).detach())
    return torch.stack(scores)


@right(SCORE)
def moments_from_a_forward_pass(model, x):
    output = model(x)
    logits = model.decode(output.mu)
    signed = (2 * x - 1) * logits
    return -F.logsigmoid(signed).sum(1) + _kls(output.mu, output.logvar).sum(dim=1)


@right(SCORE)
def zero_noise(model, x):
    with torch.inference_mode():
        logits, mu, logvar, _ = model(x, torch.zeros_like(model.encode(x)[0]))
    losses = torch.nn.BCEWithLogitsLoss(reduction="none")(logits, x)
    return losses.sum(1) + _kls(mu, logvar).sum(1)


@right(SCORE)
def through_the_parts_of_the_model(model, x):
    mu, logvar = model.encoder(x)
    return (_recon(x, model.decoder(mu)) - 0.5 * (1 + logvar - mu.square() - logvar.exp()).sum(1)).detach().clone()


def _seeded_one_by_one(model, x):
    torch.manual_seed(0)
    rows = [model(image[None]) for image in x]
    return torch.cat(
        [_recon(image[None], r.logits) + _kls(r.mu, r.logvar).sum(1) for image, r in zip(x, rows, strict=True)]
    )


def _score(recon=_recon, kl=_kls, join=lambda r, k: r + k.sum(1), code=lambda mu, logvar: mu):
    """An anomaly_score with some part replaced."""

    def answer(model, x):
        mu, logvar = model.encode(x)
        return join(recon(x, model.decode(code(mu, logvar))), kl(mu, logvar))

    return answer


def _sampled(mu, logvar):
    return mu + (logvar / 2).exp() * torch.randn_like(mu)


def _seeded(mu, logvar):
    torch.manual_seed(0)
    return _sampled(mu, logvar)


def _averaged(model, x):
    mu, logvar = model.encode(x)
    return sum(_recon(x, model.decode(_sampled(mu, logvar))) for _ in range(50)) / 50 + _kls(mu, logvar).sum(1)


def _forward_pass(model, x):
    output = model(x)
    return _recon(x, output.logits) + _kls(output.mu, output.logvar).sum(1)


def _standardised(r, k):
    score = r + k.sum(1)
    return (score - score.mean()) / score.std()


def _ranged(r, k):
    score = r + k.sum(1)
    return (score - score.min()) / (score.max() - score.min())


def _log_of_sigmoid(x, logits):
    p = logits.sigmoid()
    return -(x * p.log() + (1 - x) * (1 - p).log()).sum(1)


def _guarded(x, logits):
    p = logits.sigmoid()
    return -(x * (p + 1e-8).log() + (1 - x) * (1 - p + 1e-8).log()).sum(1)


def _bce(x, logits):
    return F.binary_cross_entropy(logits.sigmoid(), x, reduction="none").sum(1)


def _squared(x, logits):
    return ((x - logits.sigmoid()) ** 2).sum(1)


def _batch_statistics(model, x):
    return closed_form(model, x) * (1 + x.mean())


def _trains(model, x):
    with torch.no_grad():
        next(model.parameters()).add_(0.1)
    score = closed_form(model, x)
    return score


def _clamped_logvar(model, x):
    mu, logvar = model.encode(x)
    return _recon(x, model.decode(mu)) + _kls(mu, logvar.clamp(-10, 10)).sum(1)


SCORE_MUTANTS = {
    "elbo": (_score(join=lambda r, k: -r - k.sum(1)), "This is the ELBO itself"),
    "no_kl": (_score(join=lambda r, k: r), "the KL is missing"),
    "log_likelihood": (_score(join=lambda r, k: -r), "This is the log-likelihood"),
    "only_kl": (_score(join=lambda r, k: k.sum(1)), "This is the KL alone"),
    "kl_subtracted": (_score(join=lambda r, k: r - k.sum(1)), "The KL was subtracted"),
    "likelihood_added": (_score(join=lambda r, k: k.sum(1) - r), "added to the KL: subtract it"),
    "kl_twice": (_score(kl=lambda m, v: 2 * _kls(m, v)), "factor one half"),
    "sampled": (_score(code=_sampled), "two different results for the same images"),
    "forward_pass": (_forward_pass, "two different results for the same images"),
    "averaged": (_averaged, "two different results for the same images"),
    "seeded": (_score(code=_seeded), "decoded from a z that is not mu: decode"),
    "seeded_no_kl": (_score(code=_seeded, join=lambda r, k: r), "not mu, and the KL is missing"),
    "seeded_one_by_one": (_seeded_one_by_one, "decoded from a z that is not mu: decode"),
    "one_sigma_off": (_score(code=lambda m, v: m + (v / 2).exp()), "decoded from a z that is not mu: decode"),
    "zero_code": (_score(code=lambda m, v: 0 * m), "decoded from a z that is not mu: decode"),
    "pixel_mean": (_score(recon=lambda x, a: _recon(x, a) / 12), "mean over the 12 pixels"),
    "latent_mean": (_score(join=lambda r, k: r + k.mean(1)), "mean over the 3 latents"),
    "both_means": (_score(join=lambda r, k: r / 12 + k.mean(1)), "means over pixels and over latents"),
    "per_pixel": (_score(join=lambda r, k: (r + k.sum(1)) / 12), "divided by the 12 pixels"),
    "bits": (_score(join=lambda r, k: (r + k.sum(1)) / math.log(2)), "in bits"),
    "batch_mean": (_score(join=lambda r, k: (r + k.sum(1)).mean()), "mean over the batch: one score"),
    "batch_sum": (_score(join=lambda r, k: (r + k.sum(1)).sum()), "sum over the batch: one score"),
    "all_pairs": (_score(join=lambda r, k: r + k.sum(1, keepdim=True)), "(B, B)"),
    "kl_of_the_batch": (_score(join=lambda r, k: r + k.sum()), "KL was summed over the batch"),
    "kl_batch_mean": (_score(join=lambda r, k: r + k.sum(1).mean()), "KL was averaged over the batch"),
    "standardised": (_score(join=_standardised), "rescaled with the other images"),
    "ranged": (_score(join=_ranged), "rescaled with the other images"),
    "batch_statistics": (_batch_statistics, "expected ["),
    "log_std_as_logvar": (_score(kl=lambda m, v: _kls(m, 2 * v)), "logvar was read as a log-std"),
    "logvar_as_variance": (_score(kl=lambda m, v: 0.5 * (v + m**2 - 1 - v)), "logvar where exp(logvar) belongs"),
    "logvar_squared": (_score(kl=lambda m, v: 0.5 * (v**2 + m**2 - 1 - v)), "logvar squared"),
    "std_for_variance": (_score(kl=lambda m, v: 0.5 * ((v / 2).exp() + m**2 - 1 - v)), "the standard deviation where"),
    "reverse_kl": (_score(kl=lambda m, v: 0.5 * ((1 + m**2) / v.exp() - 1 + v)), "arguments swapped"),
    "point_estimate": (_score(kl=lambda m, v: 0.5 * (m**2 - v)), "single point z = mu"),
    "prior_only": (_score(kl=lambda m, v: 0.5 * m**2), "Only the prior term"),
    "no_constant": (_score(kl=lambda m, v: 0.5 * (v.exp() + m**2 - v)), "constant -1"),
    "sigmoid_twice": (_score(recon=lambda x, a: _recon(x, a.sigmoid())), "sigmoid was applied twice"),
    "squared_error": (_score(recon=_squared), "This is the squared error: use"),
    "squared_error_only": (_score(recon=_squared, join=lambda r, k: r), "The KL is missing too"),
    "log_of_sigmoid": (_score(recon=_log_of_sigmoid), "gave nan"),
    "guarded_logarithm": (_score(recon=_guarded), "for logits of some hundreds"),
    "bce_without_logits": (_score(recon=_bce), "ran into 0 and 1"),
    "clamped_logvar": (_clamped_logvar, "for logvar near"),
    "squeezed": (lambda m, x: closed_form(m, x).squeeze(), "size 1 was dropped"),
    "column": (lambda m, x: closed_form(m, x)[:, None], "extra axis of size 1"),
    "numpy_result": (lambda m, x: closed_form(m, x).detach().numpy(), "NumPy array"),
    "list_result": (lambda m, x: closed_form(m, x).tolist(), "returned a list"),
    "trains": (_trains, "changed the weights"),
    "inverts_x": (lambda m, x: closed_form(m, x.sub_(1).neg_()), "changed its argument x in place"),
    "wrong_axis": (_score(join=lambda r, k: r + k.sum(0)), "raised RuntimeError"),
    "sigmoid_of_score": (lambda m, x: closed_form(m, x).sigmoid(), "expected ["),
}


@right(THRESHOLD)
def torch_quantile(normal_scores, fpr):
    return torch.quantile(normal_scores, 1 - fpr).item()


def _numpy_rule(method):
    def answer(normal_scores, fpr):
        return np.quantile(normal_scores.numpy(), 1 - fpr, method=method)

    answer.__name__ = f"numpy_{method}"
    return right(THRESHOLD)(answer)


RULES = ["lower", "higher", "nearest", "midpoint", "inverted_cdf", "averaged_inverted_cdf", "closest_observation"]
RULES += ["interpolated_inverted_cdf", "hazen", "weibull", "median_unbiased", "normal_unbiased"]
for _rule in RULES:
    _numpy_rule(_rule)


@right(THRESHOLD)
def percentile_as_float(normal_scores, fpr):
    return float(np.percentile(normal_scores.double().numpy(), 100 * (1 - fpr)))


@right(THRESHOLD)
def sorted_list(normal_scores, fpr):
    ordered = sorted(normal_scores.tolist())
    return ordered[min(int(len(ordered) * (1 - fpr)), len(ordered) - 1)]


@right(THRESHOLD)
def counted_from_above(normal_scores, fpr):
    return normal_scores.sort(descending=True).values[int(fpr * len(normal_scores))].item()


@right(THRESHOLD)
def lowest_score_with_few_enough_alarms(normal_scores, fpr):
    shares = {score: (normal_scores > score).double().mean().item() for score in normal_scores.tolist()}
    return min(score for score, share in shares.items() if share <= fpr + 1e-9)


THRESHOLD_MUTANTS = {
    "wrong_tail": (lambda s, fpr: s.quantile(fpr).item(), "the wrong tail"),
    "wrong_tail_sorted": (lambda s, fpr: s.sort().values[int(fpr * len(s))].item(), "the wrong tail"),
    "maximum": (lambda s, fpr: s.max().item(), "largest normal score"),
    "minimum": (lambda s, fpr: s.min().item(), "smallest normal score"),
    "unsorted": (lambda s, fpr: s[min(int((1 - fpr) * len(s)), len(s) - 1)].item(), "not sorted"),
    "share_of_range": (lambda s, fpr: (s.min() + (1 - fpr) * (s.max() - s.min())).item(), "not of the range"),
    "share_of_maximum": (lambda s, fpr: (1 - fpr) * s.max().item(), "not of the largest score"),
    "bell": (lambda s, fpr: statistics.NormalDist(s.mean(), s.std()).inv_cdf(min(1 - fpr, 0.999)), "normally distr"),
    "two_sigma": (lambda s, fpr: (s.mean() + 2 * s.std()).item(), "normally distributed"),
    "three_sigma": (lambda s, fpr: (s.mean() + 3 * s.std()).item(), "normally distributed"),
    "the_level": (lambda s, fpr: 1 - fpr, "1 - fpr itself"),
    "mean": (lambda s, fpr: s.mean().item(), "mean of the normal scores"),
    "median": (lambda s, fpr: s.median().item(), "median, whatever"),
    "percentile_of_a_share": (lambda s, fpr: float(np.percentile(s.numpy(), 1 - fpr)), "percentile counts to 100"),
    "share_as_percent": (lambda s, fpr: float(np.percentile(s.numpy(), 100 - fpr)), "not a percentage"),
    "two_tails": (lambda s, fpr: s.quantile(1 - fpr / 2).item(), "halved"),
    "always_5_percent": (lambda s, fpr: s.quantile(0.95).item(), "fpr of 0.05"),
    "always_1_percent": (lambda s, fpr: s.quantile(0.99).item(), "fpr of 0.01"),
    "tensor": (lambda s, fpr: s.quantile(1 - fpr), ".item() turns a tensor"),
    "integer": (lambda s, fpr: int(s.quantile(1 - fpr)), "threshold_at_fpr(normal_scores, "),
    "absolute": (lambda s, fpr: s.abs().quantile(1 - fpr).item(), "for negative scores"),
    "sorts_in_place": (lambda s, fpr: s.sub_(s.mean()).quantile(1 - fpr).item(), "changed its argument normal_scores"),
    "no_zero": (lambda s, fpr: sorted(s.tolist())[int((1 - fpr) * len(s))], "raised IndexError"),
    "not_a_number": (lambda s, fpr: math.nan, "gave nan"),
    "infinite": (lambda s, fpr: math.inf, "0.0% of the normal scores lie above, expected 15.0%"),
    "flags": (lambda s, fpr: s > s.quantile(1 - fpr), "a tensor of shape (200,)"),
    "pair": (lambda s, fpr: (s.quantile(1 - fpr).item(), fpr), "returned a tuple"),
}


@right(AUROC)
def broadcast(normal_scores, anomaly_scores):
    gap = anomaly_scores[:, None] - normal_scores[None]
    return ((gap > 0).float() + 0.5 * (gap == 0).float()).mean().item()


@right(AUROC)
def scikit_learn(normal_scores, anomaly_scores):
    labels = [0] * len(normal_scores) + [1] * len(anomaly_scores)
    return metrics.roc_auc_score(labels, torch.cat([normal_scores, anomaly_scores]).numpy())


@right(AUROC)
def rank_sum(normal_scores, anomaly_scores):
    u = mannwhitneyu(anomaly_scores.numpy(), normal_scores.numpy()).statistic
    return u / (len(normal_scores) * len(anomaly_scores))


@right(AUROC)
def loops_of_pairs(normal_scores, anomaly_scores):
    total = 0
    for a in anomaly_scores.tolist():
        for n in normal_scores.tolist():
            total += 1.0 if a > n else 0.5 if a == n else 0.0
    return total / len(anomaly_scores) / len(normal_scores)


@right(AUROC)
def trapezoids_over_distinct_thresholds(normal_scores, anomaly_scores):
    steps = torch.cat([normal_scores, anomaly_scores]).unique().flip(0)
    fpr = [0.0, *((normal_scores >= t).float().mean() for t in steps)]
    tpr = [0.0, *((anomaly_scores >= t).float().mean() for t in steps)]
    return torch.trapezoid(torch.tensor(tpr), torch.tensor(fpr)).item()


@right(AUROC)
def counts_by_search(normal_scores, anomaly_scores):
    ordered = normal_scores.sort().values
    below = torch.searchsorted(ordered, anomaly_scores.contiguous())
    up_to = torch.searchsorted(ordered, anomaly_scores.contiguous(), right=True)
    return (below + up_to).double().mean().item() / 2 / len(ordered)


@right(AUROC)
def curve_as_numpy_scalar(normal_scores, anomaly_scores):
    labels = np.r_[np.zeros(len(normal_scores)), np.ones(len(anomaly_scores))]
    fpr, tpr, _ = metrics.roc_curve(labels, np.r_[normal_scores.numpy(), anomaly_scores.numpy()])
    return np.float32(metrics.auc(fpr, tpr))


def _share(n, a, win):
    return win(a[:, None], n[None]).double().mean().item()


def _labels(n, a):
    return np.r_[np.zeros(len(n)), np.ones(len(a))], torch.cat([n, a]).numpy()


def _staircase(n, a):
    flags = torch.cat([torch.zeros(len(n)), torch.ones(len(a))])[
        torch.cat([n, a]).argsort(descending=True, stable=True)
    ]
    return ((flags == 0) * flags.cumsum(0)).sum().item() / len(n) / len(a)


def _coarse(n, a):
    steps = torch.linspace(torch.cat([n, a]).max(), torch.cat([n, a]).min(), 6)
    fpr, tpr = ([(s > t).double().mean() for t in steps] for s in (n, a))
    return torch.trapezoid(torch.tensor(tpr), torch.tensor(fpr)).item()


def _accuracy(n, a):
    return max((((a >= t).sum() + (n < t).sum()) / (len(a) + len(n))).item() for t in torch.cat([n, a]))


AUROC_MUTANTS = {
    "ties_win": (lambda n, a: _share(n, a, torch.ge), "Ties were counted as wins"),
    "ties_lose": (lambda n, a: _share(n, a, torch.gt), "Ties were counted as losses"),
    "ties_left_out": (
        lambda n, a: _share(n, a, torch.gt) / max(1 - _share(n, a, torch.eq), 1e-9),
        "Ties were left out",
    ),
    "staircase": (_staircase, "Ties were counted as losses"),
    "swapped": (lambda n, a: broadcast(a, n), "The classes are swapped"),
    "swapped_strict": (lambda n, a: _share(a, n, torch.gt), "The classes are swapped"),
    "normal_as_positive": (lambda n, a: metrics.roc_auc_score(1 - _labels(n, a)[0], _labels(n, a)[1]), "are swapped"),
    "turned_round": (lambda n, a: max(broadcast(n, a), 1 - broadcast(n, a)), "is not turned round"),
    "u_statistic": (lambda n, a: float(mannwhitneyu(a, n).statistic), "number of pairs won"),
    "percent": (lambda n, a: 100 * broadcast(n, a), "in percent"),
    "gini": (lambda n, a: 2 * broadcast(n, a) - 1, "Gini"),
    "average_precision": (lambda n, a: metrics.average_precision_score(*_labels(n, a)), "average precision"),
    "best_accuracy": (_accuracy, "best accuracy"),
    "over_images": (lambda n, a: broadcast(n, a) * len(n) * len(a) / (len(n) + len(a)), "number of images"),
    "matched_pairs": (
        lambda n, a: (a[: len(n)] > n[: len(a)]).double().mean().item(),
        "Only images at the same place",
    ),
    "coarse_thresholds": (_coarse, "auroc(normal_scores, anomaly_scores) gave"),
    "elementwise": (lambda n, a: (a > n).double().mean().item(), "raised RuntimeError"),
    "constant": (lambda n, a: 0.5, "gave 0.5, expected"),
    "tensor": (lambda n, a: torch.tensor(broadcast(n, a)), ".item() turns a tensor"),
    "per_anomaly": (lambda n, a: (a[:, None] > n).double().mean(1), "a tensor of shape (25,)"),
    "curve": (lambda n, a: metrics.roc_curve(*_labels(n, a)), "returned a tuple"),
    "in_place": (lambda n, a: broadcast(n.sub_(9), a.sub_(9)), "changed its argument normal_scores"),
    "needs_a_spread": (lambda n, a: broadcast(n, a) / (torch.cat([n, a]).std() > 0).item(), "raised ZeroDivisionError"),
    "positive_scores": (
        lambda n, a: broadcast(n, a) if a.min() > -50 else 0.5,
        "for anomalies all below gave 0.5",
    ),
}


@right(CONFUSION)
def counts(normal_scores, anomaly_scores, threshold):
    fp, tp = (normal_scores > threshold).sum().item(), (anomaly_scores > threshold).sum().item()
    return {
        "precision": tp / (tp + fp) if tp + fp else 0.0,
        "recall": tp / len(anomaly_scores) if len(anomaly_scores) else 0.0,
        "false_positive_rate": fp / len(normal_scores) if len(normal_scores) else 0.0,
    }


@right(CONFUSION)
def loops_with_more_keys(normal_scores, anomaly_scores, threshold):
    tp = fp = tn = fn = 0
    for score in anomaly_scores.tolist():
        tp, fn = (tp + 1, fn) if score > threshold else (tp, fn + 1)
    for score in normal_scores.tolist():
        fp, tn = (fp + 1, tn) if score > threshold else (fp, tn + 1)
    rates = dict(precision=tp / max(tp + fp, 1), recall=tp / max(tp + fn, 1), specificity=tn / max(tn + fp, 1))
    return rates | {"false_positive_rate": fp / max(1, fp + tn), "tp": tp}


@right(CONFUSION)
def scikit_learn_scores(normal_scores, anomaly_scores, threshold):
    labels = np.r_[np.zeros(len(normal_scores)), np.ones(len(anomaly_scores))]
    flags = np.r_[normal_scores.numpy() > threshold, anomaly_scores.numpy() > threshold]
    return {
        "precision": metrics.precision_score(labels, flags, zero_division=0),
        "recall": metrics.recall_score(labels, flags, zero_division=0),
        "false_positive_rate": metrics.recall_score(1 - labels, flags, zero_division=0),
    }


@right(CONFUSION)
def tensors_with_safe_division(normal_scores, anomaly_scores, threshold):
    fp, tp = (normal_scores > threshold).sum(), (anomaly_scores > threshold).sum()
    return {
        "recall": tp / max(1, len(anomaly_scores)),
        "false_positive_rate": fp / max(1, len(normal_scores)),
        "precision": tp / (tp + fp).clamp(min=1),
    }


@right(CONFUSION)
def means_without_nan(normal_scores, anomaly_scores, threshold):
    flags = torch.cat([normal_scores, anomaly_scores]) > threshold
    truth = torch.arange(len(flags)) >= len(normal_scores)
    parts = {"precision": truth[flags], "recall": flags[truth], "false_positive_rate": flags[~truth]}
    return {key: np.nan_to_num(part.double().mean().item()) for key, part in parts.items()}


def _report(rates, flag=torch.gt):
    """A confusion that counts with `flag` and returns rates(tp, fp, fn, tn)."""

    def answer(normal_scores, anomaly_scores, threshold):
        tp, fp = flag(anomaly_scores, threshold).sum().item(), flag(normal_scores, threshold).sum().item()
        precision, recall, alarms = rates(tp, fp, len(anomaly_scores) - tp, len(normal_scores) - fp)
        return {"precision": precision, "recall": recall, "false_positive_rate": alarms}

    return answer


def _over(part, whole):
    return part / whole if whole else 0.0


def _right_rates(tp, fp, fn, tn):
    return _over(tp, tp + fp), _over(tp, tp + fn), _over(fp, fp + tn)


def _rates(precision=None, recall=None, alarms=None):
    """The right rates but for those replaced."""

    def rates(*cells):
        new = (precision, recall, alarms)
        return [
            old if change is None else change(*cells) for old, change in zip(_right_rates(*cells), new, strict=True)
        ]

    return _report(rates)


def _careless(tp, fp, fn, tn):
    return tp / (tp + fp), _over(tp, tp + fn), _over(fp, fp + tn)


def _renamed(n, a, t):
    rates = counts(n, a, t)
    return {"precision": rates["precision"], "recall": rates["recall"], "fpr": rates["false_positive_rate"]}


def _rounded(n, a, t):
    return {key: round(value, 1) for key, value in counts(n, a, t).items()}


def _means(n, a, t):
    tp, fp = (a > t).sum(), (n > t).sum()
    return {
        "precision": tp / (tp + fp).clamp(min=1),
        "recall": (a > t).double().mean(),
        "false_positive_rate": (n > t).double().mean(),
    }


CONFUSION_MUTANTS = {
    "at_the_threshold": (_report(_right_rates, torch.ge), "Scores equal to the threshold"),
    "below": (_report(_right_rates, torch.lt), "Scores below the threshold"),
    "swapped_arguments": (lambda n, a, t: counts(a, n, t), "anomalies are swapped"),
    "swapped_rates": (_report(lambda *c: [_right_rates(*c)[i] for i in (1, 0, 2)]), "Precision and recall are swapped"),
    "counts": (_report(lambda tp, fp, fn, tn: (tp, tp, fp)), "These are counts"),
    "percent": (_report(lambda *c: [100 * rate for rate in _right_rates(*c)]), "in percent"),
    "specificity": (_rates(alarms=lambda tp, fp, fn, tn: _over(tn, tn + fp)), "specificity"),
    "false_discovery": (_rates(alarms=lambda tp, fp, fn, tn: _over(fp, fp + tp)), "false alarms among the flagged"),
    "alarms_of_all": (_rates(alarms=lambda *c: _over(c[1], sum(c))), "false alarms among all images"),
    "alarms_and_missed": (_rates(alarms=lambda tp, fp, fn, tn: _over(fp, fp + fn)), "This is fp / (fp + fn)"),
    "missed": (_rates(alarms=lambda tp, fp, fn, tn: _over(fn, fn + tp)), "false negative rate"),
    "accuracy": (_rates(precision=lambda *c: _over(c[0] + c[3], sum(c))), "This is the accuracy: precision"),
    "precision_of_all": (_rates(precision=lambda *c: _over(c[0], sum(c))), "tp / all images: precision"),
    "precision_of_right": (_rates(precision=lambda tp, fp, fn, tn: _over(tp, tp + tn)), "(tp + tn): precision"),
    "precision_of_normal": (_rates(precision=lambda tp, fp, fn, tn: _over(tn, tn + fn)), "precision for normal images"),
    "recall_as_precision": (_rates(precision=lambda tp, fp, fn, tn: _over(tp, tp + fn)), "This is the recall"),
    "precision_as_recall": (_rates(recall=lambda tp, fp, fn, tn: _over(tp, tp + fp)), "This is the precision: recall"),
    "recall_of_all": (_rates(recall=lambda *c: _over(c[0], sum(c))), "tp / all images: recall"),
    "recall_missed": (_rates(recall=lambda tp, fp, fn, tn: _over(fn, fn + tp)), "missed anomalies"),
    "division_by_zero": (_report(_careless), "ZeroDivisionError"),
    "precision_one": (
        _rates(precision=lambda tp, fp, fn, tn: tp / (tp + fp) if tp + fp else 1.0),
        "0 / 0 counts as 0.0",
    ),
    "nan_of_empty_means": (_means, "without anomalies gave recall nan"),
    "missing_key": (_renamed, "precision, recall, fpr, but false_positive_rate must be there"),
    "tuple": (lambda n, a, t: tuple(counts(n, a, t).values()), "returned a tuple: return a dict"),
    "empty_dict": (lambda n, a, t: {}, "no key, but precision"),
    "rounded": (_rounded, "is expected"),
    "integer_division": (
        _report(lambda tp, fp, fn, tn: (tp // (tp + fp or 1), tp // (tp + fn or 1), 0)),
        "is expected",
    ),
    "per_image": (lambda n, a, t: {key: a > t for key in counts(n, a, t)}, '["precision"] returned a tensor of shape'),
    "in_place": (lambda n, a, t: counts(n.sub_(t), a - t, 0), "changed its argument normal_scores"),
    "positive_threshold": (lambda n, a, t: counts(n, a, abs(t)), "for negative scores"),
}

_ALL = {SCORE: SCORE_MUTANTS, THRESHOLD: THRESHOLD_MUTANTS, AUROC: AUROC_MUTANTS, CONFUSION: CONFUSION_MUTANTS}
for _task, _mutants in _ALL.items():
    for _name, (_answer, _phrase) in _mutants.items():
        _answer.__name__ = _name
        wrong(_task, _phrase)(_answer)
