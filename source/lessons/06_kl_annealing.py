# %% [markdown]
# # 06 · KL annealing and posterior collapse
#
# **After this lesson** you can recognise a code that says nothing, measure it in three ways, write three remedies by hand,
# and find out whether a collapse was an accident of training or what the best model wants.
#
# | section | minutes |
# |---|---|
# | 1. A decoder that sees what it has drawn | 10 |
# | 2. A code that says nothing | 8 |
# | 3. Three ways to measure it | 10 |
# | 4. Three remedies | 10 |
# | 5. Do they help? | 10 |
# | 6. Accident or optimum? | 8 |
# | 7. A collapse that can be computed | 12 |
# | 8. Ways around the code | 8 |
# | quiz | 6 |
#
# **Run time:** about {{run_times: 06_kl_annealing.seconds}} s on two CPU cores.
# **Builds on:** [04 · The ELBO](04_elbo.ipynb) and [05 · Training](05_training.ipynb).
#
# ## 1. A decoder that sees what it has drawn
#
# Our decoders so far decide about each pixel from the code alone. Given $z$, the pixels are independent coins. Whatever
# neighbouring pixels have in common must be in the code.
#
# An **autoregressive** decoder draws the picture pixel by pixel in reading order. It decides about each pixel from the code
# *and from the pixels that it has already drawn*:
#
# $$p(x \mid z) = \prod_i p(x_i \mid x_1, \ldots, x_{i-1}, z).$$
#
# This is the product rule, so nothing is lost: such a decoder can describe any distribution of pictures, if it sees *all*
# earlier pixels. Ours will see only the near ones.
#
# **Question.** In training we know the whole picture. Can one pass of a convolution give all the logits, without any pixel
# seeing itself? Set the weights that look at later pixels to zero: a **masked convolution**.
#
# > **Predict.** A kernel of 3 × 3 is laid over pixel $i$. Which of its nine weights may stay?

# %% tags=["nbval-check-output"]
import torch
from torch import nn
from torch.nn import functional as F

from vae_lessons import plots
from vae_lessons.pixelcnn import MaskedConv2d

mask = torch.zeros(3, 3)
mask[0] = 1  # the row above
mask[1, 0] = 1  # to the left
print(mask.int().tolist())
first = MaskedConv2d(1, 1, 3, own=False)
print("by hand and by the package agree:", torch.equal(mask, first.mask))

x = torch.rand(1, 1, 8, 8)
by_hand = F.conv2d(x, first.weight * mask, first.bias, padding=1)
print("and so do the results:", torch.equal(by_hand, first(x)))

# %% [markdown]
# Later layers may also look at their own place, which holds what the first layer has made of the pixels before
# (`own=True`). The package's `pixel_vae` has one layer of the first kind, with a kernel of 7 × 7, and two of the second, with
# 3 × 3. So it looks 3 + 1 + 1 = 5 pixels far. The code joins the
# features of the first layer as one number per channel, the same at every pixel: a *bias*. Encoder and sampler are as
# before.
#
# Does the model keep its promise? Change one pixel of an empty picture, and see which logits move.
#
# > **Predict.** Which ones: all later pixels, or only some of them?

# %%
from vae_lessons.pixelcnn import pixel_vae

torch.manual_seed(0)
vae = pixel_vae(latent_dim=8, side=14)  # for pictures of 14 x 14 = 196 pixels
places = torch.tensor([17, 34, 89, 104, 125, 151])
one_pixel = F.one_hot(places, 196).float()  # (6, 196)
z = torch.zeros(6, 8)
with torch.no_grad():
    moved = vae.decode(z, one_pixel) != vae.decode(z, torch.zeros(6, 196))
shades = torch.where(one_pixel == 1, 1.0, 0.08 + 0.4 * moved)
plots.image_rows(
    {"": F.pad(shades.view(-1, 14, 14), (1, 1, 1, 1)).flatten(1)},  # with a white frame
    alt="Six pictures, each with one changed pixel in black and the logits that it moves in grey: a "
    "patch of later pixels, up to five to the right in the same row and up to five rows below, never "
    "above and never to the left in the same row. Behind the pixel at the right edge it begins one row below.",
)

# %% [markdown]
# **Seen.** Only later pixels, and of them only the near ones: at most 5 pixels away. So our decoder draws strokes that fit their
# surroundings, but does not see the whole picture.
#
# ## 2. A code that says nothing
#
# We train two VAEs with 8 latent numbers on the same small digits: `halve` keeps the brightest of each 2 × 2 pixels,
# `binarize` makes them black and white. One has the **weak** decoder, an MLP with pixels that are independent given $z$;
# one has the **strong** decoder, which sees the earlier pixels.
#
# > **Predict.** Which of the two will have the larger KL after training?

