# %% [markdown]
# # Exercise 04 · The ELBO
#
# You write both terms of the ELBO, the loss made of them, and a function that finds a hidden beta.
# The lesson is [04 · The ELBO](../notebooks/04_elbo.ipynb). About 40 minutes.
#
# Replace each `raise NotImplementedError(...)` by your answer and run the cell, then the check below it.
# `hint("name of the task")` gives up to three hints, one per call. You may leave a task out.

# %%
import math

import torch
from torch.nn import functional as F

from vae_lessons.checks import check, hint

# %% [markdown]
# ## 1. The KL (easy, 5 minutes)
#
# $\mathrm{KL}(\mathcal N(\mu, \sigma^2) \,\Vert\, \mathcal N(0, 1))$ of every dimension, in nats. Not summed: one number for
# each picture and each latent.


# %% answer="gaussian_kl"
def gaussian_kl(mu: torch.Tensor, logvar: torch.Tensor) -> torch.Tensor:
    """KL(N(mu, exp(logvar)) || N(0, 1)) per dimension: (B, D) to (B, D)."""
    ### BEGIN SOLUTION
    return 0.5 * (mu**2 + torch.exp(logvar) - 1 - logvar)
    ### END SOLUTION


# %% check="gaussian_kl"
check(gaussian_kl)

# %% [markdown]
# ## 2. Binary pixels (medium, 8 minutes)
#
# $\log p(x \mid z)$ of pixels that are 0 or 1, with probability sigmoid(logit), summed over the pixels. It must also work
# for logits of 1000: a sigmoid followed by a logarithm does not.


# %% answer="bernoulli_log_likelihood"
def bernoulli_log_likelihood(x: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
    """log p(x) of pixels in {0, 1}: (B, P) to (B,), in nats."""
    ### BEGIN SOLUTION
    return -F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(dim=1)
    ### END SOLUTION


# %% check="bernoulli_log_likelihood"
check(bernoulli_log_likelihood)

# %% [markdown]
# ## 3. Real-valued pixels (medium, 8 minutes)
#
# $\log \mathcal N(x; \text{mean}, \exp(\text{logvar}))$, all constants included, summed over the pixels. `logvar` may be a
# scalar, per pixel (P,), per example (B, 1), or both (B, P).


# %% answer="gaussian_log_likelihood"
def gaussian_log_likelihood(
    x: torch.Tensor, mean: torch.Tensor, logvar: torch.Tensor
) -> torch.Tensor:
    """log N(x; mean, exp(logvar)) summed over pixels: (B, P) to (B,), in nats."""
    ### BEGIN SOLUTION
    per_pixel = math.log(2 * math.pi) + logvar + (x - mean) ** 2 / torch.exp(logvar)
    return -0.5 * per_pixel.sum(dim=1)
    ### END SOLUTION


# %% check="gaussian_log_likelihood"
check(gaussian_log_likelihood)

# %% [markdown]
# ## 4. The loss (medium, 8 minutes)
#
# Minus the ELBO with Bernoulli pixels, the KL multiplied by `beta`: sum over pixels and latents, mean over the batch.


# %% answer="negative_elbo"
def negative_elbo(
    x: torch.Tensor,
    logits: torch.Tensor,
    mu: torch.Tensor,
    logvar: torch.Tensor,
    beta: float = 1.0,
) -> torch.Tensor:
    """-log p(x|z) + beta * KL as a scalar, in nats per picture; x, logits (B, P), mu, logvar (B, D)."""
    ### BEGIN SOLUTION
    reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(dim=1)
    kl = 0.5 * (mu**2 + torch.exp(logvar) - 1 - logvar).sum(dim=1)
    return (reconstruction + beta * kl).mean()
    ### END SOLUTION


# %% check="negative_elbo"
check(negative_elbo)

# %% [markdown]
# ## 5. The hidden beta (easy, 5 minutes)
#
# A loss reduces the reconstruction over pixels and the KL over latents, each by `"sum"` or `"mean"`, and multiplies the KL
# by `beta`. What is the factor of the KL, compared with the loss that sums both?


# %% answer="effective_beta"
def effective_beta(
    recon_reduction: str, kl_reduction: str, pixels: int, latents: int, beta: float = 1.0
) -> float:
    """The weight of the summed KL relative to the summed log-likelihood."""
    ### BEGIN SOLUTION
    reconstruction_scale = {"sum": 1.0, "mean": 1 / pixels}[recon_reduction]
    kl_scale = {"sum": 1.0, "mean": 1 / latents}[kl_reduction]
    return beta * kl_scale / reconstruction_scale
    ### END SOLUTION


# %% check="effective_beta"
check(effective_beta)

# %% [markdown]
# Three settings; the first two were found in published code, where they look harmless. Guess their beta, then run the cell.

# %%
settings = {
    "both averaged, 784 pixels, 10 latents, beta 0.1": (784, 10, 0.1, "mean", "mean"),
    "pixels averaged (64 x 64 x 3), KL summed, beta 0.0005": (
        12288,
        128,
        0.0005,
        "mean",
        "sum",
    ),
    "both summed, 784 pixels, 16 latents, beta 4": (784, 16, 4.0, "sum", "sum"),
}
for name, (pixels, latents, beta, reconstruction, kl) in settings.items():
    by_pixels = pixels if reconstruction == "mean" else 1
    by_latents = latents if kl == "mean" else 1
    print(f"{name}: {beta * by_pixels / by_latents:.2f}")

# %% [markdown]
# ## What passed
#
# Run the five checks once more to see where you stand. The solution is in the
# [solutions folder](../solutions/04_elbo.ipynb).
