# %% [markdown]
# # 05 · Training
#
# **After this lesson** you can write the training loop of a VAE, read its two curves apart, walk between two pictures in
# latent space and say how smooth the walk is, look at a 16-dimensional code in the plane, and recognise and treat
# overfitting.
#
# | section | minutes |
# |---|---|
# | 1. The loop | 8 |
# | 2. Two curves, not one | 8 |
# | 3. What is measured after an epoch | 6 |
# | 4. From one digit to another | 8 |
# | 5. What makes a walk smooth? | 6 |
# | 6. Sixteen dimensions on paper | 9 |
# | 7. Overfitting | 12 |
# | quiz | 5 |
#
# **Run time:** about {{run_times: 05_training.seconds}} s on two CPU cores.
# **Builds on:** [04 · The ELBO](04_elbo.ipynb).
#
# ## 1. The loop
#
# Since lesson 01 a function called `fit` has trained our models. **Question.** What does it do? Every training loop has
# the same five steps:
#
# 1. take a **batch**, here 200 pictures in random order,
# 2. compute the loss of the batch,
# 3. clear the old gradients,
# 4. compute the new ones (`backward`),
# 5. let the **optimizer** move the parameters a little against the gradient (`step`).
#
# The order matters: clear before `backward`, or old and new gradients add up; `backward` before `step`.
#
# One pass over all pictures is an **epoch**. Here is one, by hand, with Adam, an
# optimizer that gives each parameter a step size of its own.

# %%
import torch

from vae_lessons import plots
from vae_lessons.data import binarize, mnist
from vae_lessons.losses import elbo_terms, negative_elbo
from vae_lessons.models import mlp_vae
from vae_lessons.training import evaluate, fit, scaled_epochs, seed_everything

digits = mnist()
few = digits.train.take(torch.arange(10_000))  # enough for a look at the loop

seed_everything(0)
by_hand = mlp_vae(16)
optimizer = torch.optim.Adam(by_hand.parameters(), lr=1e-3)
torch.manual_seed(0)
by_hand.train()
losses = []
for index in torch.randperm(few.size).split(200):
    x = binarize(few.images[index])
    output = by_hand(x)
    loss = negative_elbo(x, output.logits, output.mu, output.logvar)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
print(f"first batch {losses[0]:.0f} nats, last batch {losses[-1]:.0f} nats")

# %% [markdown]
# > **Predict.** `fit` with the same seed, the same learning rate and one epoch: the same numbers, or other ones?

# %% tags=["nbval-check-output"]
seed_everything(0)
by_package = mlp_vae(16)
history = fit(
    by_package,
    few,
    objective=elbo_terms,
    prepare=binarize,
    epochs=1,
    learning_rate=1e-3,
    one_cycle=False,
    seed=0,
    progress=False,
)
mean_loss = sum(losses) / len(losses)
agrees = abs(history.epochs[0].train.loss - mean_loss) < 0.01
print("mean loss by hand and by the package agree:", agrees)

# %% [markdown]
# **Seen.** The same. `fit` does the five steps, and also what everybody forgets once: it shuffles with its own seed, switches
# between training and evaluation mode, and stops at a loss that is no number any more. With `one_cycle`, its default, the
# learning rate rises over the first third of the steps and then falls to nearly zero.
#
# ## 2. Two curves, not one
#
# **Question.** The loss is a sum of two terms. While it falls, do both fall?
#
# > **Predict.** Draw two curves over ten epochs in your mind, the reconstruction term and the KL. Where does each start,
# > and which way does it go?

# %%
from vae_lessons.classroom.claims import read_claim

arms = read_claim("kl-curve")["arms"]
epochs = range(11)
plots.lines(
    epochs,
    {
        "KL, beta = 1": [arms[f"kl_{epoch}_beta_1"]["values"] for epoch in epochs],
        "KL, beta = 4": [arms[f"kl_{epoch}_beta_4"]["values"] for epoch in epochs],
    },
    xlabel="epochs (0: before training)",
    ylabel="KL on validation digits, nats",
    alt="KL over ten epochs. With beta 1 it climbs from 0 to 17 in the first epoch, to 23 in the second and "
    "slowly on to 26; with beta 4 from 0 to 11 in the same way.",
)

