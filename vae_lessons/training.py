"""One training loop for every model of the course, with seeding, device, progress and history."""

import contextlib
import copy
import math
import os
import random
import time
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor, nn, optim
from tqdm.auto import tqdm

from vae_lessons.data import Images
from vae_lessons.history import Averages, Epoch, History
from vae_lessons.losses import Terms
from vae_lessons.schedules import constant

Objective = Callable[[nn.Module, Tensor, Tensor], Terms]  # (model, x (B, P), labels) to per-example terms
Penalty = Callable[[Tensor], Tensor]  # KL (B, D) to the scalar that is weighted and added to the loss
EPOCH_FACTORS = {"fast": 0.0, "standard": 1.0, "full": 4.0}


def pick_device() -> torch.device:
    """CUDA, then MPS, then CPU; the environment variable VAE_LESSONS_DEVICE overrides. ValueError: it is not usable."""
    usable = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    wanted = os.environ.get("VAE_LESSONS_DEVICE") or next(name for name, works in usable.items() if works)
    if not usable.get(wanted.split(":")[0]):
        names = " or ".join(name for name, works in usable.items() if works)
        raise ValueError(
            f"VAE_LESSONS_DEVICE is {wanted!r}, which cannot be used here: set it to {names}, or unset it."
        )
    return torch.device(wanted)


def seed_everything(seed: int) -> None:
    """Seed the random generators of Python, NumPy and PyTorch (all devices)."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def scaled_epochs(standard: int) -> int:
    """The epochs to train under VAE_LESSONS_PROFILE: 1 if it is fast, 4 times standard if it is full, else standard."""
    profile = os.environ.get("VAE_LESSONS_PROFILE", "standard")
    if profile not in EPOCH_FACTORS:
        raise ValueError(
            f"VAE_LESSONS_PROFILE is {profile!r}: set it to one of {', '.join(EPOCH_FACTORS)}, or unset it."
        )
    return max(1, round(standard * EPOCH_FACTORS[profile]))


def summed_kl(kl: Tensor) -> Tensor:
    """The KL of the whole code, mean over the batch: (B, D) to a scalar. The default penalty of `fit`."""
    return kl.sum(1).mean()


@contextlib.contextmanager
def own_randomness(seed: int, device: torch.device) -> Iterator[None]:
    """Seeded PyTorch generators inside; afterwards the global random state is as it was before."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield


@torch.no_grad()
def evaluate(
    model: nn.Module,
    data: Images,
    *,
    objective: Objective,
    prepare: Callable[[Tensor], Tensor],
    batch_size: int = 1000,
    seed: int = 0,
) -> Averages:
    """The objective's means over all examples, in evaluation mode; the former mode is restored.

    Sampling uses its own seed, so that two calls see the same noise; the global random state is left as it was.
    """
    device, was_training = next(model.parameters()).device, model.training
    totals = torch.zeros(2, device=device)
    model.eval()
    with own_randomness(seed, device):
        for images, labels in zip(data.images.split(batch_size), data.labels.split(batch_size), strict=True):
            terms = objective(model, prepare(images.to(device)), labels.to(device))
            totals += torch.stack([terms.reconstruction.sum(), terms.kl.sum()])
    model.train(was_training)
    return Averages(*(totals / len(data.images)).tolist())


