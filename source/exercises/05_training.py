# %% [markdown]
# # Exercise 05 · Training
#
# You write one step of training, an evaluation that can be trusted, and a walk from one picture to another.
# The lesson is [05 · Training](../notebooks/05_training.ipynb). About 40 minutes.
#
# Replace each `raise NotImplementedError(...)` by your answer and run the cell, then the check below it.
# `hint("train_step")` gives up to three hints for that task, one per call. You may leave a task out.
#
# A `model` is the package's `VAE`: `encode(x)` gives `(mu, logvar)`, `decode(z)` gives logits, and `model(x)` gives
# `logits, mu, logvar, z`. `negative_elbo` and `gaussian_kl` are those of lesson 04.

# %%
from collections.abc import Iterable

import torch

from vae_lessons.checks import check, hint
from vae_lessons.distributions import bernoulli_log_likelihood, gaussian_kl
from vae_lessons.models import VAE

# %% [markdown]
# ## 1. One step (medium, 10 minutes)
#
# Training mode, the loss of this batch, new gradients without any old ones in them, one step of the optimizer. The loss is
# `reconstruction + beta * kl`, both summed over pixels or latents and averaged over the batch. Return all three as Python
# floats, as they were *before* the step.


# %% answer="train_step"
def train_step(
    model: VAE, optimizer: torch.optim.Optimizer, x: torch.Tensor, beta: float = 1.0
) -> dict[str, float]:
    """One optimizer step on x (B, P); `loss`, `reconstruction` and `kl` in nats per image, before the step."""
    ### BEGIN SOLUTION
    model.train()
    output = model(x)
    reconstruction = -bernoulli_log_likelihood(x, output.logits).mean()
    kl = gaussian_kl(output.mu, output.logvar).sum(dim=1).mean()
    loss = reconstruction + beta * kl
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return {"loss": loss.item(), "reconstruction": reconstruction.item(), "kl": kl.item()}
    ### END SOLUTION


# %% check="train_step"
check(train_step)

# %% [markdown]
# ## 2. Evaluation (medium, 10 minutes)
#
# The same three numbers over many batches, as means over *pictures*: the last batch may be smaller. Evaluation mode inside,
# the former mode afterwards, no gradient. The code is sampled as in training: `model(x)` does that in either mode.


# %% answer="evaluate"
def evaluate(
    model: VAE, batches: Iterable[torch.Tensor], beta: float = 1.0
) -> dict[str, float]:
    """Means of `loss`, `reconstruction` and `kl` over all pictures of batches (B, P), in nats per image."""
    ### BEGIN SOLUTION
    was_training = model.training
    model.eval()
    reconstruction, kl, count = 0.0, 0.0, 0
    with torch.no_grad():
        for x in batches:
            output = model(x)
            reconstruction -= bernoulli_log_likelihood(x, output.logits).sum().item()
            kl += gaussian_kl(output.mu, output.logvar).sum().item()
            count += len(x)
    model.train(was_training)
    reconstruction, kl = reconstruction / count, kl / count
    return {"loss": reconstruction + beta * kl, "reconstruction": reconstruction, "kl": kl}
    ### END SOLUTION


# %% check="evaluate"
check(evaluate)

# %% [markdown]
# ## 3. A walk (easy, 7 minutes)
#
# From one picture to another: a straight line between the two posterior *means*, both ends included, decoded to pixels in
# [0, 1], without a gradient.


# %% answer="interpolate"
def interpolate(model: VAE, x_a: torch.Tensor, x_b: torch.Tensor, steps: int) -> torch.Tensor:
    """Pictures between x_a and x_b, (P,) each: (steps, P)."""
    ### BEGIN SOLUTION
    with torch.no_grad():
        mu_a, _ = model.encode(x_a[None])
        mu_b, _ = model.encode(x_b[None])
        share = torch.linspace(0, 1, steps).to(mu_a)[:, None]  # (steps, 1)
        return torch.sigmoid(model.decode((1 - share) * mu_a + share * mu_b))
    ### END SOLUTION


# %% check="interpolate"
check(interpolate)

# %% [markdown]
# ## Put them to work
#
# Trousers to bags, trained by your own loop: the cell runs once all three functions are written. **Questions to answer by
# looking:** which of the two terms rises? And is there a garment halfway?

# %%
from vae_lessons import plots
from vae_lessons.data import binarize, fashion_mnist
from vae_lessons.models import mlp_vae
from vae_lessons.training import scaled_epochs


def from_trousers_to_a_bag():
    clothes = fashion_mnist()
    x, labels = binarize(clothes.train.images), clothes.train.labels
    torch.manual_seed(0)
    vae = mlp_vae(16)
    optimizer = torch.optim.Adam(vae.parameters(), lr=2e-3)
    for epoch in range(scaled_epochs(10)):
        for index in torch.randperm(len(x)).split(200):
            train_step(vae, optimizer, x[index])
        found = evaluate(vae, binarize(clothes.validation.images).split(500))
        print(epoch + 1, {name: round(value, 1) for name, value in found.items()})
    path = interpolate(vae, x[labels == 1][0], x[labels == 8][0], 9)
    return plots.image_rows(
        {"path": path}, alt="Nine pictures on the way from trousers to a bag."
    )


try:
    shown = from_trousers_to_a_bag()
except NotImplementedError:
    shown = "Waiting for your three functions."
shown

# %% [markdown]
# The KL rises at first and then stays about where it is. Halfway lie greyish trousers whose gap fills up: no garment that anybody
# sells. Try other pairs of labels.

# %% [markdown]
# ## What passed
#
# Run the three checks once more to see where you stand. The solution is in the
# [solutions folder](../solutions/05_training.ipynb).
