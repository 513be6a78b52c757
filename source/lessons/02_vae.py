# %% [markdown]
# # 02 · The variational autoencoder
#
# **After this lesson** you can build the three blocks of a VAE, say what each term of its loss does, sample new digits
# from its prior, and say what a VAE has over an autoencoder, and what it has not.
#
# | section | minutes |
# |---|---|
# | 1. From a point to a cloud | 4 |
# | 2. Three blocks | 8 |
# | 3. A loss with two terms | 8 |
# | 4. What if clouds cost nothing? | 6 |
# | 5. Two maps | 5 |
# | 6. New digits | 5 |
# | 7. What was bought, and for what? | 7 |
# | 8. Are the codes where the prior says? | 7 |
#
# **Run time:** about {{run_times: 02_vae.seconds}} s on two CPU cores.
# **Builds on:** [01 · The autoencoder](01_autoencoder.ipynb).
#
# ## 1. From a point to a cloud
#
# An autoencoder puts its codes wherever it likes, and trains its decoder on those points alone. To invent a digit we
# first had to find out where the codes are. **Question.** Can we decide beforehand where the codes will lie, so that
# anybody can draw one?
#
# A **variational autoencoder** (VAE) changes two things.
#
# - The encoder answers with a **cloud** instead of a point: a normal distribution with a mean $\mu$ and a standard
#   deviation $\sigma$ for each of the $D$ latent numbers. The decoder is trained on a random point of the cloud. This
#   distribution of the code of a given picture is written $q(z \mid x)$ and called the **posterior**.
# - The clouds are pulled towards one fixed distribution, $p(z) = \mathcal N(0, I)$, called the **prior**: $D$ independent
#   numbers, each with mean 0 and standard deviation 1.
#
# If the clouds together fill the prior, a draw from N(0, I) lands in some cloud, and the decoder knows what to do.
#
# ## 2. Three blocks
#
# The encoder now needs two answers, so it gets two **heads**: two linear layers on the same features.

# %% tags=["nbval-check-output"]
import torch
from torch import nn
from torch.nn import functional as F

from vae_lessons import plots
from vae_lessons.data import binarize, mnist

digits = mnist()
x = binarize(digits.test.images)  # black and white, see section 3

latent_dim = 2
torch.manual_seed(0)
body = nn.Sequential(nn.Linear(784, 256), nn.ReLU())
mu_head = nn.Linear(256, latent_dim)
logvar_head = nn.Linear(256, latent_dim)

features = body(x[:5])
mu, logvar = mu_head(features), logvar_head(features)
print("mu", tuple(mu.shape), "logvar", tuple(logvar.shape))

# %% [markdown]
# Why `logvar` and not $\sigma$? A linear layer can return any number, also a negative one, but a standard deviation must
# be positive. So the head returns the **log-variance**, $\log \sigma^2$, which may be any number, and we compute
# $\sigma = \exp(\tfrac12 \log \sigma^2)$.
#
# > **Predict.** What is $\sigma$ for a `logvar` of 0? And of −4.6?

# %% tags=["nbval-check-output"]
from vae_lessons.distributions import std_from_logvar

for value in (2.0, 0.0, -4.6):
    by_hand = torch.exp(torch.tensor(value) / 2)
    print(
        f"logvar {value:4}: sigma {by_hand:.2f}, by the package {std_from_logvar(torch.tensor(value)):.2f}"
    )

# %% [markdown]
# Forgetting the one half is the commonest mistake in published VAE code: then $\sigma^2$ is used as if it were $\sigma$.
#
# The second block is the **sampler**. It draws a point of the cloud: a standard normal draw $\varepsilon$, stretched by
# $\sigma$ and moved to $\mu$. Lesson 03 is about why it is written in just this way.

# %% tags=["nbval-check-output"]
from vae_lessons.distributions import reparameterize

noise = torch.randn(5, latent_dim)
z = mu + torch.exp(logvar / 2) * noise
print("by hand and by the package agree:", torch.allclose(z, reparameterize(mu, logvar, noise)))

# %% [markdown]
# The third block is the **decoder**, exactly as before. The package joins the three as `VAE`; `mlp_vae` makes one with
# the layers of lesson 01. Its answer has four parts, because the loss will need them all.

# %% tags=["nbval-check-output"]
from vae_lessons.models import mlp_vae

for name, part in mlp_vae(latent_dim)(x[:5])._asdict().items():
    print(f"{name:7}", tuple(part.shape))

