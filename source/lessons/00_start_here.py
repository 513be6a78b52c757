# %% [markdown]
# # 00 · Start here
#
# This course takes you from a plain autoencoder to a working understanding of variational autoencoders (VAEs).
# You train every model yourself, on this machine, in seconds to minutes. You need Python and a rough idea of what a
# neural network is. Everything runs offline: the data came with the course.
#
# **After this lesson** you can run a lesson, read its figures, answer its questions, check an exercise and stop a
# training run without losing it.
#
# | section | minutes |
# |---|---|
# | 1. Is everything here? | 2 |
# | 2. The data | 3 |
# | 3. How a section works | 3 |
# | 4. Training, and stopping it | 3 |
# | 5. Exercises and checks | 4 |
#
# **Run time:** about {{run_times: 00_start_here.seconds}} s on two CPU cores.
# **Builds on:** nothing.
#
# ## 1. Is everything here?
#
# A notebook is a list of cells. Click the first grey cell below and press **Shift + Enter**: it runs, and the next
# cell is selected. *Run → Run All Cells* in the menu runs the whole lesson. If a lesson ever behaves strangely,
# *Kernel → Restart Kernel and Run All Cells* gives you a fresh start.
#
# `doctor()` looks at your installation. Every line should say OK. A line that does not tells you what to do.

# %% tags=["nbval-ignore-output"]
from vae_lessons.classroom import doctor

doctor()

# %% [markdown]
# ## 2. The data
#
# Most lessons use **MNIST**: 70,000 handwritten digits, each a picture of 28 × 28 = 784 **pixels** with a label from
# 0 to 9. They are split into three parts, once and for good:
#
# - **train**: the model learns from these 50,000 pictures;
# - **validation**: we make choices by looking at these 10,000;
# - **test**: we report numbers on these 10,000, and use them for nothing else.

# %% tags=["nbval-check-output"]
from vae_lessons.data import mnist

digits = mnist()
for part in ("train", "validation", "test"):
    images, labels = getattr(digits, part)
    print(
        f"{part:10}  images {tuple(images.shape)}  labels {tuple(labels.shape)}  {images.dtype}"
    )

# %% [markdown]
# Pixels are stored as whole numbers from 0 to 255. Models want fractions from 0 to 1, one row per picture:
# `to_float` turns (N, 28, 28) into (N, 784). In this course a batch of pictures always has that shape.

# %% tags=["nbval-check-output"]
from vae_lessons.data import to_float

x = to_float(digits.test.images)
print(tuple(x.shape), x.dtype, "from", x.min().item(), "to", x.max().item())

# %%
from vae_lessons import plots

plots.image_grid(
    x[:30],
    alt="Thirty handwritten digits from the MNIST test set in three rows of ten, black on "
    "white.",
)

# %% [markdown]
# ## 3. How a section works
#
# Each section asks a question. **You predict, then the code answers.** A prediction that turns out wrong is the
# most useful minute of a lesson: write it down before you run the next cell.
#
# **Question.** How much of an MNIST picture is empty?
#
# > **Predict.** What share of the 784 pixels is exactly 0, that is, white paper? Change the number below to your guess.

# %%
my_guess = 0.5

# %%
empty = (digits.train.images == 0).float().mean().item()
print(f"You said {my_guess:.0%}. Measured on 50,000 pictures: {empty:.0%}.")

# %% [markdown]
# **Seen.** Four pixels of five are empty. A model that always answers "paper" is right about most pixels, so a small
# error per pixel means little by itself. We will always compare with something.
#
# Numbers in the text of a lesson come from measurements too. Claims that need many training runs were measured in
# advance with several **seeds** (starting points of the random numbers), and each has a **control**: the same
# measurement without the thing that is claimed to help. The lesson shows the result whichever way it fell.
#
# ## 4. Training, and stopping it
#
# **Question.** How long does it take to train a network here?
#
# `fit` is the one training function of the course. Lesson 01 opens it up; here we only want to see it run. While it
# works, a bar shows its progress. **You can stop it** with the ■ button in the toolbar: what was learned is kept.
#
# > **Predict.** How many seconds does one pass over 50,000 pictures take on your machine?

# %%
from vae_lessons.losses import squared_error_terms
from vae_lessons.models import mlp_autoencoder
from vae_lessons.training import fit, pick_device, seed_everything

seed_everything(0)
model = mlp_autoencoder(latent_dim=8)
history = fit(
    model,
    digits.train,
    digits.validation,
    objective=squared_error_terms,
    prepare=to_float,
    epochs=1,
)
history

# %%
print(f"{history.seconds:.1f} s for one epoch on {pick_device()}")

# %% [markdown]
# **Seen.** One pass over the data, called an **epoch**, takes seconds on a laptop. The device is chosen for you: a GPU
# if there is one, else the CPU. The lessons are the same on either; only the waiting differs.
#
# Two settings exist outside the notebooks, as environment variables. `VAE_LESSONS_DEVICE=cpu` forces a device.
# `VAE_LESSONS_PROFILE=fast` trains for one epoch everywhere, to see whether a lesson runs at all;
# `full` trains four times longer than usual.
#
# ## 5. Exercises and checks
#
# From lesson 01 on, each lesson has an exercise in the `exercises` folder and a solution in `solutions`. In an exercise you
# write a function, and `check` tests it: it tries your answer on fresh numbers and looks for the mistakes that people
# make. Here is a function that should return the summed squared error of each picture. It is wrong.

# %% tags=["nbval-check-output"]
from vae_lessons.checks import check, hint


def reconstruction_error(x, x_hat):
    return (x - x_hat).abs().sum(dim=1)


result = check(reconstruction_error)
print(result.passed)

# %% [markdown]
# `result` knows more than yes or no. Put it on the last line of a cell to see what was wrong:

# %%
result

# %% [markdown]
# When you are stuck, ask for a hint. Each call gives one more, and there are three.

# %%
hint("reconstruction_error")

# %% [markdown]
# ## Summary
#
# - Shift + Enter runs a cell; *Run All Cells* runs a lesson; ■ stops training and keeps what was learned.
# - Pictures come as rows of 784 numbers from 0 to 1. Train, validation and test never mix.
# - Predict first. Then look at the number, and at its control.
# - `check(your_function)` says what is wrong; `hint("its_name")` helps.
#
# ## Quiz
#
# Click an answer to see whether it is right, and why.

# %% [markdown]
# **1. Why does the course keep a validation part beside the test part?**
#
# <details><summary>A. To have more pictures to train on.</summary>No. Neither part is trained on.</details>
# <details><summary>B. Choices made by looking at a part make results on that part look too good.</summary>Right. We choose on the validation part, so that the test part stays an honest judge.</details>
# <details><summary>C. Because the test pictures are harder.</summary>No. They come from the same kind of source; what matters is that nobody chose anything by looking at them.</details>

# %% [markdown]
# **2. You press ■ in the middle of the third epoch. What happens to the model?**
#
# <details><summary>A. It keeps the weights it had at that moment.</summary>Right. The history also says that it was interrupted, and holds the two complete epochs.</details>
# <details><summary>B. It goes back to its weights before training.</summary>No. Nothing that was learned is thrown away.</details>
# <details><summary>C. The kernel dies and all variables are lost.</summary>No. Stopping a cell is not restarting the kernel.</details>

# %% [markdown]
# Next: [01 · The autoencoder](01_autoencoder.ipynb)