# %%
from vae_lessons.data import Images, binarize, halve, mnist
from vae_lessons.losses import elbo_terms
from vae_lessons.models import mlp_vae
from vae_lessons.training import evaluate, fit, scaled_epochs, seed_everything

digits = mnist()
train = Images(halve(digits.train.images[:10_000]), digits.train.labels[:10_000])
test = Images(halve(digits.test.images[:2000]), digits.test.labels[:2000])
EPOCHS, STEPS_PER_EPOCH = scaled_epochs(5), 100


def train_vae(vae, **schedule):
    """Train in place with whatever `fit` is told about the KL, and return the history."""
    return fit(
        vae,
        train,
        objective=elbo_terms,
        prepare=binarize,
        epochs=EPOCHS,
        batch_size=100,
        learning_rate=4e-3,
        seed=0,
        **schedule,
    )


seed_everything(0)
weak, strong = mlp_vae(8, pixels=196), pixel_vae(8, side=14)
histories = {"weak": train_vae(weak), "strong": train_vae(strong)}
for name, vae in (("weak", weak), ("strong", strong)):
    averages = evaluate(vae, test, objective=elbo_terms, prepare=binarize)
    print(f"{name:6} KL {averages.kl:4.1f} nats, negative ELBO {averages.loss:.1f} nats")

# %% [markdown]
# What does such a code still say? We take the mean code of a test digit and let the strong decoder draw from it, twice.

# %%
shown = binarize(test.images)[:8]
torch.manual_seed(0)
with torch.no_grad():
    weak_mu, strong_mu = weak.encode(shown)[0], strong.encode(shown)[0]
    rows = {
        "test digit": shown,
        "weak, from its code": torch.sigmoid(weak.decode(weak_mu)),
        "strong, from its code": strong.sample(strong_mu, 196),
        "strong, once more": strong.sample(strong_mu, 196),
    }
plots.image_rows(
    rows,
    alt="Four rows of eight pictures: test digits; the weak decoder's blurred but similar digits; "
    "and twice the strong decoder's drawings from the same codes, crisp strokes that resemble "
    "neither the digits nor each other.",
)

# %% [markdown]
# **Seen.** The weak decoder draws the digit of its code. The strong one draws strokes that have nothing to do with the
# digit: its code says next to nothing. (Blurred against crisp is no verdict: the weak row shows probabilities, the strong rows
# show draws. That the strokes do not join to digits fits a decoder that sees so little of the picture.) And yet, by the
# negative ELBO it is not the worse model.
#
# This is **posterior collapse**: the approximate posterior has become (nearly) the prior, $q(z \mid x) \approx p(z)$, for
# every picture, and the decoder ignores the code. The model may still be a good model of pictures. It is useless to
# whoever wants codes.
#
# Why would training do that? Recall what the ELBO loses: $\log p(x) - \mathrm{KL}(q(z \mid x) \,\Vert\, p(z \mid x))$. A decoder that
# *ignores* the code has $p(z \mid x) = p(z)$, and then $q = p(z)$ costs nothing. If listening would not improve $\log p(x)$ either,
# nothing can be gained with a code. A decoder of independent pixels is in another position: it must pay for a code wherever
# pixels vary together by more than its noise (section 7 computes how much).
#
# ## 3. Three ways to measure it
#
# **KL per dimension.** The KL of each latent, averaged over pictures. A latent with KL 0 has collapsed.
#
# **Active units.** How many latents have a mean $\mu_d(x)$ that differs between pictures: its variance is above 0.01
# (Burda et al., 2016).
#
# **Mutual information.** How much $z$ tells about which picture it came from, in nats:
#
# $$I(x; z) = \mathbb E_{x}\, \mathbb E_{z \sim q(z \mid x)} \left[ \log q(z \mid x) - \log q(z) \right],$$
#
# with the aggregate posterior $q(z)$ of lesson 02, the mixture of all the clouds. The KL is this information plus the distance of
# $q(z)$ from the prior, so it can be larger than the information, never smaller. To measure it
# we take the mixture of N test pictures for $q(z)$. The result cannot pass $\log N$: with 2,000 pictures, $\log 2000 = 7.6$ nats.
#
# Each by hand, then by the package.

# %%
from torch.distributions import Normal

from vae_lessons.metrics import active_units, kl_per_dimension, posterior_budget

x = binarize(test.images)
with torch.no_grad():
    mu, logvar = weak.encode(x)
per_dimension = (0.5 * (mu**2 + logvar.exp() - 1 - logvar)).mean(0)  # (8,)
active = int((mu.var(0) > 0.01).sum())