# %% [markdown]
# ## 3. A loss with two terms
#
# **Reconstruction.** We want the decoder to give the original picture a high probability. For that, pictures are made
# black and white: a pixel is 1 if it is darker than half, else 0. Then each pixel is a coin with its own chance of
# showing ink, sigmoid(logit). The probability of the whole picture is the product over pixels; its negative logarithm
# is a sum, known as **binary cross-entropy**.
#
# **KL.** The second term is the price of the cloud: how much $q(z \mid x)$ differs from the prior, measured by the
# **Kullback–Leibler divergence**. It is 0 if the two are the same, and for normal distributions
#
# $$\mathrm{KL} = \sum_{d=1}^{D} \tfrac12 \left( \mu_d^2 + \sigma_d^2 - 1 - \log \sigma_d^2 \right).$$
#
# Both terms are sums of logarithms and have the same unit, the **nat**: the information in a choice between
# $e \approx 2.7$ equally likely things, or 1.44 bits. Lesson 04 derives the whole loss from one principle. Here we
# compute it.

# %% tags=["nbval-check-output"]
from vae_lessons.losses import negative_elbo

vae = mlp_vae(latent_dim)
logits, mu, logvar, z = vae(x[:100])

per_pixel = F.binary_cross_entropy_with_logits(logits, x[:100], reduction="none")  # (100, 784)
per_latent = 0.5 * (mu**2 + torch.exp(logvar) - 1 - logvar)  # (100, 2)
by_hand = (per_pixel.sum(1) + per_latent.sum(1)).mean()  # sums per picture, mean over pictures
by_package = negative_elbo(x[:100], logits, mu, logvar)
print("by hand and by the package agree:", torch.allclose(by_hand, by_package))

# %% [markdown]
# What does a narrow cloud cost? Leave the mean at 0 and shrink $\sigma$.
#
# > **Predict.** Each time $\sigma$ gets ten times smaller, does the price double, grow by a fixed amount, or explode?

# %% tags=["nbval-check-output"]
from vae_lessons.distributions import gaussian_kl

for sigma in (1.0, 0.1, 0.01, 0.001):
    logvar_of_sigma = torch.tensor(sigma**2).log()
    print(f"sigma {sigma:5}: {gaussian_kl(torch.tensor(0.0), logvar_of_sigma):.2f} nats")

# %% [markdown]
# **Seen.** Each further factor of ten costs 2.3 nats: the price of one more decimal digit of precision, $\log 10$. The KL
# bounds the information that the code carries about the picture. What is said has to be worth it in the other term.
#
# ## 4. What if clouds cost nothing?
#
# **Question.** Why would the encoder not make its clouds tiny, and be an autoencoder again?
#
# `fit` takes a `weight` for the KL at each step. We train the same VAE twice: with weight 0, where clouds cost nothing,
# and with weight 1.
#
# > **Predict.** Without the price, what will $\sigma$ be, compared with the spread of the means?

# %%
from vae_lessons.losses import elbo_terms
from vae_lessons.training import fit, scaled_epochs, seed_everything


def train_vae(latent_dim, weight, epochs=5):
    """A VAE trained on black and white digits with a constant weight of the KL."""
    seed_everything(0)
    vae = mlp_vae(latent_dim)
    fit(
        vae,
        digits.train,
        digits.validation,
        objective=elbo_terms,
        prepare=binarize,
        weight=lambda step: weight,
        epochs=scaled_epochs(epochs),
    )
    return vae


free, vae = train_vae(2, weight=0.0), train_vae(2, weight=1.0)

# %%
for name, model in (("weight 0", free), ("weight 1", vae)):
    with torch.no_grad():
        mu, logvar = model.encode(x)
    sigma = std_from_logvar(logvar)
    print(
        f"{name}: spread of the means {mu.std():6.2f}, sigma of a cloud (median) {sigma.median():.3f}, "
        f"ratio {mu.std() / sigma.median():.0f} to 1"
    )

# %% [markdown]
# **Seen.** Without a price the clouds shrink to points compared with the distances between them: an autoencoder again. With
# the price, about 14 cloud widths fit along each axis. That is room for some 200 clouds side by side, and we have 10,000:
# they overlap. Noise alone does not make a VAE. Precision that has a price does.
#
# ## 5. Two maps
#
# As a fair control for the rest of this lesson we train an autoencoder of the same layers, on the same black and white
# pictures, with the same reconstruction term. Only the clouds and the KL are missing.
#
# > **Predict.** The dashed circles have radius 1, 2 and 3; of a draw from N(0, I), 99 of 100 fall inside the largest.
# > Where will the codes of each model lie?

