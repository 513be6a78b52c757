# %% [markdown]
# # 07 · Beta: rate against distortion
#
# **After this lesson** you can say what a factor beta of the KL buys and what it costs in nats, choose between models that
# trade one for the other, walk along single latents, measure whether latents follow known factors, and say what beta does
# to that and what it does not.
#
# | section | minutes |
# |---|---|
# | 1. Rate and distortion | 5 |
# | 2. Beta is a price | 7 |
# | 3. Which models are worth keeping? | 6 |
# | 4. What beta costs | 5 |
# | 5. Does beta blur? | 7 |
# | 6. Pictures whose causes are known | 6 |
# | 7. A walk along one latent | 6 |
# | 8. A number for it: the gap | 8 |
# | 9. What beta does, and what it does not | 8 |
# | 10. Why the seed decides | 6 |
# | quiz | 5 |
#
# **Run time:** about {{run_times: 07_beta_vae.seconds}} s on two CPU cores.
# **Builds on:** [06 · KL annealing](06_kl_annealing.ipynb).
#
# ## 1. Rate and distortion
#
# The loss of a VAE is a sum of two prices in nats, and both have a name.
#
# - The **rate** is the KL: what the code says about its picture, or rather the most that it can say.
# - The **distortion** is the reconstruction term, $-\log p(x \mid z)$: what is still missing to write the picture down when the
#   code is known.
#
# Their sum is the negative ELBO: what the whole picture costs, code first, then the rest.
#
# **Question.** How do the two share the work? We train on black and white digits with the loss
#
# $$\text{distortion} + \beta \cdot \text{rate}.$$
#
# With $\beta = 1$ this is the negative ELBO. Lesson 04 found betas that nobody had intended, hidden in averages. Here it is
# turned on purpose.

# %%
import torch
from torch.nn import functional as F

from vae_lessons import plots
from vae_lessons.data import binarize, mnist
from vae_lessons.losses import elbo_terms
from vae_lessons.models import mlp_autoencoder, mlp_vae
from vae_lessons.training import evaluate, fit, scaled_epochs, seed_everything

digits = mnist()


def train(model, beta=1.0, objective=elbo_terms):
    """The model after three epochs of distortion + beta * rate."""
    seed_everything(0)
    fit(
        model,
        digits.train,
        objective=objective,
        prepare=binarize,
        beta=lambda step: beta,
        epochs=scaled_epochs(3),
    )
    return model


vaes = {beta: train(mlp_vae(16), beta) for beta in (0.1, 1.0, 8.0)}

# %% [markdown]
# By hand on one hundred test digits, and by the package with the same noise:

# %%
x = binarize(digits.test.images[:100])
noise = torch.randn(100, 16, generator=torch.Generator().manual_seed(0))
with torch.no_grad():
    logits, mu, logvar, z = vaes[1.0](x, noise)
    per_pixel = F.binary_cross_entropy_with_logits(logits, x, reduction="none")  # (100, 784)
    per_latent = 0.5 * (mu**2 + logvar.exp() - 1 - logvar)  # (100, 16)
    terms = elbo_terms(lambda x: vaes[1.0](x, noise), x)
print(
    f"distortion {per_pixel.sum(1).mean():.1f}, by the package {terms.reconstruction.mean():.1f}"
)
print(f"rate       {per_latent.sum(1).mean():.1f}, by the package {terms.kl.sum(1).mean():.1f}")

# %% [markdown]
# > **Predict.** Training with beta 0.1 makes the rate cheap, with beta 8 expensive. Which of the two sums, rate plus
# > distortion, will be larger?

# %%
found = {}
for beta, vae in vaes.items():
    test = evaluate(vae, digits.test, objective=elbo_terms, prepare=binarize)
    found[f"beta {beta:g}"] = (test.kl, test.reconstruction)
    print(
        f"beta {beta:3}: rate {test.kl:5.1f}, distortion {test.reconstruction:5.1f}, sum {test.loss:5.1f} nats"
    )

# %% [markdown]
# **Seen.** A cheap rate is spent freely, and the distortion falls; an expensive one is saved, and the distortion rises. Both
# sums are larger than that of beta 1.
#
# ## 2. Beta is a price
#
# **Question.** How far does the trade go? At the end of training a small step along the trade changes nothing:
# $d\,\text{distortion} + \beta \, d\,\text{rate} = 0$, so
#
# $$\beta = - \frac{d\,\text{distortion}}{d\,\text{rate}} .$$
#
# Beta is the price of a nat of rate. The model buys it as long as it saves more than $\beta$ nats of distortion. Here are seven
# betas with five seeds each, eight epochs.
#
# > **Predict.** Is the curve straight or bent? How steep is it where beta is 1?

# %%
from itertools import pairwise

from vae_lessons.classroom.claims import read_claim