# %%
plots.lines(
    epochs[1:],
    {
        "reconstruction, beta = 1": [
            arms[f"reconstruction_{epoch}_beta_1"]["values"] for epoch in epochs[1:]
        ],
        "reconstruction, beta = 4": [
            arms[f"reconstruction_{epoch}_beta_4"]["values"] for epoch in epochs[1:]
        ],
    },
    xlabel="epochs",
    ylabel="reconstruction term, nats",
    alt="Reconstruction term after one to ten epochs. It falls from 149 to 65 with beta 1 and from 182 to 99 "
    "with beta 4, steeply at first.",
)

# %% [markdown]
# **Seen.** With `beta` = 1 the reconstruction term falls in every epoch, from {{kl-curve: arms.reconstruction_0_beta_1.mean | .0f}}
# nats before training, which would not fit on the axis. The KL goes the other way: from
# {{kl-curve: arms.kl_0_beta_1.mean | .1f}} nats before training it climbs to
# {{kl-curve: arms.kl_1_beta_1.mean | .0f}} in the first epoch and to {{kl-curve: arms.kl_10_beta_1.mean | .0f}} after ten (means of five
# seeds). An untrained encoder says nearly nothing, so its KL is nearly nothing. Learning means saying more, and the KL is the price
# of what is said. The loss falls because the reconstruction term gains more than the KL costs.
#
# With `beta` = 4 each nat costs four times as much. Then the KL rises less, to {{kl-curve: arms.kl_10_beta_4.mean | .0f}} nats,
# and more is left in the reconstruction term.
#
# So look at both curves. A rising KL is healthy. A KL that falls to zero and stays there is not, and the loss alone would not
# tell you; lesson 06 is about that.
#
# ## 3. What is measured after an epoch
#
# **Question.** How good is the model on pictures that it has not seen? `evaluate` answers, and four details decide whether
# its answer can be trusted: evaluation mode (some layers behave differently in training), no gradients, a code that is
# sampled as in training, and a mean over *pictures*. The last one goes wrong most often.
#
# > **Predict.** 10,000 test digits in batches of 3,000: the last batch has 1,000. Somebody takes the mean of the four batch
# > means. Does it matter? Say the digits are sorted, so that the last ones are all nines.

# %%
seed_everything(0)
vae = mlp_vae(16)
fit(
    vae,
    digits.train,
    digits.validation,
    objective=elbo_terms,
    prepare=binarize,
    epochs=scaled_epochs(6),
)
ordered = digits.test.take(digits.test.labels.argsort())

# %%
sums, count, batch_means = 0.0, 0, []
vae.eval()
with torch.no_grad():
    for images in ordered.images.split(3000):
        loss = elbo_terms(vae, binarize(images)).loss()  # (B,), one number for each picture
        batch_means.append(loss.mean().item())
        sums, count = sums + loss.sum().item(), count + len(loss)
found = evaluate(vae, ordered, objective=elbo_terms, prepare=binarize)
print(f"mean of batch means    {sum(batch_means) / len(batch_means):.2f} nats")
print(f"mean over the pictures {sums / count:.2f} nats")
print(f"by the package         {found.loss:.2f} nats")

# %% [markdown]
# **Seen.** The mean of the batch means is off by more than a nat: the last thousand pictures, all nines, count three times as
# much as the others. The other two agree up to the noise of the draws. So add up sums and counts, and divide once. With shuffled
# pictures and a nearly full last batch the mistake is small, which is why it survives.
#
# ## 4. From one digit to another
#
# **Question.** What lies between two codes? Take two pictures, encode both, and walk from mean to mean in a straight line.
# Means, not samples: a sample would add noise to the ends, and the picture would be another one with each call.
#
# > **Predict.** From a 4 to a 9, and from a 0 to a 1: what will be halfway? The second row of each pair fades the pixels over
# > for comparison.


# %%
def pick(digit, number=0):
    """A test picture of this digit as 784 black or white pixels."""
    return binarize(digits.test.images[digits.test.labels == digit][number : number + 1])[0]