# %%
from vae_lessons.losses import cross_entropy_terms
from vae_lessons.models import mlp_autoencoder


def train_autoencoder(latent_dim, epochs=5):
    """The control: same layers, same pictures, same reconstruction term, no clouds and no KL."""
    seed_everything(0)
    autoencoder = mlp_autoencoder(latent_dim)
    fit(
        autoencoder,
        digits.train,
        digits.validation,
        objective=cross_entropy_terms,
        prepare=binarize,
        epochs=scaled_epochs(epochs),
    )
    return autoencoder


autoencoder = train_autoencoder(2)
with torch.no_grad():
    codes, (mu, logvar) = autoencoder.encode(x), vae.encode(x)
plots.latent_scatter(
    {
        "autoencoder: codes": (codes[:2000], digits.test.labels[:2000]),
        "VAE: means of the clouds": (mu[:2000], digits.test.labels[:2000]),
    },
    unit_circles=True,
    alt="Two scatter plots of 2,000 test digits. The autoencoder's codes reach four times beyond "
    "the dashed circles, off to one side; most of the VAE's means lie within the circles "
    "around zero, with the ones reaching beyond radius 3.",
)

# %% [markdown]
# **Seen.** Most of the VAE's means lie inside the circles, packed around zero, and many digits still have a region of their
# own. The pull is not a wall: the ones stick out. The autoencoder's codes ignore the circles; mind the different axes.
#
# We see means here, not draws. To look at a code, or to interpolate between two, take the mean: it is the cloud's
# best single answer, and it does not change from call to call.
#
# > **Predict.** Now we know beforehand which part of the plane to decode. What will be at its centre, what at its edges?

# %%
window = plots.Window(center=torch.zeros(2), reach=3.0)
with torch.no_grad():
    decoded = torch.sigmoid(vae.decode(window.points(15)))
plots.latent_map(
    mu[:2000],
    digits.test.labels[:2000],
    decoded,
    window=window,
    alt="Left: the means of 2,000 test digits between -3 and 3. Right: 15 by 15 pictures decoded "
    "over the same square; most tiles show a digit or a blend of neighbouring digits.",
)

# %% [markdown]
# **Seen.** Most tiles are digits, or blends where the regions of two digits meet; towards the left edge, where hardly any
# mean lies, they are neither. Similar digits are neighbours: 4, 9 and 7 share one side, 3, 5 and 8 another.
#
# ## 6. New digits
#
# **Question.** What does each decoder make of a draw from N(0, I)? Two numbers are few, so we use 16 from here on.
#
# > **Predict.** The autoencoder is sampled twice: from N(0, I), and from a Gaussian fitted to its codes. Which of its
# > two rows will look more like the VAE's?

# %%
autoencoder, vae = train_autoencoder(16), train_vae(16, weight=1.0)

# %%
torch.manual_seed(1)
with torch.no_grad():
    codes = autoencoder.encode(x)
    fitted = torch.distributions.MultivariateNormal(codes.mean(0), torch.cov(codes.T))
    prior_draws = torch.randn(10, 16)
    rows = {
        "autoencoder, N(0, I)": torch.sigmoid(autoencoder.decode(prior_draws)),
        "autoencoder, fitted": torch.sigmoid(autoencoder.decode(fitted.sample((10,)))),
        "VAE, N(0, I)": torch.sigmoid(vae.decode(prior_draws)),
    }
print(
    f"distance from zero: draws {prior_draws.norm(dim=1).mean():.0f} on average, "
    f"autoencoder's codes {codes.norm(dim=1).mean():.0f}, the nearest {codes.norm(dim=1).min():.0f}"
)
plots.image_rows(
    rows,
    alt="Three rows of ten generated pictures. The autoencoder from N(0, I) draws faint "
    "fragments; from its fitted Gaussian, and the VAE from N(0, I), "
    "digit-like shapes, some readable, some not.",
)

