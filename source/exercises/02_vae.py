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
# hidden layer with a nonlinearity, then give each answer its own weights. Both may be any number: no activation and no
# clamp at the end.


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
# From here on we use the package's VAE, so that you can go on in any case. The KL of a picture is the price of its code.
# Guess what the pictures with the highest price have in common, and those with the lowest.

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
    alt="Above, ten test digits with the smallest KL, drawn thin; below, ten with the largest, drawn with a thick pen.",
)

# %% [markdown]
# ## 2. New pictures from the prior (easy, 10 minutes)
#
# Draw `n` codes from N(0, I), decode them, and turn the decoder's logits into pixels from 0 to 1. Nothing is trained
# here: return pictures without gradient.


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
# Thirty pictures from the prior of the VAE above, and the same thirty codes at half their size, closer to the mean of the
# prior. Guess first: will the second thirty be better digits, or worse?

# %%
torch.manual_seed(0)
z = torch.randn(30, 16)
with torch.no_grad():
    full, half = torch.sigmoid(vae.decode(z)), torch.sigmoid(vae.decode(z / 2))
plots.image_grid(
    full,
    alt="Thirty pictures decoded from the prior: digits and near misses.",
    title="z ~ N(0, I)",
)

# %%
plots.image_grid(
    half,
    alt="The same thirty shapes from codes of half the size: greyer and more blurred.",
    title="the same z, halved",
)

# %% [markdown]
# Paler and more blurred. With 16 numbers nearly all samples of N(0, I) lie about 4 from zero. Close to zero is as unusual a
# place as far outside.

# %% [markdown]
# ## What passed
#
# Run the two checks once more to see where you stand. The solution is in the
# [solutions folder](../solutions/02_vae.ipynb).
