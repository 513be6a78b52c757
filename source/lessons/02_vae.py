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
# | 7. What does the VAE have over the autoencoder? | 12 |
# | 8. Do the codes fill the prior? | 10 |
# | quiz | 5 |
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
#   distribution of the code of a given picture is written $q(z \mid x)$ and called the **approximate posterior**. Lesson 04
#   says what it approximates. In this lesson "cloud" always means this: the distribution of one picture's code.
# - The clouds are pulled towards one fixed distribution, $p(z) = \mathcal N(0, I)$, called the **prior**: $D$ independent
#   numbers, each with mean 0 and standard deviation 1.
#
# If the clouds together fill the prior, a sample from N(0, I) lands in some cloud, and the decoder knows what to do.
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
x = binarize(digits.test.images)  # black and white: 1 for ink, 0 for paper; section 3 says why

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
# Forgetting the one half is a common mistake: then $\sigma^2$ is used as if it were $\sigma$.
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
# black and white: a pixel is 1, ink, if it is darker than half, else 0. Then each pixel is a coin with its own chance of
# showing ink, sigmoid(logit). The probability of the whole picture is the product over pixels; its negative logarithm
# is a sum, known as **binary cross-entropy**.
#
# **KL.** The second term is the price of the cloud: how much $q(z \mid x)$ differs from the prior, measured by the
# **Kullback–Leibler divergence**. It is 0 if the two are the same, and for normal distributions
#
# $$\mathrm{KL} = \sum_{d=1}^{D} \tfrac12 \left( \mu_d^2 + \sigma_d^2 - 1 - \log \sigma_d^2 \right).$$
#
# Both terms are sums of logarithms and have the same unit, the **nat**: the information in a choice between
# $e \approx 2.7$ equally likely things, or 1.44 bits. Lesson 04 derives the whole loss from one principle, and explains its
# name in the package, `negative_elbo`. Here it is simply reconstruction + KL, and we compute it.

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
# **Seen.** Each further factor of ten costs 2.3 nats: the price of one more decimal digit of precision, $\log 10$. A
# code with an average KL of 25 nats cannot say more than 25 nats about its picture, and training accepts a higher KL only
# if the reconstruction term falls by more.
#
# ## 4. What if clouds cost nothing?
#
# **Question.** What does the KL do to the clouds?
#
# `fit` multiplies the KL by a factor called `beta`, which may change from step to step. Here it is constant. We train the
# same VAE twice: with `beta` 0, where clouds cost nothing, and with `beta` 1, the loss above.
#
# > **Predict.** Without the price, what will $\sigma$ be, compared with the spread of the means?

# %%
from vae_lessons.losses import elbo_terms
from vae_lessons.training import fit, scaled_epochs, seed_everything


def train_vae(latent_dim, beta, epochs=5):
    """A VAE trained on black and white digits with a constant factor of the KL."""
    seed_everything(0)
    vae = mlp_vae(latent_dim)
    fit(
        vae,
        digits.train,
        digits.validation,
        objective=elbo_terms,
        prepare=binarize,
        beta=lambda step: beta,
        epochs=scaled_epochs(epochs),
    )
    return vae


free, vae = train_vae(2, beta=0.0), train_vae(2, beta=1.0)

# %%
for name, model in (("beta 0", free), ("beta 1", vae)):
    with torch.no_grad():
        mu, logvar = model.encode(x)
    sigma = std_from_logvar(logvar)
    print(
        f"{name}: spread of the means {mu.std():6.2f}, sigma of a cloud (median) {sigma.median():.3f}, "
        f"ratio {mu.std() / sigma.median():.0f} to 1"
    )

# %% [markdown]
# **Seen.** Without a price the clouds shrink to points compared with the distances between them: the VAE is an autoencoder
# again. With the price, the spread of the means is some 14 times the width of a cloud, in each of two directions. That is
# room for about 14 × 14 clouds side by side, and there are 10,000: they overlap. This run has one seed, but the gap
# between the two ratios leaves little doubt.
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
    alt="Two scatter plots of 2,000 test digits. The autoencoder's codes reach several times "
    "beyond the largest circle, off to one side; most of the VAE's means lie within the circles "
    "around zero, with many ones and some sevens and zeros outside.",
)

