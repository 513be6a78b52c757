"""Telling strange images from normal ones: a score, a threshold, and how well both do."""

import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn

from vae_lessons.distributions import bernoulli_log_likelihood, gaussian_kl
from vae_lessons.losses import Likelihood, Terms


@torch.no_grad()
def score_terms(model: nn.Module, x: Tensor, *, likelihood: Likelihood = bernoulli_log_likelihood) -> Terms:
    """-log p(x|z = mu) and KL(q(z|x) || N(0, I)), in nats: x (B, P) to (B,) and (B, D).

    No draw and no gradient. The model is in evaluation mode meanwhile, so an image's terms do not depend on its batch.
    """
    was_training = model.training
    model.eval()
    mu, logvar = model.encode(x)
    reconstruction = -likelihood(x, model.decode(mu))
    model.train(was_training)
    return Terms(reconstruction, gaussian_kl(mu, logvar))


def anomaly_score(model: nn.Module, x: Tensor) -> Tensor:
    """The negative ELBO of binary pixels with z at the posterior mean, in nats; higher is stranger: (B, P) to (B,).

    Decoding the mean instead of a draw makes it the same in every call, and in general a little smaller than the
    negative ELBO.
    """
    return score_terms(model, x).loss()


def threshold_at_fpr(normal_scores: Tensor, fpr: float) -> float:
    """The 1 - fpr quantile of normal scores (N,): the share `fpr` of them lies above, up to rounding.

    Take scores of images that the model was not trained on. ValueError: fpr is not a share.
    """
    if not 0 <= fpr <= 1:
        raise ValueError(f"fpr is a share of the normal images, from 0 to 1, got {fpr}.")
    return torch.quantile(normal_scores, 1 - fpr).item()


def auroc(normal_scores: Tensor, anomaly_scores: Tensor) -> float:
    """P(anomaly > normal) + P(anomaly = normal) / 2 for a random pair of (N,) and (M,): the area under the ROC curve.

    1 is perfect, 0.5 is guessing. Source: Fawcett 2006, section 8.
    """
    is_anomaly = torch.cat([torch.zeros(len(normal_scores)), torch.ones(len(anomaly_scores))])
    return float(roc_auc_score(is_anomaly, torch.cat([normal_scores, anomaly_scores]).detach().cpu()))


def confusion(normal_scores: Tensor, anomaly_scores: Tensor, threshold: float) -> dict[str, float]:
    """`precision`, `recall` and `false_positive_rate` when score > threshold is flagged; 0 / 0 counts as 0.0.

    Recall is the share of the anomalies (M,) that is flagged, the false positive rate that of the normal images (N,),
    precision the share of anomalies among all that is flagged.
    """
    false_alarms, hits = int((normal_scores > threshold).sum()), int((anomaly_scores > threshold).sum())
    return {
        "precision": _share(hits, hits + false_alarms),
        "recall": _share(hits, len(anomaly_scores)),
        "false_positive_rate": _share(false_alarms, len(normal_scores)),
    }


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