def walk(a, b, steps=9):
    """Pictures decoded between the means of two pictures (784,): (steps, 784)."""
    with torch.no_grad():
        mu, _ = vae.encode(torch.stack([a, b]))
        share = torch.linspace(0, 1, steps)[:, None]  # (steps, 1)
        return torch.sigmoid(vae.decode((1 - share) * mu[0] + share * mu[1]))


share = torch.linspace(0, 1, 9)[:, None]
rows = {}
for a, b in ((4, 9), (0, 1)):
    rows[f"{a} to {b}, codes"] = walk(pick(a), pick(b))
    rows[f"{a} to {b}, pixels"] = (1 - share) * pick(a) + share * pick(b)
plots.image_rows(
    rows,
    alt="Four rows of nine pictures. Through the codes a 4 closes at the top and becomes a 9; a 0 breaks "
    "open halfway, turns into fragments and becomes a 1. The two cross-fades show both digits on top of "
    "each other.",
)

# %% tags=["nbval-check-output"]
from vae_lessons.latents import interpolate

agrees = torch.allclose(walk(pick(4), pick(9)), interpolate(vae, pick(4), pick(9), steps=9))
print("by hand and by the package agree:", agrees)

# %% [markdown]
# **Seen.** Through the codes, the 4 closes at the top and is a 9: every picture on the way is one that somebody could have
# written. The straight line from 0 to 1 is not like that. The 0 breaks, and halfway lie fragments that are no digit. A straight
# line between two codes is an offer, not a promise. The cross-fade, for its part, shows two digits in one nearly all the way.
#
# ## 5. What makes a walk smooth?
#
# **Question.** "Jagged interpolation? Raise the KL weight", people advise, "or add batch normalisation" (a layer that
# gives each hidden unit mean 0 and standard deviation 1 over the batch). Is that so? Smooth can mean two things, and both
# can be measured on walks of ten equal steps in the code, that is, eleven pictures:
#
# - **even**: no step changes the picture much more than the others. We take the largest of the ten changes over their mean;
#   1 is perfectly even.
# - **direct**: the picture does not wander. We take the length of all ten changes over the distance between the two ends;
#   1 is a straight line in pixel space.
#
# A cross-fade of pixels is perfect in both, and no digit halfway. So we also ask how many of the pictures halfway are
# plausible, with the classifier of lesson 01. The pairs are 2,000 test digits and another one each, of a different kind.
#
# > **Predict.** Which of the three will change with `beta`, from 0 (an autoencoder in all but name) to 4? And which with batch
# > normalisation?

# %%
arms = read_claim("interpolation-smoothness")["arms"]
betas = ["0", "0.1", "1", "4"]
plots.lines(
    range(4),
    {
        label: [arms[f"detour_{key}_{beta}"]["values"] for beta in betas]
        for key, label in (("plain", "plain"), ("batch_norm", "with batch normalisation"))
    },
    xlabel="beta",
    ylabel="length of the walk / distance of its ends",
    ticks=betas,
    bottom=1.0,
    alt="Length over distance for beta 0, 0.1, 1 and 4. It falls from 1.7 to 1.3 without batch "
    "normalisation and from 1.5 to 1.3 with it; from beta 1 on the two are alike.",
)

# %%
print("beta                                    0   0.1     1     4")
for quantity, words in (("largest", "largest step / mean"), ("middle", "plausible halfway")):
    for key, label in (("plain", "plain"), ("batch_norm", "batch norm")):
        row = "".join(f"{arms[f'{quantity}_{key}_{beta}']['mean']:6.2f}" for beta in betas)
        print(f"{words:20}{label:15}{row}")
print(f"cross-fade: plausible halfway {arms['middle_pixels']['mean']:.2f}")