# %% [markdown]
# **Seen.** Most of the VAE's means lie inside the largest circle, packed around zero, and many digits have a region of their
# own. The pull is not a wall: many ones, and some sevens and zeros, lie further out. The autoencoder's codes reach much
# further and lie to one side; mind the different axes.
#
# We see means here, not samples. To look at a code, or to interpolate between two, take the mean: it is the cloud's
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
    "over the same square: clear digits at most edges, broken shapes at the lower left, blends in the crowded centre.",
)

# %% [markdown]
# **Seen.** Most of the edges are clear; at the lower left, where hardly a code lies, the shapes break. The surprise is the centre, where most codes lie: so many digits share it that its pictures
# are blends. Two latent numbers are too few for ten digits. Similar digits are neighbours.
#
# ## 6. New digits
#
# **Question.** What does each decoder make of a sample from N(0, I)? We use 16 latent numbers from here on.
#
# > **Predict.** The autoencoder is sampled twice: from N(0, I), and from a Gaussian fitted to its training codes. Which of
# > its two rows will look more like the VAE's?

# %%
autoencoder, vae = train_autoencoder(16), train_vae(16, beta=1.0)

# %%
torch.manual_seed(1)
with torch.no_grad():
    codes = autoencoder.encode(binarize(digits.train.images))
    fitted = torch.distributions.MultivariateNormal(codes.mean(0), torch.cov(codes.T))
    samples = torch.randn(10, 16)
    rows = {
        "autoencoder, N(0, I)": torch.sigmoid(autoencoder.decode(samples)),
        "autoencoder, fitted": torch.sigmoid(autoencoder.decode(fitted.sample((10,)))),
        "VAE, N(0, I)": torch.sigmoid(vae.decode(samples)),
    }
print(
    f"average distance from zero: samples of N(0, I) {samples.norm(dim=1).mean():.0f}, "
    f"the autoencoder's codes {codes.norm(dim=1).mean():.0f}"
)
plots.image_rows(
    rows,
    alt="Three rows of ten generated pictures. The autoencoder from N(0, I) shows faint "
    "fragments; from its fitted Gaussian, and the VAE from N(0, I), digit-like shapes, some "
    "readable, some not.",
)

# %% [markdown]
# **Seen.** From N(0, I) the autoencoder shows faint fragments. Its decoder was trained on codes that lie much further from
# zero: a short code moves the logits only a little away from
# what the decoder answers at zero, so hardly any pixel becomes surely ink. The other two rows look alike: some digits, some near misses.
#
# ## 7. What does the VAE have over the autoencoder?
#
# Ten pictures prove little. Here is the claim of lesson 01 again, with both models: same layers, same reconstruction term,
# five seeds each. Recall the kinds of points: from N(0, I); from one Gaussian, or a mixture of ten, fitted to the training
# codes (for the VAE: to its means); halfway between two test codes of different digits or of the same digit; and test
# codes themselves. A picture is plausible if a classifier recognises a digit in it as surely as in 95 of 100 real ones.
#
# > **Predict.** "An autoencoder's latent space has holes, a VAE's has none." In which rows would you see that? In which
# > rows will the two models really differ?

# %%
from vae_lessons.classroom.claims import read_claim

arms = read_claim("ae-holes")["arms"]
kinds = {
    "N(0, I)": "prior",
    "fitted Gaussian": "gaussian",
    "fitted mixture": "mixture",
    "halfway, different": "different",
    "halfway, same": "same",
    "codes": "codes",
}
plots.seed_dots(
    {
        label: {
            "autoencoder": arms[f"ae_{kind}_16"]["values"],
            "VAE": arms[f"vae_{kind}_16"]["values"],
        }
        for label, kind in kinds.items()
    },
    xlabel="share of plausible pictures (a mark per seed, a bar at the mean)",
    reference=("real digits", arms["real"]["mean"]),
    alt="Share of plausible pictures for autoencoder and VAE by kind of point, 16 latent numbers. "
    "They differ widely only for N(0, I): nothing for the autoencoder, a fifth for the VAE. For "
    "fitted densities, halfway points and codes they lie within a few points of each other.",
)

