import math

import pytest
import torch
from torch import nn
from torch.distributions import Bernoulli, Normal, kl_divergence

from vae_lessons.checks import check
from vae_lessons.distributions import gaussian_log_likelihood
from vae_lessons.losses import iwae_bound
from vae_lessons.metrics import anomaly_score, auroc, confusion, score_terms, threshold_at_fpr
from vae_lessons.models import VAE, GaussianEncoder, LinearVAE, fit_linear_vae, mlp_vae

PHI = Normal(0.0, 1.0).cdf


def answer_of(logits: list[float], mu: list[float], logvar: list[float]) -> VAE:
    """A VAE that gives the same posterior and the same logits whatever it is shown."""
    vae = VAE(GaussianEncoder(nn.Linear(len(logits), 1), 1, len(mu)), nn.Linear(len(mu), len(logits)))
    for layer, bias in ((vae.encoder.mu, mu), (vae.encoder.logvar, logvar), (vae.decoder, logits)):
        nn.init.zeros_(layer.weight)
        layer.bias.data = torch.tensor(bias)
    return vae


@pytest.mark.parametrize("answer", [anomaly_score, threshold_at_fpr, auroc, confusion])
def test_the_package_passes_the_checks_of_its_exercise(answer):
    result = check(answer)
    assert result.passed, result.message


def test_score_by_hand():
    """Three pixels at probability one half: log 2 each; a mean of 2: 2 nats; a variance of e: (e - 2) / 2."""
    vae = answer_of([0.0, 0.0, 0.0], mu=[2.0, 0.0], logvar=[0.0, 1.0])
    x = torch.tensor([[0.0, 1.0, 1.0], [1.0, 1.0, 1.0]])
    terms = score_terms(vae, x)
    assert terms.reconstruction.tolist() == pytest.approx([3 * math.log(2)] * 2)
    assert terms.kl[0].tolist() == pytest.approx([2.0, (math.e - 2) / 2])
    assert anomaly_score(vae, x).tolist() == pytest.approx([3 * math.log(2) + 2 + (math.e - 2) / 2] * 2)


def test_score_against_torch_distributions():
    torch.manual_seed(0)
    vae, x = mlp_vae(3, hidden_dim=5, pixels=12).double(), torch.randint(2, (6, 12)).double()
    mu, logvar = vae.encode(x)
    surprise = -Bernoulli(logits=vae.decode(mu)).log_prob(x).sum(1)
    price = kl_divergence(Normal(mu, logvar.exp().sqrt()), Normal(torch.zeros(3), torch.ones(3))).sum(1)
    score = anomaly_score(vae, x)
    torch.testing.assert_close(score, surprise + price)
    assert not score.requires_grad


def test_score_at_the_mean_is_below_the_negative_elbo_by_what_the_draw_costs():
    """The exact posterior N(mu, S) of a linear VAE: E|x - W z|^2 exceeds |x - W mu|^2 by tr(W S W^T)."""
    torch.manual_seed(0)
    x = torch.randn(500, 6, dtype=torch.float64) @ torch.randn(6, 6, dtype=torch.float64)
    vae: LinearVAE = fit_linear_vae(x, 2)
    noise = vae.noise_logvar.detach()
    terms = score_terms(vae, x, likelihood=lambda x, mean: gaussian_log_likelihood(x, mean, noise))
    cost = (vae.decoder.weight**2 @ vae.logvar.exp()).sum() / (2 * noise.exp())
    torch.testing.assert_close(terms.loss() + cost.detach(), -vae.exact_log_likelihood(x).detach())


def test_score_neither_depends_on_the_batch_nor_touches_the_model():
    torch.manual_seed(0)
    body = nn.Sequential(nn.Linear(8, 4), nn.BatchNorm1d(4), nn.Dropout(0.5))
    vae = VAE(GaussianEncoder(body, 4, 2), nn.Linear(2, 8)).train()
    before = {name: value.clone() for name, value in vae.state_dict().items()}
    x = torch.randint(2, (7, 8)).float()
    together, alone = anomaly_score(vae, x), torch.cat([anomaly_score(vae, image[None]) for image in x])
    torch.testing.assert_close(together, alone)
    assert vae.training and body.training
    assert all(torch.equal(value, before[name]) for name, value in vae.state_dict().items())
    assert not vae.eval().training and anomaly_score(vae, x).equal(together) and not vae.training


