# %% [markdown]
# # Exercise 06 · KL annealing and posterior collapse
#
# You write two schedules of the KL's factor, the floor of free bits, and a count of the latents in use.
# The lesson is [06 · KL annealing and posterior collapse](../notebooks/06_kl_annealing.ipynb). About 25 minutes.
#
# Replace each `raise NotImplementedError(...)` by your answer and run the cell, then the check below it.
# `hint("name of the task")` gives up to three hints, one per call. You may leave a task out.

# %%
import torch

from vae_lessons.checks import check, hint

# %% [markdown]
# ## 1. Linear warm-up (easy, 5 minutes)
#
# From `start` at step 0 in a straight line to `end` at step `warmup_steps`, and `end` from then on. Steps are counted from 0.
# `start` may lie above `end`; then the line falls.
# With `warmup_steps=0` there is no warm-up: the weight is `end` at once.


# %% answer="linear_warmup"
def linear_warmup(step: int, warmup_steps: int, start: float = 0.0, end: float = 1.0) -> float:
    """The weight of the KL at a step."""
    ### BEGIN SOLUTION
    if step >= warmup_steps:
        return end
    return start + (end - start) * step / warmup_steps
    ### END SOLUTION


# %% check="linear_warmup"
check(linear_warmup)

# %% [markdown]
# ## 2. Cyclical (easy, 5 minutes)
#
# Each period of `period` steps begins at 0, rises in a straight line over its first `ramp_fraction`, and stays at 1 until the
# period ends. Then the next one begins at 0. The ramp takes `period * ramp_fraction` steps, which need not be a whole number.


# %% answer="cyclical"
def cyclical(step: int, period: int, ramp_fraction: float = 0.5) -> float:
    """The weight of the KL at a step."""
    ### BEGIN SOLUTION
    place = step % period
    return min(1.0, place / (period * ramp_fraction))
    ### END SOLUTION


# %% check="cyclical"
check(cyclical)

# %% [markdown]
# ## 3. Free bits (medium, 8 minutes)
#
# `kl` is (B, D): of each picture and each latent. Average each latent over the batch, lift it to `min_nats` where it lies below,
# and sum over the latents. The result is a part of the loss, so its gradient has to survive.


# %% answer="free_bits"
def free_bits(kl: torch.Tensor, min_nats: float) -> torch.Tensor:
    """The sum over latents of the mean KL, at least min_nats each: (B, D) to a scalar."""
    ### BEGIN SOLUTION
    return kl.mean(dim=0).clamp(min=min_nats).sum()
    ### END SOLUTION


# %% check="free_bits"
check(free_bits)

# %% [markdown]
# ## 4. Active units (easy, 5 minutes)
#
# `mu` is (B, D): the posterior means of B pictures. Count the latents whose mean varies over the pictures by more than
# `threshold` (a variance).


# %% answer="active_units"
def active_units(mu: torch.Tensor, threshold: float = 0.01) -> int:
    """How many latents are in use."""
    ### BEGIN SOLUTION
    return int((mu.var(dim=0, correction=0) > threshold).sum())
    ### END SOLUTION


# %% check="active_units"
check(active_units)

# %% [markdown]
# ## A dial for collapse
#
# In the best linear VAE a latent is active exactly if its eigenvalue exceeds the noise variance $\sigma^2$. So you can choose how many
# of the 16 latents collapse. The cell prints the eigenvalues of small digits. Change `variance` until exactly 10 of the 16 are
# active. In which range must it lie?

# %%
from vae_lessons.data import halve, mnist, to_float

pictures = to_float(halve(mnist().train.images[:10_000]))
eigenvalues = torch.linalg.eigvalsh(torch.cov(pictures.T)).flip(0)[:16]
print("eigenvalues:", " ".join(f"{value:.2f}" for value in eigenvalues))

variance = 0.5
kl = 0.5 * torch.log(eigenvalues / variance).clamp(min=0)
print(f"sigma^2 = {variance}: {int((kl > 0).sum())} of 16 active, KL {kl.sum():.1f} nats")

# %% [markdown]
# ## What passed
#
# Run the four checks once more to see where you stand. The solution is in the
# [solutions folder](../solutions/06_kl_annealing.ipynb).
