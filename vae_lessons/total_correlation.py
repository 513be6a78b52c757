"""The total correlation of the codes, and the objective that weighs it: beta-TCVAE."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from vae_lessons.distributions import bernoulli_log_likelihood, gaussian_kl, gaussian_log_prob
from vae_lessons.losses import Likelihood, Terms


def total_correlation(z: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
    """log q(z) - sum_d log q(z_d) of z (S, D) under the mixture of B posteriors, mu and logvar (B, D): (S,), in nats.

    Its mean over draws z ~ q(z) is the total correlation KL(q(z) || prod_d q(z_d)), 0 if the latents are independent.
    A batch stands for all pictures, so a draw's own posterior weighs too much; up to a constant this is their
    minibatch-weighted sampling. Memory is S * B * D floats. Source: Chen et al. 2018, sections 3.1 and 3.2.
    """
    log_q = gaussian_log_prob(z[:, None], mu, logvar)  # (S, B, D)
    joint = torch.logsumexp(log_q.sum(2), dim=1)  # (S,)
    marginals = torch.logsumexp(log_q, dim=1)  # (S, D)
    return joint - marginals.sum(1) + (z.shape[1] - 1) * math.log(len(mu))


def beta_tc_terms(
    weight: float, likelihood: Likelihood = bernoulli_log_likelihood
) -> Callable[[nn.Module, Tensor, Tensor | None], Terms]:
    """The objective -log p(x|z) + KL + (weight - 1) * total correlation; with weight 1 it is the negative ELBO.

    `Terms.kl` is (B, D + 1): the KL of each latent, and last what the weight adds. Source: Chen et al. 2018, equation 4
    with alpha = gamma = 1.
    """

    def objective(model: nn.Module, x: Tensor, labels: Tensor | None = None) -> Terms:
        logits, mu, logvar, z = model(x)
        extra = (weight - 1) * total_correlation(z, mu, logvar)
        return Terms(-likelihood(x, logits), torch.cat([gaussian_kl(mu, logvar), extra[:, None]], dim=1))

    return objective