cloud = Normal(mu, torch.exp(logvar / 2))
z = cloud.sample()  # one draw per picture
log_q = cloud.log_prob(z).sum(1)  # under its own cloud
under_each = cloud.log_prob(z[:, None]).sum(2)  # (2000, 2000): under everybody's cloud
log_aggregate = torch.logsumexp(under_each, dim=1) - torch.log(torch.tensor(len(x)))
information = (log_q - log_aggregate).mean()

budget = posterior_budget(mu, logvar, samples=4)
print("KL per dimension agrees:", torch.allclose(per_dimension, kl_per_dimension(mu, logvar)))
print(f"active units: by hand {active}, by the package {active_units(mu)}")
print(f"information: by hand {information:.1f}, by the package {budget.mutual_information:.1f}")

# %%
with torch.no_grad():
    strong_mu, strong_logvar = strong.encode(x)
strong_budget = posterior_budget(strong_mu, strong_logvar, samples=4)
print(f"weak:   {active_units(mu)} active, information {budget.mutual_information:.1f} nats")
print(
    f"strong: {active_units(strong_mu)} active, "
    f"information {strong_budget.mutual_information:.1f} nats"
)
plots.bars(
    {
        "weak decoder": kl_per_dimension(mu, logvar).tolist(),
        "strong decoder": kl_per_dimension(strong_mu, strong_logvar).tolist(),
    },
    xlabel="latent",
    ylabel="KL, nats",
    alt="Bars of the KL of each of the eight latents. With the weak decoder all eight carry "
    "between half a nat and one and a half; with the strong decoder all are below a tenth of a nat.",
)

# %% [markdown]
# **Seen.** KL and information agree: next to nothing is left with the strong decoder. Active units do not: most latents of the
# collapsed code count as active. A latent that carries a few hundredths of a nat may still do so, because its mean has a standard
# deviation above 0.1. So do not report active units alone.
#
# ## 4. Three remedies
#
# Folklore has it that training starts badly: at first the code is noise, the KL is a price for nothing, and so the encoder
# gives up before the decoder has learned to listen. Hence **KL annealing** (Bowman et al., 2016): let the KL be cheap at
# first.
#
# - **Linear warm-up**: its factor $\beta$ rises from 0 to 1 over the first steps and stays there.
# - **Cyclical** (Fu et al., 2019): the same rise again and again; in each period it rises for a part and stays 1 for the rest.
#
# > **Predict.** Both end with $\beta = 1$. If the best model wants no code, what will be left of it then?

# %% tags=["nbval-check-output"]
from vae_lessons import schedules


def linear_warmup(step, warmup_steps):
    return min(1.0, step / warmup_steps)


def cyclical(step, period):
    return min(1.0, (step % period) / (period / 2))


steps = range(800)
for step in (0, 100, 250, 399, 400, 799):
    same_linear = linear_warmup(step, 400) == schedules.linear_warmup(step, 400)
    same_cyclical = cyclical(step, 200) == schedules.cyclical(step, 200)
    print(
        f"step {step:3}: linear {linear_warmup(step, 400):.3f}, cyclical {cyclical(step, 200):.2f}, "
        f"as in the package: {same_linear and same_cyclical}"
    )

# %%
plots.curves(
    {
        "linear warm-up": {"β": (steps, [linear_warmup(step, 400) for step in steps])},
        "cyclical": {"β": (steps, [cyclical(step, 200) for step in steps])},
    },
    xlabel="step",
    ylabel="factor of the KL",
    alt="The factor of the KL over 800 steps. Linear warm-up: a straight line from 0 to 1 over 400 "
    "steps, then 1. Cyclical: four teeth of 200 steps, each rising for half of its period.",
)

# %% [markdown]
# The third remedy changes the price instead of the time. **Free bits** (Kingma et al., 2016): up to a floor of so many
# nats, a latent is free. The KL of each dimension is averaged over the batch, lifted to the floor if it lies below, and only then summed:
#
# $$\sum_d \max\!\left(\text{floor},\ \tfrac1B \textstyle\sum_b \mathrm{KL}_{bd}\right).$$
#
# > **Predict.** A latent with a KL below the floor: what is the gradient of this sum in its KL?

# %% tags=["nbval-check-output"]
from vae_lessons.losses import free_bits

kl = torch.tensor([[0.1, 0.9], [0.2, 1.5]], requires_grad=True)  # 2 pictures, 2 latents
floor = 0.25
by_hand = torch.maximum(kl.mean(0), torch.tensor(floor)).sum()
by_hand.backward()
print(f"by hand {by_hand.item():.2f}, by the package {free_bits(kl, floor).item():.2f}")
print("gradient:", kl.grad.tolist())

