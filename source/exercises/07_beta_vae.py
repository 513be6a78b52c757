# %% [markdown]
# # Exercise 07 · Beta-VAE
#
# You write a walk along one latent number, the measure that says whether latents follow factors, and the choice of the models
# worth keeping. The lesson is [07 · Beta: rate against distortion](../notebooks/07_beta_vae.ipynb). About 40 minutes.
#
# Replace each `raise NotImplementedError(...)` by your answer and run the cell, then the check below it.
# `hint("name of the task")` gives up to three hints, one per call. You may leave a task out.

# %%
import torch

from vae_lessons import plots
from vae_lessons.checks import check, hint

# %% [markdown]
# ## 1. A walk along one latent (easy, 8 minutes)
#
# Decode copies of one code `z` in which latent `dim` takes each of the `values` in turn. All other latents keep the numbers
# of `z`, and `z` itself stays as it is: the caller may need it again. Return what `decode` gives, without a sigmoid.


# %% answer="latent_traversal"
def latent_traversal(decode, z: torch.Tensor, dim: int, values: torch.Tensor) -> torch.Tensor:
    """decode(copies of z (D,) with z[dim] replaced by each of values (V,)): (V, P)."""
    ### BEGIN SOLUTION
    codes = z.repeat(len(values), 1)  # (V, D), a copy
    codes[:, dim] = values
    return decode(codes)
    ### END SOLUTION


# %% check="latent_traversal"
check(latent_traversal)

# %% [markdown]
# ## 2. The mutual information gap (medium, 12 minutes)
#
# You get a table of what each latent knows about each factor, (D, F) in nats, and the entropy of each factor, (F,). For each
# factor take the latent that knows most and subtract the one that knows second most; divide by that factor's entropy; then
# take the mean over factors.


# %% answer="mutual_information_gap"
def mutual_information_gap(mutual_information: torch.Tensor, entropy: torch.Tensor) -> float:
    """Mean over factors of (largest - second largest information) / entropy; (D, F) and (F,)."""
    ### BEGIN SOLUTION
    best, second = mutual_information.topk(2, dim=0).values  # two of (F,)
    return ((best - second) / entropy).mean().item()
    ### END SOLUTION


# %% check="mutual_information_gap"
check(mutual_information_gap)

# %% [markdown]
# ## 3. The models worth keeping (medium, 15 minutes)
#
# Each model has a rate and a distortion, and both should be small. One model **dominates** another if it is no worse in both
# and better in at least one. Return the indices of the models that nobody dominates, in the order of increasing rate. Equal
# values occur: of two models with the same rate, the one with the larger distortion is dominated. Of two equal models keep
# one or both. The loop of the lesson did not think of ties. The messages of the check call a model a point, with its rate and
# distortion as coordinates.


# %% answer="pareto_front"
def pareto_front(rate: torch.Tensor, distortion: torch.Tensor) -> torch.Tensor:
    """Indices (K,) long of the undominated of N models, by increasing rate; rate and distortion (N,)."""
    ### BEGIN SOLUTION
    order = sorted(range(len(rate)), key=lambda i: (rate[i].item(), distortion[i].item()))
    front, lowest = [], float("inf")
    for i in order:
        if distortion[i] < lowest:  # better than every model with a smaller rate
            front.append(i)
            lowest = distortion[i].item()
    return torch.tensor(front, dtype=torch.long)
    ### END SOLUTION


# %% check="pareto_front"
check(pareto_front)

# %% [markdown]
# ## Is the gap a property of the pictures?
#
# The package has all three functions, so this works whatever you wrote above. Draw 20,000 places x and y at random, from 0
# to 8, real numbers. The factors are the column and the row, their whole parts. Here is a perfect code: two latents, one is
# x, the other is y. Now we turn the plane of the two latents by an angle. No information is lost: turn it back and you have x
# and y again. Guess first: at 45 degrees, what is left of the gap? And at 90?

# %%
from vae_lessons import metrics

places = 8 * torch.rand(20_000, 2, generator=torch.Generator().manual_seed(0))
factors = places.long()  # column and row, 0 to 7
angles = torch.arange(0, 91, 5)
gaps = []
for angle in torch.deg2rad(angles.float()):
    turn = torch.tensor([[angle.cos(), -angle.sin()], [angle.sin(), angle.cos()]])
    information, entropy = metrics.latent_factor_information(places @ turn, factors, bins=40)
    gaps.append(metrics.mutual_information_gap(information, entropy))
plots.curves(
    {"a perfect code, turned": {"MIG": (angles, gaps)}},
    xlabel="angle in degrees",
    ylabel="mutual information gap",
    alt="MIG over the angle from 0 to 90 degrees: 1 at both ends, 0.8 five degrees away from them, half at 15 degrees, and "
    "zero at 45, the same on both sides.",
)

# %% [markdown]
# Five degrees cost a good sixth of it, 15 degrees about half. At 45 degrees both latents know equally much about both factors, and
# the gap is 0. At 90 degrees the latents have changed places, which the MIG does not mind. So the gap asks for more than
# information: it asks for the right axes. Section 10 of the lesson says why the training of a VAE does not promise these.
#
# Try `bins=100`: the curve hardly moves. That is why the places are drawn at random. The pictures of the lesson have only 64
# places; turned a little, all 64 differ in each latent, and with bins fine enough each latent knows them all. The gap would
# then depend on the bins more than on the code.

# %% [markdown]
# ## What passed
#
# Run the three checks once more to see where you stand. The solution is in the
# [solutions folder](../solutions/07_beta_vae.ipynb).
