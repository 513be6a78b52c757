# %% [markdown]
# # 01 · The autoencoder
#
# **After this lesson** you can build and train an autoencoder, say what it does better than PCA and why, read its
# latent space, and explain why it cannot be trusted to invent new pictures.
#
# | section | minutes |
# |---|---|
# | 1. How many numbers is a digit? | 4 |
# | 2. The straight answer: PCA | 6 |
# | 3. Encoder, code, decoder | 6 |
# | 4. Training | 6 |
# | 5. What does the bend buy? | 6 |
# | 6. How small can the code be? | 5 |
# | 7. A map of the latent space | 6 |
# | 8. Are there holes? | 8 |
#
# **Run time:** about {{run_times: 01_autoencoder.seconds}} s on two CPU cores.
# **Builds on:** [00 · Start here](00_start_here.ipynb).
#
# ## 1. How many numbers is a digit?
#
# A picture in MNIST is 784 numbers. But you could describe a handwritten digit over the phone with far fewer:
# which digit, how slanted, how thick the pen, how wide the loop. **Question.** How few numbers are enough to draw
# the picture again?

# %% tags=["nbval-check-output"]
import torch
from torch import nn

from vae_lessons import plots
from vae_lessons.data import mnist, to_float

digits = mnist()
x_train, x_test = to_float(digits.train.images), to_float(digits.test.images)
print(tuple(x_train.shape), tuple(x_test.shape))

# %% [markdown]
# To compare answers we need one number for how far a redrawn picture $\hat x$ is from the original $x$. We take the
# **squared error**, summed over the $P = 784$ pixels:
#
# $$\lVert x - \hat x \rVert^2 = \sum_{p=1}^{P} (x_p - \hat x_p)^2 .$$
#
# The sum matters. It gives one number per picture, and it is what a probability will need in lesson 04.

# %% tags=["nbval-check-output"]
from vae_lessons.losses import squared_error

mean_image = x_train.mean(0)
by_hand = ((x_test - mean_image) ** 2).sum(1)  # (10000,)
print(
    "by hand and by the package agree:",
    torch.allclose(by_hand, squared_error(x_test, mean_image)),
)
print(f"error if we always draw the average digit: {by_hand.mean():.1f}")

# %% [markdown]
# That is our zero point: the average digit needs no information about the picture at all.
#
# ## 2. The straight answer: PCA
#
# **Principal component analysis** (PCA) is the classic way to describe each picture with $D$ numbers. It finds $D$
# directions in pixel space, measures how far the picture goes along each, and redraws it as the mean plus that much
# of each direction. Among all methods that only add and scale directions, it has the smallest squared error.
#
# > **Predict.** With 16 numbers instead of 784: can you still read the digits? How much of the error of 53 is left?

# %%
from sklearn.decomposition import PCA

pca = PCA(32, random_state=0).fit(x_train.numpy())


def pca_redraw(x, size):
    """Redraw pictures (N, 784) from their first `size` principal components."""
    mean, directions = (
        torch.tensor(pca.mean_),
        torch.tensor(pca.components_[:size]),
    )  # (784,), (size, 784)
    return mean + (x - mean) @ directions.T @ directions


shown = [
    (digits.test.labels == digit).nonzero()[0].item() for digit in range(10)
]  # one picture of each digit
rows = {"original": x_test[shown]}
for size in (2, 16, 32):
    redrawn = pca_redraw(x_test, size)
    rows[f"PCA, {size} numbers"] = redrawn[shown]
    print(f"{size:2} numbers: error {squared_error(x_test, redrawn).mean():.1f}")
plots.image_rows(
    rows,
    alt="Digits 0 to 9, and the same digits redrawn by PCA from 2, 16 and 32 numbers: a "
    "blur at 2, readable with grey ghosts at 16, clearer at 32.",
)

# %% [markdown]
# **Seen.** With 16 numbers six tenths of the error are gone and most digits can be read. Look at the grey shadows around
# them: PCA can only add and subtract whole patterns, and what it adds in one place it cannot take back in another.
#
# ## 3. Encoder, code, decoder
#
# **Question.** What if the way from picture to numbers, and back, may bend?
#
# An **autoencoder** has two networks. The **encoder** turns a picture into a **code** $z$, a short list of $D$
# numbers, also called the **latent** vector. The **decoder** turns the code back into a picture. The code is a
# **bottleneck**: everything that the decoder learns about the picture has to pass through these $D$ numbers.

# %% tags=["nbval-check-output"]
encoder = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 16))
decoder = nn.Sequential(nn.Linear(16, 256), nn.ReLU(), nn.Linear(256, 784))

