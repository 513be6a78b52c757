"""Answers to gaussian_kl, the two log-likelihoods, negative_elbo and effective_beta."""

import math

import numpy as np
import torch
from catalogue import right, wrong
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence
from torch.nn import functional as F

KL, BERNOULLI, GAUSSIAN = "gaussian_kl", "bernoulli_log_likelihood", "gaussian_log_likelihood"
LOSS, BETA = "negative_elbo", "effective_beta"
LOG_2PI = math.log(2 * math.pi)
bce = F.binary_cross_entropy_with_logits


@right(KL)
def one_line(mu, logvar):
    return 0.5 * (mu**2 + logvar.exp() - 1 - logvar)


@right(KL)
def distributions(mu, logvar):
    return kl_divergence(Normal(mu, torch.exp(logvar / 2)), Normal(torch.zeros_like(mu), torch.ones_like(mu)))


@right(KL)
def in_place_on_a_copy(mu, logvar):
    kl = mu.clone().pow_(2)
    kl.add_(torch.exp(logvar)).sub_(1).sub_(logvar).div_(2)
    return kl


@right(KL)
def minus_half(mu, logvar):
    return -0.5 * (1 + logvar - mu.pow(2) - logvar.exp())


@right(KL)
def expm1_in_double(mu, logvar):
    return (mu.double().square() + torch.expm1(logvar.double()) - logvar.double()) / 2


@right(KL)
def loop_through_numpy(mu, logvar):
    rows = [[(m**2 + math.exp(v) - 1 - v) / 2 for m, v in zip(*pair, strict=True)] for pair in _rows(mu, logvar)]
    return torch.from_numpy(np.array(rows))


def _rows(*tensors):
    return zip(*(tensor.tolist() for tensor in tensors), strict=True)


def _kl(mu, logvar):
    return 0.5 * (mu**2 + logvar.exp() - 1 - logvar)


def _kl_by_sampling(mu, logvar):
    q = Normal(mu, (logvar / 2).exp())
    z = q.sample((1000,))
    return (q.log_prob(z) - Normal(0, 1).log_prob(z)).mean(0)


def _reverse_kl(mu, logvar):
    return kl_divergence(Normal(0, 1), Normal(mu, (logvar / 2).exp()))


