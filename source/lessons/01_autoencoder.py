# %% [markdown]
# # 01 · The autoencoder
#
# **After this lesson** you can build and train an autoencoder, say what it does better than PCA and why, read its
# latent space, and say where new pictures can be drawn from it, and where not.
#
# | section | minutes |
# |---|---|
# | 1. How many numbers is a digit? | 4 |
# | 2. The straight answer: PCA | 6 |
# | 3. Encoder, code, decoder | 6 |
# | 4. Training | 6 |
# | 5. Depth or nonlinearity? | 6 |
# | 6. How small can the code be? | 5 |
# | 7. A map of the latent space | 7 |
# | 8. Are there holes? | 15 |
# | quiz | 5 |
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
# One number per picture, summed and not averaged over pixels: lesson 02 will add a second number per picture to it, and
# then the scale of the first matters.

# %% tags=["nbval-check-output"]
from vae_lessons.losses import squared_error

mean_image = x_train.mean(0)
by_hand = ((x_test - mean_image) ** 2).sum(1)  # (10000,)
by_package = squared_error(x_test, mean_image)
print("by hand and by the package agree:", torch.allclose(by_hand, by_package))
print(f"error if we always draw the average digit: {by_hand.mean():.1f}")

# %% [markdown]
# That is our zero point: the average digit needs no information about the picture at all.
#
# ## 2. The straight answer: PCA
#
# **Principal component analysis** (PCA) is the classic way to describe each picture with $D$ numbers. It finds $D$
# directions in pixel space, measures how far the picture goes along each, and redraws it as the mean plus that much
# of each direction. The three rows below use 2, 16 and 32 numbers.
#
# > **Predict.** With 16 numbers instead of 784: can you still read the digits? How much of the error is left?

# %%
from sklearn.decomposition import PCA

pca = PCA(32, random_state=0).fit(x_train.numpy())


def pca_redraw(x, size):
    """Redraw pictures (N, 784) from their first `size` principal components."""
    mean = torch.tensor(pca.mean_)  # (784,)
    directions = torch.tensor(pca.components_[:size])  # (size, 784)
    return mean + (x - mean) @ directions.T @ directions


# one picture of each digit
shown = [(digits.test.labels == digit).nonzero()[0].item() for digit in range(10)]
rows = {"original": x_test[shown]}
for size in (2, 16, 32):
    redrawn = pca_redraw(x_test, size)
    rows[f"PCA, {size} numbers"] = redrawn[shown]
    print(f"{size:2} numbers: error {squared_error(x_test, redrawn).mean():.1f}")
plots.image_rows(
    rows,
    alt="Digits 0 to 9, and the same digits redrawn by PCA from 2, 16 and 32 numbers: a "
    "blur at 2, mostly readable with grey shadows at 16, clearer at 32.",
)

# %% [markdown]
# **Seen.** With 16 numbers more than half of the error is gone and most digits can be read. Look at the grey shadows around
# them: each direction is a pattern over the whole picture. What one pattern puts on empty paper, the others can only
# partly take away.
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
    "pictures", tuple(x_test[:5].shape), "codes", tuple(z.shape), "redrawn", tuple(x_hat.shape)
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
by_hand = sum(p.numel() for p in [*encoder.parameters(), *decoder.parameters()])
by_package = sum(p.numel() for p in autoencoder.parameters())
print(f"parameters: {by_hand:,} by hand, {by_package:,} in the package")

# %% [markdown]
# ## 4. Training
#
# Nobody tells the encoder what its 16 numbers should mean. We only ask that the redrawn picture is close to the
# original, and let the gradient of the squared error change both networks together.
#
# > **Predict.** After a single pass over the training pictures, is our network already better than PCA with 16 numbers?

# %%
from vae_lessons.training import scaled_epochs, seed_everything


def train(encoder, decoder, squash, passes=1):
    """Train both networks on the squared error and return it for the test pictures."""
    both = nn.ModuleList([encoder, decoder])
    optimizer = torch.optim.Adam(both.parameters(), lr=2e-3)
    for _ in range(passes):
        for batch in torch.randperm(len(x_train)).split(200):  # 250 batches of 200 pictures
            x = x_train[batch]
            x_hat = squash(decoder(encoder(x)))
            loss = squared_error(x, x_hat).mean()  # sum over pixels, mean over the batch
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        return squared_error(x_test, squash(decoder(encoder(x_test)))).mean().item()


