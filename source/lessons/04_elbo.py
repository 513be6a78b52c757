# %% [markdown]
# # 04 · The ELBO
#
# **After this lesson** you can derive the loss of a VAE from one principle, say what is lost by it, compute both of its
# terms, choose a likelihood for the pixels, and spot a beta that hides in an average.
#
# | section | minutes |
# |---|---|
# | 1. How probable is a picture? | 8 |
# | 2. A bound | 8 |
# | 3. What is lost | 7 |
# | 4. The KL in closed form | 8 |
# | 5. Reconstruction is a log-likelihood | 10 |
# | 6. The beta in an average | 7 |
# | 7. A tighter bound | 6 |
# | quiz | 6 |
#
# **Run time:** about {{run_times: 04_elbo.seconds}} s on two CPU cores.
# **Builds on:** [03 · The reparameterization trick](03_reparameterization.ipynb).
#
# ## 1. How probable is a picture?
#
# A VAE is a story about how pictures come about: draw $z$ from the prior $p(z) = \mathcal N(0, I)$, then draw the picture
# from $p(x \mid z)$, which the decoder describes. The story gives every picture a probability,
#
# $$p(x) = \int p(z)\, p(x \mid z)\, dz .$$
#
# A good model makes real pictures probable. So we want to maximise $\log p(x)$, averaged over the data. **Question.** Can
# we compute it? The integral is an average over the prior: draw many $z$, and average $p(x \mid z)$.
#
# To see whether that works we use a model in which the answer is known: the **linear VAE**, whose decoder is
# $x = W z + b$ plus Gaussian noise. Its best fit can be computed without any training (it is called probabilistic PCA), and
# $\log p(x)$ has a formula.

# %% tags=["nbval-check-output"]
import math

import torch

from vae_lessons import plots
from vae_lessons.data import mnist, to_float
from vae_lessons.distributions import gaussian_log_likelihood
from vae_lessons.models import fit_linear_vae

digits = mnist()
x = to_float(digits.test.images[:200]).double()
linear = fit_linear_vae(to_float(digits.train.images).double(), latent_dim=16)
exact = linear.exact_log_likelihood(x).detach()  # (200,)
print(f"exact log p(x), mean over 200 digits: {exact.mean():.0f} nats")

# %% [markdown]
# A positive log-probability? Pixels are real numbers here, so $p(x)$ is a **density**, and a density may be larger than 1.
#
# > **Predict.** We estimate $\log p(x)$ with 10,000 draws from the prior. How far from the exact value will it be?

# %%
torch.manual_seed(0)
with torch.no_grad():
    z = torch.randn(10_000, 16, dtype=torch.float64)
    means = linear.decode(z)  # (10000, 784)
    estimates = [
        torch.logsumexp(gaussian_log_likelihood(picture, means, linear.noise_logvar), dim=0)
        - math.log(len(z))
        for picture in x
    ]
print(
    f"from 10,000 draws: {torch.stack(estimates).mean():.0f} nats, exact: {exact.mean():.0f} nats"
)

# %% [markdown]
# **Seen.** Far too low. With 16 latent numbers hardly any of the 10,000 draws is a code that fits the picture, so nearly all
# terms of the average are practically zero. We have to draw $z$ where it matters for *this* picture. That is the
# encoder's job.
#
# ## 2. A bound
#
# Let the encoder propose codes, $z \sim q(z \mid x)$, and correct for it by dividing:
#
# $$\log p(x) = \log \int q(z \mid x)\, \frac{p(z)\, p(x \mid z)}{q(z \mid x)}\, dz
# = \log \mathbb E_{z \sim q}\!\left[ \frac{p(z)\, p(x \mid z)}{q(z \mid x)} \right].$$
#
# The logarithm of an average is at least the average of the logarithms (**Jensen's inequality**; the logarithm bends
# downwards). Therefore
#
# $$\log p(x) \;\ge\; \mathbb E_{z \sim q}\!\left[ \log \frac{p(z)\, p(x \mid z)}{q(z \mid x)} \right]
# = \underbrace{\mathbb E_{z \sim q}[\log p(x \mid z)]}_{\text{reconstruction}}
# - \underbrace{\mathrm{KL}(q(z \mid x) \,\Vert\, p(z))}_{\text{KL}} .$$
#
# The right side is the **evidence lower bound**, or **ELBO** (the evidence is another name for $p(x)$). It is maximised;
# the loss of lesson 02 is minus the ELBO, the *negative ELBO*. So the KL is no extra penalty that somebody added. It is
# part of the bound.
#
# > **Predict.** The ELBO with a single draw of $z$ per picture: closer to the exact value than 10,000 draws from the prior?