# %% [markdown]
# **Seen.** From N(0, I) the autoencoder draws faint fragments. The distances say why: a draw lies about 4 from zero, and
# even the nearest of the 10,000 codes lies further out. The middle of the cloud is empty. The other two rows look alike: some digits, some near misses.
#
# ## 7. What was bought, and for what?
#
# Ten pictures prove little. Here is the claim of lesson 01 again, now with both models: same layers, same
# reconstruction term, 16 latent numbers, five seeds each. A picture is plausible if a digit classifier recognises it
# as surely as 95 of 100 real digits.
#
# > **Predict.** "An autoencoder's latent space has holes, a VAE's has none." In which rows would you see that?

# %%
from vae_lessons.classroom.claims import read_claim

arms = read_claim("ae-holes")["arms"]
kinds = {
    "N(0, I)": "prior",
    "fitted Gaussian": "gaussian",
    "fitted mixture": "mixture",
    "halfway": "halfway",
    "test pictures": "codes",
}
plots.seed_dots(
    {
        f"{model}, {label}": arms[f"{model_key}_{kind}_16"]["values"]
        for label, kind in kinds.items()
        for model, model_key in (("autoencoder", "ae"), ("VAE", "vae"))
    },
    xlabel="share of plausible pictures (a circle per seed, a bar at the mean)",
    percent=True,
    alt="Share of plausible pictures for autoencoder and VAE by kind of point. They differ "
    "widely only for N(0, I), where the VAE is far ahead; for the fitted densities, "
    "halfway points and test pictures they are close.",
)

# %% [markdown]
# **Seen.** The two models differ greatly in one place: N(0, I), where the VAE reaches
# {{ae-holes: arms.vae_prior_16.mean | .0%}} and the autoencoder {{ae-holes: arms.ae_prior_16.mean | .0%}}. Give the
# autoencoder the fair chance of a density fitted to its own codes, and the advantage is gone. With a fitted Gaussian it
# reaches {{ae-holes: arms.ae_gaussian_16.mean | .0%}}, a little more than the VAE's prior. With a fitted mixture it
# is {{ae-holes: arms.ae_mixture_16.mean | .0%}} against {{ae-holes: arms.vae_mixture_16.mean | .0%}}, and halfway between
# two digits {{ae-holes: arms.ae_halfway_16.mean | .0%}} against {{ae-holes: arms.vae_halfway_16.mean | .0%}}.
#
# So the folklore is half right. It depends on where the autoencoder is sampled. On these digits the VAE's space is not
# fuller between the codes, nor around them. What the VAE gives is a **place to look that was agreed on beforehand**: it is
# a model of how pictures come about, first $z$ from N(0, I), then $x$ from $z$, and its loss is a bound on the probability
# of a picture under that model (lesson 04). An autoencoder has no such probability to offer.
#
# And the cost? The KL limits what a code may say. Compare the reconstruction terms of the two models of section 6:

# %%
from vae_lessons.training import evaluate

for name, model, objective in (
    ("autoencoder", autoencoder, cross_entropy_terms),
    ("VAE", vae, elbo_terms),
):
    test = evaluate(model, digits.test, objective=objective, prepare=binarize)
    print(
        f"{name:12} reconstruction {test.reconstruction:5.1f} nats, "
        f"KL {test.kl:4.1f} nats, sum {test.loss:5.1f} nats"
    )

# %% [markdown]
# **Seen.** The VAE redraws test pictures worse, because its code is noisy and pays for precision. That is the deal: it
# spends some sharpness on codes that lie where the prior says.
#
# ## 8. Are the codes where the prior says?
#
# **Question.** They are *pulled* towards N(0, I). Are they there?
#
# Put the clouds of all pictures together and you get the **aggregate posterior** $q(z)$, the distribution of codes that
# the decoder was trained on. If it were N(0, I), a draw from the prior would be as good as the code of a real picture.
# We measure two things, for latent sizes from 2 to 32:
#
# - the share of plausible pictures from the **prior**, and as a control from the **aggregate posterior** through the
#   same decoder;
# - how well a small network **tells apart** codes and draws of the prior: 50 % is guessing, 100 % is always right.
#
# > **Predict.** More latent numbers mean better reconstructions. Do they also mean better samples from the prior?

# %%
samples = read_claim("vae-prior-samples")["arms"]
sizes = [2, 4, 8, 16, 32]
plots.lines(
    sizes,
    {
        label: [samples[f"{kind}_{size}"]["values"] for size in sizes]
        for label, kind in (
            ("plausible, code from the aggregate posterior", "posterior"),
            ("plausible, code from the prior", "prior"),
            ("codes and prior told apart", "told_apart"),
        )
    },
    xlabel="latent numbers",
    ylabel="share (bar: spread over 5 seeds)",
    log_x=True,
    alt="Three lines over the latent size from 2 to 32. From the aggregate posterior the "
    "plausible share climbs from about a half to nine tenths; from the prior it falls from under "
    "a half to a third, while codes and prior are told apart ever better, up to 94 in 100.",
)

