# %% [markdown]
# # Exercise 08 · Anomaly detection
#
# You write the score of a picture, a threshold from normal scores, the area under the ROC curve, and the report at a
# threshold. The lesson is [08 · Anomaly detection](../notebooks/08_anomaly_detection.ipynb). About 35 minutes.
#
# Replace each `raise NotImplementedError(...)` by your answer and run the cell, then the check below it.
# `hint("name of the task")` gives up to three hints, one per call. You may leave a task out.

# %%
import torch
from torch.nn import functional as F

from vae_lessons import plots
from vae_lessons.checks import check, hint

# %% [markdown]
# ## 1. How strange is a picture? (medium, 8 minutes)
#
# The negative ELBO of each picture, with $z$ at the posterior mean: minus the Bernoulli log-likelihood, plus the KL, in
# nats. `model.encode(x)` gives `mu` and `logvar`, `model.decode(z)` gives logits. One number for each picture, the same in
# every call, whatever else is in the batch. No gradient is needed.


# %% answer="anomaly_score"
def anomaly_score(model, x: torch.Tensor) -> torch.Tensor:
    """-log p(x|z = mu) + KL(q(z|x) || N(0, I)): pixels (B, P) in {0, 1} to (B,), in nats."""
    ### BEGIN SOLUTION
    with torch.no_grad():
        mu, logvar = model.encode(x)
        logits = model.decode(mu)
        reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(
            dim=1
        )
        kl = 0.5 * (mu**2 + torch.exp(logvar) - 1 - logvar).sum(dim=1)
        return reconstruction + kl
    ### END SOLUTION


# %% check="anomaly_score"
check(anomaly_score)

# %% [markdown]
# A VAE that has never seen a zero, and its score for every test digit. The package's score is used here, so that the
# cells below work whatever you wrote above. Guess first: which pictures of the *nine known* digits score highest?

# %%
from vae_lessons import metrics
from vae_lessons.data import binarize, mnist
from vae_lessons.losses import elbo_terms
from vae_lessons.models import mlp_vae
from vae_lessons.training import fit, scaled_epochs, seed_everything

digits = mnist()
seed_everything(0)
vae = mlp_vae(32)
fit(
    vae,
    digits.train.take(digits.train.labels != 0),
    objective=elbo_terms,
    prepare=binarize,
    epochs=scaled_epochs(3),
)

x_test, is_zero = binarize(digits.test.images), digits.test.labels == 0
x_validation = binarize(digits.validation.images[digits.validation.labels != 0])
normal, zeros = x_test[~is_zero], x_test[is_zero]
normal_scores, zero_scores = (metrics.anomaly_score(vae, x) for x in (normal, zeros))
validation_scores = metrics.anomaly_score(vae, x_validation)

order = normal_scores.argsort()
plots.image_rows(
    {"lowest": normal[order[:10]], "highest": normal[order[-10:]], "zeros": zeros[:10]},
    alt="Three rows of ten digits: the normal ones with the lowest score, all of them ones; those "
    "with the highest, odd or bold eights, sixes and fives; and ten zeros.",
)

# %%
for label in range(1, 10):
    of_label = digits.test.labels[~is_zero] == label
    print(f"{label}: {normal_scores[of_label].mean():5.1f} nats on average")

# %% [markdown]
# In a run with three epochs the ten highest were eights, sixes and fives, the ten lowest ones. On average 2 and 8 scored
# highest, 1 lowest by far. All of these digits are known: a high score need not mean that a picture is new.

# %% [markdown]
# ## 2. A threshold (easy, 4 minutes)
#
# Choose the threshold from the scores of *normal* pictures alone, so that the share `fpr` of them lies above it: their
# $1 - \text{fpr}$ quantile, as a Python float. It must work for every share $0 \le \text{fpr} \le 1$, both ends included.


# %% answer="threshold_at_fpr"
def threshold_at_fpr(normal_scores: torch.Tensor, fpr: float) -> float:
    """The 1 - fpr quantile of normal scores (N,)."""
    ### BEGIN SOLUTION
    return torch.quantile(normal_scores, 1 - fpr).item()
    ### END SOLUTION


# %% check="threshold_at_fpr"
check(threshold_at_fpr)

# %% [markdown]
# The threshold is chosen on validation pictures, and the promise is kept on test pictures, or not:

# %%
for target in (0.2, 0.05, 0.01):
    threshold = metrics.threshold_at_fpr(validation_scores, target)
    false_alarms = (normal_scores > threshold).float().mean()
    found = (zero_scores > threshold).float().mean()
    print(
        f"promised {target:4.0%} false alarms: got {false_alarms:5.1%}, zeros found {found:4.0%}"
    )

# %% [markdown]
# ## 3. The area under the ROC curve (medium, 8 minutes)
#
# Draw one normal picture and one anomaly at random. How often does the anomaly score higher? Compare all pairs; a tie
# counts one half. That share *is* the area under the ROC curve.


# %% answer="auroc"
def auroc(normal_scores: torch.Tensor, anomaly_scores: torch.Tensor) -> float:
    """P(anomaly > normal) + P(anomaly = normal) / 2, from scores (N,) and (M,)."""
    ### BEGIN SOLUTION
    difference = anomaly_scores[:, None] - normal_scores[None, :]
    return ((difference > 0).double() + 0.5 * (difference == 0)).mean().item()
    ### END SOLUTION


# %% check="auroc"
check(auroc)

# %% [markdown]
# ## 4. The report (medium, 8 minutes)
#
# At a threshold, flag every score *above* it. Return a dictionary of three floats. `recall`: the share of the anomalies
# that is flagged. `false_positive_rate`: the share of the normal pictures that is flagged. `precision`: the share of
# anomalies among everything flagged. Where a share would be 0 / 0, it is 0.0.


# %% answer="confusion"
def confusion(
    normal_scores: torch.Tensor, anomaly_scores: torch.Tensor, threshold: float
) -> dict[str, float]:
    """precision, recall and false_positive_rate of flagging score > threshold."""
    ### BEGIN SOLUTION
    hits = (anomaly_scores > threshold).sum().item()
    false_alarms = (normal_scores > threshold).sum().item()
    flagged = hits + false_alarms
    return {
        "precision": hits / flagged if flagged else 0.0,
        "recall": hits / len(anomaly_scores) if len(anomaly_scores) else 0.0,
        "false_positive_rate": false_alarms / len(normal_scores) if len(normal_scores) else 0.0,
    }
    ### END SOLUTION


# %% check="confusion"
check(confusion)

# %% [markdown]
# The same detector, the same threshold, but anomalies become rarer. Few zeros differ by chance from draw to draw, so each line
# is a mean over 200 draws. Guess before you run the cell: which of the three numbers moves?

# %%
threshold = metrics.threshold_at_fpr(validation_scores, 0.05)
torch.manual_seed(0)
for count in (900, 90, 9):
    draws = [zero_scores[torch.randperm(len(zero_scores))[:count]] for _ in range(200)]
    reports = [metrics.confusion(normal_scores, drawn, threshold) for drawn in draws]
    print(f"{count:3} zeros among {len(normal_scores)} others:", end=" ")
    for name in reports[0]:
        print(f"{name} {sum(report[name] for report in reports) / len(reports):.2f}", end="  ")
    print()

# %% [markdown]
# A threshold fixes the false-alarm rate and, for one kind of anomaly, the recall. The precision also depends on how rare
# the anomalies are, which no detector can know.

# %% [markdown]
# ## What passed
#
# Run the four checks once more to see where you stand. The solution is in the
# [solutions folder](../solutions/08_anomaly_detection.ipynb).
