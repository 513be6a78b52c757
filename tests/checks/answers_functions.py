"""Answers to reconstruction_error, nearest_neighbors and sample_prior."""

import warnings

import numpy as np
import torch
from catalogue import right, wrong
from torch.nn import functional as F

ERROR, NEAR, PRIOR = "reconstruction_error", "nearest_neighbors", "sample_prior"


@right(ERROR)
def one_line(x, x_hat):
    return ((x - x_hat) ** 2).sum(dim=1)


@right(ERROR)
def loops(x, x_hat):
    return torch.stack([sum((a - b) ** 2 for a, b in zip(p, q, strict=True)) for p, q in zip(x, x_hat, strict=True)])


@right(ERROR)
def through_numpy(x, x_hat):
    return torch.as_tensor(np.square(x.numpy() - x_hat.numpy()).sum(-1))


@right(ERROR)
def in_place_on_a_copy(x, x_hat):
    gap = x.clone()
    gap.sub_(x_hat).pow_(2)
    return gap.flatten(1).sum(-1)


@right(ERROR)
def mse_loss_in_double(x, x_hat):
    return F.mse_loss(x_hat.double(), x.double(), reduction="none").sum(1)


@right(ERROR)
def einsum_with_warning_and_global_seed(x, x_hat):
    warnings.warn("a warning is no mistake", stacklevel=1)
    torch.manual_seed(0)
    np.random.seed(0)
    return torch.einsum("bp,bp->b", x - x_hat, x - x_hat)


ERROR_MUTANTS = {
    "mean_over_pixels": (lambda x, y: ((x - y) ** 2).mean(1), "mean over the 12 pixels"),
    "sum_over_batch": (lambda x, y: ((x - y) ** 2).sum(), "sum over the whole batch"),
    "mean_of_all": (lambda x, y: F.mse_loss(y, x), "mean over everything"),
    "mean_over_batch": (lambda x, y: ((x - y) ** 2).sum(1).mean(), "mean over the batch: keep"),
    "absolute": (lambda x, y: (x - y).abs().sum(1), "This is the absolute error"),
    "root": (lambda x, y: (x - y).norm(dim=1), "square root of the sum"),
    "root_of_mean": (lambda x, y: ((x - y) ** 2).mean(1).sqrt(), "root of the mean square"),
    "halved": (lambda x, y: 0.5 * ((x - y) ** 2).sum(1), "half the squared error"),
    "negative": (lambda x, y: -((x - y) ** 2).sum(1), "negative of the squared error"),
    "squared_sum": (lambda x, y: (x - y).sum(1) ** 2, "summed before squaring"),
    "no_square": (lambda x, y: (x - y).sum(1), "without squaring"),
    "sigmoid": (lambda x, y: ((x - y.sigmoid()) ** 2).sum(1), "sigmoid was applied to x_hat"),
    "wrong_axis": (lambda x, y: ((x - y) ** 2).sum(0), "sum along the batch axis"),
    "column": (lambda x, y: ((x - y) ** 2).sum(1, keepdim=True), "extra axis of size 1"),
    "cross_entropy": (lambda x, y: F.binary_cross_entropy(y, x, reduction="none").sum(1), "binary cross-entropy"),
    "per_pixel": (lambda x, y: (x - y) ** 2, "squared error of every pixel"),
    "all_pairs": (lambda x, y: torch.cdist(x, y) ** 2, "(B, B)"),
    "squeezed": (lambda x, y: ((x - y) ** 2).sum(1).squeeze(), "size 1 was dropped"),
    "numpy_result": (lambda x, y: ((x - y) ** 2).sum(1).numpy(), "NumPy array"),
    "python_list": (lambda x, y: ((x - y) ** 2).sum(1).tolist(), "returned a list"),
    "in_place": (lambda x, y: x.sub_(y).pow_(2).sum(1), "changed its argument x in place"),
    "rounded": (lambda x, y: ((x - y) ** 2).sum(1).long(), "reconstruction_error(x, x_hat)"),
    "clamped": (lambda x, y: ((x - y.clamp(0, 1)) ** 2).sum(1), "for float64 images"),
    "only_float32": (lambda x, y: (x - y.float()).float() @ torch.ones(x.shape[1], 2).double(), "raised RuntimeError"),
    "fixed_answer": (lambda x, y: torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0]), "expected ["),
    "not_a_number": (lambda x, y: ((x - y) ** 2).sum(1) / 0 * 0, "gave [nan, nan, nan]"),
    "gives_up": (lambda x, y: exit(), "raised SystemExit"),
    "one_argument": (lambda x: x, "raised TypeError"),
}


@right(NEAR)
def cdist_topk(codes, query, k):
    return torch.cdist(query, codes).topk(k, largest=False).indices


@right(NEAR)
def broadcast_argsort(codes, query, k):
    return ((query[:, None, :] - codes[None, :, :]) ** 2).sum(-1).argsort(dim=1)[:, :k]