seed_everything(0)
print(f"error on test pictures after one pass: {train(encoder, decoder, torch.sigmoid):.1f}")

# %% [markdown]
# **Seen.** One pass is enough to overtake PCA. The inner loop has the steps that you will meet in every training loop:
# compute, measure, clear old gradients, compute new ones, step.
#
# The package's `fit` contains the same loop. It also watches the validation pictures, shows progress and can be stopped.
# You tell it how to `prepare` a batch (here `to_float`) and what to minimise: `squared_error_terms` is the loss above.

# %%
from vae_lessons.losses import squared_error_terms
from vae_lessons.training import fit

seed_everything(0)
autoencoder = mlp_autoencoder(latent_dim=16)
fit(
    autoencoder,
    digits.train,
    digits.validation,
    objective=squared_error_terms,
    prepare=to_float,
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
    "autoencoder with cleaner paper and clearer strokes.",
)

# %% [markdown]
# **Seen.** The shadows are nearly gone, and the error is less than half of PCA's. The network has learned that ink comes in
# strokes and that most paper stays white.
#
# ## 5. Depth or nonlinearity?
#
# The autoencoder differs from PCA in two ways. It has hidden layers, and it **bends**: ReLU and sigmoid are not straight
# lines. **Question.** Which of the two made it better? A **control** can tell: the same training with one of them taken out.
#
# > **Predict.** Three networks, 16 numbers in the middle of each. Which will do better than PCA: the one with hidden layers
# > but no bends, the one with a bend but no hidden layers, or only the one with both?

# %%
networks = {
    "hidden layers, no bends": (
        nn.Sequential(nn.Linear(784, 256), nn.Linear(256, 16)),
        nn.Sequential(nn.Linear(16, 256), nn.Linear(256, 784)),
        nn.Identity(),
    ),
    "a bend, no hidden layers": (nn.Linear(784, 16), nn.Linear(16, 784), torch.sigmoid),
    "both": (
        nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 16)),
        nn.Sequential(nn.Linear(16, 256), nn.ReLU(), nn.Linear(256, 784)),
        torch.sigmoid,
    ),
}
print(f"{'PCA':25} {squared_error(x_test, pca_redraw(x_test, 16)).mean():5.1f}")
for name, (encode, decode, squash) in networks.items():
    seed_everything(0)
    print(f"{name:25} {train(encode, decode, squash, scaled_epochs(5)):5.1f}")

# %% [markdown]
# **Seen.** Hidden layers without bends end where PCA ends: linear after linear is linear, and on the pictures that it is
# fitted to, PCA has the smallest squared error of all linear ways. A bend alone, the sigmoid at the end, helps a little. Both
# together halve the error. Hidden layers help when something bends between them.
#
# ## 6. How small can the code be?
#
# > **Predict.** How many numbers does an autoencoder need to match PCA with 32?

# %%
sizes = [2, 4, 8, 16, 32]
errors = {"PCA": [], "autoencoder": []}
for size in sizes:
    seed_everything(0)
    model = mlp_autoencoder(size)
    fit(
        model,
        digits.train,
        objective=squared_error_terms,
        prepare=to_float,
        epochs=scaled_epochs(3),
    )
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
    prepare=to_float,
    epochs=scaled_epochs(8),
)

# %%
with torch.no_grad():
    codes = flat.encode(x_test)
plots.latent_scatter(
    {"codes of 2,000 test pictures": (codes[:2000], digits.test.labels[:2000])},
    alt="Scatter plot of two-dimensional codes, each drawn as its digit. Zeros and ones "
    "have regions of their own, other digits overlap; the codes lie lopsidedly, dense near"
    " the origin and thin far away, with empty space on several sides.",
)

