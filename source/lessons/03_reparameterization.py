# %% [markdown]
# # 03 · The reparameterization trick
#
# **After this lesson** you can say why a random draw stops the gradient, write the sampler that lets it through, derive
# the alternative that needs no derivative of $f$, and say from measurements what the trick is worth.
#
# | section | minutes |
# |---|---|
# | 1. A draw stops the gradient | 5 |
# | 2. Move the randomness outside | 7 |
# | 3. Is the answer right? | 5 |
# | 4. Without the trick: the score function | 8 |
# | 5. How noisy is one draw? | 7 |
# | 6. On real digits | 6 |
# | 7. Does it matter for training? | 6 |
# | quiz | 5 |
#
# **Run time:** about {{run_times: 03_reparameterization.seconds}} s on two CPU cores.
# **Builds on:** [02 · The variational autoencoder](02_vae.ipynb).
#
# ## 1. A draw stops the gradient
#
# The loss of a VAE contains an average over random codes: draw $z$ from the cloud $q(z \mid x) = \mathcal N(\mu, \sigma^2)$,
# decode it, look at a value $f(z)$, in a VAE the log-probability of the picture. To train the encoder we need to know how the average
# $\mathbb E_{z \sim q}[f(z)]$ changes with $\mu$ and $\sigma$. **Question.** Can automatic differentiation tell us?
#
# > **Predict.** `torch.normal(mu, sigma)` draws from N(mu, sigma²). We square the draw and ask for the gradient in `mu`.
# > An error, a useful number, or something else?

# %% tags=["nbval-check-output"]
import torch

from vae_lessons import plots

mu = torch.tensor(1.0, requires_grad=True)
sigma = torch.tensor(0.5, requires_grad=True)

loss = torch.normal(mu, sigma) ** 2
loss.backward()
print(f"gradient in mu {mu.grad.item()}, in sigma {sigma.grad.item()}")
mu.grad, sigma.grad = None, None

# %% [markdown]
# **Seen.** Zero, without a word of warning. A draw is a number that came out of a box. `mu` decided which box, but there is
# no formula from `mu` to this particular number that a derivative could follow, so PyTorch takes the number for a
# constant. An encoder trained like this would learn nothing from the reconstruction term, and nothing would tell you.
#
# ## 2. Move the randomness outside
#
# The **reparameterization trick** writes such a formula. Draw $\varepsilon$ from the fixed distribution
# $\mathcal N(0, 1)$, which no parameter influences, and compute
#
# $$z = \mu + \sigma\, \varepsilon .$$
#
# Then $z$ has exactly the distribution $\mathcal N(\mu, \sigma^2)$, and it is an ordinary function of $\mu$ and $\sigma$.
# With $\varepsilon$ held fixed, its derivatives are $\partial z / \partial \mu = 1$ and
# $\partial z / \partial \sigma = \varepsilon$.
#
# > **Predict.** For $f(z) = z^2$, $\mu = 1$, $\sigma = 0.5$ and the draw $\varepsilon = 2$: what are the two gradients of the
# > loss? Use the chain rule.

# %% tags=["nbval-check-output"]
noise = torch.tensor(2.0)
z = mu + sigma * noise
(z**2).backward()
print(f"z = {z.item()}, gradient in mu {mu.grad.item()}, gradient in sigma {sigma.grad.item()}")
print(f"chain rule: 2 z = {2 * z.item()}, 2 z eps = {2 * z.item() * noise.item()}")

# %% [markdown]
# In the package the sampler takes `logvar` $= \log \sigma^2$, as in lesson 02, and draws the noise if you do not give it:

# %% tags=["nbval-check-output"]
from vae_lessons.distributions import reparameterize

logvar = 2 * torch.log(torch.tensor([0.5]))
by_package = reparameterize(torch.tensor([1.0]), logvar, torch.tensor([2.0]))
print("by the package:", by_package.item())

# %% [markdown]
# What does a gradient through a draw mean? Hold twenty draws of $\varepsilon$ fixed and turn $\mu$ or $\sigma$: every $z$
# moves along a line. The gradient is the slope of its line.