@right(NEAR)
def expanded_square(codes, query, k):
    table = (query**2).sum(1, keepdim=True) - 2 * query @ codes.T + (codes**2).sum(1)
    return torch.sort(table, dim=1)[1][:, :k].contiguous()


@right(NEAR)
def loop_in_numpy(codes, query, k):
    codes, query = codes.numpy(), query.numpy()
    rows = [np.argsort(np.linalg.norm(codes - q, axis=1), kind="stable")[:k] for q in query]
    return torch.from_numpy(np.stack(rows))


@right(NEAR)
def ties_the_other_way(codes, query, k):
    return len(codes) - 1 - torch.cdist(query, codes.flip(0)).argsort(dim=1, stable=True)[:, :k]


def _table(codes, query):
    return torch.cdist(query, codes)


def _cosine(codes, query):
    return F.cosine_similarity(query[:, None], codes[None], dim=-1)


NEAR_MUTANTS = {
    "farthest": (lambda c, q, k: _table(c, q).topk(k).indices, "farthest codes"),
    "swapped_farthest": (lambda c, q, k: _table(c, q).T.topk(k).indices, "farthest, and codes and query are swapped"),
    "unsorted": (lambda c, q, k: _table(c, q).topk(k, largest=False).indices.sort(1).values, "wrong order"),
    "nearest_last": (lambda c, q, k: _table(c, q).topk(k, largest=False).indices.flip(1), "wrong order"),
    "distances": (lambda c, q, k: _table(c, q).topk(k, largest=False).values, "These are distances"),
    "square_distances": (lambda c, q, k: (_table(c, q) ** 2).topk(k, largest=False).values, "These are distances"),
    "cosine": (lambda c, q, k: _cosine(c, q).topk(k).indices, "cosine similarity"),
    "dot_product": (lambda c, q, k: (q @ c.T).topk(k).indices, "dot product"),
    "smallest_dot": (lambda c, q, k: (q @ c.T).topk(k, largest=False).indices, "chosen codes are at distances"),
    "manhattan": (lambda c, q, k: torch.cdist(q, c, p=1).topk(k, largest=False).indices, "Manhattan"),
    "maximum_norm": (lambda c, q, k: torch.cdist(q, c, p=torch.inf).topk(k, largest=False).indices, "chosen codes"),
    "transposed": (lambda c, q, k: _table(c, q).topk(k, largest=False).indices.T, "transposed"),
    "swapped": (lambda c, q, k: torch.cdist(c, q).topk(k, largest=False).indices, "swapped"),
    "skips_first": (lambda c, q, k: _table(c, q).argsort(1)[:, 1 : k + 1], "left out of every row"),
    "too_few": (lambda c, q, k: _table(c, q).argsort(1)[:, : k - 1], "one neighbor too few"),
    "too_many": (lambda c, q, k: _table(c, q).argsort(1)[:, : k + 1], "one neighbor too many"),
    "int32": (lambda c, q, k: _table(c, q).argsort(1)[:, :k].int(), "int32 numbers: indices must be long"),
    "float": (lambda c, q, k: _table(c, q).argsort(1)[:, :k].float(), "float32 numbers: indices must be long"),
    "the_codes": (lambda c, q, k: c[_table(c, q).argsort(1)[:, :k]], "codes themselves"),
    "ranks": (lambda c, q, k: _table(c, q).argsort(1).argsort(1)[:, :k], "ranks of the codes"),
    "argmin_for_one": (lambda c, q, k: _table(c, q).argsort(1)[:, :k].squeeze(), "size 1 was dropped"),
    "repeated": (lambda c, q, k: _table(c, q).argmin(1, keepdim=True).repeat(1, k), "appears twice"),
    "all_zero": (lambda c, q, k: torch.zeros(len(q), k, dtype=torch.long), "appears twice"),
    "from_one": (lambda c, q, k: _table(c, q).argsort(1)[:, :k] + 1, "nearest_neighbors(codes, query, k=5) is wrong"),
    "normalised_in_place": (lambda c, q, k: _table(c.div_(9), q).argsort(1)[:, :k], "changed its argument codes"),
    "topk_pair": (lambda c, q, k: _table(c, q).topk(k, largest=False), "both values and indices"),
    "ignores_k": (lambda c, q, k: _table(c, q).argsort(1)[:, :5], "among the codes gave shape (6, 5)"),
    "excludes_self": (
        lambda c, q, k: _table(c, q).where(_table(c, q) > 0.02, torch.inf).argsort(1)[:, :k],
        "for queries that are among the codes",
    ),
}


@right(PRIOR)
@torch.no_grad()
def decorated(decoder, n, latent_dim):
    return torch.sigmoid(decoder(torch.randn(n, latent_dim)))


@right(PRIOR)
def row_by_row(decoder, n, latent_dim):
    rows = [decoder(torch.randn(latent_dim)) for _ in range(n)]
    return torch.stack(rows).detach().sigmoid()


@right(PRIOR)
def distribution_and_formula(decoder, n, latent_dim):
    prior = torch.distributions.MultivariateNormal(torch.zeros(latent_dim), torch.eye(latent_dim))
    with torch.inference_mode():
        return 1 / (1 + torch.exp(-decoder(prior.sample((n,)))))