z = encoder(x_test[:5])
logits = decoder(z)
x_hat = torch.sigmoid(logits)
print(
    "picture",
    tuple(x_test[:5].shape),
    "-> code",
    tuple(z.shape),
    "-> picture",
    tuple(x_hat.shape),
)
print("pixels between 0 and 1:", bool((x_hat >= 0).all() and (x_hat <= 1).all()))

# %% [markdown]
# The decoder's last layer returns **logits**: any real numbers. The **sigmoid** function squeezes each into (0, 1), a
# grey level. Keeping the two apart will pay off when losses need the logits themselves, from lesson 02 on.
#
# The package has the same network as one class, so that later lessons can use it in one line.

# %% tags=["nbval-check-output"]
from vae_lessons.models import mlp_autoencoder

autoencoder = mlp_autoencoder(latent_dim=16, hidden_dim=256)
ours = sum(parameter.numel() for parameter in [*encoder.parameters(), *decoder.parameters()])
print(
    f"parameters: {ours:,} by hand, {sum(p.numel() for p in autoencoder.parameters()):,} in the package"
)

# %% [markdown]
# ## 4. Training
#
# Nobody tells the encoder what its 16 numbers should mean. We only ask that the redrawn picture is close to the
# original, and let the gradient of the squared error change both networks together.
#
# > **Predict.** After a single pass over the training pictures, is our network better than PCA with 16 numbers, whose
# > error was 21?

# %%
from vae_lessons.training import seed_everything

seed_everything(0)
both = nn.ModuleList([encoder, decoder])
optimizer = torch.optim.Adam(both.parameters(), lr=2e-3)

for batch in torch.randperm(len(x_train)).split(200):  # 250 batches of 200 pictures
    x = x_train[batch]
    x_hat = torch.sigmoid(decoder(encoder(x)))
    loss = squared_error(x, x_hat).mean()  # sum over pixels, mean over the batch
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

with torch.no_grad():
    x_hat = torch.sigmoid(decoder(encoder(x_test)))
print(f"error on test pictures after one pass: {squared_error(x_test, x_hat).mean():.1f}")

# %% [markdown]
# **Seen.** One pass is enough to overtake PCA. The loop has five lines that you will meet in every training loop:
# compute, measure, clear old gradients, compute new ones, step.
#
# `fit` contains the same loop. It also watches the validation pictures, shows progress and can be stopped. The
# objective `squared_error_terms` is the loss above. Five passes:

# %%
from vae_lessons.losses import squared_error_terms
from vae_lessons.training import fit, scaled_epochs

seed_everything(0)
autoencoder = mlp_autoencoder(latent_dim=16)
fit(
    autoencoder,
    digits.train,
    digits.validation,
    objective=squared_error_terms,
    epochs=scaled_epochs(5),
)


# %%
@torch.no_grad()
def redraw(model, x):
    """Encode pictures (N, 784) and decode them again."""
    return torch.sigmoid(model(x).logits)


print(
    f"test error with 16 numbers: PCA {squared_error(x_test, pca_redraw(x_test, 16)).mean():.1f}, "
    f"autoencoder {squared_error(x_test, redraw(autoencoder, x_test)).mean():.1f}"
)
plots.image_rows(
    {
        "original": x_test[shown],
        "PCA": pca_redraw(x_test, 16)[shown],
        "autoencoder": redraw(autoencoder, x_test)[shown],
    },
    alt="Digits 0 to 9, redrawn from 16 numbers by PCA with grey shadows, and by the "
    "autoencoder with clean paper and even strokes.",
)

# %% [markdown]
# **Seen.** The shadows are gone. The autoencoder has learned that ink comes in strokes and that paper stays white.
#
# ## 5. What does the bend buy?
#
# The autoencoder differs from PCA in two ways: it has more layers, and it **bends**: ReLU and sigmoid are not straight
# lines. **Question.** Which of the two helped? A **control** can tell: the same layers with the bends taken out.
#
# > **Predict.** A network of four linear layers and nothing between them, 16 numbers in the middle: is it better than
# > PCA, equal, or worse?

# %%
from vae_lessons.losses import Terms
from vae_lessons.models import Autoencoder


def straight_error(model, x, labels):
    """The squared error without a sigmoid. An objective returns two terms; there is no KL here."""
    return Terms(reconstruction=squared_error(x, model(x).logits), kl=x.new_zeros(len(x), 0))


seed_everything(0)
straight = Autoencoder(
    nn.Sequential(nn.Linear(784, 256), nn.Linear(256, 16)),
    nn.Sequential(nn.Linear(16, 256), nn.Linear(256, 784)),
)
fit(
    straight,
    digits.train,
    objective=straight_error,
    learning_rate=2e-3,
    epochs=scaled_epochs(5),
)
with torch.no_grad():
    straight_redrawn = straight(x_test).logits