# %%
eps = torch.randn(20, generator=torch.Generator().manual_seed(0)).sort().values
steps = torch.linspace(0, 2, 50)
plots.paths(
    {
        "μ from 0 to 2 (σ = 0.5)": (steps, steps[:, None] + 0.5 * eps),
        "σ from 0 to 2 (μ = 1)": (steps, 1 + steps[:, None] * eps),
    },
    ylabel="z",
    alt="Two panels of twenty lines, one per fixed noise. As mu grows all lines rise in "
    "parallel with slope 1. As sigma grows they fan out from one point, each with the slope of "
    "its own noise.",
)

# %% [markdown]
# **Seen.** Moving $\mu$ moves every draw by the same amount. Moving $\sigma$ spreads them: a draw above the mean rises, one
# below falls, in proportion to its $\varepsilon$.
#
# ## 3. Is the answer right?
#
# One draw gives one gradient, a random one. It is useful if it is right *on average*: then we call it **unbiased**.
# For $f(z) = z^2$ we know the truth: $\mathbb E[z^2] = \mu^2 + \sigma^2$, so the exact gradient in $\mu$ is $2\mu$, and
# the one in $\sigma$ is $2\sigma$.
#
# > **Predict.** With 100,000 draws, how far from 2 and 1 will the averages be?

# %% tags=["nbval-check-output"]
draws = torch.randn(100_000, generator=torch.Generator().manual_seed(0))
z = 1.0 + 0.5 * draws
path_mu, path_sigma = 2 * z, 2 * z * draws  # the chain rule, for every draw
print(f"in mu:    {path_mu.mean():.2f}, exact 2.00")
print(f"in sigma: {path_sigma.mean():.2f}, exact 1.00")

# %% [markdown]
# **Seen.** Both agree to two digits. Why it must be so: $\varepsilon$ does not depend on $\mu$, so
# for a smooth $f$ (kinks are allowed, as in a ReLU network, but no jumps) derivative and average may change places, $\nabla_\mu \mathbb E_\varepsilon[f(\mu + \sigma\varepsilon)] = \mathbb E_\varepsilon[\nabla_\mu f(\mu +
# \sigma\varepsilon)]$.
#
# ## 4. Without the trick: the score function
#
# **Question.** Is there no way without the formula for $z$? And what if $f$ has no derivative?
#
# There is a way. Write the average as an integral and differentiate the density instead of the draw. Since
# $\nabla q = q \, \nabla \log q$,
#
# $$\nabla_\mu \int q(z) f(z)\, dz = \int q(z)\, f(z)\, \nabla_\mu \log q(z)\, dz
# = \mathbb E_{z \sim q}\left[ f(z)\, \nabla_\mu \log q(z) \right].$$
#
# The factor $\nabla_\mu \log q(z)$ is called the **score**. For a normal distribution it is $(z - \mu) / \sigma^2$. In
# words: draw, look at $f$, and move $\mu$ towards the draws with the larger values. Nothing asks for the derivative
# of $f$. This estimator is known as the **score-function estimator**, or REINFORCE.
#
# > **Predict.** Same $f$, same draws. Will its average also be 2?

# %% tags=["nbval-check-output"]
score = (z - 1.0) / 0.5**2
score_mu = z**2 * score
print(f"average {score_mu.mean():.1f}, exact 2.0")

# %% [markdown]
# **Seen.** Also right on average, without a derivative of $f$. Then why does every VAE use the other one?
#
# ## 5. How noisy is one draw?
#
# > **Predict.** Both are right on average. Which of the two varies more from draw to draw, and how many times?

# %% tags=["nbval-check-output"]
print(
    f"standard deviation of one estimate: reparameterised {path_mu.std():.1f}, score function {score_mu.std():.1f}"
)

# %%
plots.histograms(
    {"reparameterised": path_mu, "score function": score_mu},
    xlabel="one estimate of the gradient (exact: 2)",
    mark=2.0,
    window=(-10, 20),
    alt="Histograms of single gradient estimates. The reparameterised ones form a narrow hump "
    "around 2; those of the score function have a spike near 0 and a long tail to the right.",
)

# %% [markdown]
# **Seen.** The score function is nearly five times as noisy here. Averages of draws get less noisy with the square root of
# their number, so it needs more than twenty times as many draws for the same precision.
#
# Some of that noise can be removed. The score is zero on average, so any constant $b$ may be subtracted from $f$ without
# changing the answer on average: $\mathbb E[(f(z) - b)\, \nabla \log q(z)]$. Such a **baseline**, typically the mean of $f$,
# turns "how good was it?" into "was it better than usual?".