# %% [markdown]
# **Seen.** The two models differ greatly in one row. From N(0, I) the VAE reaches
# {{ae-holes: arms.vae_prior_16.mean | .0%}}, the autoencoder {{ae-holes: arms.ae_prior_16.mean | .0%}}. In all other rows they
# lie within a few points, and which is ahead depends on the row: with a fitted Gaussian the VAE
# ({{ae-holes: arms.vae_gaussian_16.mean | .0%}} against {{ae-holes: arms.ae_gaussian_16.mean | .0%}}), halfway between different
# digits the autoencoder ({{ae-holes: arms.ae_different_16.mean | .0%}} against
# {{ae-holes: arms.vae_different_16.mean | .0%}}). The autoencoder's fitted Gaussian even does slightly better than the VAE's own
# prior. A fitted mixture serves both equally ({{ae-holes: arms.ae_mixture_16.mean | .0%}} and
# {{ae-holes: arms.vae_mixture_16.mean | .0%}}). With 2 latent numbers nothing separates the two, not even N(0, I):
# {{ae-holes: arms.ae_prior_2.mean | .0%}} and {{ae-holes: arms.vae_prior_2.mean | .0%}}, with spreads of
# {{ae-holes: arms.ae_prior_2.std | .0%}} and {{ae-holes: arms.vae_prior_2.std | .0%}} over the seeds.
#
# So the saying is half right. With 16 numbers, N(0, I) misses the autoencoder's codes and not the VAE's. But the VAE's
# latent space is not clearly fuller, neither between the codes nor around them.
#
# What the VAE has is a **place to look that was agreed on beforehand**. It is a model of how pictures come about: first $z$
# from N(0, I), then $x$ from $z$. Minus its loss is a lower bound on the log-probability of a picture under that model
# (lesson 04). The training of an autoencoder neither defines such a probability nor bounds one.
#
# **Question.** And what does that cost? Compare the reconstruction terms of the two models of section 6. For the VAE there
# are two: decode the mean of the cloud, or a random point of it, as in training.

# %%
from vae_lessons.losses import Terms
from vae_lessons.training import evaluate


def decoded_mean(model, x, labels):
    """The reconstruction term of a VAE at the mean of each cloud."""
    mu, _ = model.encode(x)
    per_pixel = F.binary_cross_entropy_with_logits(model.decode(mu), x, reduction="none")
    return Terms(reconstruction=per_pixel.sum(1), kl=x.new_zeros(len(x), 0))


for name, model, objective in (
    ("autoencoder", autoencoder, cross_entropy_terms),
    ("VAE, mean", vae, decoded_mean),
    ("VAE, random point", vae, elbo_terms),
):
    test = evaluate(model, digits.test, objective=objective, prepare=binarize)
    print(f"{name:18} reconstruction {test.reconstruction:5.1f} nats")

# %% [markdown]
# **Seen.** The VAE's codes say less: even at the mean the test pictures come out a little worse, and at a random point of the
# cloud worse again. On top of that it pays the KL. (The autoencoder has no KL: a point instead of a cloud would cost
# infinitely much.)
#
# ## 8. Do the codes fill the prior?
#
# **Question.** Put the clouds of all pictures together and you get the **aggregate posterior** $q(z)$: the codes that the
# decoder was trained on. If it were N(0, I), a sample from the prior would be as good as the code of a real picture. How
# close does it come?
#
# We measure two things, for 2 to 32 latent numbers. First, the share of plausible pictures from the **prior**, and as a
# control from the **aggregate posterior** through the same decoder (random points of the clouds, not the means of section 7).
#
# > **Predict.** More latent numbers mean better reconstructions. Do they also mean better samples from the prior?

# %%
measured = read_claim("vae-prior-samples")["arms"]
sizes = [2, 4, 8, 16, 32]
plots.lines(
    sizes,
    {
        label: [measured[f"{kind}_{size}"]["values"] for size in sizes]
        for label, kind in (
            ("code from the aggregate posterior", "posterior"),
            ("code from the prior", "prior"),
        )
    },
    xlabel="latent numbers",
    ylabel="plausible share (bar: spread over 5 seeds)",
    log_x=True,
    alt="Two lines over the latent size from 2 to 32. From the aggregate posterior the plausible "
    "share climbs from under six tenths to over eight tenths; from the prior it falls from under "
    "a half to a seventh.",
)

