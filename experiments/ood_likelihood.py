"""Lesson 08: are pictures of another kind less likely, and which spoiled digits does the score see?

A VAE trained on clothes is shown digits, and the reverse, with equally many training images. Binary pixels have a
Bernoulli likelihood, grey ones a Gaussian with a learned sigma; a third kind ("bce") takes the cross-entropy of grey
pixels, which is common and no likelihood. Models of clothes were reported to find digits more likely than clothes
(Nalisnick et al. 2019). Controls: fresh images of the same kind, blank and noisy ones, and two scores without a model,
the amount of ink and the size of the compressed image (Serra et al. 2020).
"""

import zlib
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from experiments.ledger import Arms, Claim, Values, comparison
from vae_lessons.data import Images, Splits, binarize, fashion_mnist, mnist, to_float
from vae_lessons.distributions import bernoulli_log_likelihood, gaussian_log_likelihood
from vae_lessons.losses import Likelihood, elbo_terms, iwae_bound
from vae_lessons.metrics import auroc, score_terms
from vae_lessons.models import VAE, mlp_vae
from vae_lessons.training import fit, seed_everything

SIZE, DRAWS = 32, 20
PREPARE: dict[str, Callable[[Tensor], Tensor]] = {"binary": binarize, "grey": to_float, "bce": to_float}
OTHER = {"clothes": "digits", "digits": "clothes"}
START_LOGVAR = -4.0  # sigma = 0.14; from 0 it would take more steps than there are


class GreyVAE(VAE):
    """A VAE with the likelihood N(x; decode(z), exp(noise_logvar) I), the one variance learned."""

    def __init__(self, vae: VAE):
        super().__init__(vae.encoder, vae.decoder)
        self.noise_logvar = nn.Parameter(torch.tensor(START_LOGVAR))