# %% [markdown]
# **Seen.** Below the floor the gradient is zero: giving up the last 0.25 nats of a latent saves nothing, so there is no reason to
# do it.
#
# ## 5. Do they help?
#
# The strong decoder once more, with warm-up over half of the steps and with free bits.
#
# > **Predict.** Sketch the KL over the epochs, for no schedule, linear warm-up and free bits.

# %%
from functools import partial

HALF = EPOCHS * STEPS_PER_EPOCH // 2
ways = {
    "none": {},
    "linear warm-up": {"beta": partial(schedules.linear_warmup, warmup_steps=HALF)},
    "free bits": {"penalty": partial(free_bits, min_nats=0.25)},
}
curves = {"none": histories["strong"].curve("train", "kl")}


def kl_curve(name):
    """Train a strong VAE from the same start and return its KL of each epoch."""
    seed_everything(0)
    return train_vae(pixel_vae(8, side=14), **ways[name]).curve("train", "kl")


curves["linear warm-up"] = kl_curve("linear warm-up")

# %%
curves["free bits"] = kl_curve("free bits")
epochs = range(1, EPOCHS + 1)
plots.curves(
    {"strong decoder, one seed": {name: (epochs, kl) for name, kl in curves.items()}},
    xlabel="epoch",
    ylabel="training KL, nats",
    alt="KL over the epochs for the strong decoder. Without a schedule it falls towards zero early; "
    "with linear warm-up it starts higher and then falls as well; with free bits it settles near 2 nats.",
)

# %% [markdown]
# **Seen.** Without a schedule the KL falls to a few tenths of a nat within three epochs. With warm-up it is higher while the KL is
# cheap. It falls already while $\beta$ rises, and is down to about half a nat once $\beta$ has reached 1, in the third epoch. So
# warm-up has postponed the collapse. Free bits hold the KL at the 8 × 0.25 = 2 nats that they do not charge.
#
# One seed and few epochs prove little. So we have measured it beforehand with five seeds, eight epochs, all three remedies
# and one more decoder: the same masked convolutions, but the code enters as a **map**, with numbers of its own for each part
# of the picture. Whatever a model was trained with, the table shows its plain negative ELBO, at $\beta = 1$ and without a floor, on 5,000 test
# digits; the number of steps is the same. Behind ± stands the standard deviation over the five seeds.

# %%
from vae_lessons.classroom.claims import read_claim

arms = read_claim("annealing")["arms"]
decoders = {"weak (MLP)": "mlp", "strong, bias": "pixel", "strong, map": "map"}
remedies = {
    "none": "none",
    "linear": "linear",
    "cyclical": "cyclical",
    "free bits": "free_bits",
}
print("                          -ELBO          KL          active   information")
for decoder, d in decoders.items():
    for remedy, r in remedies.items():
        loss, kl, active, told = (
            arms[f"{part}_{d}_{r}"] for part in ("loss", "kl", "active", "mi")
        )
        print(
            f"{decoder:13} {remedy:10} {loss['mean']:5.2f} ± {loss['std']:.2f}   "
            f"{kl['mean']:5.2f} ± {kl['std']:.2f}   {active['mean']:3.1f} of 8   "
            f"{told['mean']:.2f} ± {told['std']:.2f}"
        )

# %%
plots.heatmap(
    torch.tensor(
        [[arms[f"mi_{d}_{r}"]["mean"] for r in remedies.values()] for d in decoders.values()]
    ),
    rows=list(decoders),
    columns=list(remedies),
    label="information, nats",
    alt="Table of the information in the code for three decoders and four ways of handling the KL. "
    "About 6.8 for the weak decoder in every column; 0.4, 0.6, 0.7 and 1.5 for the strong decoder with a "
    "bias; 4.4, 5.0, 5.4 and 4.4 for the strong decoder with a map.",
)

