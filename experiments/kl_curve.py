"""Lesson 05: do both terms of the loss fall during training?

Both are measured on validation digits before training and after each epoch. The control is the loss that the two add up
to. With the KL's factor at 4 the same is measured again, to see whether the direction depends on it.
"""

from experiments.digits import digits_for
from experiments.ledger import Arms, Claim, exceeds
from vae_lessons.data import binarize
from vae_lessons.losses import elbo_terms
from vae_lessons.models import mlp_vae
from vae_lessons.training import evaluate, fit, seed_everything

EPOCHS = 10
BETAS = (1, 4)


def measure(seed: int, quick: bool) -> dict[str, float]:
    digits, values = digits_for(quick), {}
    for beta in BETAS:
        seed_everything(seed)
        vae = mlp_vae(16)
        start = evaluate(vae, digits.validation, objective=elbo_terms, prepare=binarize, seed=seed)
        history = fit(
            vae,
            digits.train,
            digits.validation,
            objective=elbo_terms,
            prepare=binarize,
            beta=lambda step, beta=beta: beta,
            epochs=EPOCHS,
            seed=seed,
            progress=False,
        )
        for epoch, averages in enumerate([start, *(done.validation for done in history.epochs)]):
            for term in ("kl", "reconstruction", "loss"):
                values[f"{term}_{epoch}_beta_{beta}"] = getattr(averages, term)
    return values


def verdict(arms: Arms) -> str:
    """What each curve did between the first epoch's end and the last's, and from the start."""
    found = []
    for beta in BETAS:
        first, last = (arms[f"kl_{epoch}_beta_{beta}"] for epoch in (1, EPOCHS))
        rises = exceeds(last, first) and exceeds(first, arms[f"kl_0_beta_{beta}"])
        falls = all(
            exceeds(arms[f"reconstruction_{epoch}_beta_{beta}"], arms[f"reconstruction_{epoch + 1}_beta_{beta}"])
            for epoch in range(EPOCHS)
        )
        found.append(
            f"beta {beta}: the reconstruction term {'falls in every epoch' if falls else 'does not always fall'}, "
            f"the KL {'rises' if rises else 'does not simply rise'}"
        )
    return f"{'does not hold' if 'the KL rises' in found[0] else 'depends on beta'}; {'; '.join(found)}"


CLAIM = Claim(
    id="kl-curve",
    lesson="05_training",
    question="Do both terms of the loss fall during training?",
    quantity="terms on validation digits in nats per image, after the epoch in the name (0: before training)",
    treatment="the KL, epoch by epoch",
    control="the reconstruction term and the loss in the same runs",
    measure=measure,
    verdict=verdict,
    order=(
        ("kl_1_beta_1", "kl_0_beta_1"),
        ("kl_10_beta_1", "kl_1_beta_1"),
        ("reconstruction_1_beta_1", "reconstruction_10_beta_1"),
    ),
)
