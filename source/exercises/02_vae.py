# %% [markdown]
# # Exercise 02 · The variational autoencoder
#
# You write the encoder with its two heads, and draw new pictures from the prior.
# The lesson is [02 · The variational autoencoder](../notebooks/02_vae.ipynb). About 25 minutes.
#
# Replace each `raise NotImplementedError(...)` by your answer and run the cell, then the check below it.
# `hint("name of the task")` gives up to three hints, one per call. You may leave a task out.

# %%
import torch
from torch import nn

from vae_lessons import plots
from vae_lessons.checks import check, hint
from vae_lessons.data import binarize, mnist

digits = mnist()
x_test = binarize(digits.test.images)

# %% [markdown]
# ## 1. Two heads (medium, 15 minutes)
#
# The encoder turns a picture into the mean and the log-variance of a normal distribution per latent number. Share one
# hidden layer with a nonlinearity, then give each answer its own weights. Ask yourself what values each may take.


# %% answer="GaussianEncoder"
class GaussianEncoder(nn.Module):
    """Pictures (B, input_dim) to mu and logvar, each (B, latent_dim)."""

    def __init__(self, input_dim: int, hidden_dim: int, latent_dim: int):
        super().__init__()
        ### BEGIN SOLUTION
        self.body = nn.Sequential(nn.Linear(input_dim, hidden_dim), nn.ReLU())
        self.mu = nn.Linear(hidden_dim, latent_dim)
        self.logvar = nn.Linear(hidden_dim, latent_dim)
        ### END SOLUTION

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(mu, logvar)."""
        ### BEGIN SOLUTION
        features = self.body(x)
        return self.mu(features), self.logvar(features)
        ### END SOLUTION


# %% check="GaussianEncoder"
check(GaussianEncoder)

# %% [markdown]
# From here on we use the package's VAE, so that you can go on in any case. Where is it sure, and where not? The KL of a
# picture says how much its code tells. Guess which pictures need the most nats, and which the fewest.

# %%
from vae_lessons.distributions import gaussian_kl
from vae_lessons.losses import elbo_terms
from vae_lessons.models import mlp_vae
from vae_lessons.training import fit, scaled_epochs, seed_everything

seed_everything(0)
vae = mlp_vae(latent_dim=16)
fit(
    vae,
    digits.train,
    digits.validation,
    objective=elbo_terms,
    prepare=binarize,
    epochs=scaled_epochs(5),
)

# %%
with torch.no_grad():
    kl = gaussian_kl(*vae.encode(x_test)).sum(1)
order = kl.argsort()
print(f"from {kl.min():.1f} to {kl.max():.1f} nats")
plots.image_rows(
    {"fewest nats": x_test[order[:10]], "most nats": x_test[order[-10:]]},
    alt="Above, ten test digits with the smallest KL; below, ten with the largest, which are unusual in shape.",
)

# %% [markdown]
# ## 2. New pictures from the prior (easy, 10 minutes)
#
# Draw `n` codes from N(0, I), decode them, and turn the decoder's logits into pixels from 0 to 1. Nothing is trained
# here, so no gradient has to be kept.


# %% answer="sample_prior"
def sample_prior(decoder, n: int, latent_dim: int) -> torch.Tensor:
    """n pictures (n, P) in [0, 1]; `decoder(z)` turns codes (n, latent_dim) into logits (n, P)."""
    ### BEGIN SOLUTION
    with torch.no_grad():
        return torch.sigmoid(decoder(torch.randn(n, latent_dim)))
    ### END SOLUTION


# %% check="sample_prior"
check(sample_prior)

# %% [markdown]
# Thirty pictures from the prior of the VAE above, and thirty more with half of the prior's standard deviation. What is
# gained by staying close to zero, and what is lost?

# %%
torch.manual_seed(0)
z = torch.randn(30, 16)
with torch.no_grad():
    full, half = torch.sigmoid(vae.decode(z)), torch.sigmoid(vae.decode(z / 2))
plots.image_grid(
    full,
    alt="Thirty pictures decoded from the prior: a mixture of digits and near misses.",
    title="z ~ N(0, I)",
)

# %%
plots.image_grid(
    half,
    alt="Thirty pictures decoded from half-size codes: cleaner, rounder and more alike.",
    title="half of it",
)

# %% [markdown]
# ## What passed
#
# Run the two checks once more to see where you stand. The solution is in the
# [solutions folder](../solutions/02_vae.ipynb).