print(f"four linear layers: {squared_error(x_test, straight_redrawn).mean():.1f}")
print(f"PCA:                {squared_error(x_test, pca_redraw(x_test, 16)).mean():.1f}")

# %% [markdown]
# **Seen.** Without the bends, depth buys nothing: linear after linear is linear, and the best linear answer is PCA.
# PCA is the linear autoencoder. All of the improvement came from the nonlinearity.
#
# ## 6. How small can the code be?
#
# > **Predict.** PCA with 32 numbers has an error of about 13. How many numbers does an autoencoder need for the same?

# %%
sizes = [2, 4, 8, 16, 32]
errors = {"PCA": [], "autoencoder": []}
for size in sizes:
    seed_everything(0)
    model = mlp_autoencoder(size)
    fit(model, digits.train, objective=squared_error_terms, epochs=scaled_epochs(3))
    errors["PCA"].append(squared_error(x_test, pca_redraw(x_test, size)).mean().item())
    errors["autoencoder"].append(squared_error(x_test, redraw(model, x_test)).mean().item())
plots.lines(
    sizes,
    errors,
    xlabel="numbers in the code",
    ylabel="squared error per test picture",
    log_x=True,
    alt="Squared error against code size from 2 to 32. Both curves fall; the autoencoder's "
    "lies well below PCA's at every size.",
)

# %% [markdown]
# **Seen.** Draw a level line from PCA at 32 to the left: the autoencoder gets there between 8 and 16, with less
# than half as many numbers. The curve
# flattens, so each further number buys less. There is no "right" size; it depends on what the code is for.
#
# ## 7. A map of the latent space
#
# With $D = 2$ we can look at every code at once. The space of all codes is called the **latent space**.
#
# > **Predict.** The encoder never saw a label. Will pictures of the same digit lie together?

# %%
seed_everything(0)
flat = mlp_autoencoder(latent_dim=2)
fit(
    flat,
    digits.train,
    digits.validation,
    objective=squared_error_terms,
    epochs=scaled_epochs(8),
)

# %%
with torch.no_grad():
    codes = flat.encode(x_test)
plots.latent_scatter(
    {"codes of 2,000 test pictures": (codes[:2000], digits.test.labels[:2000])},
    alt="Scatter plot of two-dimensional codes, each drawn as its digit. Zeros and ones "
    "have regions of their own, other digits overlap; the cloud is lopsided, dense near"
    " the origin and thin far away, with empty space on several sides.",
)

# %% [markdown]
# **Seen.** Similar pictures share a region, although nobody asked for it. Look at the rest as well: how far the axes
# reach, how lopsided the cloud is, dense in one place and thin in another, and how much of the square is empty.
#
# **Question.** A decoder takes any two numbers. What does it draw where no code has ever been?
#
# > **Predict.** Pick a spot in the map without dots. Will the picture there look like a digit?

# %%
window = plots.window_around(codes)
with torch.no_grad():
    decoded = torch.sigmoid(flat.decode(window.points(15)))
plots.latent_map(
    codes[:2000],
    digits.test.labels[:2000],
    decoded,
    window=window,
    alt="Left: the codes. Right: 15 by 15 pictures decoded over the same square. Where "
    "codes are dense the pictures are digits; in the empty corners the decoder repeats "
    "and distorts the digit nearest by.",
)

# %% [markdown]
# **Seen.** Where the codes are dense you find digits. In the empty regions the decoder still draws something, and just as
# black: it has never been told what belongs there, so it stretches what it knows.
#
# ## 8. Are there holes?
#
# It is often said that the latent space of an autoencoder "has holes", so that a random point decodes to rubbish, and
# that a VAE, the subject of [lesson 02](02_vae.ipynb), has none. **Question.** Is that so, and where are the holes?
#
# To measure it we need to say what "rubbish" is. We train a small digit classifier and call a picture **plausible** if
# the classifier recognises it as surely as it recognises 95 of 100 real digits. Noise, blank paper and blends of two
# digits mostly fail this test.
#
# And we need to say where we look. We decode five kinds of points:
#
# - **random, N(0, I)**: each number drawn from the standard normal distribution. Nobody promised that codes lie there;
# - **random, fitted Gaussian**: a normal distribution with the mean and covariance of the codes;
# - **random, fitted mixture**: ten such blobs, fitted to the codes together;
# - **halfway**: the middle between the codes of two pictures of different digits;
# - **codes**: the codes of real test pictures, that is, ordinary redrawing.
#
# First, where are the codes? Each number of a draw from N(0, I) has standard deviation 1.
#
# > **Predict.** What is the standard deviation of the numbers in the codes of our autoencoder with 16 numbers?

# %%
with torch.no_grad():
    spread = autoencoder.encode(x_test).std(0)
print(f"standard deviation of each code number: from {spread.min():.1f} to {spread.max():.1f}")