# %%
from vae_lessons.losses import elbo_terms


def likelihood(x, mean):
    """log p(x|z) of the linear VAE: Gaussian pixels, all with the same learned variance."""
    return gaussian_log_likelihood(x, mean, linear.noise_logvar)


with torch.no_grad():
    elbo = -elbo_terms(linear, x, likelihood=likelihood).loss()  # (200,), one draw each
print(f"ELBO: {elbo.mean():.0f} nats, exact: {exact.mean():.0f} nats")

# %% [markdown]
# **Seen.** One draw from the right place beats 10,000 from the wrong one. Here the bound is even equal to the exact value, up
# to the noise of the draws. The next section says why.
#
# ## 3. What is lost
#
# **Question.** How far below $\log p(x)$ is the ELBO? By the product rule $p(z)\, p(x \mid z) = p(x)\, p(z \mid x)$, where
# $p(z \mid x)$ is the true **posterior**: which codes could have produced this picture? Put it into the ELBO:
#
# $$\mathbb E_{z \sim q}\!\left[ \log \frac{p(x)\, p(z \mid x)}{q(z \mid x)} \right]
# = \log p(x) - \mathrm{KL}(q(z \mid x) \,\Vert\, p(z \mid x)) .$$
#
# The gap is exactly the KL from $q$ to the true posterior. That is what $q$ approximates, and why it is called the
# approximate posterior. The ELBO rises when $p(x)$ rises and when $q$ and $p(z \mid x)$ come closer, through either network.
# Training trades one for the other.
#
# In the linear VAE the closed form gives the exact posterior, so there is no gap. Let us spoil it: widen each cloud.
#
# > **Predict.** We add 1 to every `logvar` ($\sigma$ times 1.65). The KL between two normal distributions with equal means is
# > $\tfrac12(r - 1 - \log r)$ per dimension, $r$ the ratio of variances. What gap do you expect for 16 dimensions?

# %%
with torch.no_grad():
    linear.logvar += 1.0
    repeats = x.repeat(50, 1)  # 50 draws for each picture
    spoiled = -elbo_terms(linear, repeats, likelihood=likelihood).loss()
    linear.logvar -= 1.0
expected = 16 * 0.5 * (math.e - 1 - 1)
print(f"gap {exact.mean() - spoiled.mean():.1f} nats, expected {expected:.1f} nats")

# %% [markdown]
# **Seen.** The gap is what the formula says. Nothing else is lost.
#
# ## 4. The KL in closed form
#
# **Question.** Do we need draws for the KL term? For one dimension, with $q = \mathcal N(\mu, \sigma^2)$ and
# $p = \mathcal N(0, 1)$,
#
# $$\log q(z) - \log p(z) = -\tfrac12 \log \sigma^2 - \frac{(z - \mu)^2}{2 \sigma^2} + \frac{z^2}{2} .$$
#
# Average over $z \sim q$: $\mathbb E[(z-\mu)^2] = \sigma^2$ and $\mathbb E[z^2] = \mu^2 + \sigma^2$. What remains is
#
# $$\mathrm{KL} = \tfrac12 \left( \mu^2 + \sigma^2 - 1 - \log \sigma^2 \right),$$
#
# the formula of lesson 02. No draw is left in it.

# %% tags=["nbval-check-output"]
from vae_lessons.distributions import gaussian_kl

mu, logvar = torch.tensor(1.5), torch.tensor(-2.0)
by_hand = 0.5 * (mu**2 + logvar.exp() - 1 - logvar)
z = mu + torch.exp(logvar / 2) * torch.randn(
    1_000_000, generator=torch.Generator().manual_seed(0)
)
log_ratio = -0.5 * logvar - (z - mu) ** 2 / (2 * logvar.exp()) + z**2 / 2
print(f"by hand {by_hand:.2f}, by the package {gaussian_kl(mu, logvar):.2f}")
print(
    f"mean of a million draws {log_ratio.mean():.2f}, one draw varies by {log_ratio.std():.1f}"
)