def fit(
    model: nn.Module,
    train: Images,
    validation: Images | None = None,
    *,
    objective: Objective,
    prepare: Callable[[Tensor], Tensor],
    epochs: int,
    batch_size: int = 200,
    learning_rate: float = 5e-3,
    one_cycle: bool = True,
    beta: Callable[[int], float] = constant,
    penalty: Penalty = summed_kl,
    augment: Callable[[Tensor], Tensor] | None = None,
    patience: int | None = None,
    seed: int | None = None,
    device: torch.device | None = None,
    progress: bool = True,
) -> History:
    """Minimise mean(reconstruction) + beta(step) * penalty(kl) with Adam, and return the history.

    Images stay uint8 on the device; each batch is gathered by index, augmented (uint8 to uint8, in training only) and
    prepared: uint8 (B, H, W) to float (B, P), `data.to_float` for grey pixels, `data.binarize` for a Bernoulli
    likelihood. The learning rate, and with it Adam's beta1, goes through one cycle over the run (Smith and Topin 2018);
    without `one_cycle`, and with `patience`, it is constant. With `patience` training stops after that many epochs
    without a better validation loss (at beta = 1), and the best epoch's weights are kept.
    Ctrl-C, or Interrupt in Jupyter, ends training and keeps what was learned (with `patience`, the best epoch).
    Without a `seed` one is drawn from PyTorch's global generator; otherwise the global random state is left as it was.
    The model comes back in evaluation mode on the device that it was on.
    ValueError: nothing to train on, or `patience` without validation. FloatingPointError: the loss is infinite or NaN.
    """
    if patience is not None and validation is None:
        raise ValueError("patience needs validation images to watch: pass validation=, or leave patience out.")
    if len(train.images) == 0 or epochs < 1:
        raise ValueError(f"fit needs at least 1 image and 1 epoch, got {len(train.images)} images and {epochs} epochs.")
    home, device = next(model.parameters()).device, device or pick_device()
    model.to(device)
    train = train.to(device)
    steps = epochs * -(-len(train.images) // batch_size)
    cycle_steps = steps if one_cycle and patience is None else None
    update = _Update(model, objective, beta, penalty, prepare, augment, learning_rate, cycle_steps)
    validate = validation and (lambda: evaluate(model, validation, objective=objective, prepare=prepare))
    history, best = History(), _Best(model, patience)
    seed = torch.randint(2**31, ()).item() if seed is None else seed
    with own_randomness(seed, device), tqdm(total=steps, desc="training", leave=False, disable=not progress) as bar:
        try:
            for _ in range(epochs):
                history.epochs.append(_epoch(update, train, batch_size, validate, bar))
                if best.update(history):
                    history.stopped = "stopped early"
                    break
        except KeyboardInterrupt:
            history.stopped = "interrupted"
        finally:
            best.restore(history)
            model.to(home).eval()
    return history


class _Update:
    """One optimizer step, and the step counter that the KL weight depends on."""

    def __init__(self, model, objective, beta, penalty, prepare, augment, learning_rate, cycle_steps):
        self.model, self.objective, self.beta, self.penalty = model, objective, beta, penalty
        self.prepare, self.augment, self.step = prepare, augment, 0
        self.optimizer = optim.Adam(model.parameters(), lr=learning_rate, fused=True)
        schedule = optim.lr_scheduler
        if cycle_steps is None:
            self.scheduler = schedule.ConstantLR(self.optimizer, factor=1.0)
        else:
            self.scheduler = schedule.OneCycleLR(self.optimizer, learning_rate, cycle_steps)

    def __call__(self, images: Tensor, labels: Tensor) -> Tensor:
        """The batch means of reconstruction, KL and loss before the step, (3,), left on the device."""
        x = self.prepare(self.augment(images) if self.augment else images)
        terms = self.objective(self.model, x, labels)
        reconstruction = terms.reconstruction.mean()
        loss = reconstruction + self.beta(self.step) * self.penalty(terms.kl)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.scheduler.step()
        self.step += 1
        return torch.stack([reconstruction, summed_kl(terms.kl), loss]).detach()


def _epoch(update: _Update, train: Images, batch_size: int, validate: Callable | None, bar: tqdm) -> Epoch:
    start = time.perf_counter()
    update.model.train()
    count, device = len(train.images), train.images.device
    totals = torch.zeros(3, device=device)
    for index in torch.randperm(count, device=device).split(batch_size):
        totals += len(index) * update(train.images[index], train.labels[index])
        bar.update()
    reconstruction, kl, minimised = (totals / count).tolist()  # the only wait for the device in an epoch
    if not math.isfinite(minimised):
        raise FloatingPointError(
            f"the loss became {minimised} by step {update.step}: lower the learning rate, and check that no "
            "variance grows without bound."
        )
    validation, beta = validate and validate(), update.beta(update.step - 1)
    return Epoch(Averages(reconstruction, kl), validation, minimised, beta, time.perf_counter() - start)


class _Best:
    """The weights of the best epoch so far; without patience every epoch counts as the best."""

    def __init__(self, model: nn.Module, patience: int | None):
        self.model, self.patience, self.loss, self.epoch, self.weights = model, patience, math.inf, 0, None

    def update(self, history: History) -> bool:
        """Take note of the newest epoch; True after `patience` epochs without a better one."""
        newest = len(history.epochs)
        if self.patience is None:
            self.epoch = newest
            return False
        if history.epochs[-1].validation.loss < self.loss:
            self.loss, self.epoch = history.epochs[-1].validation.loss, newest
            self.weights = copy.deepcopy(self.model.state_dict())
        return newest - self.epoch >= self.patience

    def restore(self, history: History) -> None:
        history.kept_epoch = self.epoch
        if self.weights is not None:
            self.model.load_state_dict(self.weights)
