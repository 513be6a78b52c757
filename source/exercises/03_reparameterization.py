# %% [markdown]
# # Exercise 03 · The reparameterization trick
#
# You write the sampler of the VAE, draw many samples at once, and write the estimator that needs no derivative of $f$.
# The lesson is [03 · The reparameterization trick](../notebooks/03_reparameterization.ipynb). About 30 minutes.
#
# Replace each `raise NotImplementedError(...)` by your answer and run the cell, then the check below it.
# `hint("name of the task")` gives up to three hints, one per call. You may leave a task out.

# %%
import torch

from vae_lessons import plots
from vae_lessons.checks import check, hint

# %% [markdown]
# ## 1. The trick (easy, 5 minutes)
#
# $z = \mu + \sigma\,\varepsilon$ with $\sigma = \exp(\tfrac12 \log\sigma^2)$. If `noise` is given, use it as $\varepsilon$.
# If not, draw it: fresh in each call, for every picture and every latent number. The result must be differentiable in
# `mu` and `logvar`.


# %% answer="reparameterize"
def reparameterize(
    mu: torch.Tensor, logvar: torch.Tensor, noise: torch.Tensor | None = None
) -> torch.Tensor:
    """z = mu + exp(logvar / 2) * noise, all (B, D)."""
    ### BEGIN SOLUTION
    if noise is None:
        noise = torch.randn_like(mu)
    return mu + torch.exp(logvar / 2) * noise
    ### END SOLUTION


# %% check="reparameterize"
check(reparameterize)

# %% [markdown]
# ## 2. Many samples (easy, 5 minutes)
#
# Later lessons need several samples of $z$ for each picture. Return `n` of them, independent of each other.


# %% answer="sample_posterior"
def sample_posterior(mu: torch.Tensor, logvar: torch.Tensor, n: int) -> torch.Tensor:
    """n independent samples (n, B, D) of N(mu, exp(logvar)); mu and logvar are (B, D)."""
    ### BEGIN SOLUTION
    noise = torch.randn(n, *mu.shape, dtype=mu.dtype)
    return mu + torch.exp(logvar / 2) * noise
    ### END SOLUTION


# %% check="sample_posterior"
check(sample_posterior)

# %% [markdown]
# ## 3. Without a derivative of f (harder, 15 minutes)
#
# Estimate the gradient of $\mathbb E_{z \sim q}[f(z)]$ in $\mu$ with the score function, from `n` samples. `f` maps codes
# (n, D) to values (n,), and you must not differentiate it. You may subtract a baseline, if the average stays right.


# %% answer="score_function_gradient"
def score_function_gradient(f, mu: torch.Tensor, logvar: torch.Tensor, n: int) -> torch.Tensor:
    """A Monte Carlo estimate (D,) of the gradient of E[f(z)] in mu; mu and logvar are (D,)."""
    ### BEGIN SOLUTION
    with torch.no_grad():
        z = mu + torch.exp(logvar / 2) * torch.randn(n, len(mu), dtype=mu.dtype)
        score = (z - mu) / torch.exp(logvar)  # (n, D)
        return (f(z)[:, None] * score).mean(dim=0)
    ### END SOLUTION


# %% check="score_function_gradient"
check(score_function_gradient)

# %% [markdown]
# Here is what only this estimator can do. $f(z)$ is 1 where $z > 0$, else 0: a step. Its derivative is 0 everywhere but at the jump, where it has none, so
# the reparameterised gradient is always 0. The exact gradient of the average $\Phi(\mu / \sigma)$ is the normal density
# $\phi(\mu / \sigma) / \sigma$. We estimate it with the reference solution's formula for several $\mu$.

# %%
mus = torch.linspace(-3, 3, 13)
torch.manual_seed(0)
z = mus + torch.randn(20_000, 1)  # sigma = 1
by_score = ((z > 0).float() * (z - mus)).mean(dim=0)
exact = torch.exp(-(mus**2) / 2) / (2 * torch.pi) ** 0.5
plots.lines(
    mus.tolist(),
    {
        "exact": exact.tolist(),
        "score function": by_score.tolist(),
        "reparameterised": [0.0] * len(mus),
    },
    xlabel="μ",
    ylabel="gradient of the average",
    alt="The exact gradient is a bell curve over mu from -3 to 3. The score-function estimates lie "
    "on it; the reparameterised gradient is zero everywhere.",
)

# %% [markdown]
# ## What passed
#
# Run the three checks once more to see where you stand. The solution is in the
# [solutions folder](../solutions/03_reparameterization.ipynb).
