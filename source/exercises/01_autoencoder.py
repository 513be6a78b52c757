# %% [markdown]
# # Exercise 01 · The autoencoder
#
# You write three things: a measure of error, the network as a class, and a search for neighbours in the latent space.
# The lesson is [01 · The autoencoder](../notebooks/01_autoencoder.ipynb). About 30 minutes.
#
# Replace each `raise NotImplementedError(...)` by your answer and run the cell, then the check below it. A check tells
# you what it saw and what it expected. `hint("name of the task")` gives up to three hints, one per call. You may leave
# a task out: the cells after it do not need your answer.

# %%
import torch
from torch import nn

from vae_lessons import plots
from vae_lessons.checks import check, hint
from vae_lessons.data import mnist, to_float

digits = mnist()
x_test = to_float(digits.test.images)

# %% [markdown]
# ## 1. The error of each picture (easy, 5 minutes)
#
# The squared error, summed over the pixels: one number per picture.
#
# $$e_b = \sum_{p=1}^{P} (x_{bp} - \hat x_{bp})^2$$


# %% answer="reconstruction_error"
def reconstruction_error(x: torch.Tensor, x_hat: torch.Tensor) -> torch.Tensor:
    """Squared error summed over pixels: x and x_hat (B, P) to (B,)."""
    ### BEGIN SOLUTION
    return ((x - x_hat) ** 2).sum(dim=1)
    ### END SOLUTION


# %% check="reconstruction_error"
check(reconstruction_error)

# %% [markdown]
# ## 2. The network (medium, 15 minutes)
#
# Write the autoencoder of the lesson as a class. One hidden layer on either side, with a nonlinearity. `decode` returns
# logits, that is, no sigmoid at its end. It must depend on the picture through `z` alone: that is the bottleneck.


# %% answer="Autoencoder"
class Autoencoder(nn.Module):
    """Pictures (B, input_dim) to a code z (B, latent_dim) and back to logits (B, input_dim)."""

    def __init__(self, input_dim: int, hidden_dim: int, latent_dim: int):
        super().__init__()
        ### BEGIN SOLUTION
        self.encoder = nn.Sequential(
            nn.Linear(input_dim, hidden_dim), nn.ReLU(), nn.Linear(hidden_dim, latent_dim)
        )
        self.decoder = nn.Sequential(
            nn.Linear(latent_dim, hidden_dim), nn.ReLU(), nn.Linear(hidden_dim, input_dim)
        )
        ### END SOLUTION

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        """The code z (B, latent_dim)."""
        ### BEGIN SOLUTION
        return self.encoder(x)
        ### END SOLUTION

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        """Logits of the pixels (B, input_dim)."""
        ### BEGIN SOLUTION
        return self.decoder(z)
        ### END SOLUTION

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(logits, z)."""
        ### BEGIN SOLUTION
        z = self.encode(x)
        return self.decode(z), z
        ### END SOLUTION


# %% check="Autoencoder"
check(Autoencoder)

# %% [markdown]
# From here on we use the package's network and error, so that you can go on in any case. Which test pictures does a
# network with 16 numbers redraw worst? Guess which digit is among them most often, then look.

# %%
from vae_lessons.losses import squared_error, squared_error_terms
from vae_lessons.models import mlp_autoencoder
from vae_lessons.training import fit, scaled_epochs, seed_everything

seed_everything(0)
autoencoder = mlp_autoencoder(latent_dim=16)
fit(
    autoencoder,
    digits.train,
    digits.validation,
    objective=squared_error_terms,
    prepare=to_float,
    epochs=scaled_epochs(3),
)

# %%
with torch.no_grad():
    redrawn = torch.sigmoid(autoencoder(x_test).logits)
worst = squared_error(x_test, redrawn).argsort(descending=True)[:10]
print("their labels:", digits.test.labels[worst].tolist())
plots.image_rows(
    {"worst redrawn": x_test[worst], "as redrawn": redrawn[worst]},
    alt="The ten test pictures with the largest error, and below them the network's blurred versions.",
)

# %% [markdown]
# ## 3. Neighbours in the latent space (medium, 10 minutes)
#
# Which pictures does the network find similar? For each query code, find the `k` nearest codes by Euclidean distance.


# %% answer="nearest_neighbors"
def nearest_neighbors(codes: torch.Tensor, query: torch.Tensor, k: int) -> torch.Tensor:
    """The indices (Q, k) of the k codes (N, D) nearest to each query (Q, D), nearest first."""
    ### BEGIN SOLUTION
    return torch.cdist(query, codes).topk(k, largest=False).indices
    ### END SOLUTION


# %% check="nearest_neighbors"
check(nearest_neighbors)

# %% [markdown]
# Are neighbours by code better than neighbours by pixels? We look for the nearest training picture of 2,000 test pictures
# in both ways, and count how often it shows the same digit. Guess first: which way wins?

# %%
x_train = to_float(digits.train.images)
with torch.no_grad():
    train_codes, test_codes = autoencoder.encode(x_train), autoencoder.encode(x_test[:2000])
by_code = torch.cdist(test_codes, train_codes).argmin(dim=1)
by_pixel = torch.cdist(x_test[:2000], x_train).argmin(dim=1)
for name, nearest in (("code", by_code), ("pixels", by_pixel)):
    same = (digits.train.labels[nearest] == digits.test.labels[:2000]).float().mean()
    print(f"nearest by {name:6}: same digit {same:.1%}")

# %% [markdown]
# Sixteen numbers keep most of what 784 pixels say about the neighbours, but they add nothing here. These are ten test
# pictures on which the two ways disagree about the digit:

# %%
disagree = (digits.train.labels[by_code] != digits.train.labels[by_pixel]).nonzero()[:10, 0]
plots.image_rows(
    {
        "test picture": x_test[disagree],
        "nearest by code": x_train[by_code[disagree]],
        "nearest by pixels": x_train[by_pixel[disagree]],
    },
    columns=[f"a {label}" for label in digits.test.labels[disagree].tolist()],
    alt="Ten unusual test digits, each with its true label above and its nearest training picture "
    "by code and by pixels below; the two show different digits in every column.",
)

# %% [markdown]
# ## What passed
#
# Run the three checks once more to see where you stand. The solution is in the
# [solutions folder](../solutions/01_autoencoder.ipynb). Compare it with yours even if all passed.
# Next lesson: [02 · The variational autoencoder](../notebooks/02_vae.ipynb)