# %% [markdown]
# **Seen.** Row by row:
#
# - The **weak** decoder keeps all its latents, whatever is done. (Its information is near the 7.6 nats that 2,000 pictures can show.)
# - The **strong decoder with a bias** keeps {{annealing: arms.mi_pixel_none.mean | .1f}} nats of information without a schedule. Warm-up ends with
#   {{annealing: arms.mi_pixel_linear.mean | .1f}}, the cyclical schedule with {{annealing: arms.mi_pixel_cyclical.mean | .1f}} nats: somewhat more, in every
#   seed, and neither changes the negative ELBO clearly. Free bits keep {{annealing: arms.mi_pixel_free_bits.mean | .1f}} nats, at a price: the negative ELBO
#   is {{annealing: arms.loss_pixel_free_bits.mean | .1f}} instead of {{annealing: arms.loss_pixel_none.mean | .1f}} nats.
# - The **strong decoder with a map** keeps {{annealing: arms.mi_map_none.mean | .1f}} nats without any schedule. Here annealing adds most:
#   {{annealing: arms.mi_map_linear.mean | .1f}} nats with warm-up and {{annealing: arms.mi_map_cyclical.mean | .1f}} with the cyclical schedule, more than without in every
#   seed. The negative ELBO hardly moves: {{annealing: arms.loss_map_none.mean | .1f}} without a schedule,
#   {{annealing: arms.loss_map_linear.mean | .1f}} and {{annealing: arms.loss_map_cyclical.mean | .1f}} with. Free bits change next to nothing.
# - **Active units** alone would mislead: {{annealing: arms.active_pixel_none.mean | .1f}} of 8 are active in a code that tells
#   {{annealing: arms.mi_pixel_none.mean | .1f}} nats.
#
# So in this measurement annealing leaves more of the code with both strong decoders, and the bound is not better for it. With
# the map it adds half a nat to a nat to a code that is there anyway. With the bias it adds a few tenths, and does not prevent
# the collapse.
#
# ## 6. Accident or optimum?
#
# Two explanations of a collapse are possible, and they call for different remedies.
#
# - **Accident.** The best model uses the code, but training started badly and got stuck. Then a better start is the remedy.
# - **Optimum.** The best model, for this decoder, needs only so little of a code. Then no start can help: what a schedule has saved
#   beyond that fades as the true loss is minimised.
#
# **Question.** How can we tell the two apart? Give models different starts and then train all of them on with the *same*, true loss.
# What the start has spoiled stays different. What the optimum does not want fades, whatever came before.
#
# So in the stored measurement the four models with the strong decoder (code as a bias) train on for 12 more epochs
# without any schedule.
#
# > **Predict.** Will the four KLs come together? At zero?

# %%
epochs = range(8, 21, 2)
kl = {
    name: {epoch: arms[f"kl_epoch_{epoch}_{key}"] for epoch in epochs}
    for name, key in remedies.items()
}
kl_means = {name: (epochs, [kl[name][e]["mean"] for e in epochs]) for name in remedies}
helped = ("linear", "cyclical", "free bits")
print("KL minus the KL without a schedule, one number per seed")
for epoch in (8, 12, 20):
    for name in helped:
        pairs = zip(kl[name][epoch]["values"], kl["none"][epoch]["values"], strict=True)
        print(
            f"epoch {epoch:2} {name:9}", "  ".join(f"{own - none:.2f}" for own, none in pairs)
        )
plots.curves(
    {name: {"none": kl_means["none"], name: kl_means[name]} for name in helped},
    xlabel="epoch",
    ylabel="training KL, nats (mean of 5)",
    alt="Three panels, each with the KL from epoch 8 to 20 of the model without a schedule and of one "
    "remedy. At epoch 8 they lie at 0.4 without, at 0.7 with linear warm-up, 0.9 with the cyclical schedule and "
    "2.0 with free bits, which drop to 0.9 by epoch 10. At epoch 12 all are between 0.5 and 0.75. Then all "
    "rise, to 0.8 without a schedule and to between 1.0 and 1.15 with each of the remedies.",
)