trade = read_claim("beta-rate-distortion")["arms"]
betas = [0.1, 0.25, 0.5, 1, 2, 4, 8]
plots.labelled_points(
    {
        f"beta {beta:g}": (
            trade[f"rate_{beta:g}"]["values"],
            trade[f"distortion_{beta:g}"]["values"],
        )
        for beta in betas
    },
    xlabel="rate in nats",
    ylabel="distortion in nats",
    alt="The plane of rate and distortion with seven groups of five marks. From beta 8 at the upper left, "
    "few nats of rate and a large distortion, a curve falls steeply at first and then flattens towards "
    "beta 0.1 at the lower right. The five seeds of a beta lie close together.",
)

# %% [markdown]
# The slope between two neighbours should lie between their two betas:

# %%
for low, high in pairwise(betas):
    saved = trade[f"distortion_{high:g}"]["mean"] - trade[f"distortion_{low:g}"]["mean"]
    paid = trade[f"rate_{low:g}"]["mean"] - trade[f"rate_{high:g}"]["mean"]
    print(f"between beta {low:4} and {high:4}: {saved / paid:.2f} nats saved per nat of rate")

# %% [markdown]
# **Seen.** A bent curve, and its slope is what theory asks for: between each two neighbours it lies between their betas. The
# first nats of rate are worth many nats of distortion, the last ones hardly any. And the seeds hardly matter here: the
# rate of beta 1 is {{beta-rate-distortion: arms.rate_1.mean | .1f}} nats with a standard deviation of
# {{beta-rate-distortion: arms.rate_1.std | .1f}}.
#
# ## 3. Which models are worth keeping?
#
# **Question.** You have trained several models. Which of them can you throw away without knowing what they are for?
#
# One model **dominates** another if it is no worse in both rate and distortion, and better in one. The models that nobody
# dominates form the **Pareto front**. By hand: go through the models by increasing rate and keep those that lower the
# distortion.

# %% tags=["nbval-check-output"]
from vae_lessons.metrics import pareto_front

rate = torch.tensor([20.0, 5.0, 12.0, 30.0, 14.0])
distortion = torch.tensor([80.0, 130.0, 95.0, 70.0, 100.0])

front, lowest = [], float("inf")
for i in rate.argsort().tolist():
    if distortion[i] < lowest:
        front.append(i)
        lowest = distortion[i]
print("by hand", front, "by the package", pareto_front(rate, distortion).tolist())

# %% [markdown]
# Model 4 is out: model 2 has a smaller rate and a smaller distortion.
#
# Now a real choice. There are two ways to make a code say less: a larger beta, or fewer latents. We add VAEs with 2 and with 4
# latents and beta 1 to the three from above, which have 16.
#
# > **Predict.** Which of the five models will be dominated?

# %%
for latents in (2, 4):
    vae = train(mlp_vae(latents))
    test = evaluate(vae, digits.test, objective=elbo_terms, prepare=binarize)
    found[f"{latents} latents"] = (test.kl, test.reconstruction)
rates, distortions = torch.tensor(list(found.values())).T
kept = pareto_front(rates, distortions).tolist()
for i, name in enumerate(found):
    print(
        f"{name:10} rate {rates[i]:5.1f}, distortion {distortions[i]:5.1f}",
        "" if i in kept else "(dominated)",
    )

# %% [markdown]
# **Seen.** The VAE with 2 latents: beta 8 with 16 latents has a smaller rate *and* a smaller distortion. The one with 4 latents
# survives. All this is among five models, with one seed each; another seed could decide otherwise. One possible reason, not
# tested here: a price on the rate leaves the choice of latents to each picture, while two latents are the same two for all.
#
# ## 4. What beta costs
#
# **Question.** All seven betas of section 2 are on the front; is none of them best? One question can be asked of every model:
# how probable does it make the test digits? Rate plus distortion is the negative ELBO with beta 1, whatever the model was
# trained with. The true $-\log p(x)$ is never larger (lesson 04). That upper bound is our ruler for beta.
#
# > **Predict.** Is the best sum that of beta 1? By how many nats is it better than that of beta 4?

# %%
plots.lines(
    betas,
    {
        label: [trade[f"{name}_{beta:g}"]["values"] for beta in betas]
        for label, name in (
            ("sum: negative ELBO", "negative_elbo"),
            ("distortion", "distortion"),
            ("rate", "rate"),
        )
    },
    xlabel="beta in training",
    ylabel="nats (bar: spread over 5 seeds)",
    log_x=True,
    alt="Rate, distortion and their sum over beta from 0.1 to 8. The rate falls, the distortion rises, and "
    "the sum has its minimum at beta 1.",
)