# %% [markdown]
# **Seen.** The two curves part. With codes from the aggregate posterior, the share of plausible pictures rises from
# {{vae-prior-samples: arms.posterior_2.mean | .0%}} to {{vae-prior-samples: arms.posterior_32.mean | .0%}}: the decoder gets
# better with every latent number. With codes from the prior it ends lower than it began:
# {{vae-prior-samples: arms.prior_2.mean | .0%}} with 2 numbers, {{vae-prior-samples: arms.prior_32.mean | .0%}} with 32. The
# reason is the third curve. With 32 latent numbers the network tells codes and prior draws apart
# {{vae-prior-samples: arms.told_apart_32.mean | .0%}} of the time: the codes fill a smaller and smaller part of N(0, I), and
# a draw from the prior lands ever more often where the decoder was never trained.
#
# A VAE has holes too, then: they lie between the prior and the aggregate posterior. In nats, the gap
# $\mathrm{KL}(q(z) \,\Vert\, p(z))$ is estimated at {{vae-prior-samples: arms.gap_2.mean | .1f}} for 2 latent numbers and
# {{vae-prior-samples: arms.gap_32.mean | .1f}} for 32. Weighting the KL more narrows it, at a price: that is lesson 07.
#
# ## Summary
#
# - The encoder of a VAE answers with a cloud: $\mu$ and $\log \sigma^2$ for each latent number. The decoder is trained on
#   a random point of it.
# - The loss is the reconstruction term, a sum over pixels, plus the KL, a sum over latents; both in nats, per picture.
# - The KL is the price of what the code says. Without it the clouds shrink to points and the VAE is an autoencoder.
# - A VAE can be sampled from N(0, I) without looking at any code. That, and a bound on the probability of a picture, is
#   what it has over an autoencoder; the fullness of its latent space is not.
# - All codes together do not quite match the prior, and the mismatch grows with the number of latents.

# %% [markdown]
# ## Quiz
#
# Click an answer to see whether it is right, and why.

# %% [markdown]
# **1. A head returns `logvar` = 2.0. Which line gives the standard deviation?**
#
# <details><summary>A. torch.exp(logvar)</summary>No. That is the variance σ². Used as σ, it makes wide clouds far too wide and narrow ones far too narrow.</details>
# <details><summary>B. torch.exp(logvar / 2)</summary>Right. log σ² = 2 log σ, so σ = exp(logvar / 2).</details>
# <details><summary>C. torch.sqrt(logvar)</summary>No. That fails for every negative logvar, that is, for every cloud narrower than the prior.</details>

# %% [markdown]
# **2. Somebody reports that their VAE's clouds have σ close to 0 in every dimension, and that samples from N(0, I) are rubbish. What would you look at first?**
#
# <details><summary>A. Whether the KL is in the loss with its full weight, and summed over latents, not averaged over pixels.</summary>Right. Without a real price the clouds shrink to points: you saw it in section 4 with weight 0.</details>
# <details><summary>B. Whether the decoder is large enough.</summary>No. A larger decoder would not make the encoder give away precision that costs nothing.</details>
# <details><summary>C. Whether more latent numbers help.</summary>No. They would make samples from the prior worse, as section 8 shows.</details>

# %% [markdown]
# **3. In which sense does an autoencoder have "holes" that a VAE has not?**
#
# <details><summary>A. Points between the codes of an autoencoder decode to rubbish, those of a VAE do not.</summary>No. Halfway points were about equally plausible for both.</details>
# <details><summary>B. Draws from N(0, I) miss an autoencoder's codes; a VAE is trained to put its codes there.</summary>Right. Sampled from a density fitted to its own codes, the autoencoder does as well.</details>
# <details><summary>C. An autoencoder cannot produce new pictures at all.</summary>No. It can, once a density has been fitted to its codes.</details>

# %% [markdown]
# ## Exercise
#
# [Exercise 02](../exercises/02_vae.ipynb): write the encoder with its two heads, and sample from the prior. Lesson 03 will
# be about the sampler: why a random draw stops the gradient, and why $\mu + \sigma \varepsilon$ lets it through.