# %% [markdown]
# **Seen.** A larger `beta` makes walks more direct: their length falls from
# {{interpolation-smoothness: arms.detour_plain_0.mean | .2f}} to {{interpolation-smoothness: arms.detour_plain_4.mean | .2f}} times
# the distance. Batch normalisation does so too where `beta` is small
# ({{interpolation-smoothness: arms.detour_batch_norm_0.mean | .2f}} at `beta` 0), and next to nothing from `beta` 1 on.
#
# Neither makes walks more even. At `beta` 0 they are as even as anywhere: the largest step is
# {{interpolation-smoothness: arms.largest_plain_0.mean | .2f}} times the mean, at `beta` 1
# {{interpolation-smoothness: arms.largest_plain_1.mean | .2f}} times. With batch normalisation it is a little larger for every
# `beta`. And the middle is about as plausible for all, {{interpolation-smoothness: arms.middle_plain_0.mean | .0%}} at `beta` 0 and
# {{interpolation-smoothness: arms.middle_plain_4.mean | .0%}} at 4, with a spread over seeds of up to
# {{interpolation-smoothness: arms.middle_plain_4.std | .0%}}. One case is ahead, `beta` 4 *with* batch normalisation
# ({{interpolation-smoothness: arms.middle_batch_norm_4.mean | .0%}}). The perfectly smooth cross-fade has the worst middle of all
# ({{interpolation-smoothness: arms.middle_pixels.mean | .0%}}).
#
# So the advice is right for directness and wrong for evenness. A walk that jumps has another cause; look first whether fresh noise
# is drawn at each step.
#
# ## 6. Sixteen dimensions on paper
#
# **Question.** With 16 latent numbers there is no map as in lesson 02. What can a flat picture show of them? Two methods are
# common. **PCA** (lesson 01) turns the set of all means so that its two widest directions lie on the paper, and forgets
# the other fourteen. **t-SNE** places points on the paper such that near neighbours stay near, as far as that is possible; it
# bends and tears everything else.
#
# > **Predict.** In which of the two will the digits separate better?

# %%
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

with torch.no_grad():
    mu = vae.encode(binarize(digits.test.images[:1000]))[0]
labels = digits.test.labels[:1000]
flat = {
    "PCA": torch.as_tensor(PCA(2).fit_transform(mu.numpy())),
    "t-SNE": torch.as_tensor(TSNE(2, random_state=0).fit_transform(mu.numpy())),
}
plots.latent_scatter(
    {name: (points, labels) for name, points in flat.items()},
    names=("", ""),
    alt="The means of 1,000 test digits on paper. With PCA only the ones stand apart; 4, 7 and 9 share a "
    "lower band, the others overlap. With t-SNE most digits form an island of their own; 3, 5 and 8 "
    "touch, and so do 4, 7 and 9. Some fours form a second island far from the first.",
)

# %%
from sklearn.neighbors import NearestNeighbors


def same_digit(points, neighbours=10):
    """Share of a point's nearest neighbours that show the same digit."""
    index = NearestNeighbors(n_neighbors=neighbours + 1).fit(points).kneighbors(points)[1]
    return (labels[index[:, 1:]] == labels[:, None]).float().mean().item()


for name, points in {"all 16 numbers": mu, **flat}.items():
    print(f"{name:15} {same_digit(points.numpy()):.0%} of ten neighbours show the same digit")

# %% [markdown]
# **Seen.** Two directions out of sixteen are not enough: on the PCA paper most digits lie on top of each other, although in all
# 16 numbers they do not. On the t-SNE paper, points of one digit stay together about as well as in the code itself.
#
# That makes t-SNE good for finding neighbours. It must not be asked how many groups there are, or how far apart they lie: the
# fours have been torn into two islands. The test is a set of points without any groups: draws from N(0, I). The method has a knob,
# the **perplexity**: about how many neighbours each point tries to keep.
#
# > **Predict.** What will t-SNE draw of 1,000 draws from N(0, I), with perplexity 5 and with 30 (the usual value)?

# %%
torch.manual_seed(0)
shapeless = torch.randn(1000, 16).numpy()
drawn = {
    f"N(0, I), perplexity {perplexity}": TSNE(
        2, perplexity=perplexity, random_state=0
    ).fit_transform(shapeless)
    for perplexity in (5, 30)
}
plots.latent_scatter(
    {name: (torch.as_tensor(points), None) for name, points in drawn.items()},
    names=("", ""),
    alt="t-SNE of 1,000 draws from a normal distribution. With perplexity 5 the points form many small "
    "clumps in a disc; with perplexity 30 they fill a disc without clumps.",
)