# %% [markdown]
# **Seen.** From the ninth epoch on nobody has a schedule. Until epoch 12 the four come together, at
# {{annealing: arms.kl_epoch_12_none.mean | .2f}} to {{annealing: arms.kl_epoch_12_free_bits.mean | .2f}} nats. The
# {{annealing: arms.kl_epoch_8_free_bits.mean | .1f}} nats that the floor had enforced are down to
# {{annealing: arms.kl_epoch_10_free_bits.mean | .1f}} after two epochs: at that stage the true loss does not want them. Then all rise. At
# epoch 20 the model without a schedule has {{annealing: arms.kl_epoch_20_none.mean | .2f}} nats, the others have
# {{annealing: arms.kl_epoch_20_linear.mean | .2f}} (linear), {{annealing: arms.kl_epoch_20_cyclical.mean | .2f}} (cyclical) and
# {{annealing: arms.kl_epoch_20_free_bits.mean | .2f}} (free bits). It stays below each of them in every seed, and its code also tells least:
# {{annealing: arms.mi_after_none.mean | .1f}} nats instead of {{annealing: arms.mi_after_cyclical.mean | .1f}} to
# {{annealing: arms.mi_after_free_bits.mean | .1f}}. The bounds do not tell the four apart; the negative ELBO is
# {{annealing: arms.loss_after_none.mean | .1f}} (none), {{annealing: arms.loss_after_linear.mean | .1f}} (linear),
# {{annealing: arms.loss_after_cyclical.mean | .1f}} (cyclical), {{annealing: arms.loss_after_free_bits.mean | .1f}} (free bits).
#
# So most of what the floor had enforced was not wanted at that stage, whatever the start. A difference of a few tenths of a nat
# stays. Is it an accident of the start, or is the model without a schedule merely late? Twenty epochs cannot say: without a schedule
# the negative ELBO has fallen from {{annealing: arms.loss_pixel_none.mean | .1f}} to {{annealing: arms.loss_after_none.mean | .1f}}, and all four KLs still rise.
# Training has not reached its end. To be sure about an optimum we need a model whose optimum can be computed.
#
# ## 7. A collapse that can be computed
#
# In the linear VAE of lesson 04 we can compute which latents must collapse. Let the decoder be $x = W z + b$ plus Gaussian noise
# with a *fixed* variance $\sigma^2$, and let $\lambda_1 \ge \lambda_2 \ge \dots$ be the eigenvalues of the data's covariance: how much the
# pictures vary along each principal direction, and $u_d$ the direction itself, of length 1. Let $w_d$ be column $d$ of $W$: what latent $d$
# adds to the picture. In the best fit (probabilistic PCA) $w_d$ points along $u_d$, with the length
#
# $$\lVert w_d \rVert^2 = \max(0,\ \lambda_d - \sigma^2) .$$
#
# ($\log p(x)$ alone fixes $W$ only up to a rotation of the code. The encoder's $q$, with its independent latents, can match the posterior
# only along these axes; so the ELBO picks them, up to sign and order.)
#
# A direction that varies no more than the noise gets length 0: the decoder does not listen to this latent at all. For a direction
# with $\lambda_d > \sigma^2$, Bayes' rule gives the posterior
#
# $$\text{variance } s_d^2 = \frac{\sigma^2}{\lambda_d}, \qquad
# \mu_d = \frac{\sqrt{\lambda_d - \sigma^2}}{\lambda_d}\, u_d^\top (x - b), \qquad
# \mathbb E[\mu_d^2] = \frac{\lambda_d - \sigma^2}{\lambda_d^2}\, \lambda_d = 1 - \frac{\sigma^2}{\lambda_d} .$$
#
# Put both into the KL. Since $\mathbb E[\mu_d^2] + s_d^2 = 1$, almost everything cancels:
#
# $$\mathbb E[\mathrm{KL}_d] = \tfrac12 \left( \mathbb E[\mu_d^2] + s_d^2 - 1 - \log s_d^2 \right)
# = \tfrac12 \log \frac{\lambda_d}{\sigma^2} \quad\text{if } \lambda_d > \sigma^2, \text{ else } 0 .$$
#
# First the eigenvalues of small digits with grey pixels.

# %% tags=["nbval-check-output"]
from vae_lessons.data import to_float

grey = to_float(train.images).double()
center = grey.mean(0)
covariance = (grey - center).T @ (grey - center) / len(grey)
eigenvalues, directions = torch.linalg.eigh(covariance)  # ascending
eigenvalues, directions = eigenvalues.flip(0), directions.flip(1)
print("the first 16:", " ".join(f"{value:.2f}" for value in eigenvalues[:16]))

# %% [markdown]
# > **Predict.** A linear VAE with 16 latents and $\sigma^2 = 0.5$, the variance that a plain squared error implies (lesson 04). How many of
# > the 16 will be active? And with $\sigma^2 = 0.05$?


# %% tags=["nbval-check-output"]
def expected_kl(variance, latents=16):
    """KL per dimension of the best linear VAE with this noise variance: (latents,)."""
    return 0.5 * torch.log(eigenvalues[:latents] / variance).clamp(min=0)


for variance in (0.5, 0.05):
    kl = expected_kl(variance)
    print(f"sigma^2 = {variance}: {(kl > 0).sum()} of 16 active, KL {kl.sum():.1f} nats")

# %% [markdown]
# Is the formula right? First against the posterior itself, written down as above and measured on the 10,000 pictures.

# %% tags=["nbval-check-output"]
variance = 0.5
length = (eigenvalues[:16] - variance).clamp(min=0).sqrt()
to_mean = length / eigenvalues[:16].clamp(min=variance)
mu = (grey - center) @ directions[:, :16] * to_mean
logvar = (variance / eigenvalues[:16].clamp(min=variance)).log().expand_as(mu)
agree = torch.allclose(kl_per_dimension(mu, logvar), expected_kl(variance), atol=1e-9)
print("measured and expected KL agree:", agree)
print(
    "latent 7:",
    f"{expected_kl(variance)[6]:.3f} nats, latent 8: {expected_kl(variance)[7]:.3f}",
)