def test_importance_weighted_score_of_an_exact_posterior_is_minus_log_p():
    torch.manual_seed(0)
    x = torch.randn(500, 6, dtype=torch.float64) @ torch.randn(6, 6, dtype=torch.float64)
    vae = fit_linear_vae(x, 2)
    bound = iwae_bound(vae, x, 5, likelihood=lambda x, mean: gaussian_log_likelihood(x, mean, vae.noise_logvar))
    torch.testing.assert_close(bound, vae.exact_log_likelihood(x).detach())


def test_threshold_of_known_scores():
    scores = torch.arange(101.0).flip(0)
    assert threshold_at_fpr(scores, 0.05) == pytest.approx(95.0)
    assert (scores > threshold_at_fpr(scores, 0.05)).sum() == 5
    assert threshold_at_fpr(scores, 0.0) == 100.0 and threshold_at_fpr(scores, 1.0) == 0.0


def test_threshold_of_a_gaussian_is_its_quantile_and_holds_on_fresh_scores():
    torch.manual_seed(0)
    threshold = threshold_at_fpr(torch.randn(100_000), 0.05)
    assert threshold == pytest.approx(1.6449, abs=0.02)  # the 95 % quantile of N(0, 1)
    assert (torch.randn(100_000) > threshold).float().mean() == pytest.approx(0.05, abs=0.004)


@pytest.mark.parametrize("fpr", [-0.01, 5.0])
def test_a_percentage_is_no_share(fpr):
    with pytest.raises(ValueError, match=f"from 0 to 1, got {fpr}"):
        threshold_at_fpr(torch.zeros(3), fpr)


def test_auroc_with_ties_by_hand():
    """Of the pairs (2, 1), (2, 2), (3, 1), (3, 2) the anomaly wins three and ties one."""
    normal, anomaly = torch.tensor([1.0, 2.0]), torch.tensor([2.0, 3.0])
    assert auroc(normal, anomaly) == pytest.approx(3.5 / 4)
    assert auroc(anomaly, normal) == pytest.approx(0.5 / 4)
    assert auroc(torch.ones(5), torch.ones(3)) == 0.5


@pytest.mark.parametrize("distance", [0.0, 0.5, 2.0, -1.0])
def test_auroc_of_two_gaussians(distance):
    """The difference of two standard normal scores is N(d, 2), above zero with probability Phi(d / sqrt 2)."""
    torch.manual_seed(0)
    normal, anomaly = torch.randn(20_000), torch.randn(15_000) + distance
    assert auroc(normal, anomaly) == pytest.approx(PHI(torch.tensor(distance / 2**0.5)).item(), abs=0.008)


def test_auroc_looks_at_the_order_only():
    torch.manual_seed(0)
    normal, anomaly = torch.randn(200), torch.randn(50, requires_grad=True) + 1
    assert auroc(normal.exp(), anomaly.exp()) == auroc(normal, anomaly)


def test_confusion_by_hand():
    """Above 2: one of four normal images, two of three anomalies. A score of exactly 2 is not flagged."""
    report = confusion(torch.tensor([0.0, 1.0, 2.0, 3.0]), torch.tensor([2.0, 4.0, 5.0]), 2.0)
    assert report == pytest.approx({"precision": 2 / 3, "recall": 2 / 3, "false_positive_rate": 1 / 4})


def test_confusion_where_nothing_is_flagged_or_nothing_is_there():
    nothing = {"precision": 0.0, "recall": 0.0, "false_positive_rate": 0.0}
    assert confusion(torch.zeros(3), torch.zeros(2), 1.0) == nothing
    assert confusion(torch.zeros(0), torch.zeros(0), 1.0) == nothing


@pytest.mark.parametrize("base_rate", [0.5, 0.1, 0.01])
def test_precision_depends_on_the_base_rate(base_rate):
    """Bayes: recall * rate / (recall * rate + false alarms * (1 - rate)), here with recall 0.9 and 5 % false alarms."""
    anomalies = round(10_000 * base_rate)
    normal = (torch.arange(10_000 - anomalies) < 0.05 * (10_000 - anomalies)).float()
    anomaly = (torch.arange(anomalies) < 0.9 * anomalies).float()
    expected = 0.9 * base_rate / (0.9 * base_rate + 0.05 * (1 - base_rate))
    assert confusion(normal, anomaly, 0.5)["precision"] == pytest.approx(expected, rel=1e-3)