# %% [markdown]
# **Seen.** With perplexity 5 there are small clumps, with 30 none. The clumps are not real: the draws form no groups. What looks like
# a group in such a picture needs a second look at the code itself.
#
# ## 7. Overfitting
#
# **Question.** What happens with little data? A model **overfits** when it learns its training pictures by heart, at
# the expense of new ones. The sign is a gap between the curves of training and validation. We train on 1,000 digits, and watch.
#
# > **Predict.** In which of the two terms will the gap open, the reconstruction term or the KL?

# %%
thousand = digits.train.take(torch.arange(1000))
watched = digits.validation.take(torch.arange(1000))
seed_everything(0)
history = fit(
    mlp_vae(16),
    thousand,
    watched,
    objective=elbo_terms,
    prepare=binarize,
    epochs=scaled_epochs(120),
    batch_size=100,
    learning_rate=2e-3,
    one_cycle=False,
)


# %%
def panels(history):
    """Each term over the epochs, in training and validation."""
    steps = range(5, len(history.epochs) + 1)  # the first epochs are too high for this axis
    return {
        name: {part: (steps, history.curve(part, term)[4:]) for part in ("train", "validation")}
        for name, term in (("reconstruction term", "reconstruction"), ("KL", "kl"))
    }


plots.curves(
    panels(history),
    xlabel="epochs",
    ylabel="nats",
    alt="Both terms from the fifth epoch on. The reconstruction term falls to below 50 in training; in "
    "validation it stops near 95 after some 60 epochs and then rises. The two curves of the KL lie on top "
    "of each other and climb to 28.",
)

# %% [markdown]
# **Seen.** The gap opens in the reconstruction term. The training digits are drawn ever better; the new ones stop improving after
# some 60 epochs and then get worse. The KL shows nothing: the encoder says *as much* about new pictures as about known ones. But
# less of it is right, and the decoder is fitted to a thousand pictures.
#
# What helps? Three remedies, each one argument of `fit` or of the model:
#
# - **Early stopping** keeps the weights of the epoch with the best validation loss, and stops when it has not improved for a
#   while: `patience=10`.
# - **Dropout** switches off a random fifth of the hidden units, another fifth for each picture and each step, so that no unit can
#   rely on a particular other one: `mlp_vae(16, between=lambda width: torch.nn.Dropout(0.2))`. Here evaluation mode matters:
#   it switches nothing off.
# - **Augmentation** shows each picture a little differently in each epoch, here moved by up to two pixels:
#   `augment=random_shift`, from `vae_lessons.data`.
#
# And a fourth, since many texts say that the KL term is there to avoid overfitting: we double `beta`. To ask the same question the
# other way round, the table also has a row with no KL in training at all.
#
# > **Predict.** Order the four by the loss on test digits, after 200 epochs. (It is the loss at `beta` = 1 for all, or it could not
# > be compared.) And what will the reconstruction term be without any KL?

# %%
arms = read_claim("overfitting")["arms"]
remedies = {
    "no KL (beta = 0)": "beta_0",
    "no remedy": "none",
    "beta = 2": "beta_2",
    "early stopping": "early_stopping",
    "dropout": "dropout",
    "augmentation": "augmentation",
    "50,000 digits": "more_data",
}
print("                    reconstruction            loss")
print("                    train   test      train    test (spread)")
for label, key in remedies.items():
    parts = [
        arms[f"{term}_{part}_{key}"]
        for term in ("reconstruction", "loss")
        for part in ("train", "test")
    ]
    numbers = "{:7.1f}{:7.1f}   {:8.1f}{:8.1f}".format(*(part["mean"] for part in parts))
    print(f"{label:18}{numbers} ({parts[-1]['std']:.1f})")