# %% [markdown]
# And then against training. For a linear VAE the expected loss needs no draws, only the covariance. So we can train it
# without noise, from random weights, with and without a warm-up. (In coordinates along the principal directions the covariance is
# diagonal. That changes only the coordinates, not the problem.)
#
# > **Predict.** Will the warm-up save a single one of the latents below the noise?


# %%
def trained_kl(beta, steps=3000):
    """KL per dimension after training a linear VAE with noise variance 0.5 from random weights."""
    torch.manual_seed(0)
    encoder = (0.1 * torch.randn(16, 196, dtype=torch.float64)).requires_grad_()
    decoder = (0.1 * torch.randn(196, 16, dtype=torch.float64)).requires_grad_()
    logvar = torch.zeros(16, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([encoder, decoder, logvar], lr=1e-2)
    cooling = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for step in range(steps):
        coded = encoder * eigenvalues  # encoder times covariance, (16, 196)
        mu_squares = coded @ encoder.T  # E[mu mu^T]
        z_squares = mu_squares + torch.diag(logvar.exp())
        error = eigenvalues.sum() - 2 * (coded * decoder.T).sum()
        error = error + (decoder.T @ decoder * z_squares).sum()  # E|x - W z|^2
        kl = 0.5 * (mu_squares.diagonal() + logvar.exp() - 1 - logvar)
        optimizer.zero_grad()
        (error / (2 * variance) + beta(step) * kl.sum()).backward()
        optimizer.step()
        cooling.step()
    return kl.detach().sort(descending=True).values


linear_kl = {
    "closed form": expected_kl(variance),
    "no schedule": trained_kl(schedules.constant),
    "warm-up": trained_kl(partial(schedules.linear_warmup, warmup_steps=1500)),
}
for name, kl in linear_kl.items():
    print(f"{name:12} latents 6 to 9:", " ".join(f"{abs(value):.3f}" for value in kl[5:9]))
plots.bars(
    {name: kl.tolist() for name, kl in linear_kl.items()},
    xlabel="latent, largest KL first",
    ylabel="KL, nats",
    alt="Three panels of sixteen bars, alike: seven latents with a KL from 0.7 down to under 0.1 "
    "nats, the other nine zero, for the closed form, without a schedule and with warm-up.",
)

# %% [markdown]
# **Seen.** Three times the same picture. Nine latents collapse because the best model does not need them, and they do so with and
# without warm-up. Here collapse *is* the optimum, so annealing cannot change it.
# (Lucas et al., 2019, prove more: the ELBO of the linear VAE has no local maxima that log p(x) does not have.)
# What does change it is the noise variance: it decides how much a
# direction must vary to be worth its price.
#
# ## 8. Ways around the code
#
# **Question.** If no schedule decides, what does? The table of section 5 has an answer in its last rows. The two strong decoders have the
# same masked convolutions. A bias is the same at every pixel: it might say "thick strokes", but hardly "a stroke *here*", as a map could.
# (That is an illustration; we have not looked at what the codes say.) Without any schedule, the map's code tells
# {{annealing: arms.mi_map_none.mean | .1f}} nats instead of {{annealing: arms.mi_pixel_none.mean | .1f}}, and its model has a negative ELBO of
# {{annealing: arms.loss_map_none.mean | .1f}} instead of {{annealing: arms.loss_pixel_none.mean | .1f}} nats. No schedule came near that. One caveat: the
# decoder with the map has nearly twice as many weights, and we have not measured how much of the gain is theirs.
#
# So "a strong decoder ignores its code" is too short: here, two decoders that see the same earlier pixels
# make very different use of it. A decoder can also get too much beside the code.
#
# A **skip connection** hands features of the encoder directly to the decoder. Networks that outline objects in
# a picture are often built so.
#
# > **Predict.** What becomes of the code?

# %%
from vae_lessons.models import VAEOutput


class SkipVAE(nn.Module):
    """A VAE whose decoder also gets the encoder's features: a way around z."""

    def __init__(self):
        super().__init__()
        self.vae = mlp_vae(8, pixels=196)
        self.output = nn.Sequential(nn.Linear(8 + 256, 256), nn.ReLU(), nn.Linear(256, 196))

    def encode(self, x):
        return self.vae.encode(x)

    def forward(self, x):
        mu, logvar = self.encode(x)
        z = mu + torch.exp(logvar / 2) * torch.randn_like(mu)
        features = torch.relu(self.vae.encoder.body(x))
        return VAEOutput(self.output(torch.cat([z, features], dim=1)), mu, logvar, z)


seed_everything(0)
skip = SkipVAE()
train_vae(skip)
for name, vae in (("without skip", weak), ("with skip", skip)):
    averages = evaluate(vae, test, objective=elbo_terms, prepare=binarize)
    print(
        f"{name:12} reconstruction {averages.reconstruction:5.1f} nats, KL {averages.kl:5.2f} nats"
    )

# %% [markdown]
# **Seen.** The reconstruction is far better, and the KL is next to zero: the picture goes around the code, and the code says nothing. Such a
# model cannot draw either, since a sample of the prior comes without features. Nor is its loss a negative ELBO: what the decoder
# gives is no $p(x \mid z)$ if it depends on $x$ in another way.
#
# A skip connection *from $z$* to later layers of the decoder is the opposite: it shortens the way from the code to the pixels. Dieng
# et al. (2019) report less collapse with it. We have not measured that here.
#
# ## Summary
#
# - **Posterior collapse**: $q(z \mid x)$ is the prior for every picture, and the decoder ignores the code. The bound may be as
#   good as ever; the codes are useless.
# - Measure it by KL per dimension, active units *and* mutual information; they can disagree.
# - A decoder of independent pixels must pay for a code wherever pixels vary together by more than its noise. A decoder that
#   sees the earlier pixels can learn from them much of what a code would tell.
# - Measured on two strong decoders: warm-up and cyclical schedules leave more code, at bounds that are not clearly different.
#   They do not prevent the collapse where the code enters as a bias. There free bits keep more, at a price in the bound.
# - Trained on without a schedule, the codes of all four come within a few tenths of a nat, and the bounds are the same. The
#   model that never had a schedule stays lowest; whether it is only late we cannot say.
# - The largest change of the strong decoder's code, and of its bound, came with another way in: as a map instead of a bias.
#   (That decoder also has more weights.)
# - Compare models by the ELBO at $\beta = 1$ without a floor, whatever they were trained with.
# - The best linear VAE gives its D latents the D principal directions that vary most. A latent collapses exactly if its
#   direction varies no more than the noise, $\lambda_d \le \sigma^2$. That is the optimum, and no schedule can change it.
# - A skip connection from encoder to decoder is a way around the code.

# %% [markdown]
# ## Quiz
#
# Click an answer to see whether it is right, and why.

# %% [markdown]
# **1. After training, the KL of a VAE is 0.02 nats per picture, and its negative ELBO is lower than that of the VAE before it. What happened?**
#
# <details><summary>A. The training failed and has to be repeated.</summary>Not necessarily. As a model of pictures it is the better one. Only its codes are useless.</details>
# <details><summary>B. Posterior collapse: the decoder describes the pictures without the code.</summary>Right. Whether that matters depends on what you wanted: a good model of pictures, or codes.</details>
# <details><summary>C. The code has become so efficient that 0.02 nats are enough.</summary>No. A code with a KL of 0.02 nats cannot carry more than 0.02 nats of information; telling ten digits apart takes up to 2.3.</details>

# %% [markdown]
# **2. When the warm-up ends the KL is 5 nats; it falls as training goes on, towards the value of a model without warm-up, and both have the same ELBO. How do you read that?**
#
# <details><summary>A. The warm-up was too short.</summary>No. A longer one would hold the KL up for longer; once the true loss is minimised it falls all the same.</details>
# <details><summary>B. The best model for this decoder needs no more of a code than that.</summary>Right. What different starts have in common in the end is what the loss wants. To get another code, change the model.</details>
# <details><summary>C. The schedule has a bug: annealing prevents collapse.</summary>No. That annealing prevents collapse is a claim to be measured, for each decoder.</details>

# %% [markdown]
# **3. Free bits of 0.25 nats for each of 8 latents, and the KL is 2 nats. How much does the code tell about the picture?**
#
# <details><summary>A. 2 nats.</summary>Not necessarily. The KL is the information plus the distance of the aggregate posterior from the prior. A code can pay its floor without saying anything.</details>
# <details><summary>B. At most 2 nats; measure the mutual information.</summary>Right. The KL is an upper bound of the information.</details>
# <details><summary>C. Nothing: free bits are free.</summary>No. The floor takes away the reward for giving up the last nats. What the code does with them has to be measured.</details>

# %% [markdown]
# ## Exercise
#
# [Exercise 06](../exercises/06_kl_annealing.ipynb): write the two schedules, free bits and the count of active units. Next
# lesson: [07 · Beta: rate against distortion](07_beta_vae.ipynb)