@right(PRIOR)
def batches_through_numpy(decoder, n, latent_dim):
    z = torch.from_numpy(np.random.default_rng().standard_normal((n, latent_dim))).float()
    pixels = [decoder.eval()(part).sigmoid_() for part in z.split(4)]
    return torch.cat(pixels).detach()


@right(PRIOR)
def own_generator_in_double(decoder, n, latent_dim):
    rng = torch.Generator()
    rng.seed()
    with torch.no_grad():
        return decoder(torch.empty(n, latent_dim).normal_(generator=rng)).double().sigmoid()


def _paint(noise, squash=torch.sigmoid):
    """A sample_prior with the given noise and squashing function."""

    def answer(decoder, n, latent_dim):
        with torch.no_grad():
            return squash(decoder(noise(n, latent_dim)))

    return answer


def _seeded(n, latent_dim):
    torch.manual_seed(0)
    return torch.randn(n, latent_dim)


def _private_seed(n, latent_dim):
    return torch.randn(n, latent_dim, generator=torch.Generator().manual_seed(7))


def _laplace(n, latent_dim):
    return torch.distributions.Laplace(0.0, 0.5**0.5).sample((n, latent_dim))


def _correlated(n, latent_dim):
    return (torch.randn(n, latent_dim) + torch.randn(n, 1)) / 2**0.5


PRIOR_MUTANTS = {
    "logits": (_paint(torch.randn, lambda a: a), "These are logits"),
    "sigmoid_twice": (_paint(torch.randn, lambda a: a.sigmoid().sigmoid()), "applied twice"),
    "thresholded": (_paint(torch.randn, lambda a: (a > 0).float()), "rounded to 0 or 1"),
    "softmax": (_paint(torch.randn, lambda a: a.softmax(1)), "softmax over the pixels"),
    "tanh": (_paint(torch.randn, torch.tanh), "This is a tanh: use"),
    "clamped": (_paint(torch.randn, lambda a: a.clamp(0, 1)), "clamped to [0, 1]"),
    "bernoulli_draws": (_paint(torch.randn, lambda a: torch.bernoulli(a.sigmoid())), "expected ["),
    "uniform": (_paint(torch.rand), "as from torch.rand"),
    "wide_uniform": (_paint(lambda n, d: 2 * torch.rand(n, d) - 1), "uniform distribution is not normal"),
    "one_z": (_paint(lambda n, d: torch.randn(1, d)), "given 1 codes in all, expected 6"),
    "one_z_repeated": (_paint(lambda n, d: torch.randn(1, d).expand(n, d)), "same z is repeated"),
    "one_number_per_image": (_paint(lambda n, d: torch.randn(n, 1).expand(n, d)), "latents are all the same number"),
    "z_transposed": (_paint(lambda n, d: torch.randn(d, n)), "given z of shape (3, 6), expected (6, 3)"),
    "z_flat": (_paint(lambda n, d: torch.randn(n)), "given z of shape (6,)"),
    "narrow": (_paint(lambda n, d: 0.1 * torch.randn(n, d)), "standard deviation is 0."),
    "wide": (_paint(lambda n, d: 3 * torch.randn(n, d)), "standard deviation is"),
    "shifted": (_paint(lambda n, d: torch.randn(n, d) + 1), "Its mean is"),
    "zeros": (_paint(torch.zeros), "All its numbers are 0"),
    "laplace": (_paint(_laplace), "shape of the distribution is not"),
    "correlated": (_paint(_correlated), "latents are correlated"),
    "one_wide_latent": (
        _paint(lambda n, d: torch.randn(n, d) * (1 + 0.4 * (torch.arange(d) == 0))),
        "Some latents have another",
    ),
    "global_seed": (_paint(_seeded), "Two calls drew the same z"),
    "private_seed": (_paint(_private_seed), "Two calls drew the same z"),
    "no_decoder": (lambda decoder, n, latent_dim: torch.rand(n, 10), "never called the decoder"),
    "keeps_gradient": (lambda decoder, n, d: decoder(torch.randn(n, d)).sigmoid(), "still carries a gradient"),
    "first_image_only": (_paint(torch.randn, lambda a: a.sigmoid()[0]), "shape (10,), expected shape (6, 10)"),
    "transposed": (_paint(torch.randn, lambda a: a.sigmoid().T), "result is transposed"),
    "squeezed": (_paint(torch.randn, lambda a: a.sigmoid().squeeze()), "size 1 was dropped"),
    "numpy_result": (_paint(torch.randn, lambda a: a.sigmoid().numpy()), "NumPy array"),
}

for _task, _mutants in ((ERROR, ERROR_MUTANTS), (NEAR, NEAR_MUTANTS), (PRIOR, PRIOR_MUTANTS)):
    for _name, (_answer, _phrase) in _mutants.items():
        _answer.__name__ = _name
        wrong(_task, _phrase)(_answer)