# %% tags=["nbval-check-output"]
with_baseline = (z**2 - (z**2).mean()) * score
print(f"average {with_baseline.mean():.1f}, standard deviation {with_baseline.std():.1f}")

# %% [markdown]
# ## 6. On real digits
#
# A toy $f$ proves little. In a VAE, $f(z)$ is the log-probability of a picture, minus the reconstruction term. We take a decoder for which the exact
# gradient is known in closed form: a linear one, fitted to MNIST (lesson 04 will use it again). Two places matter: the
# **start** of training, where the cloud is $\mathcal N(0, I)$, and the **end**, where it is the
# best one for the picture (lesson 04: its posterior).
# Noise is given relative to the length of the
# exact gradient of the reconstruction term in $\mu$: 1 means as much noise as signal.
#
# > **Predict.** How does the noise of each estimator change from 2 to 32 latent numbers?

# %%
from vae_lessons.classroom.claims import read_claim

noise = read_claim("reparam-variance")["arms"]
sizes = [2, 8, 32]
names = {
    "reparameterised": "reparam",
    "score function with baseline": "baseline",
    "score function": "score",
}
plots.lines(
    sizes,
    {
        f"{name}, start": [noise[f"{key}_start_{size}"]["values"] for size in sizes]
        for name, key in names.items()
    },
    xlabel="latent numbers",
    ylabel="noise / signal of one draw",
    log_x=True,
    alt="Noise to signal at the start of training against latent size 2, 8 and 32. The score "
    "function climbs from 5 to 21, with baseline from 3 to 7, the reparameterised gradient "
    "stays near 1.",
)

# %%
plots.lines(
    sizes,
    {
        f"{name}, end": [noise[f"{key}_end_{size}"]["values"] for size in sizes]
        for name, key in list(names.items())[:2]
    },
    xlabel="latent numbers",
    ylabel="noise / signal of one draw",
    log_x=True,
    alt="The same at the end of training. With baseline the noise goes from 24 over 22 to 35, while the "
    "reparameterised gradient falls from 14 to 8.",
)

# %% [markdown]
# **Seen.** At the start the reparameterised gradient has about as much noise as signal, whatever the latent size:
# {{reparam-variance: arms.reparam_start_2.mean | .1f}} with 2 numbers and
# {{reparam-variance: arms.reparam_start_32.mean | .1f}} with 32. The score function with a baseline goes from
# {{reparam-variance: arms.baseline_start_2.mean | .1f}} to {{reparam-variance: arms.baseline_start_32.mean | .1f}}: one number,
# $f(z)$, has to be blamed on ever more coordinates. At the end both are noisy, because the exact gradient itself has
# become small, and the score function with a baseline stands at
# {{reparam-variance: arms.baseline_end_32.mean | .0f}} against
# {{reparam-variance: arms.reparam_end_32.mean | .0f}} with 32 numbers. Without a baseline it is hopeless there:
# {{reparam-variance: arms.score_end_32.mean | .0f}}.
#
# All three are unbiased: the means of 4,000 draws lie about one standard error from the exact gradient
# ({{reparam-variance: arms.bias_reparam_end_32.mean | .2f}}, {{reparam-variance: arms.bias_score_end_32.mean | .2f}} and
# {{reparam-variance: arms.bias_baseline_end_32.mean | .2f}} for 32 numbers at the end).
#
# ## 7. Does it matter for training?
#
# Perhaps training averages the noise away. We train the same VAE twice, and change only how the encoder gets its
# gradient from the reconstruction term. `score_terms` uses the score function, and is otherwise the loss of lesson 02. Its
# baseline is weaker than in section 6: with one draw for each picture, it can only be the mean over the batch.
#
# > **Predict.** What will the two losses be after three epochs: nearly equal, or clearly apart? The learning rate is the one that suits the
# > score function best, of four that we tried.

# %%
from vae_lessons.data import binarize, mnist
from vae_lessons.distributions import bernoulli_log_likelihood, gaussian_kl, gaussian_log_prob
from vae_lessons.losses import Terms, elbo_terms
from vae_lessons.models import mlp_vae
from vae_lessons.training import evaluate, fit, scaled_epochs, seed_everything


