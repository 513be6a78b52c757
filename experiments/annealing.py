"""Lesson 06: does annealing the KL prevent posterior collapse?

Digits of 14 x 14 pixels, three decoders and four ways of handling the KL, all with equal steps: a weak decoder (an MLP,
whose pixels are independent given z) and two that also see the earlier pixels, in one of which the code is a bias per
channel, in the other a map of the picture. Every loss is the negative ELBO with beta = 1 and no floor, on test digits.

Does a code get lost because training starts badly, or because a good model does not need it? To tell the two apart, all
four models with the code as a bias then train on without any schedule. What the start spoiled stays different; what
the optimum does not want fades, whatever came before.
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import nn

from experiments.ledger import Arms, Claim, comparison
from vae_lessons.data import Images, Splits, binarize, halve, mnist
from vae_lessons.losses import elbo_terms, free_bits
from vae_lessons.metrics import active_units, posterior_budget
from vae_lessons.models import mlp_vae
from vae_lessons.pixelcnn import pixel_vae
from vae_lessons.schedules import constant, cyclical, linear_warmup
from vae_lessons.training import evaluate, fit, seed_everything

LATENTS, SIDE, BATCH, DIGITS = 8, 14, 100, 10_000
EPOCHS, FURTHER = 8, 12
FLOOR = 0.25  # nats per latent
DECODERS: dict[str, Callable[[], nn.Module]] = {
    "mlp": partial(mlp_vae, LATENTS, pixels=SIDE**2),
    "pixel": partial(pixel_vae, LATENTS, side=SIDE),
    "map": partial(pixel_vae, LATENTS, side=SIDE, as_map=True),
}
SHOWN_EPOCHS = (1, *range(2, EPOCHS + FURTHER + 1, 2))


def schedules_over(steps: int) -> dict[str, dict]:
    """What `fit` is told about the KL, by name: warm-up over half of the steps, four cycles, or a floor per latent."""
    return {
        "none": {"beta": constant},
        "linear": {"beta": partial(linear_warmup, warmup_steps=steps // 2)},
        "cyclical": {"beta": partial(cyclical, period=steps // 4)},
        "free_bits": {"penalty": partial(free_bits, min_nats=FLOOR)},
    }


def small_digits(quick: bool) -> Splits:
    """10,000 training and 5,000 test digits of 14 x 14 pixels; 600 and 500 for a quick look."""
    digits, (train, test) = mnist(), (600, 500) if quick else (DIGITS, 5000)
    cut = ((digits.train, train), (digits.validation, test), (digits.test, test))
    parts = (Images(halve(part.images[:count]), part.labels[:count]) for part, count in cut)
    return Splits(*parts, digits.class_names)


def found(vae: nn.Module, test: Images, seed: int) -> dict[str, float]:
    """The negative ELBO, the KL, the active units and the mutual information on test digits, without any schedule."""
    averages = evaluate(vae, test, objective=elbo_terms, prepare=binarize, seed=seed)
    with torch.no_grad():
        mu, logvar = vae.encode(binarize(test.images))
    torch.manual_seed(seed)
    information = posterior_budget(mu[:2000], logvar[:2000], samples=4).mutual_information
    return {"loss": averages.loss, "kl": averages.kl, "active": active_units(mu), "mi": information}


def measure(seed: int, quick: bool) -> dict[str, float]:
    digits, values = small_digits(quick), {}
    epochs, further, batch = (4, 1, BATCH // 4) if quick else (EPOCHS, FURTHER, BATCH)
    for decoder, make in DECODERS.items():
        for name, schedule in schedules_over(epochs * len(digits.train.images) // batch).items():
            seed_everything(seed)
            vae = make()
            train = partial(
                fit,
                vae,
                digits.train,
                objective=elbo_terms,
                prepare=binarize,
                batch_size=batch,
                learning_rate=4e-3,
                seed=seed,
                progress=False,
            )
            kl = train(epochs=epochs, **schedule).curve("train", "kl")
            values |= {f"{part}_{decoder}_{name}": value for part, value in found(vae, digits.test, seed).items()}
            if decoder == "pixel":
                kl += train(epochs=further).curve("train", "kl")
                values |= {f"{part}_after_{name}": value for part, value in found(vae, digits.test, seed).items()}
                values |= {f"kl_epoch_{e}_{name}": kl[e - 1] for e in SHOWN_EPOCHS if e <= len(kl)}
    return values


def verdict(arms: Arms) -> str:
    """What the decoder changes, what each schedule changes in information and bound, and whether that lasts."""

    def beside_none(what: str, stage: str, name: str) -> str:
        return comparison(arms[f"{what}_{stage}_{name}"], arms[f"{what}_{stage}_none"])

    told = ", ".join(f"{name} {arms[f'mi_{name}_none']['mean']:.1f}" for name in DECODERS)
    changes = "; ".join(
        f"{name.replace('_', ' ')} has information {beside_none('mi', 'pixel', name)} none's and loss "
        f"{beside_none('loss', 'pixel', name)} none's, and after further training loss "
        f"{beside_none('loss', 'after', name)} none's"
        for name in ("linear", "cyclical", "free_bits")
    )
    return f"depends on the decoder: without a schedule the code tells, in nats, {told}. For pixel, {changes}"


CLAIM = Claim(
    id="annealing",
    lesson="06_kl_annealing",
    question="Does annealing the KL prevent posterior collapse, and is the bound better for it?",
    quantity="mutual information of code and picture, KL and negative ELBO (beta = 1) in nats per test image of "
    "14 x 14 pixels; active units of 8",
    treatment="linear warm-up, cyclical KL weight, free bits; decoders that see the earlier pixels",
    control="no schedule at equal steps; an MLP decoder",
    measure=measure,
    verdict=verdict,
    order=(
        ("mi_mlp_none", "mi_pixel_none"),
        ("mi_map_none", "mi_pixel_none"),
        ("kl_pixel_free_bits", "kl_pixel_none"),
    ),
)