KL_MUTANTS = {
    "no_half": (lambda m, v: 2 * _kl(m, v), "lost its one half."),
    "negative": (lambda m, v: -_kl(m, v), "the sign of the KL is turned."),
    "no_half_negative": (lambda m, v: 1 + v - m**2 - v.exp(), "lost its one half and its sign"),
    "reverse": (_reverse_kl, "with the arguments swapped"),
    "log_std": (lambda m, v: _kl(m, 2 * v), "read as log sigma"),
    "logvar_squared": (lambda m, v: 0.5 * (m**2 + v**2 - 1 - v), "logvar^2 for the variance"),
    "logvar_for_variance": (lambda m, v: 0.5 * (m**2 + v - 1 - v), "uses logvar for the variance"),
    "sigma_for_variance": (lambda m, v: 0.5 * (m**2 + (v / 2).exp() - 1 - v), "uses sigma for the variance"),
    "variance_squared": (lambda m, v: 0.5 * (m**2 + v.exp() ** 2 - 1 - v), "exp(2 logvar) for the variance"),
    "inverse_variance": (lambda m, v: 0.5 * (m**2 + (-v).exp() - 1 - v), "exp(-logvar) for the variance"),
    "mu_not_squared": (lambda m, v: 0.5 * (m + v.exp() - 1 - v), "mu is not squared"),
    "swapped": (lambda m, v: _kl(v, m), "mu and logvar changed places"),
    "no_one": (lambda m, v: 0.5 * (m**2 + v.exp() - v), "lost its - 1"),
    "no_logvar": (lambda m, v: 0.5 * (m**2 + v.exp() - 1), "lost its - logvar"),
    "plus_logvar": (lambda m, v: 0.5 * (m**2 + v.exp() - 1 + v), "wrong sign in the KL"),
    "no_mu": (lambda m, v: 0.5 * (v.exp() - 1 - v), "mu is missing"),
    "no_variance": (lambda m, v: 0.5 * (m**2 - 1 - v), "the variance is missing"),
    "half_of_some": (lambda m, v: 0.5 * m**2 + v.exp() - 1 - v, "This is 0.5 mu^2 + exp(logvar) - 1 - logvar"),
    "mu_twice": (lambda m, v: _kl(m, v) + m**2, "This is 1.5 mu^2 + 0.5 exp(logvar) - 0.5 - 0.5 logvar"),
    "summed": (lambda m, v: _kl(m, v).sum(1), "sum over the 4 latents"),
    "averaged": (lambda m, v: _kl(m, v).mean(1), "mean over the 4 latents"),
    "kept_axis": (lambda m, v: _kl(m, v).sum(1, keepdim=True), "kept as a column"),
    "summed_over_all": (lambda m, v: _kl(m, v).sum(), "sum over everything"),
    "averaged_over_all": (lambda m, v: _kl(m, v).mean(), "mean over everything"),
    "loss_form": (lambda m, v: _kl(m, v).sum(1).mean(), "summed over latents and averaged over images"),
    "over_the_batch": (lambda m, v: _kl(m, v).mean(0), "mean over the batch"),
    "summed_no_half": (lambda m, v: 2 * _kl(m, v).sum(1), "sum of twice the KL over the 4 latents"),
    "summed_negative": (lambda m, v: -_kl(m, v).sum(1), "with its sign turned over the 4 latents"),
    "sampled": (_kl_by_sampling, "without sampling"),
    "clamped": (lambda m, v: _kl(m, v.clamp(-10, 10)), "logvar was clamped to 10"),
    "in_place": (lambda m, v: _kl(m.mul_(1), v.add_(1)), "changed its argument logvar"),
    "transposed": (lambda m, v: _kl(m, v).T, "transposed"),
    "squeezed": (lambda m, v: _kl(m, v).squeeze(), "for a batch of one gave shape (4,)"),
    "python_list": (lambda m, v: _kl(m, v).tolist(), "returned a list"),
    "log_of_logvar": (lambda m, v: 0.5 * (m**2 + v - 1 - v.log()), "gave nan: a logarithm of logvar"),
}


@right(BERNOULLI)
def cross_entropy(x, logits):
    return -bce(logits, x, reduction="none").sum(1)


@right(BERNOULLI)
def distribution(x, logits):
    return Independent(Bernoulli(logits=logits), 1).log_prob(x)


@right(BERNOULLI)
def log_sigmoid(x, logits):
    return (x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)).sum(dim=-1)


@right(BERNOULLI)
def softplus(x, logits):
    return torch.einsum("bp,bp->b", x, logits) - F.softplus(logits).sum(1)


@right(BERNOULLI)
def where_and_logaddexp(x, logits):
    sign = torch.where(x > 0.5, 1.0, -1.0)
    return torch.stack([-torch.logaddexp(torch.zeros_like(row), -row).sum() for row in sign * logits])


@right(BERNOULLI)
def numpy_in_double(x, logits):
    x, logits = x.double().numpy(), logits.double().numpy()
    return torch.from_numpy((x * logits - np.logaddexp(0, logits)).sum(1))


def _bernoulli(x, logits):
    return -bce(logits, x, reduction="none").sum(1)


def _naive(x, p):
    return x * p.log() + (1 - x) * (1 - p).log()