# %% [markdown]
# Now the claim, measured on five training runs of this network (trained on black and white pixels), each from another seed.
#
# > **Predict.** Put the five kinds of points in order. What share is plausible at the bottom?

# %%
from vae_lessons.classroom.claims import read_claim

holes = read_claim("ae-holes")
kinds = {
    "random, N(0, I)": "prior",
    "random, fitted Gaussian": "gaussian",
    "random, fitted mixture": "mixture",
    "halfway": "halfway",
    "codes of test pictures": "codes",
}
plots.seed_dots(
    {label: holes["arms"][f"ae_{kind}_16"]["values"] for label, kind in kinds.items()},
    xlabel="share of plausible pictures (a circle per seed, a bar at the mean)",
    percent=True,
    alt="Share of plausible pictures by kind of point. N(0, I) is lowest by far, then the "
    "fitted Gaussian and halfway points, then the fitted mixture; codes of test "
    "pictures are highest.",
)

# %% [markdown]
# **Seen.** Points from N(0, I) give next to nothing: {{ae-holes: arms.ae_prior_16.mean | .1%}} plausible. That is the
# famous hole, but it is mostly our own mistake: we looked where no code ever was. The same decoder, sampled from a
# Gaussian fitted to its codes, reaches {{ae-holes: arms.ae_gaussian_16.mean | .0%}}, and from ten fitted blobs
# {{ae-holes: arms.ae_mixture_16.mean | .0%}}. Redrawing real pictures, with {{ae-holes: arms.ae_codes_16.mean | .0%}}, is
# the most that this decoder can do.
#
# Two holes remain once we look in the right place. The codes do not fill a smooth blob: the fitted Gaussian loses more
# than half of what the decoder can do. And halfway between two different digits only
# {{ae-holes: arms.ae_halfway_16.mean | .0%}} are plausible.
#
# So an autoencoder *can* be sampled, if you look at its codes first and fit a density to them. What it cannot do is tell
# you beforehand where to look. The VAE of lesson 02 is trained to put its codes at N(0, I). Whether its space has fewer
# holes is a question for that lesson, with this autoencoder as the control.
#
# ## Summary
#
# - An autoencoder squeezes a picture through a short code $z$ and redraws it. It is trained on the redrawing error alone.
# - Without nonlinearities it is PCA. With them, fewer than 16 numbers do the work of PCA's 32.
# - With two numbers, the latent space can be drawn as a map. Similar pictures lie together; the cloud is uneven.
# - The codes lie wherever training left them. A random point from N(0, I) misses them.
# - A code without a bottleneck is worthless: if the decoder can see the picture by another way, such as a direct
#   connection from the encoder, it ignores $z$.
#
# ## Quiz
#
# Click an answer to see whether it is right, and why.

# %% [markdown]
# **1. A linear autoencoder with six layers and a code of 16 numbers is trained until nothing improves. Its error is…**
#
# <details><summary>A. lower than PCA's with 16 numbers, because it is deeper.</summary>No. Linear layers in a row make one linear map, and PCA is the best linear map through 16 numbers.</details>
# <details><summary>B. about the same as PCA's.</summary>Right. PCA's error is the lowest that any linear map can reach, and training comes close to it.</details>
# <details><summary>C. higher than PCA's, because there is no sigmoid.</summary>No. The sigmoid is one of the bends; without it the network can still do all that PCA does.</details>

# %% [markdown]
# **2. You decode random points from N(0, I) and get rubbish. What does that show?**
#
# <details><summary>A. The decoder is badly trained.</summary>No. The same decoder redraws test pictures well; it is asked about places that it never saw.</details>
# <details><summary>B. The codes of this autoencoder are not distributed like N(0, I).</summary>Right. Nothing in its training asked for that. Look at the codes and sample where they are.</details>
# <details><summary>C. The code has too few numbers.</summary>No. More numbers make it worse: there is more room in which no code ever was.</details>

# %% [markdown]
# **3. Why is the error summed over pixels and not averaged?**
#
# <details><summary>A. It makes no difference at all.</summary>For this lesson's training it hardly does. It will, as soon as a second term is added to the loss in lesson 02.</details>
# <details><summary>B. Because it is the error of one picture, and will be part of a log-probability of one picture.</summary>Right. Averaging divides by 784, which silently makes any second term in the loss 784 times heavier.</details>
# <details><summary>C. Because sums are faster to compute.</summary>No. The cost is the same.</details>

# %% [markdown]
# ## Exercise
#
# [Exercise 01](../exercises/01_autoencoder.ipynb): build the network as a class, measure its error, and find the nearest
# neighbours of a digit in the latent space. Next lesson: [02 · The variational autoencoder](02_vae.ipynb)