# %% [markdown]
# **Seen.** Similar pictures share a region, although nobody asked for it. Look at the rest as well: how far the axes
# reach, how lopsidedly the codes lie, dense in one place and thin in another, and how much of the plane is empty.
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
    alt="Left: the codes. Right: 15 by 15 pictures decoded over the same square. Where codes of "
    "several digits overlap the pictures are grey blends; in the empty outer regions the decoder "
    "repeats a neighbouring digit ever bolder, and breaks into dots at the left edge.",
)

# %% [markdown]
# **Seen.** Surprising: most of the empty, outer regions look fine. There the decoder repeats a neighbouring digit, ever
# bolder. At the left edge, though, it breaks into dots. And where codes of several digits crowd together the pictures are
# grey blends. So an empty place is not always bad, and a full one not always good: looking is not enough. We have to
# measure.
#
# ## 8. Are there holes?
#
# It is often said that the latent space of an autoencoder "has holes", so that a random point decodes to rubbish, and
# that a VAE, the subject of [lesson 02](02_vae.ipynb), has none. **Question.** Is that so, and where are the holes?
#
# **What is rubbish?** We train a small classifier on the ten digits and on an eleventh class of spoiled digits: halves
# glued together, two digits in one, and the like. A picture is **plausible** if the classifier recognises a digit in it
# as surely as in 95 of 100 real ones. Of real test digits it accepts {{ae-holes: arms.real.mean | .0%}}. It accepts next
# to nothing of noise, clothes or two digits in one, but a quarter of the digits that stand on their heads. It sees one
# picture at a time, so it cannot tell whether the pictures are varied.
#
# **Where do we look?** We go from 2 to 16 numbers as well, and decode six kinds of points. Each decoded picture is turned
# into black and white before it is judged.
#
# - **N(0, I)**: each number drawn from the standard normal distribution (mean 0, standard deviation 1);
# - **fitted Gaussian**: drawn from the normal distribution, or Gaussian, with the mean and covariance of the training codes;
# - **fitted mixture**: drawn from ten Gaussians at once, fitted together to the training codes;
# - **halfway, different** and **halfway, same**: the middle between the codes of two test pictures of different digits,
#   or of the same digit;
# - **codes**: the codes of test pictures themselves.
#
# First, where are the codes of the network that we trained in section 4?
#
# > **Predict.** A draw from N(0, I) with 16 numbers lies about 4 from zero. How far from zero do the codes lie?

# %%
with torch.no_grad():
    distance = autoencoder.encode(x_test).norm(dim=1)
print(
    f"distance of the codes from zero: {distance.mean():.1f} on average, smallest {distance.min():.1f}"
)

# %% [markdown]
# Now the claim. Five networks of each size were trained, each from another seed. They have the layers of this lesson, but
# learned from black and white pictures for 10 passes, so that lesson 02 can compare them fairly with VAEs.
#
# > **Predict.** Put the six kinds of points in order. What share is plausible at the bottom, and what at the top?

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
        label: {f"{size} numbers": arms[f"ae_{kind}_{size}"]["values"] for size in (2, 16)}
        for label, kind in kinds.items()
    },
    xlabel="share of plausible pictures (a mark per seed, a bar at the mean)",
    reference=("real digits", arms["real"]["mean"]),
    alt="Share of plausible pictures for six kinds of points, with 2 and with 16 numbers. With 16: "
    "nothing from N(0, I), a fifth from the fitted Gaussian, six tenths from the mixture, a third "
    "halfway between different digits, eight tenths halfway between equal ones, nine tenths for "
    "codes. With 2 all lie between a third and six tenths, with wide spreads.",
)