BERNOULLI_MUTANTS = {
    "negative": (lambda x, a: -_bernoulli(x, a), "negative of it, a cross-entropy"),
    "mean_over_pixels": (lambda x, a: _bernoulli(x, a) / x.shape[1], "mean over the 12 pixels"),
    "mean_cross_entropy": (lambda x, a: bce(a, x), "mean of the cross-entropy over everything"),
    "negative_mean_of_all": (lambda x, a: -bce(a, x), "This is the mean over everything"),
    "sum_of_all": (lambda x, a: -bce(a, x, reduction="sum"), "This is the sum over the batch too"),
    "mean_over_batch": (lambda x, a: _bernoulli(x, a).mean(), "This is the mean over the batch"),
    "per_pixel": (lambda x, a: -bce(a, x, reduction="none"), "value of every pixel"),
    "wrong_axis": (lambda x, a: -bce(a, x, reduction="none").sum(0), "sum over the images (dim 0)"),
    "sigmoid_twice": (lambda x, a: _bernoulli(x, a.sigmoid()), "applied twice"),
    "only_ones": (lambda x, a: (x * F.logsigmoid(a)).sum(1), "Only the pixels that are 1"),
    "only_zeros": (lambda x, a: ((1 - x) * F.logsigmoid(-a)).sum(1), "Only the pixels that are 0"),
    "flipped": (lambda x, a: _bernoulli(1 - x, a), "x and 1 - x changed places"),
    "swapped": (lambda x, a: _bernoulli(a, x), "x and logits changed places"),
    "softmax": (lambda x, a: (x * a.log_softmax(1)).sum(1), "softmax over the pixels"),
    "squared": (lambda x, a: -((x - a.sigmoid()) ** 2).sum(1), "This is a squared error"),
    "likelihood": (lambda x, a: _bernoulli(x, a).exp(), "This is the likelihood itself"),
    "bits": (lambda x, a: _bernoulli(x, a) / math.log(2), "in bits"),
    "no_normaliser": (lambda x, a: (x * a).sum(1), "log-normaliser is missing"),
    "logits_as_probabilities": (lambda x, a: _naive(x, a).sum(1), "they need a sigmoid"),
    "overflows": (lambda x, a: _naive(x, a.sigmoid()).sum(1), "The sigmoid rounds to 0 or 1 there"),
    "cut_at_100": (lambda x, a: -F.binary_cross_entropy(a.sigmoid(), x, reduction="none").sum(1), "cuts at -100"),
    "small_number": (lambda x, a: _naive(x, a.sigmoid().clamp(1e-7, 1 - 1e-7)).sum(1), "cuts the logarithm off"),
    "clamped_logits": (lambda x, a: _bernoulli(x, a.clamp(-20, 20)), "such as a clamp"),
    "exp_overflows": (lambda x, a: (x * a - (1 + a.exp()).log()).sum(1), "or an exp overflows"),
    "column": (lambda x, a: _bernoulli(x, a)[:, None], "extra axis of size 1"),
    "squeezed": (lambda x, a: _bernoulli(x, a).squeeze(), "size 1 was dropped"),
    "in_place": (lambda x, a: _bernoulli(x, a.mul_(2)), "changed its argument logits"),
    "numpy_result": (lambda x, a: _bernoulli(x, a).numpy(), "NumPy array"),
    "thresholded": (lambda x, a: ((a > 0) == (x > 0)).double().sum(1), "expected ["),
}


@right(GAUSSIAN)
def formula(x, mean, logvar):
    return -0.5 * (LOG_2PI + logvar + (x - mean) ** 2 / logvar.exp()).sum(1)


@right(GAUSSIAN)
def normal(x, mean, logvar):
    return Normal(mean, torch.exp(0.5 * logvar)).log_prob(x).sum(dim=-1)


@right(GAUSSIAN)
def three_sums(x, mean, logvar):
    wide = logvar.expand(x.shape)
    pixels = x.size(1)
    return -0.5 * (pixels * math.log(2 * math.pi) + wide.sum(1) + ((x - mean).square() * torch.exp(-wide)).sum(1))


@right(GAUSSIAN)
def gaussian_nll(x, mean, logvar):
    variance = logvar.double().exp() + torch.zeros_like(x.double())
    loss = F.gaussian_nll_loss(mean.double(), x.double(), variance, full=True, eps=1e-30, reduction="none")
    return -loss.sum(1)


@right(GAUSSIAN)
def rows_in_place(x, mean, logvar):
    gap = x.clone().sub_(mean)
    gap.pow_(2).mul_((-logvar).exp()).add_(logvar).add_(LOG_2PI)
    return torch.stack([row.sum() / -2 for row in gap])


def _gaussian(square=0.5, log=0.5, constant=0.5, variance=torch.exp):
    """A Gaussian log-likelihood with three factors and a reading of logvar of one's choice."""

    def answer(x, mean, logvar):
        return -(square * (x - mean) ** 2 / variance(logvar) + log * logvar + constant * LOG_2PI).sum(1)

    return answer


_normal = _gaussian()


def _counted_once(x, mean, logvar):
    square = ((x - mean) ** 2 / logvar.exp()).sum(1)
    once = logvar if logvar.dim() == 0 else logvar.expand_as(x).sum(1)
    return -0.5 * (square + once + x.shape[1] * LOG_2PI)


