"""Lesson 05: what helps a VAE that overfits?

The same VAE on 1,000 digits, the same number of steps for all but early stopping, a constant learning rate. Each remedy
is one change. The control without a remedy also gives the epoch at which its validation loss is lowest, and the control
with 50,000 digits says what more data would give. Whether the KL "avoids overfitting" is asked both ways: with its
factor doubled, and, as a control, with no KL at all.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from experiments.ledger import Arms, Claim, exceeds
from vae_lessons.data import binarize, mnist, random_shift
from vae_lessons.losses import elbo_terms
from vae_lessons.models import mlp_vae
from vae_lessons.schedules import constant
from vae_lessons.training import evaluate, fit, seed_everything

FEW, BATCH, STEPS, PATIENCE = 1000, 100, 2000, 10


@dataclass(frozen=True)
class Remedy:
    """One change of the plain training; the defaults change nothing."""

    beta: float = 1.0
    augment: Callable[[Tensor], Tensor] | None = None
    between: Callable[[int], nn.Module] | None = None
    patience: int | None = None
    every_digit: bool = False


REMEDIES = {
    "none": Remedy(),
    "early_stopping": Remedy(patience=PATIENCE),
    "dropout": Remedy(between=lambda width: nn.Dropout(0.2)),
    "augmentation": Remedy(augment=random_shift),
    "beta_2": Remedy(beta=2.0),
    "beta_0": Remedy(beta=0.0),
    "more_data": Remedy(every_digit=True),
}
CONTROLS = {"none", "beta_0", "more_data"}


def measure(seed: int, quick: bool) -> dict[str, float]:
    digits = mnist()
    seed_everything(seed)
    few = digits.train.take(torch.randperm(digits.train.size)[:FEW])
    watched = digits.validation.take(torch.arange(0, digits.validation.size, 5))
    values = {}
    for name, remedy in REMEDIES.items():
        train = digits.train if remedy.every_digit else few
        seed_everything(seed)
        vae = mlp_vae(16, between=remedy.between)
        history = fit(
            vae,
            train,
            watched,
            objective=elbo_terms,
            prepare=binarize,
            epochs=max(1, STEPS * BATCH // train.size // (4 if quick else 1)),
            batch_size=BATCH,
            learning_rate=(4 if quick else 1) * 2e-3,
            one_cycle=False,
            beta=partial(constant, value=remedy.beta),
            augment=remedy.augment,
            patience=remedy.patience,
            seed=seed,
            progress=False,
        )
        values[f"epochs_{name}"] = history.kept_epoch
        for part, images in (("train", train), ("test", digits.test)):
            found = evaluate(vae, images, objective=elbo_terms, prepare=binarize, seed=seed)
            for term in ("loss", "reconstruction", "kl"):
                values[f"{term}_{part}_{name}"] = getattr(found, term)
        if name == "none":
            losses = history.curve("validation", "loss")
            values["best_epoch_none"] = 1 + min(range(len(losses)), key=losses.__getitem__)
    return values


def verdict(arms: Arms) -> str:
    """The remedies from best to worst, by the loss on test digits."""
    loss = {name: arms[f"loss_test_{name}"] for name in REMEDIES}
    tried = sorted(REMEDIES.keys() - CONTROLS, key=lambda name: loss[name]["mean"])
    helps = [name for name in tried if exceeds(loss["none"], loss[name])]
    ahead = " before ".join(name.replace("_", " ") for name in helps)
    if helps == tried:
        return f"holds for all: {ahead}"
    return f"depends on the remedy: holds for {ahead or 'none'}"


CLAIM = Claim(
    id="overfitting",
    lesson="05_training",
    question="Which remedies lower the loss on new digits of a VAE that was trained on 1,000?",
    quantity="negative ELBO (beta = 1) and its terms in nats per image; the number of epochs whose weights are kept",
    treatment="early stopping, dropout, random shifts, twice the KL's factor: one change each",
    control="no remedy; no KL in training; 50,000 digits for the same number of steps",
    measure=measure,
    verdict=verdict,
    order=(
        ("loss_test_none", "loss_test_dropout"),
        ("loss_test_dropout", "loss_test_augmentation"),
        ("loss_test_none", "loss_train_none"),
        ("loss_test_augmentation", "loss_test_more_data"),
    ),
)