# %% [markdown]
# **Seen.** First the KL (means of five seeds). Without it the model learns the training digits nearly perfectly, at
# {{overfitting: arms.reconstruction_train_beta_0.mean | .1f}} nats of reconstruction, and a new digit costs it
# {{overfitting: arms.reconstruction_test_beta_0.mean | .0f}}. With it the gap is far smaller: {{overfitting: arms.reconstruction_train_none.mean | .0f}} and
# {{overfitting: arms.reconstruction_test_none.mean | .0f}} nats. Points can be learned by heart, clouds much less so. But at its proper weight the KL
# does not stop overfitting, and as a remedy on top of that it is the weakest: doubling it lowers the loss from
# {{overfitting: arms.loss_test_none.mean | .0f}} to {{overfitting: arms.loss_test_beta_2.mean | .0f}} nats. That is no surprise: the KL is a part of the
# bound, and not there to be tuned against overfitting.
#
# Early stopping costs no effort and saves time; it kept the weights of epoch
# {{overfitting: arms.epochs_early_stopping.mean | .0f}} on average and reached {{overfitting: arms.loss_test_early_stopping.mean | .0f}} nats. Dropout is
# a little better. Augmentation is far ahead, with {{overfitting: arms.loss_test_augmentation.mean | .0f}} nats: it adds
# knowledge, namely that a moved digit is still the same digit. And more data helps more than any of them: 50,000 digits, for the same number of
# steps, give {{overfitting: arms.loss_test_more_data.mean | .0f}} nats.
#
# ## Summary
#
# - A training step: batch, loss, clear, backward, step. Clear before `backward`, `backward` before `step`.
# - Draw the two terms apart. In healthy training the reconstruction term falls and the KL rises.
# - Evaluate in evaluation mode, without gradients, as a mean over pictures and not over batches.
# - Interpolate between means. The line between two codes may pass plausible pictures; nothing guarantees it.
# - A larger `beta` makes walks more direct, not more even.
# - PCA forgets most of 16 dimensions. t-SNE tries to keep neighbours, at the cost of everything else.
# - A VAE overfits in its reconstruction term. Of the remedies augmentation helped most; more data helped more than any
#   of them. Without the KL it overfits far more; with it, it still does.

# %% [markdown]
# ## Quiz
#
# Click an answer to see whether it is right, and why.

# %% [markdown]
# **1. In the first epochs the KL rises from 0 to 20 nats while the loss falls. What do you do?**
#
# <details><summary>A. Raise beta until the KL falls.</summary>No. Then the code says less, and the reconstructions get worse. A rising KL is what learning looks like.</details>
# <details><summary>B. Nothing, this is healthy.</summary>Right. The encoder has begun to say something about its pictures, and the reconstruction term gains more than that costs.</details>
# <details><summary>C. Lower the learning rate, since the KL diverges.</summary>No. A loss that falls does not diverge. Worry when the loss rises or is no number any more.</details>

# %% [markdown]
# **2. A friend shows t-SNE islands of latent codes: "two islands lie far apart, so these classes are very different". Your answer?**
#
# <details><summary>A. Distances between islands mean little in t-SNE.</summary>Right. It tries to keep neighbours. Where it puts the groups depends on chance and on the perplexity. Measure the distance between the codes themselves.</details>
# <details><summary>B. True, because t-SNE keeps distances.</summary>No. It tries to keep neighbours and bends everything else.</details>
# <details><summary>C. True if the perplexity is 30.</summary>No. No perplexity makes the map faithful to distances; it only changes how many neighbours count.</details>

# %% [markdown]
# **3. Training loss 60, validation loss 150, both KLs 28. Where is the fault, and what would you try first?**
#
# <details><summary>A. The KL weight is too small; double beta first.</summary>No. In the measurement above a doubled beta was the weakest remedy.</details>
# <details><summary>B. The model knows the training pictures by heart; get more data, or vary what there is by augmentation.</summary>Right. The gap is in the reconstruction term. Early stopping and dropout come next.</details>
# <details><summary>C. The latent space is too small; add dimensions.</summary>No. The training loss shows that the model has room enough. What it lacks is knowledge about new pictures.</details>

# %% [markdown]
# ## Exercise
#
# [Exercise 05](../exercises/05_training.ipynb): write the training step, an evaluation that counts every picture once, and the
# walk. Next lesson: [06 · KL annealing](06_kl_annealing.ipynb)