GAUSSIAN_MUTANTS = {
    "negative": (lambda x, m, v: -_normal(x, m, v), "negative of it"),
    "no_constant": (_gaussian(constant=0), "The constant log(2 pi) is missing"),
    "constant_once": (lambda x, m, v: _gaussian(constant=0)(x, m, v) - LOG_2PI / 2, "log(2 pi) was counted once"),
    "constant_whole": (_gaussian(constant=1), "log(2 pi) lost its one half"),
    "constant_twice": (lambda x, m, v: _gaussian(constant=0.5 * x.shape[1])(x, m, v), "by the 5 pixels twice"),
    "no_logvar": (_gaussian(log=0), "The term -logvar / 2 is missing"),
    "logvar_whole": (_gaussian(log=1), "logvar lost its one half"),
    "logvar_sign": (_gaussian(log=-0.5), "logvar has the wrong sign"),
    "logvar_once": (_counted_once, "logvar was counted once"),
    "square_whole": (_gaussian(square=1), "The squared error lost its one half"),
    "no_halves": (_gaussian(1, 1, 1), "All one halves are missing"),
    "two_halves_missing": (_gaussian(1, 1, 0.5), "- 0.5 log(2 pi) - logvar - (x - mean)^2 / exp(logvar)"),
    "only_square": (_gaussian(log=0, constant=0), "Only the squared error is there"),
    "squared_error": (lambda x, m, v: -((x - m) ** 2).sum(1), "it is - (x - mean)^2"),
    "log_std": (_gaussian(log=1, variance=lambda v: (2 * v).exp()), "read as log sigma"),
    "over_sigma": (_gaussian(variance=lambda v: (v / 2).exp()), "This divides by sigma"),
    "over_square": (_gaussian(variance=lambda v: (2 * v).exp()), "divides by exp(2 logvar)"),
    "times_variance": (_gaussian(variance=lambda v: (-v).exp()), "multiplied by the variance"),
    "logvar_as_variance": (_gaussian(variance=lambda v: v), "logvar itself was used as the variance"),
    "unit_variance": (_gaussian(variance=torch.ones_like), "not divided by the variance"),
    "not_squared": (lambda x, m, v: -0.5 * ((x - m) / v.exp() + v + LOG_2PI).sum(1), "was not squared"),
    "absolute": (lambda x, m, v: -0.5 * ((x - m).abs() / v.exp() + v + LOG_2PI).sum(1), "absolute difference"),
    "mean_over_pixels": (lambda x, m, v: _normal(x, m, v) / x.shape[1], "mean over the 5 pixels"),
    "sum_of_all": (lambda x, m, v: _normal(x, m, v).sum(), "sum over the batch too"),
    "mean_over_batch": (lambda x, m, v: _normal(x, m, v).mean(), "mean over the batch"),
    "mean_of_all": (lambda x, m, v: _normal(x, m, v).mean() / x.shape[1], "mean over everything"),
    "per_pixel": (lambda x, m, v: Normal(m, (v / 2).exp()).log_prob(x), "value of every pixel"),
    "wrong_axis": (lambda x, m, v: Normal(m, (v / 2).exp()).log_prob(x).sum(0), "sum over the images (dim 0)"),
    "likelihood": (lambda x, m, v: _normal(x, m, v).exp(), "This is the likelihood itself"),
    "axis_of_logvar": (
        lambda x, m, v: -0.5 * (v.sum(1) + ((x - m) ** 2 / v.exp()).sum(1) + x.shape[1] * LOG_2PI),
        "raised IndexError",
    ),
    "only_first_logvar": (lambda x, m, v: _normal(x, m, v.reshape(-1)[0]), "Only the first logvar"),
    "pairs": (lambda x, m, v: _normal(x[:, None], m, v.sum() * 0 + 1), "for logvar (B, P)"),
    "squeezed": (lambda x, m, v: _normal(x, m, v).squeeze(), "size 1 was dropped"),
    "nll_with_floor": (
        lambda x, m, v: -F.gaussian_nll_loss(m, x, v.exp() + 0 * x, full=True, reduction="none").sum(1),
        "Something limits logvar",
    ),
    "in_place": (lambda x, m, v: _normal(x.sub_(m), 0, v), "changed its argument x"),
}