# %% [markdown]
# On a trained VAE with 16 latent numbers (five seeds), the KL of a test digit is
# {{kl-closed-form: arms.kl.mean | .1f}} nats on average. An estimate from one draw is off by
# {{kl-closed-form: arms.error_1.mean | .1f}} nats, from 100 draws by {{kl-closed-form: arms.error_100.mean | .1f}}. It is right on
# average, so one *could* train with it. The closed form is free of that noise.
#
# ## 5. Reconstruction is a log-likelihood
#
# The decoder's output becomes a probability by a choice that you make: how are pixels distributed around it?
#
# **Bernoulli.** For pixels that are 0 or 1: a coin with probability sigmoid(logit). The negative log-likelihood is the
# binary cross-entropy. For *grey* pixels it is not a likelihood: its probabilities do not sum to 1 over the grey levels.
# Binarise first.
#
# **Gaussian.** For real-valued pixels: a normal distribution around the decoder's output $\hat x$,
#
# $$-\log p(x \mid z) = \sum_{p} \left( \frac{(x_p - \hat x_p)^2}{2 \sigma^2} + \tfrac12 \log 2\pi\sigma^2 \right).$$
#
# **Question.** Many VAEs minimise the squared error plus the KL. Which $\sigma$ have they chosen without knowing?
#
# > **Predict.** For which $\sigma^2$ does the first term equal the plain squared error?

# %% tags=["nbval-check-output"]
from vae_lessons.losses import squared_error

pictures = to_float(digits.test.images[:100])
x_hat = pictures.mean(0).expand(100, -1)
error = squared_error(pictures, x_hat)
for variance in (0.5, 1.0):
    constant = 784 * 0.5 * math.log(2 * math.pi * variance)
    by_package = -gaussian_log_likelihood(pictures, x_hat, torch.tensor(variance).log())
    ratio = ((by_package - constant) / error).mean()
    print(f"sigma^2 = {variance}: the term is {ratio:.2f} times the squared error")

# %% [markdown]
# **Seen.** The squared error is a Gaussian with $\sigma^2 = 0.5$, that is $\sigma \approx 0.7$ on a scale from 0 to 1. That says
# "I expect to be wrong by 0.7 at every pixel". Such a decoder does not mind blur, and the KL wins too easily. The best
# $\sigma^2$ for given reconstructions is simply their mean squared error per pixel, and it can be learned with the rest.
#
# > **Predict.** The linear VAE was fitted with a $\sigma$ of its own. Larger or smaller than 0.7?

# %% tags=["nbval-check-output"]
sigma = torch.exp(linear.noise_logvar / 2).item()
print(f"fitted sigma: {sigma:.2f}")
ratio = 0.5 / sigma**2
print(f"compared with it, a plain squared error is weighted {ratio:.0f} times too little")

# %% [markdown]
# ## 6. The beta in an average
#
# **Question.** `loss.mean()` over pixels, or `.sum()`? It looks like a matter of taste. But the ELBO sums the reconstruction
# over pixels and the KL over latents. Whoever averages one of them changes their balance, as a factor of the KL would.
# That factor is called **beta**; in the ELBO it is 1.
#
# > **Predict.** A paper averages the squared error over 784 pixels and sums the KL over 16 latents, "with beta = 1". What is
# > its beta, compared with sums?

# %% tags=["nbval-check-output"]
pixels, latents = 784, 16
for reconstruction in ("sum", "mean"):
    for kl in ("sum", "mean"):
        hidden = (pixels if reconstruction == "mean" else 1) / (latents if kl == "mean" else 1)
        print(f"reconstruction {reconstruction:4}, KL {kl:4}: beta = {hidden:g}")

# %%
from vae_lessons.classroom.claims import read_claim

hidden_beta = read_claim("effective-beta")["arms"]
rows = {
    "KL averaged (beta = 1/16)": "sum_mean",
    "both summed (beta = 1)": "sum_sum",
    "both averaged (beta = 49)": "mean_mean",
    "pixels averaged (beta = 784)": "mean_sum",
}
for label, name in rows.items():
    arm, control = hidden_beta[name], hidden_beta[f"control_{name}"]
    print(f"{label:29} KL {arm['mean']:5.1f} nats, control {control['mean']:5.1f} nats")

# %% [markdown]
# **Seen.** Four losses, all with "beta = 1", and KLs from {{effective-beta: arms.sum_mean.mean | .0f}} to
# {{effective-beta: arms.mean_sum.mean | .0f}} nats (means of five seeds). The **control** sums everything and states the
# hidden beta openly: it gives the same KL. It must, since the two losses differ at most by a common factor, and Adam cancels
# that. With plain gradient descent, averaging would shrink the steps as well. With pixels averaged, the code says nothing at all. Lesson 06 has a name for that.
#
# ## 7. A tighter bound
#
# Section 2 bounded the logarithm of an average with one draw. With $K$ draws inside the logarithm,
#
# $$\log p(x) \;\ge\; \mathbb E\!\left[ \log \frac1K \sum_{k=1}^{K} \frac{p(z_k)\, p(x \mid z_k)}{q(z_k \mid x)} \right]
# \;\ge\; \text{ELBO},$$
#
# the **importance-weighted bound** (IWAE). It needs $K$ decodings and grows tighter with $K$.
#
# > **Predict.** The gap of the spoiled posterior of section 3 was 5.7 nats. What is left with 10 draws, and with 100?