# %% [markdown]
# **Seen.** The two part ways. With codes from the aggregate posterior the share rises from
# {{vae-prior-samples: arms.posterior_2.mean | .0%}} to {{vae-prior-samples: arms.posterior_32.mean | .0%}}: the decoder gets
# better. With codes from the prior it falls from {{vae-prior-samples: arms.prior_2.mean | .0%}} to
# {{vae-prior-samples: arms.prior_32.mean | .0%}}. Same decoder, so the difference must lie in where the codes are.
#
# Second, a small network learns to **tell apart** codes and samples of the prior, and is tested on fresh ones. If the two
# were the same, it could only guess and be right half of the time.
#
# > **Predict.** How often will it be right for 2, and for 32 latent numbers?

# %%
for size in sizes:
    right = measured[f"told_apart_{size}"]
    print(
        f"{size:2} latents: right {right['mean']:.1%} of the time (spread {right['std']:.1%})"
    )

# %% [markdown]
# **Seen.** With 32 latent numbers the network is right {{vae-prior-samples: arms.told_apart_32.mean | .0%}} of the time. Two
# distributions that can be told apart that well have little in common: here they overlap by at most 11 %, twice the share
# of errors. A VAE has bad places too, then. The prior samples them often, and hardly any code lies there. A larger `beta`
# pulls the codes closer, at a price; that is for a later lesson.
#
# ## Summary
#
# - The encoder of a VAE answers with a cloud: $\mu$ and $\log \sigma^2$ for each latent number. The decoder is trained on
#   a random point of it.
# - The loss is the reconstruction term, a sum over pixels, plus the KL, a sum over latents; both in nats, per picture.
# - The KL is the price of what the code says. Without it the clouds shrink to points and the VAE is an autoencoder.
# - A VAE can be sampled from N(0, I) without looking at any code. That, and a bound on the log-probability of a picture, is
#   what it has over an autoencoder. A fuller latent space is not.
# - All codes together do not match the prior, and the mismatch grows with the number of latents.

# %% [markdown]
# ## Quiz
#
# Click an answer to see whether it is right, and why.

# %% [markdown]
# **1. A head returns `logvar` = 2.0. Which line gives the standard deviation?**
#
# <details><summary>A. torch.exp(logvar)</summary>No. That is the variance σ². For 2.0 it gives 7.39 instead of 2.72.</details>
# <details><summary>B. torch.exp(logvar / 2)</summary>Right. log σ² = 2 log σ, so σ = exp(logvar / 2).</details>
# <details><summary>C. torch.sqrt(logvar)</summary>No. That fails for every negative logvar, that is, for every cloud narrower than the prior.</details>

# %% [markdown]
# **2. Somebody reports that their VAE's clouds have σ close to 0 in every dimension, and that samples from N(0, I) are rubbish. What would you look at first?**
#
# <details><summary>A. Whether the KL is in the loss at its full size.</summary>Right. Without a real price the clouds shrink to points: you saw it in section 4 with beta 0. A KL that is averaged where it should be summed has the same effect.</details>
# <details><summary>B. Whether the decoder is large enough.</summary>No. A larger decoder would not make the encoder give away precision that costs nothing.</details>
# <details><summary>C. Whether more latent numbers help.</summary>No. They would make samples from the prior worse, as section 8 shows.</details>

# %% [markdown]
# **3. In which sense does an autoencoder have "holes" that a VAE has not?**
#
# <details><summary>A. Points halfway between an autoencoder's codes decode to rubbish, those of a VAE do not.</summary>No. Halfway points of the VAE were no more plausible, as section 7 shows.</details>
# <details><summary>B. With 16 numbers, samples from N(0, I) miss an autoencoder's codes; a VAE is trained to put its codes there.</summary>Right. Sampled from a density fitted to its own codes, the autoencoder does about as well.</details>
# <details><summary>C. An autoencoder cannot produce new pictures at all.</summary>No. It can, once a density has been fitted to its codes.</details>

# %% [markdown]
# ## Exercise
#
# [Exercise 02](../exercises/02_vae.ipynb): write the encoder with its two heads, and sample from the prior. Next lesson:
# [03 · The reparameterization trick](03_reparameterization.ipynb)