@right(LOSS)
def formulas(x, logits, mu, logvar, beta=1.0):
    return (-_bernoulli(x, logits) + beta * _kl(mu, logvar).sum(1)).mean()


@right(LOSS)
def sums_over_the_batch_size(x, logits, mu, logvar, beta=1.0):
    reconstruction = bce(logits, x, reduction="sum")
    return (reconstruction + beta * _kl(mu, logvar).sum()) / len(x)


@right(LOSS)
def by_distributions(x, logits, mu, logvar, beta=1):
    q, prior = Normal(mu, logvar.exp().sqrt()), Normal(0.0, 1.0)
    elbo = Bernoulli(logits=logits).log_prob(x).sum(-1) - beta * kl_divergence(q, prior).sum(-1)
    return -elbo.mean()


@right(LOSS)
def image_by_image(x, logits, mu, logvar, beta=1.0):
    total = 0.0
    for a, b, m, v in zip(x, logits, mu, logvar, strict=True):
        total = total + bce(b, a) * a.numel() - beta * 0.5 * torch.sum(1 + v - m**2 - v.exp())
    return total / x.shape[0]


@right(LOSS)
def in_double_with_two_means(x, logits, mu, logvar, beta=1.0):
    x, logits, mu, logvar = (part.double() for part in (x, logits, mu, logvar))
    kl = torch.einsum("bd->", _kl(mu, logvar)) / mu.size(0)
    return (F.softplus(logits) - x * logits).sum(1).mean().add(beta * kl)


def _loss(change, default=1.0):
    """A wrong loss: change(reconstruction (B,), kl (B, D), beta, pixels)."""

    def answer(x, logits, mu, logvar, beta=default):
        return change(-_bernoulli(x, logits), _kl(mu, logvar), beta, x.shape[1])

    return answer


def _with_reconstruction(term):
    def answer(x, logits, mu, logvar, beta=1.0):
        return (term(x, logits) + beta * _kl(mu, logvar).sum(1)).mean()

    return answer


def _with_kl(term):
    def answer(x, logits, mu, logvar, beta=1.0):
        return (-_bernoulli(x, logits) + beta * term(mu, logvar).sum(1)).mean()

    return answer


def _beta_in_place(x, logits, mu, logvar, beta=1.0):
    kl = _kl(mu, logvar).sum(1)
    return (-_bernoulli(x, logits) + kl.detach() * beta).mean()