# %% [markdown]
# **Seen.** Yes: {{beta-rate-distortion: arms.negative_elbo_1.mean | .1f}} nats with beta 1. With beta 4 it is
# {{beta-rate-distortion: arms.negative_elbo_4.mean | .1f}}, some 19 nats more, and with beta 8
# {{beta-rate-distortion: arms.negative_elbo_8.mean | .1f}}. To be off by a factor of two costs less, but not nothing:
# {{beta-rate-distortion: arms.negative_elbo_2.mean | .1f}} with beta 2, and about two nats more than the best with beta 0.5.
# Rate saved can be latents lost: all {{beta-rate-distortion: arms.active_2.mean | .0f}} are active with beta 2, and
# {{beta-rate-distortion: arms.active_8.mean | .0f}} with beta 8 (lesson 06).
#
# This does not say that beta must be 1. It says what another beta costs on this ruler; what it buys is to be measured as well.
#
# ## 5. Does beta blur?
#
# "Beta-VAEs are blurry" is often said. **Question.** Does a larger beta blur the pictures? First a look. The control is an
# autoencoder with the same layers and no KL at all.
#
# > **Predict.** What will beta 8 do to the reconstructions: blur them, or draw other digits?

# %%
from vae_lessons.losses import cross_entropy_terms

autoencoder = train(mlp_autoencoder(16), objective=cross_entropy_terms)
with torch.no_grad():
    rows = {"original": x[:10], "autoencoder": torch.sigmoid(autoencoder(x[:10]).logits)}
    for beta, vae in vaes.items():
        mu, _ = vae.encode(x[:10])
        rows[f"beta {beta:g}"] = torch.sigmoid(vae.decode(mu))
plots.image_rows(
    rows,
    alt="Ten test digits, and below them their reconstructions by an autoencoder and by VAEs with beta 0.1, "
    "1 and 8. The first three rows of reconstructions look alike; with beta 8 strokes are wide and grey and some digits "
    "have become others.",
)

# %% [markdown]
# **Seen.** Both. With beta 8 the strokes are wide and grey, and the fours look like nines.
#
# We need a number. Sharp edges mean large differences between neighbouring pixels. The **gradient energy** of a picture is the
# sum of these differences squared, across and down; we divide it by that of the original digits and call the result the
# **sharpness**. A value of 1 is as sharp as they are.

# %%
from vae_lessons.metrics import sharpness


def energy(pictures):
    """The mean gradient energy of pictures (N, 784)."""
    image = pictures.reshape(-1, 28, 28)
    return (image.diff(dim=1) ** 2).sum((1, 2)).mean() + (image.diff(dim=2) ** 2).sum(
        (1, 2)
    ).mean()


for name, pictures in rows.items():
    by_hand = energy(pictures) / energy(x[:10])
    print(f"{name:12} {by_hand:.2f}, by the package {sharpness(pictures, x[:10]):.2f}")

# %% [markdown]
# Now on all test digits, with three seeds and eight epochs of training, and for samples from the prior as well. The
# autoencoder has no prior; its samples are decoded from a Gaussian fitted to its codes.
#
# > **Predict.** Which beta has the sharpest samples?

# %%
blur = read_claim("beta-blur")["arms"]
models = {"autoencoder": "ae"} | {f"beta {beta}": beta for beta in ("0.1", "1", "2", "8")}
plots.seed_dots(
    {
        label: {
            "reconstructions": blur[f"reconstruction_{name}"]["values"],
            "samples": blur[f"sample_{name}"]["values"],
        }
        for label, name in models.items()
    },
    xlabel="sharpness (1: as sharp as the digits)",
    reference=("digits averaged over 3 × 3 pixels", blur["softened"]["mean"]),
    share=False,
    alt="Two marks per seed in five rows. The sharpness of reconstructions is 0.48 for the autoencoder and falls from 0.46 at "
    "beta 0.1 to 0.14 at beta 8. That of samples is 0.42 for the autoencoder; with beta it is highest at beta 1, 0.29, and "
    "lowest at beta 8, 0.13. A dashed line for digits averaged over 3 by 3 pixels is at 0.20.",
)

# %% [markdown]
# **Seen.** Two answers to one question.
#
# - *Reconstructions*: yes. Their sharpness falls at every step, from nearly half of the digits' with beta 0.1
#   over {{beta-blur: arms.reconstruction_1.mean | .2f}} with beta 1 to {{beta-blur: arms.reconstruction_8.mean | .2f}} with beta 8, which
#   is softer than digits averaged over 3 × 3 pixels ({{beta-blur: arms.softened.mean | .2f}}). But the autoencoder, without any
#   KL, has no more than {{beta-blur: arms.reconstruction_ae.mean | .2f}}: most of the blur at beta 1 is not the KL's.
# - *Samples*: not simply. Among the VAEs they are sharpest with beta 1 ({{beta-blur: arms.sample_1.mean | .2f}}) and softer on
#   both sides, a fifth with beta 0.1 and {{beta-blur: arms.sample_8.mean | .2f}} with beta 8.
#
# A sharp picture need not be a good one. So the classifier of lesson 01 judges which samples are plausible digits. It sees them in
# black and white, so that greyness as such does not count.
#
# > **Predict.** Are the sharper samples the more plausible ones?