# %%
gaps = read_claim("elbo-gap")["arms"]
draws = [1, 10, 100]
plots.lines(
    draws,
    {
        "exact posterior": [gaps[f"exact_k{k}"]["values"] for k in draws],
        "trained by gradient": [gaps[f"trained_k{k}"]["values"] for k in draws],
        "spoiled: too wide": [gaps[f"wide_k{k}"]["values"] for k in draws],
    },
    xlabel="draws K (1 is the ELBO)",
    ylabel="log p(x) minus the bound, nats",
    log_x=True,
    alt="Gap in nats over 1, 10 and 100 draws. With the exact posterior it is zero throughout. For "
    "the learned posterior it falls from under 4 to nearly 0, for the too wide one from almost 6 "
    "to 0.2.",
)

# %% [markdown]
# **Seen.** With the exact posterior there is no gap to close, whatever $K$. The too wide one falls from
# {{elbo-gap: arms.wide_k1.mean | .1f}} over {{elbo-gap: arms.wide_k10.mean | .1f}} to
# {{elbo-gap: arms.wide_k100.mean | .1f}} nats. A linear VAE whose encoder and decoder were both trained by gradient, for 20 epochs, has a gap of
# {{elbo-gap: arms.trained_k1.mean | .1f}} nats with one draw and {{elbo-gap: arms.trained_k100.mean | .1f}} with 100, measured from
# its own $\log p(x)$.
#
# ## Summary
#
# - The ELBO is a lower bound on $\log p(x)$: reconstruction minus KL. The loss is the negative ELBO.
# - The gap is $\mathrm{KL}(q(z \mid x) \,\Vert\, p(z \mid x))$. Nothing else is lost.
# - The KL to N(0, I) has a closed form. Use it.
# - The reconstruction term is a log-likelihood of your choice: Bernoulli for binary pixels, Gaussian for real ones. A plain
#   squared error is a Gaussian with $\sigma^2 = 0.5$.
# - Sum over pixels, sum over latents, average over the batch. Every other average hides a beta.
# - Densities can exceed 1, so log-likelihoods can be positive.

# %% [markdown]
# ## Quiz
#
# Click an answer to see whether it is right, and why.

# %% [markdown]
# **1. Training stops improving, and the ELBO is 5 nats below log p(x). What would make up the 5 nats?**
#
# <details><summary>A. A better decoder.</summary>Not by itself. A decoder that makes pictures more probable raises log p(x) and leaves the gap, unless it also makes the posterior easier to match.</details>
# <details><summary>B. An encoder whose q(z|x) is closer to the true posterior.</summary>Right. The gap is the KL between the two, and nothing else.</details>
# <details><summary>C. A larger batch.</summary>No. That makes gradients less noisy, but does not move the bound.</details>

# %% [markdown]
# **2. Somebody reports a log-likelihood of +300 nats per picture. Must there be a mistake?**
#
# <details><summary>A. Yes, probabilities are at most 1.</summary>No. That holds for binary pixels. For real-valued pixels it is a density, which may be larger than 1.</details>
# <details><summary>B. No, if the pixels are real-valued.</summary>Right. The linear VAE of this lesson has such values, computed exactly.</details>
# <details><summary>C. No, the sign is a convention.</summary>No. A log-likelihood is larger for better models; only the loss has the opposite sign.</details>

# %% [markdown]
# **3. A loss averages the squared error over 784 pixels and adds 0.01 times the summed KL. What is its beta, against the sum of squared errors?**
#
# <details><summary>A. 0.01</summary>No. Dividing the other term by 784 makes the KL 784 times heavier.</details>
# <details><summary>B. 7.84</summary>Right: 0.01 × 784. And the squared error brings a σ² of its own on top.</details>
# <details><summary>C. 0.01 / 784</summary>No, the other way round.</details>

# %% [markdown]
# ## Exercise
#
# [Exercise 04](../exercises/04_elbo.ipynb): write both terms, the loss, and a function that finds the hidden beta. Next
# lesson: [05 · Training](05_training.ipynb)