LOSS_MUTANTS = {
    "elbo": (_loss(lambda r, k, b, p: -(r + b * k.sum(1)).mean()), "This is the ELBO itself"),
    "beta_unused": (_loss(lambda r, k, b, p: (r + k.sum(1)).mean()), "beta was not used: it multiplies the KL."),
    "beta_unused_sum": (_loss(lambda r, k, b, p: r.sum() + k.sum()), "And the batch was summed"),
    "beta_on_reconstruction": (
        _loss(lambda r, k, b, p: (b * r + k.sum(1)).mean()),
        "beta multiplies the reconstruction",
    ),
    "beta_on_both": (_loss(lambda r, k, b, p: b * (r + k.sum(1)).mean()), "beta multiplies both terms"),
    "one_minus_beta": (_loss(lambda r, k, b, p: ((1 - b) * r + b * k.sum(1)).mean()), "weighted by 1 - beta"),
    "over_beta": (_loss(lambda r, k, b, p: (r + k.sum(1) / (b or 1)).mean()), "The KL was divided by beta"),
    "beta_squared": (_loss(lambda r, k, b, p: (r + b * b * k.sum(1)).mean()), "beta was squared"),
    "other_default": (
        _loss(lambda r, k, b, p: (r + b * k.sum(1)).mean(), 4.0),
        "reconstruction + 4 KL, per image, but beta is 1.0",
    ),
    "no_default": (
        lambda x, a, m, v, beta: _loss(lambda r, k, b, p: (r + b * k.sum(1)).mean())(x, a, m, v, beta),
        "TypeE",
    ),
    "kl_subtracted": (_loss(lambda r, k, b, p: (r - b * k.sum(1)).mean()), "The KL is subtracted"),
    "likelihood_added": (_loss(lambda r, k, b, p: (b * k.sum(1) - r).mean()), "The log-likelihood is added"),
    "no_kl": (_loss(lambda r, k, b, p: r.mean()), "The KL is missing"),
    "no_reconstruction": (_loss(lambda r, k, b, p: b * k.sum(1).mean()), "The reconstruction is missing"),
    "per_image": (_loss(lambda r, k, b, p: r + b * k.sum(1)), "This is the loss of every image"),
    "summed": (_loss(lambda r, k, b, p: (r + b * k.sum(1)).sum()), "This is the sum over the batch"),
    "mean_over_pixels": (
        _loss(lambda r, k, b, p: (r / p + b * k.sum(1)).mean()),
        "averaged over the 12 pixels (sum them).",
    ),
    "mean_over_latents": (
        _loss(lambda r, k, b, p: (r + b * k.mean(1)).mean()),
        "averaged over the 3 latents (sum them).",
    ),
    "means": (_loss(lambda r, k, b, p: (r / p + b * k.mean(1)).mean()), "(sum them), and the KL is averaged"),
    "reconstruction_sum": (
        _loss(lambda r, k, b, p: r.sum() + b * k.sum(1).mean()),
        "reconstruction is summed over the batch",
    ),
    "kl_sum": (_loss(lambda r, k, b, p: r.mean() + b * k.sum()), "the KL is summed over the batch"),
    "pytorch_defaults": (
        _loss(lambda r, k, b, p: (r / p).mean() + b * k.sum()),
        "averaged over the 12 pixels (sum them), and the KL is summed over the batch",
    ),
    "no_half": (_with_kl(lambda m, v: 2 * _kl(m, v)), "the KL lost its one half"),
    "reverse_kl": (_with_kl(_reverse_kl), "with the arguments swapped"),
    "log_std": (_with_kl(lambda m, v: _kl(m, 2 * v)), "logvar was read as log sigma in the KL"),
    "logvar_squared": (_with_kl(lambda m, v: 0.5 * (m**2 + v**2 - 1 - v)), "logvar^2 for the variance"),
    "sigmoid_twice": (_with_reconstruction(lambda x, a: -_bernoulli(x, a.sigmoid())), "sigmoid was applied twice"),
    "squared_error": (_with_reconstruction(lambda x, a: ((x - a.sigmoid()) ** 2).sum(1)), "is a squared error."),
    "mean_squared_error": (
        _with_reconstruction(lambda x, a: ((x - a.sigmoid()) ** 2).mean(1)),
        "a squared error, averaged over the pixels",
    ),
    "swapped": (_with_reconstruction(lambda x, a: -_bernoulli(a, x)), "x and logits changed places"),
    "overflows": (
        _with_reconstruction(lambda x, a: F.binary_cross_entropy(a.sigmoid(), x, reduction="none").sum(1)),
        "The sigmoid rounds to 0 or 1 there",
    ),
    "one_axis_too_much": (_loss(lambda r, k, b, p: (r + b * k.sum(1)).mean().reshape(1)), "extra axis of size 1"),
    "python_float": (_loss(lambda r, k, b, p: (r + b * k.sum(1)).mean().item()), "returned a float"),
    "terms_apart": (_loss(lambda r, k, b, p: (r.mean(), b * k.sum(1).mean())), "returned a tuple"),
    "detached_kl": (_beta_in_place, "No gradient of the loss reaches mu"),
    "detached": (
        _loss(lambda r, k, b, p: (r + b * k.sum(1)).mean().detach()),
        "No gradient of the loss reaches logits",
    ),
    "half_of_beta": (_loss(lambda r, k, b, p: (r + b / 2 * k.sum(1)).mean()), "This is reconstruction + 0.85 KL"),
}


@right(BETA)
def two_conditions(recon_reduction, kl_reduction, pixels, latents, beta=1.0):
    weight = beta * pixels if recon_reduction == "mean" else beta
    return weight / latents if kl_reduction == "mean" else weight


@right(BETA)
def two_tables(recon_reduction, kl_reduction, pixels, latents, beta=1.0):
    return float(beta) * {"sum": 1, "mean": pixels}[recon_reduction] / {"sum": 1, "mean": latents}[kl_reduction]