# %%
plots.seed_dots(
    {label: {"samples": blur[f"plausible_{name}"]["values"]} for label, name in models.items()},
    xlabel="share of plausible samples",
    reference=("real digits", blur["plausible_real"]["mean"]),
    alt="One mark per seed in five rows. The share of plausible samples is 19 percent for the autoencoder and rises with beta "
    "from 7 percent at beta 0.1 over 16 and 21 to 34 at beta 8. A dashed line for real digits is at 94 percent.",
)

# %% [markdown]
# **Seen.** Sharpness does not tell. With beta 8 the samples are the softest and the most plausible,
# {{beta-blur: arms.plausible_8.mean | .0%}}. But the autoencoder's are the sharpest of all, and with
# {{beta-blur: arms.plausible_ae.mean | .0%}} no less plausible than those of beta 1
# ({{beta-blur: arms.plausible_1.mean | .0%}}). Among the VAEs the share rises with beta at every step. Lesson 02 said that a
# larger beta pulls the codes closer to the prior; that may be the reason, but it is not measured here. All are far from
# the real digits, {{beta-blur: arms.plausible_real.mean | .0%}}. And the judge looks at one picture at a time; whether beta 8
# draws fewer kinds of digits is not measured either.
#
# ## 6. Pictures whose causes are known
#
# Beta-VAEs became known for something else: their latents are said to be **disentangled**, which means that each latent follows
# one cause of the pictures and no other. To test that, one must know the causes. The package draws 6,144 pictures with five
# known **factors**: shape, scale, rotation, and the position x and y.

# %%
from vae_lessons.data import FACTOR_NAMES, FACTOR_SIZES, every_shape, shapes

pictures, every = shapes(), every_shape()
start = torch.tensor([1, 3, 0, 3, 3])  # a large heart, upright, in the middle
rows = {}
for f, (name, size) in enumerate(zip(FACTOR_NAMES, FACTOR_SIZES, strict=True)):
    others = [i for i in range(5) if i != f]
    same = (every.labels[:, others] == start[others]).all(dim=1)
    rows[f"{name} ({size})"] = binarize(every.images[same])
plots.image_rows(
    rows,
    alt="Five rows, in each of which one factor changes: three shapes (arrow, heart, moon), four sizes, eight "
    "rotations of 45 degrees, eight positions from left to right and eight from top to bottom.",
)

# %% [markdown]
# **Question.** Which term of the loss could keep latents apart? Lesson 06 split the KL, averaged over pictures, into the
# mutual information and the distance of the aggregate posterior $q(z)$ from the prior. That distance has two parts, so there
# are three in all:
#
# $$\mathbb E_x\, \mathrm{KL}(q(z \mid x) \,\Vert\, p(z)) = I(x; z)
# + \mathrm{KL}\Big(q(z) \,\Big\Vert\, \prod_d q(z_d)\Big) + \sum_d \mathrm{KL}(q(z_d) \,\Vert\, p(z_d)) .$$
#
# What the code says about the picture; how much the latents depend on *each other* over all pictures; how far each single
# latent is from N(0, 1). The middle part is the **total correlation** (TC). It is 0 if the latents are independent. Beta weighs all
# three parts, and so taxes information as well. **beta-TCVAE** (Chen et al. 2018) weighs the total correlation alone.
#
# To estimate it, take the posteriors of a batch for $q(z)$. Two tiny cases have a known answer. Four clouds far apart at
# the corners of a square: to know one latent says nothing about the other. Two clouds on a diagonal: to know one latent is
# to know the other, a choice between two, log 2.

# %% tags=["nbval-check-output"]
from vae_lessons.distributions import gaussian_log_prob
from vae_lessons.total_correlation import total_correlation