def score_terms(model, x, labels):
    """The negative ELBO's terms; the encoder's gradient comes from the score function."""
    mu, logvar = model.encode(x)
    z = reparameterize(mu, logvar).detach()  # a draw that knows nothing of mu and logvar
    reconstruction = -bernoulli_log_likelihood(x, model.decode(z))
    advantage = (reconstruction - reconstruction.mean()).detach()  # baseline: the batch mean
    log_q = gaussian_log_prob(z, mu, logvar).sum(1)
    surrogate = advantage * (log_q - log_q.detach())  # zero, but with the right gradient
    return Terms(reconstruction + surrogate, gaussian_kl(mu, logvar))


digits = mnist()
for name, objective in (("reparameterised", elbo_terms), ("score function", score_terms)):
    seed_everything(0)
    vae = mlp_vae(16)
    history = fit(
        vae,
        digits.train,
        digits.validation,
        objective=objective,
        prepare=binarize,
        learning_rate=2e-3,
        epochs=scaled_epochs(3),
    )
    test = evaluate(vae, digits.test, objective=elbo_terms, prepare=binarize)
    print(f"{name:16} loss {test.loss:6.1f} nats, KL {test.kl:4.1f} nats")

# %% [markdown]
# **Seen.** Not averaged away. After the same three epochs the score function's loss is about a third larger. It learns, but
# from estimates so noisy that it needs many more steps (one seed). The trick costs one line of code and makes VAEs practical.
#
# The score function keeps its place where the trick cannot go: when $z$ is not a smooth function of its parameters, such as
# a choice among ten classes. Lesson 09 meets such codes, and another way around them.
#
# ## Summary
#
# - A draw has no derivative. PyTorch reports a gradient of zero for it, silently.
# - $z = \mu + \sigma\varepsilon$ with $\varepsilon \sim \mathcal N(0, I)$ has the right distribution *and* a derivative.
# - Draw fresh noise for every picture, every latent number and every step. One draw shared by a batch keeps the loss right
#   on average but makes its gradient noisier; shared by the latents, or frozen over the steps, it changes what is minimised.
# - The score function $\mathbb E[f(z) \nabla \log q(z)]$ is unbiased too and needs no derivative of $f$, but its noise grows
#   with the number of latents. A baseline helps; the simple ones here are not enough.

# %% [markdown]
# ## Quiz
#
# Click an answer to see whether it is right, and why.

# %% [markdown]
# **1. A learner writes `z = (eps + mu) * sigma`. What is wrong?**
#
# <details><summary>A. Nothing, it is the same.</summary>No. Its mean is μσ, not μ. It is right only where σ = 1 or μ = 0. Both nearly hold at the start of training, which may hide the mistake.</details>
# <details><summary>B. The mean of z is μσ instead of μ.</summary>Right. Stretch first, then move: μ + σ·ε.</details>
# <details><summary>C. z no longer has a gradient.</summary>No. It has one, of the wrong function, which is worse.</details>

# %% [markdown]
# **2. The noise is drawn once and used for all pictures of a batch. What happens?**
#
# <details><summary>A. Each picture's code still has the right distribution, but the errors of the pictures are no longer independent.</summary>Right. The gradient stays unbiased, but averaging over the batch no longer averages the noise: training gets needlessly noisy.</details>
# <details><summary>B. The loss becomes biased.</summary>No. For each picture alone the draw is as good as any. It is the variance of the batch mean that suffers.</details>
# <details><summary>C. It is faster and otherwise the same.</summary>No. Drawing noise costs next to nothing, and the gradient of the batch becomes much noisier.</details>

# %% [markdown]
# **3. You can evaluate f(z) but not differentiate it. Which estimator can you use?**
#
# <details><summary>A. The reparameterised one.</summary>No. It needs the chain rule through f.</details>
# <details><summary>B. The score-function estimator.</summary>Right. It needs values of f and the derivative of log q only.</details>
# <details><summary>C. Neither.</summary>No. The score function was made for this.</details>

# %% [markdown]
# ## Exercise
#
# [Exercise 03](../exercises/03_reparameterization.ipynb): write the sampler, many samples at once, and the score-function
# gradient. Next lesson: [04 · The ELBO](04_elbo.ipynb)