@right(BETA)
def refuses_other_names(recon_reduction, kl_reduction, pixels, latents, beta=1.0):
    for name in (recon_reduction, kl_reduction):
        if name not in ("sum", "mean"):
            raise ValueError(f"{name!r} is no reduction: use 'sum' or 'mean'.")
    match recon_reduction, kl_reduction:
        case "mean", "mean":
            return beta * pixels / latents
        case "mean", "sum":
            return beta * pixels
        case "sum", "mean":
            return beta / latents
    return beta


@right(BETA)
def by_measuring(recon_reduction, kl_reduction, pixels, latents, beta=1.0):
    reduce = {"sum": np.sum, "mean": np.mean}
    reconstruction, kl = (
        reduce[recon_reduction](np.ones(pixels)) / pixels,
        reduce[kl_reduction](np.ones(latents)) / latents,
    )
    return np.float64(beta * kl / reconstruction)


def _factor(recon, kl, pixels, latents):
    return (pixels if recon == "mean" else 1) / (latents if kl == "mean" else 1)


BETA_MUTANTS = {
    "no_beta": (lambda r, k, p, d, beta=1.0: _factor(r, k, p, d), "beta was left out"),
    "beta_alone": (lambda r, k, p, d, beta=1.0: beta, "beta stands alone here"),
    "inverse": (lambda r, k, p, d, beta=1.0: 1 / (beta * _factor(r, k, p, d)), "This is the inverse"),
    "upside_down": (lambda r, k, p, d, beta=1.0: beta / _factor(r, k, p, d), "The factor is upside down"),
    "over_pixels": (
        lambda r, k, p, d, beta=1.0: beta / (p if r == "mean" else 1) / (d if k == "mean" else 1),
        "The mean over pixels divides the reconstruction, so",
    ),
    "times_latents": (
        lambda r, k, p, d, beta=1.0: beta * (p if r == "mean" else 1) * (d if k == "mean" else 1),
        "The mean over latents divides the KL, so",
    ),
    "sizes_swapped": (lambda r, k, p, d, beta=1.0: beta * _factor(r, k, d, p), "pixels and latents changed places"),
    "reductions_swapped": (
        lambda r, k, p, d, beta=1.0: beta * _factor(k, r, p, d),
        "The two reductions changed places",
    ),
    "names_swapped": (
        lambda r, k, p, d, beta=1.0: beta * _factor(*("sum" if n == "mean" else "mean" for n in (r, k)), p, d),
        "'sum' and 'mean' changed places",
    ),
    "no_pixels": (lambda r, k, p, d, beta=1.0: beta * _factor("sum", k, p, d), "The mean over pixels was left out"),
    "no_latents": (lambda r, k, p, d, beta=1.0: beta * _factor(r, "sum", p, d), "The mean over latents was left out"),
    "always_both": (lambda r, k, p, d, beta=1.0: beta * p / d, "counts both means"),
    "floor_division": (
        lambda r, k, p, d, beta=1.0: beta * ((p if r == "mean" else 1) // (d if k == "mean" else 1)),
        "//",
    ),
    "rounded": (lambda r, k, p, d, beta=1.0: round(beta * _factor(r, k, p, d)), "whole number"),
    "other_default": (lambda r, k, p, d, beta=4.0: beta * _factor(r, k, p, d), "its default is 1.0"),
    "no_default": (lambda r, k, p, d, beta: beta * _factor(r, k, p, d), "raised TypeError"),
    "tensor": (lambda r, k, p, d, beta=1.0: torch.tensor(beta * _factor(r, k, p, d)), "a Python float is expected"),
    "text": (lambda r, k, p, d, beta=1.0: f"{beta * _factor(r, k, p, d):.2f}", "returned a str"),
    "refuses_sum": (lambda r, k, p, d, beta=1.0: {"mean": p}[r] / {"mean": d}[k] * beta, "raised KeyError"),
}

_ALL = {
    KL: KL_MUTANTS,
    BERNOULLI: BERNOULLI_MUTANTS,
    GAUSSIAN: GAUSSIAN_MUTANTS,
    LOSS: LOSS_MUTANTS,
    BETA: BETA_MUTANTS,
}
for _task, _mutants in _ALL.items():
    for _name, (_answer, _phrase) in _mutants.items():
        _answer.__name__ = _name
        wrong(_task, _phrase)(_answer)