def spread(data: Images, count: int) -> Images:
    """`count` images from the whole of `data`: the first test digits are not like the later ones."""
    return data.take(torch.arange(count) * data.size // count)


def likelihood_of(vae: VAE) -> Likelihood:
    if not isinstance(vae, GreyVAE):
        return bernoulli_log_likelihood
    return lambda x, mean: gaussian_log_likelihood(x, mean, vae.noise_logvar)


def train(pixels: str, images: Images, seed: int, epochs: int) -> VAE:
    seed_everything(seed)
    vae = GreyVAE(mlp_vae(SIZE)) if pixels == "grey" else mlp_vae(SIZE)

    def objective(model: VAE, x: Tensor, labels: Tensor):
        return elbo_terms(model, x, likelihood=likelihood_of(model))

    fit(vae, images, objective=objective, prepare=PREPARE[pixels], epochs=epochs, seed=seed, progress=False)
    return vae


def compressed_size(x: Tensor) -> Tensor:
    """Bytes of each image compressed by zlib, a measure of how complex it is: (B, P) to (B,)."""
    rows = (255 * x).round().to(torch.uint8).numpy()
    return torch.tensor([float(len(zlib.compress(row.tobytes(), 9))) for row in rows])


def scores(vae: VAE, x: Tensor) -> dict[str, Tensor]:
    terms = score_terms(vae, x, likelihood=likelihood_of(vae))
    by_model = {"elbo": terms.loss(), "recon": terms.reconstruction, "kl": terms.kl.sum(1)}
    return by_model | {"ink": x.sum(1), "zip": compressed_size(x)}


def importance_weighted(vae: VAE, x: Tensor) -> Tensor:
    return -torch.cat([iwae_bound(vae, part, DRAWS, likelihood=likelihood_of(vae)) for part in x.split(500)])


def strangers(x: Tensor, validation: Tensor, other: Tensor) -> dict[str, Tensor]:
    """What the model is shown: the other kind of picture, its own kind, and four that are hardly pictures."""
    order = torch.rand_like(x).argsort(1)
    noise = torch.rand_like(x)
    return {
        "other": other,
        "same": validation,
        "blank": torch.zeros_like(x[:1]),
        "full": torch.ones_like(x[:1]),
        "shuffled": x.gather(1, order),  # the same ink, each pixel in a random place
        "noise": noise.round() if set(x.unique().tolist()) == {0.0, 1.0} else noise,
    }


def spoiled(x: Tensor) -> dict[str, Tensor]:
    """The same pictures (B, P), each spoiled in one way."""
    square = x.view(-1, 1, 28, 28)
    patch, lower = square.clone(), square.clone()
    patch[..., 10:18, 10:18] = 0
    lower[..., 14:, :] = 0
    changed = {
        "salt_2": _salt(square, 0.02),
        "salt_10": _salt(square, 0.1),
        "patch": patch,
        "lower_half": lower,
        "shifted": square.roll((4, 3), (2, 3)),
        "quarter_turn": square.rot90(1, (2, 3)),
        "half_turn": square.rot90(2, (2, 3)),
        "thinner": -F.max_pool2d(F.pad(-square, (0, 1, 0, 1)), 2, 1),
        "thicker": F.max_pool2d(F.pad(square, (0, 1, 0, 1)), 2, 1),
        "inverted": 1 - square,
        "dimmed": square / 2,
        "blurred": F.avg_pool2d(square, 3, 1, 1),
    }
    return {name: images.reshape(len(x), -1) for name, images in changed.items()}


def _salt(x: Tensor, share: float) -> Tensor:
    """Each pixel becomes 0 or 1 at random with this probability."""
    return torch.where(torch.rand_like(x) < share, torch.rand_like(x).round(), x)


def compare_kinds(vae: VAE, normal: Tensor, kinds: dict[str, Tensor]) -> Values:
    """The AUROC of the scores, for every kind of picture against the normal ones; the terms apart for "other" only."""
    own, values = scores(vae, normal), {}
    for kind, x in kinds.items():
        found = scores(vae, x)
        names = found if kind == "other" else ("elbo", "ink", "zip")
        values |= {f"{kind}_{name}": auroc(own[name], found[name]) for name in names}
    return values


def measure_model(pixels: str, trained: str, data: dict[str, Splits], seed: int, quick: bool) -> Values:
    prepare, images = PREPARE[pixels], 400 if quick else data["clothes"].validation.size
    train_images = spread(data[trained].train, data["clothes"].train.size)
    vae = train(pixels, train_images, seed, epochs=5 if quick else 30)
    parts = (data[trained].test, data[trained].validation, data[OTHER[trained]].test)
    own, validation, other = (prepare(spread(part, images).images) for part in parts)
    torch.manual_seed(seed)
    values = compare_kinds(vae, own, strangers(own, validation, other))
    values["other_iwae"] = auroc(importance_weighted(vae, own), importance_weighted(vae, other))
    if trained == "digits":
        changed = spoiled(own)
        if pixels == "binary":
            changed = {name: x for name, x in changed.items() if name not in ("dimmed", "blurred")}
        values |= {f"spoiled_{name}": value for name, value in compare_kinds(vae, own, changed).items()}
    if pixels == "grey":
        values["sigma"] = torch.exp(vae.noise_logvar / 2).item()
    return {f"{pixels}_{trained}_{name}": value for name, value in values.items()}


def measure(seed: int, quick: bool) -> Values:
    data = {"clothes": fashion_mnist(), "digits": mnist()}
    values: Values = {}
    for pixels in PREPARE:
        for trained in OTHER:
            values |= measure_model(pixels, trained, data, seed, quick)
    return values


def verdict(arms: Arms) -> str:
    """Each direction and kind of pixel, beside guessing."""
    chance = {"values": [0.5] * len(arms["binary_clothes_other_elbo"]["values"])}
    found = []
    for pixels in PREPARE:
        for trained, other in OTHER.items():
            arm = arms[f"{pixels}_{trained}_other_elbo"]
            found.append(f"{other} shown to {trained}, {pixels}: {arm['mean']:.2f}, {comparison(arm, chance)} guessing")
    return "depends on the direction and the pixels: " + "; ".join(found)


CLAIM = Claim(
    id="ood-likelihood",
    lesson="08_anomaly_detection",
    question="Does a VAE find pictures of another kind, and spoiled ones, less likely than fresh ones of its own kind?",
    quantity="AUROC of the score, strange pictures against fresh ones of the kind trained on; sigma is that of a pixel",
    treatment="negative ELBO of a VAE with 32 latents trained on clothes or on digits: binary pixels with a Bernoulli "
    "likelihood, grey ones with a Gaussian of learned sigma, or with cross-entropy (bce), which is no likelihood",
    control="fresh pictures of the same kind; blank and noisy ones; ink and compressed size, which use no model",
    measure=measure,
    verdict=verdict,
    order=(
        ("binary_digits_other_elbo", "binary_digits_same_elbo"),
        ("binary_digits_other_elbo", "binary_clothes_other_elbo"),
        ("binary_digits_spoiled_salt_10_elbo", "binary_digits_spoiled_salt_2_elbo"),
        ("binary_digits_same_elbo", "binary_digits_blank_elbo"),
    ),
    seeds=(0, 1, 2),
)