square = 50 * torch.tensor([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
for name, mu in (("square", square), ("diagonal", square[[0, 3]])):
    z, logvar = mu, torch.zeros_like(mu)
    log_q = gaussian_log_prob(
        z[:, None], mu, logvar
    )  # (B, B, D): draw i, posterior j, latent d
    log_n = torch.tensor(float(len(mu))).log()
    joint = torch.logsumexp(log_q.sum(2), dim=1) - log_n  # log q(z), (B,)
    single = torch.logsumexp(log_q, dim=1) - log_n  # log q(z_d), (B, D)
    by_hand = (joint - single.sum(1)).mean()
    by_package = total_correlation(z, mu, logvar).mean()
    # abs: rounding may leave a tiny negative number, which would be printed as -0.000
    print(f"{name:8} by hand {by_hand.abs():.3f}, by the package {by_package.abs():.3f} nats")

# %% [markdown]
# In these two cases the batch is all there is. In training, a batch of 64 stands for thousands of pictures, and each draw's own
# cloud counts as one of 64: far too much. So the estimate is no measure of the true total correlation. Up to a constant,
# it is what Chen et al. train with.
#
# `beta_tc_terms(16)` is an objective for `fit` with 16 times the total correlation in the KL; weight 1 would be `elbo_terms`. We
# train a small convolutional VAE with it.

# %%
from vae_lessons.models import conv_vae
from vae_lessons.total_correlation import beta_tc_terms


def train_shapes(objective, epochs):
    """A small convolutional VAE with 6 latents, trained on the pictures with known factors."""
    seed_everything(0)
    vae = conv_vae(6, hidden_dim=128, side=32, channels=8)
    fit(
        vae,
        pictures.train,
        objective=objective,
        prepare=binarize,
        epochs=scaled_epochs(epochs),
        batch_size=64,
        learning_rate=1e-2,
    )
    return vae


vae = train_shapes(beta_tc_terms(16.0), epochs=30)

# %% [markdown]
# ## 7. A walk along one latent
#
# **Question.** What has each latent learned? Take the code of one picture, its posterior mean, change **one** latent from −2 to 2,
# decode, and look. This is a **latent traversal**.

# %%
from vae_lessons import latents


def latent_traversal(decode, z, dim, values):
    """What decode gives for copies of z (D,) whose latent dim takes each of values (V,): (V, P)."""
    codes = z.repeat(len(values), 1)  # a copy, so that z stays as it is
    codes[:, dim] = values
    return decode(codes)


middle = (every.labels == start).all(dim=1)
values = torch.linspace(-2, 2, 9)
with torch.no_grad():
    z = vae.encode(binarize(every.images[middle]))[0][0]
    by_hand = latent_traversal(vae.decode, z, 0, values)
    by_package = latents.latent_traversal(vae.decode, z, 0, values)
print("by hand and by the package agree:", torch.allclose(by_hand, by_package))

# %% [markdown]
# Many latents may have collapsed. The KL per latent of lesson 06 says which, so we sort by it.
#
# > **Predict.** How many of the six latents will be in use? What would you see if one of them were x?

# %%
from vae_lessons.metrics import kl_per_dimension

with torch.no_grad():
    codes, logvar = vae.encode(binarize(every.images))
    kl = kl_per_dimension(codes, logvar)
    walks = {
        f"latent {d + 1}, {kl[d]:.1f} nats": torch.sigmoid(
            latent_traversal(vae.decode, z, d, values)
        )
        for d in kl.argsort(descending=True).tolist()
    }
plots.image_rows(
    walks,
    columns=[f"{value:g}" for value in values],
    alt="Six rows of nine pictures, one row per latent. The first row moves a dark disc from left to right, the second from "
    "bottom to top, the third shrinks it. In the other three, with a KL of 0.0, nothing changes. No row shows a heart.",
)

# %% [markdown]
# **Seen.** Three latents are in use. One moves the shape from left to right, one up and down, one changes its size: no need to
# ask what they mean. But where is the heart? The model draws a disc, and no walk turns it or changes its shape. Section 9
# shows what such a model pays in distortion.
#
# ## 8. A number for it: the gap
#
# A look at pictures can deceive. **Question.** How can we measure whether a latent follows one factor?
#
# By what it knows. Let $z_d$ be the posterior mean of latent $d$, as in the walk. The **mutual information** $I(z_d; v_f)$ between
# latent $d$ and factor $f$ is the number of nats by which the latent narrows down the factor: 0 if it says nothing, the factor's **entropy** $H(v_f)$ if it says all. Eight equally
# likely positions have an entropy of log 8, or 2.08 nats. For each factor take the best latent and the second best:
#
# $$\mathrm{MIG} = \frac{1}{F} \sum_f \frac{I(z_\text{best}; v_f) - I(z_\text{second}; v_f)}{H(v_f)},$$
#
# the **mutual information gap** (Chen et al. 2018). It is 1 if for every factor there is a latent that says all about it, and
# no other latent says anything. It is 0 if every factor is known equally well to two latents, and also if nobody knows
# any. Note what it asks: whether each *factor* sits in one latent. It does not ask whether each *latent* follows one factor. A
# latent that serves two factors scores on both.
#
# > **Predict.** In this table of three latents and two factors, both with an entropy of 2 nats, one factor sits mostly in one
# > latent, and one is shared by two. What is the gap of each, and what is the MIG?

# %% tags=["nbval-check-output"]
from vae_lessons.metrics import mutual_information_gap

table = torch.tensor([[1.8, 0.1], [0.0, 1.0], [0.2, 1.0]])  # (latents, factors)
entropy = torch.tensor([2.0, 2.0])
ordered = table.sort(dim=0, descending=True).values
gaps = (ordered[0] - ordered[1]) / entropy
print("gap of each factor:", [round(gap, 2) for gap in gaps.tolist()])
print(f"by hand {gaps.mean():.2f}, by the package {mutual_information_gap(table, entropy):.2f}")

# %% [markdown]
# The means are real numbers, so `latent_factor_information` sorts each into 20 bins and counts, as Locatello et al. (2019) do;
# Chen et al. work with draws from $q(z \mid x)$ instead. Counting has a bias: by chance
# alone, every latent seems to know a little about every factor. So we also count with the factors in random order, where
# the truth is 0.

# %%
from vae_lessons.metrics import latent_factor_information

information, entropy = latent_factor_information(codes, every.labels)
shuffled = every.labels[
    torch.randperm(len(every.labels), generator=torch.Generator().manual_seed(0))
]
chance, _ = latent_factor_information(codes, shuffled)
print(f"MIG {mutual_information_gap(information, entropy):.2f}")
print(f"factors in random order: {mutual_information_gap(chance, entropy):.4f}, ", end="")
print(f"the largest entry of the table {chance.max():.3f} nats")

# %%
order = kl.argsort(descending=True)
plots.heatmap(
    (information / entropy)[order],
    rows=[f"latent {d + 1}, {kl[d]:.1f} nats" for d in order.tolist()],
    columns=FACTOR_NAMES,
    label="share of the factor's entropy",
    alt="A table of six latents and five factors. The first two latents know all of x and of y, one each. The third knows "
    "most of the scale and half of the shape. Nobody knows the rotation.",
)

# %% [markdown]
# **Seen.** The table says what the pictures said, and more. x and y have a latent of their own each. A third knows most of
# the scale, but also half of the shape: it seems to follow the area, and the three shapes cover different areas. The MIG does
# not mind; both gaps raise it. Rotation is known to none. Even a perfect model could hardly give it a single latent: it is a
# circle, 315 degrees lie next to 0, and a line has two ends.
#
# The shuffled factors show that chance accounts for next to nothing. The collapsed latents know a little all the same: their
# means hardly move, but the bins follow the range, however small it is. That counts: the second best latent for y is a
# collapsed one, and what it knows is taken from the gap.
#
# ## 9. What beta does, and what it does not
#
# One model is an anecdote. **Question.** Does a larger beta disentangle? And a weight on the total correlation? The same
# network, 30 epochs, five seeds each. The settings were chosen by looking at the seeds 0 and 1. These are left out, so the
# seeds are 2 to 6. Our model above has seed 0: it is no fair sample. As controls: factors in random order, the untrained
# encoder, and six principal components of the pixels (lesson 01).
#
# > **Predict.** Which will differ more: two betas, or two seeds?

# %%
measured = read_claim("beta-disentanglement")["arms"]
names = {f"beta {beta}": f"mig_beta_{beta}" for beta in (1, 4, 8, 16)}
names |= {f"TC weight {weight}": f"mig_tc_{weight}" for weight in (4, 16)}
names |= {"untrained encoder": "mig_untrained", "principal components": "mig_pca"}
plots.seed_dots(
    {label: {"MIG": measured[name]["values"]} for label, name in names.items()},
    xlabel="mutual information gap (a mark per seed, a bar at the mean)",
    reference=("factors in random order", measured["mig_shuffled"]["mean"]),
    share=False,
    alt="Marks of five seeds in eight rows. For beta 1 they lie between 0.02 and 0.16, for beta 16 between 0.01 and 0.37. For a "
    "weight of 4 on the total correlation they lie between 0.05 and 0.40, for a weight of 16 between 0.16 and 0.53. The untrained "
    "encoder lies near 0, principal components between 0.02 and 0.12.",
)

# %%
middles = []
for beta in (1, 4, 8, 16):
    gap = measured[f"mig_beta_{beta}"]
    low, high = min(gap["values"]), max(gap["values"])
    middles.append(gap["mean"])
    print(
        f"beta {beta:2}: mean {gap['mean']:.2f}, seeds {low:.2f} to {high:.2f}, range {high - low:.2f}"
    )
print(f"range of the four means: {max(middles) - min(middles):.2f}")

# %% [markdown]
# **Seen.** Two seeds. At every single beta the seeds differ by more than the means of any two betas. The mean rises from
# {{beta-disentanglement: arms.mig_beta_1.mean | .2f}} with beta 1 to
# {{beta-disentanglement: arms.mig_beta_16.mean | .2f}} with beta 16, but at beta 16 alone the five seeds go from
# {{beta-disentanglement: arms.mig_beta_16.values.4 | .2f}} to {{beta-disentanglement: arms.mig_beta_16.values.2 | .2f}}. A
# mean is steadier than one seed, so look at equal seeds, too: beta 16 is well above beta 1 in two of five, and a little below in
# three. That is no clear effect.
#
# A weight of 16 on the total correlation gives {{beta-disentanglement: arms.mig_tc_16.mean | .2f}}, more than beta 1 in every
# seed. Beside beta 16 it is ahead in four seeds of five, which again is not clear. It spreads as widely, from
# {{beta-disentanglement: arms.mig_tc_16.values.1 | .2f}} to {{beta-disentanglement: arms.mig_tc_16.values.3 | .2f}}.
#
# And the controls? Factors in random order give {{beta-disentanglement: arms.mig_shuffled.mean | .4f}}, so chance in the counting
# explains nothing. But that is a low bar. Principal components, without any training of a network, have
# {{beta-disentanglement: arms.mig_pca.mean | .2f}}: as much as beta 1. One seed each of beta 1, 8 and 16 lies even among
# the untrained encoders ({{beta-disentanglement: arms.mig_untrained.mean | .2f}}). Only weight 16 has all its seeds above all
# of the principal components.
#
# It has its price: the distortion is {{beta-disentanglement: arms.distortion_beta_1.mean | .0f}} nats with beta 1 and
# {{beta-disentanglement: arms.distortion_tc_16.mean | .0f}} with weight 16. Beta 8 costs as much
# ({{beta-disentanglement: arms.distortion_beta_8.mean | .0f}}), beta 16 more
# ({{beta-disentanglement: arms.distortion_beta_16.mean | .0f}}).
#
# Which factors are found? The gap of each, means over five seeds. The colours run up to the largest number of this table,
# not to 1:

# %%
rows = ["beta_1", "beta_16", "tc_4", "tc_16"]
plots.heatmap(
    torch.tensor(
        [[measured[f"{factor}_{row}"]["mean"] for factor in FACTOR_NAMES] for row in rows]
    ),
    rows=["beta 1", "beta 16", "TC weight 4", "TC weight 16"],
    columns=FACTOR_NAMES,
    label="gap, mean of 5 seeds",
    alt="A table of four models and five factors. Rotation is 0.00 or 0.01 in all. Scale is 0.15 and 0.09 for beta 1 and "
    "16, but 0.31 and 0.56 for weights 4 and 16; shape 0.03 and 0.04, then 0.11 and 0.21. For x and y beta 1 has 0.10, beta 16 "
    "about 0.4 and weight 16 about 0.5.",
)

# %% [markdown]
# **Seen.** Here is a clear effect. The scale sits in one latent far more with weight 16, a gap of
# {{beta-disentanglement: arms.scale_tc_16.mean | .2f}}, than with beta 16,
# {{beta-disentanglement: arms.scale_beta_16.mean | .2f}}. The order is the same in every seed. So it is for the shape, at
# {{beta-disentanglement: arms.shape_tc_16.mean | .2f}} and {{beta-disentanglement: arms.shape_beta_16.mean | .2f}}; whether
# one latent serves both, as in our model, the gaps do not say. No latent stands out for the rotation anywhere.
#
# The position is all or nothing. With weight 16 the gap for x, and beside it the share of x and y that their best latents
# know (a mean of the two):
#
# | seed | gap for x | position known |
# |---|---|---|
# | 2 | {{beta-disentanglement: arms.x_tc_16.values.0 | .2f}} | {{beta-disentanglement: arms.position_known_tc_16.values.0 | .2f}} |
# | 3 | {{beta-disentanglement: arms.x_tc_16.values.1 | .2f}} | {{beta-disentanglement: arms.position_known_tc_16.values.1 | .2f}} |
# | 4 | {{beta-disentanglement: arms.x_tc_16.values.2 | .2f}} | {{beta-disentanglement: arms.position_known_tc_16.values.2 | .2f}} |
# | 5 | {{beta-disentanglement: arms.x_tc_16.values.3 | .2f}} | {{beta-disentanglement: arms.position_known_tc_16.values.3 | .2f}} |
# | 6 | {{beta-disentanglement: arms.x_tc_16.values.4 | .2f}} | {{beta-disentanglement: arms.position_known_tc_16.values.4 | .2f}} |
#
# In seeds 4, 5 and 6 one latent knows nearly all of x, and no other much. In seed 2 the best latent knows
# about half, and a second one not much less: they share it. In seed 3 no latent knows much. A small gap alone could not tell these two cases apart. Has seed 3 lost the
# position? Probably not: its distortion, {{beta-disentanglement: arms.distortion_tc_16.values.1 | .0f}} nats, is not above the
# average. Several latents may hold it together. How that can be is the next question.
#
# ## 10. Why the seed decides
#
# **Question.** Why does the likelihood not choose the right axes? Here is a trick that cannot be seen in any sample or
# reconstruction. Turn
# the latent space: replace $z$ by $z' = zQ$ with a rotation $Q$, and let the decoder turn it back first. The prior N(0, I) looks the same from
# all sides, so $z'$ has the same prior. The new decoder draws the same pictures with the same probabilities: $p(x)$ is the
# same for every $x$. But each new latent is a mixture of all old ones.
#
# > **Predict.** What is the MIG of our model after a random rotation?

# %%
torch.manual_seed(0)
rotation, _ = torch.linalg.qr(torch.randn(6, 6))
turned = codes @ rotation
with torch.no_grad():
    same = torch.allclose(
        vae.decode(turned[:100] @ rotation.T), vae.decode(codes[:100]), atol=1e-3
    )
print("the same pictures:", same)
for name, z in (("as trained", codes), ("turned", turned)):
    gap = mutual_information_gap(*latent_factor_information(z, every.labels))
    print(f"{name:10} MIG {gap:.2f}")

# %% [markdown]
# **Seen.** The same pictures, as it must be: $Q Q^\top$ is the identity. And the gap is nearly gone. So a good likelihood cannot
# promise disentangled latents: for every disentangled model there is an entangled one that fits all pictures equally well.
# Locatello et al. (2019) prove it for every prior of two or more independent latents, not only for N(0, I). What tips the scales are **inductive biases**, preferences that do not come from the
# data: the form of the network, clouds whose axes are those of the latents, a term such as the total correlation. Where
# these leave a choice open, the seed makes it. Principal components show it without any training: x and y
# vary equally in our pictures, so two directions have the same variance, their axes are arbitrary, and the MIG of the
# components depends on the seed of the algorithm (a randomised PCA).
#
# And whoever picks the best of many seeds by its MIG has used the labels.
#
# ## Summary
#
# - Rate (the KL) and distortion (the reconstruction term) add up to the negative ELBO. Beta is the price of a nat of rate in
#   nats of distortion.
# - Judge models trained with different betas by the same ruler, the ELBO with beta 1, or keep the whole Pareto front.
# - A larger beta blurs reconstructions. Samples from the prior were sharpest with beta 1, and more often plausible the larger
#   beta was. Sharp and plausible are two things.
# - Disentangled means that each latent follows one factor. The MIG, where the factors are known, asks the other way round:
#   whether each factor sits in one latent.
# - Two seeds differed more in the MIG than two betas, and beta 1 was no better than principal components. A weight of 16 on
#   the total correlation gathered more of the scale in one latent than beta 16, in every seed, and the position in three
#   of five. No latent stood out for the rotation.
# - The likelihood cannot tell a latent space from a rotated one. Report the spread over seeds.

# %% [markdown]
# ## Quiz
#
# Click an answer to see whether it is right, and why.

# %% [markdown]
# **1. Two models were trained with beta 1 and with beta 4. Whose training loss is lower says...**
#
# <details><summary>A. which model is better.</summary>No. The two losses weigh the KL differently, so they are different rulers.</details>
# <details><summary>B. nothing yet: compare rate + distortion of both, or both numbers apart.</summary>Right. With beta 1 for both, the sum bounds the log-probability of the pictures.</details>
# <details><summary>C. which model has the better reconstructions.</summary>No. The loss mixes both terms. The distortion alone would say it.</details>

# %% [markdown]
# **2. A paper shows beautiful traversals of one model and calls it disentangled. What do you ask for first?**
#
# <details><summary>A. The same measure for several seeds, and for a control.</summary>Right. One model may be the best of many, and the seed matters.</details>
# <details><summary>B. A larger beta.</summary>No. In section 9 two seeds differed more than two betas, and one model cannot show that.</details>
# <details><summary>C. More latents.</summary>No. That would not tell you whether the result is typical.</details>

# %% [markdown]
# **3. All latents of a VAE are turned by a rotation, and the decoder turns them back. What changes?**
#
# <details><summary>A. The probability of the pictures.</summary>No. N(0, I) looks the same from all sides, so p(x) is the same for every picture.</details>
# <details><summary>B. The MIG and the walks along single latents, but no sample and no reconstruction.</summary>Right. That is why the pictures alone cannot decide on the axes.</details>
# <details><summary>C. Nothing at all.</summary>No. Each latent is now a mixture of several, so the gap shrinks.</details>

# %% [markdown]
# ## Exercise
#
# [Exercise 07](../exercises/07_beta_vae.ipynb): write the walk along one latent, the gap, and the choice of models worth
# keeping. Next lesson: [08 · Anomaly detection](08_anomaly_detection.ipynb)