# %% [markdown]
# **Seen, with 16 numbers.** N(0, I) gives nothing: {{ae-holes: arms.ae_prior_16.mean | .1%}} plausible. That is the famous
# hole, and it comes from looking in the wrong place, as the distances showed. From a Gaussian fitted to the codes the same
# decoder reaches {{ae-holes: arms.ae_gaussian_16.mean | .0%}}, and from ten Gaussians
# {{ae-holes: arms.ae_mixture_16.mean | .0%}}. Codes of test pictures give {{ae-holes: arms.ae_codes_16.mean | .0%}}: that is
# our yardstick. So the codes fill only a part of the region that they span, and the better a density follows them, the
# better the pictures.
#
# Between the codes it is not empty. Halfway between two pictures of the same digit
# {{ae-holes: arms.ae_same_16.mean | .0%}} are plausible, where averaging the pixels instead of the codes gives
# {{ae-holes: arms.pixels_same.mean | .0%}}. Halfway between different digits it is
# {{ae-holes: arms.ae_different_16.mean | .0%}}, against {{ae-holes: arms.pixels_different.mean | .0%}} by pixels. That is less a
# hole than a border: there is no digit halfway between a 3 and a 7.
#
# **Seen, with 2 numbers.** Even the codes give only {{ae-holes: arms.ae_codes_2.mean | .0%}}, and N(0, I) gives
# {{ae-holes: arms.ae_prior_2.mean | .0%}}, with a wide spread over the seeds
# ({{ae-holes: arms.ae_prior_2.std | .0%}}). On a plane the densest part of the codes happens to lie near zero. The famous hole opens up with the
# number of dimensions.
#
# So an autoencoder *can* be sampled, if you look at its codes first and fit a density to them. What it cannot do is tell
# you beforehand where to look. The VAE of lesson 02 is trained to put its codes at N(0, I). Whether its space has fewer
# holes is a question for that lesson, with this autoencoder as the control.
#
# ## Summary
#
# - An autoencoder squeezes a picture through a short code $z$ and redraws it. It is trained on the redrawing error alone.
# - Without nonlinearities it is PCA. With them, fewer than 16 numbers do the work of PCA's 32.
# - With two numbers, the latent space can be drawn as a map. Similar pictures lie together.
# - The codes lie wherever training left them. With 16 numbers, a random point from N(0, I) misses them; a fitted Gaussian
#   does better ({{ae-holes: arms.ae_gaussian_16.mean | .0%}} plausible), a fitted mixture much better
#   ({{ae-holes: arms.ae_mixture_16.mean | .0%}}).
#
# ## Quiz
#
# Click an answer to see whether it is right, and why.

# %% [markdown]
# **1. A linear autoencoder with six layers and a code of 16 numbers is trained until nothing improves. Its error is…**
#
# <details><summary>A. lower than PCA's with 16 numbers, because it is deeper.</summary>No. Linear layers in a row make one linear map, and PCA is the best linear map through 16 numbers.</details>
# <details><summary>B. about the same as PCA's.</summary>Right. On the pictures that it is fitted to, PCA has the lowest error of any linear map, and training comes close to it.</details>
# <details><summary>C. higher than PCA's, because there is no sigmoid.</summary>No. The sigmoid is one of the bends; without it the network can still do all that PCA does.</details>

# %% [markdown]
# **2. You decode random points from N(0, I) and get rubbish. What does that show?**
#
# <details><summary>A. The decoder is badly trained.</summary>No. The same decoder redraws test pictures well; it is asked about places that it never saw.</details>
# <details><summary>B. The codes of this autoencoder are not distributed like N(0, I).</summary>Right. Nothing in its training asked for that. Look at the codes and sample where they are.</details>
# <details><summary>C. The code has too few numbers.</summary>No. More numbers make it worse: with 2 a third of such pictures was plausible, with 16 none.</details>

# %% [markdown]
# **3. Why is the error summed over pixels and not averaged?**
#
# <details><summary>A. It makes no difference at all.</summary>Almost right here: this lesson's training would hardly change. It will matter, as soon as a second term is added to the loss in lesson 02.</details>
# <details><summary>B. Because it is the error of one picture, and will be part of a log-probability of one picture.</summary>Right. Averaging divides by 784, which silently makes any second term in the loss 784 times heavier.</details>
# <details><summary>C. Because sums are faster to compute.</summary>No. The cost is the same.</details>

# %% [markdown]
# ## Exercise
#
# [Exercise 01](../exercises/01_autoencoder.ipynb): build the network as a class, measure its error, and find the nearest
# neighbours of a digit in the latent space. Next lesson: [02 · The variational autoencoder](02_vae.ipynb)
