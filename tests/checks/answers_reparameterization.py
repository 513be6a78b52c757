"""Answers to reparameterize, sample_posterior and score_function_gradient."""

import numpy as np
import torch
from catalogue import right, wrong
from torch.distributions import Independent, Normal

ONE, MANY, SCORE = "reparameterize", "sample_posterior", "score_function_gradient"


@right(ONE)
def one_line(mu, logvar, noise=None):
    noise = torch.randn_like(mu) if noise is None else noise
    return mu + torch.exp(logvar / 2) * noise


@right(ONE)
def distribution(mu, logvar, noise=None):
    q = Normal(mu, logvar.exp().sqrt())
    return q.rsample() if noise is None else q.loc + q.scale * noise


@right(ONE)
def in_place_on_a_copy(mu, logvar, noise=None):
    if noise is None:
        noise = torch.empty(mu.shape).normal_()
    z = noise.clone()
    z.mul_((0.5 * logvar).exp()).add_(mu)
    return z


@right(ONE)
def loops_and_numpy_noise(mu, logvar, noise=None):
    if noise is None:
        noise = torch.from_numpy(np.random.default_rng().standard_normal(tuple(mu.shape)))
    rows = [torch.addcmul(m, s, e.to(m)) for m, s, e in zip(mu, (logvar / 2).exp(), noise, strict=True)]
    return torch.stack(rows)


@right(ONE)
def lerp_in_double(mu, logvar, noise=None):
    noise = torch.randn(mu.size()) if noise is None else noise
    return torch.sqrt(logvar.double().exp()) * noise.double() + mu.double()


def _cached(shape, kept={}):  # noqa: B006  (noise that is drawn once is the mistake)
    return kept.setdefault(shape, torch.randn(shape))


def _seeded(mu):
    torch.manual_seed(3)
    return torch.randn_like(mu)


def _blend(change, draw=torch.randn_like):
    """A wrong reparameterize: change(mu, logvar, noise) with noise from draw(mu) when it is not given."""

    def answer(mu, logvar, noise=None):
        return change(mu, logvar, draw(mu) if noise is None else noise)

    return answer


def _right(mu, logvar, noise):
    return mu + (logvar / 2).exp() * noise


def _only_without_noise(change):
    """Right where the noise is given, wrong where it is drawn."""

    def answer(mu, logvar, noise=None):
        return _right(mu, logvar, noise) if noise is not None else change(mu, logvar, torch.randn_like(mu))

    return answer


ONE_MUTANTS = {
    "the_mean": (_blend(lambda m, v, e: m.clone()), "This is mu itself"),
    "mean_when_drawn": (_only_without_noise(lambda m, v, e: m.clone()), "All its numbers are 0"),
    "ones_for_noise": (_blend(lambda m, v, e: m + (v / 2).exp()), "this is mu + sigma"),
    "variance": (_blend(lambda m, v, e: m + v.exp() * e), "scaled by the variance exp(logvar)"),
    "variance_when_drawn": (_only_without_noise(lambda m, v, e: m + v.exp() * e), "is not drawn from N(mu, sigma^2)"),
    "half_variance": (_blend(lambda m, v, e: m + 0.5 * v.exp() * e), "half the variance"),
    "half_sigma": (_blend(lambda m, v, e: m + 0.5 * (v / 2).exp() * e), "the one half belongs inside"),
    "logvar_as_sigma": (_blend(lambda m, v, e: m + v * e), "scaled by logvar itself"),
    "half_logvar": (_blend(lambda m, v, e: m + 0.5 * v * e), "scaled by logvar / 2"),
    "root_of_logvar": (_blend(lambda m, v, e: m + v.sqrt() * e), "gave nan: a square root"),
    "squared_variance": (_blend(lambda m, v, e: m + (2 * v).exp() * e), "the variance squared"),
    "inverse_sigma": (_blend(lambda m, v, e: m + (-v / 2).exp() * e), "The noise was divided by sigma"),
    "softplus": (_blend(lambda m, v, e: m + torch.nn.functional.softplus(v) * e), "scaled by a softplus"),
    "scaled_mu": (_blend(lambda m, v, e: (e + m) * (v / 2).exp()), "(mu + noise) * sigma"),
    "scaled_mu_by_variance": (_blend(lambda m, v, e: (e + m) * v.exp()), "scaled, and by the variance"),
    "no_mu": (_blend(lambda m, v, e: (v / 2).exp() * e), "mu was left out"),
    "no_sigma": (_blend(lambda m, v, e: m + e), "sigma was left out"),
    "pure_noise": (_blend(lambda m, v, e: e.clone()), "This is the noise itself"),
    "added": (_blend(lambda m, v, e: m + (v / 2).exp() + e), "multiply the two"),
    "subtracted": (_blend(lambda m, v, e: m - (v / 2).exp() * e), "The noise was subtracted"),
    "swapped": (_blend(lambda m, v, e: v + (m / 2).exp() * e), "mu and logvar changed places"),
    "ignores_noise": (lambda m, v, noise=None: _right(m, v, torch.randn_like(m)), "use the noise given"),
    "no_noise_argument": (lambda m, v: _right(m, v, torch.randn_like(m)), "raised TypeError"),
    "noise_must_be_given": (lambda m, v, noise: _right(m, v, noise), "raised TypeError"),
    "truth_of_noise": (lambda m, v, noise=None: _right(m, v, noise or torch.randn_like(m)), "raised RuntimeError"),
    "first_row": (_blend(lambda m, v, e: _right(m, v, e[:1])), "first row of the noise"),
    "first_column": (_blend(lambda m, v, e: _right(m, v, e[:, :1])), "One number of the noise"),
    "shared_by_batch": (_blend(_right, lambda m: torch.randn(m.shape[1])), "same z is repeated for several images"),
    "shared_by_latents": (_blend(_right, lambda m: torch.randn(len(m), 1)), "latents are all the same number"),
    "fixed_once": (_blend(_right, lambda m: _cached(m.shape)), "drew the same noise"),
    "seeded": (_blend(_right, _seeded), "drew the same noise"),
    "uniform": (_blend(_right, torch.rand_like), "as from torch.rand"),
    "wide_uniform": (_blend(_right, lambda m: 3.4 * torch.rand_like(m) - 1.7), "a uniform distribution is not normal"),
    "halved_noise": (_blend(_right, lambda m: torch.randn_like(m) / 2), "Its standard deviation is 0."),
    "laplace": (_blend(_right, lambda m: torch.distributions.Laplace(0, 0.5**0.5).sample(m.shape)), "but the shape of"),
    "sample": (
        lambda m, v, noise=None: Normal(m, (v / 2).exp()).sample() if noise is None else _right(m, v, noise),
        "No gradient of reparameterize(mu, logvar) reaches mu",
    ),
    "no_grad": (torch.no_grad()(_blend(_right)), "No gradient of reparameterize(mu, logvar, noise) reaches mu"),
    "detached_sigma": (_blend(lambda m, v, e: _right(m, v.detach(), e)), "reaches logvar"),
    "detached_mu": (_blend(lambda m, v, e: _right(m.detach(), v, e)), "reaches mu"),
    "summed": (_blend(lambda m, v, e: _right(m, v, e).sum(1)), "The latents were added up"),
    "squeezed": (_blend(lambda m, v, e: _right(m, v, e).squeeze()), "size 1 was dropped"),
    "clamped": (_blend(lambda m, v, e: _right(m, v.clamp(-10, 10), e)), "logvar was clamped to 10"),
    "in_place": (_blend(lambda m, v, e: m.add_((v / 2).exp() * e)), "changed its argument mu"),
    "noise_in_place": (_blend(lambda m, v, e: e.mul_((v / 2).exp()).add_(m)), "changed its argument noise"),
    "three_results": (_blend(lambda m, v, e: (_right(m, v, e), m, v)), "returned a tuple"),
}


@right(MANY)
def broadcast(mu, logvar, n):
    return mu + (logvar / 2).exp() * torch.randn(n, *mu.shape)


@right(MANY)
def distribution_sample(mu, logvar, n):
    return Independent(Normal(mu, logvar.exp().sqrt()), 1).sample((n,))


@right(MANY)
def one_by_one(mu, logvar, n):
    return torch.stack([torch.normal(mu, (0.5 * logvar).exp()) for _ in range(n)])


@right(MANY)
def repeated_then_viewed(mu, logvar, n):
    m, v = mu.repeat(n, 1), logvar.repeat(n, 1)
    return (m + (v / 2).exp() * torch.randn_like(m)).view(n, *mu.shape)


@right(MANY)
@torch.no_grad()
def samples_last_then_moved(mu, logvar, n):
    z = mu[..., None] + (logvar / 2).exp()[..., None] * torch.randn(*mu.shape, n)
    return z.movedim(-1, 0)


def _stack(noise, change=_right):
    """A wrong sample_posterior: change(mu, logvar, noise) with noise(n, B, D)."""

    def answer(mu, logvar, n):
        return change(mu, logvar, noise(n, *mu.shape))

    return answer


def _mirrored(n, *shape):
    half = torch.randn(n - n // 2, *shape)
    return torch.cat([half, -half])[:n]


def _walk(n, *shape):
    noise = torch.randn(n, *shape)
    noise[1:] = (noise[1:] + noise[:-1]) / 2**0.5
    return noise


def _interleaved(mu, logvar, noise):
    n = len(noise)
    m, v = mu.repeat_interleave(n, 0), logvar.repeat_interleave(n, 0)
    return _right(m, v, noise.reshape(m.shape)).reshape(noise.shape)


def _seeded_shape(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1))


MANY_MUTANTS = {
    "same_sample": (_stack(lambda n, b, d: torch.randn(1, b, d).expand(n, b, d)), "All samples of an image"),
    "shared_by_images": (_stack(lambda n, b, d: torch.randn(n, 1, d)), "All images of a sample"),
    "shared_by_latents": (_stack(lambda n, b, d: torch.randn(n, b, 1)), "All latents of a code"),
    "the_means": (_stack(torch.zeros), "All its numbers are 0"),
    "samples_second": (_stack(torch.randn, lambda m, v, e: _right(m, v, e).transpose(0, 1)), "The samples come second"),
    "samples_last": (_stack(torch.randn, lambda m, v, e: _right(m, v, e).movedim(0, 2)), "The samples come last"),
    "flat": (_stack(torch.randn, lambda m, v, e: _right(m, v, e).flatten(0, 1)), "Samples and images share one axis"),
    "one_sample": (_stack(lambda n, b, d: torch.randn(b, d)), "This is one sample per image"),
    "first_image": (_stack(torch.randn, lambda m, v, e: _right(m, v, e)[:, 0]), "The images are missing"),
    "squeezed": (_stack(torch.randn, lambda m, v, e: _right(m, v, e).squeeze()), "size 1 was dropped"),
    "variance": (_stack(torch.randn, lambda m, v, e: m + v.exp() * e), "scaled by the variance exp(logvar)"),
    "no_sigma": (_stack(torch.randn, lambda m, v, e: m + e), "sigma was left out"),
    "no_mu": (_stack(torch.randn, lambda m, v, e: e * (v / 2).exp()), "mu was left out"),
    "scaled_mu": (_stack(torch.randn, lambda m, v, e: (m + e) * (v / 2).exp()), "(mu + noise) * sigma"),
    "interleaved": (_stack(torch.randn, _interleaved), "to the wrong images"),
    "mirrored": (_stack(_mirrored), "others with the sign turned"),
    "walk": (_stack(_walk), "Neighboring samples are correlated"),
    "seeded": (_stack(_seeded_shape), "drew the same noise"),
    "uniform": (_stack(torch.rand), "as from torch.rand"),
    "fixed_count": (lambda m, v, n: _right(m, v, torch.randn(5, *m.shape)), "gave 5 samples of each image"),
    "python_list": (lambda m, v, n: [_right(m, v, torch.randn_like(m)) for _ in range(n)], "returned a list"),
    "floored": (_stack(torch.randn, lambda m, v, e: _right(m, v.clamp(min=-4), e)), "where sigma is 2e-9"),
    "capped": (_stack(torch.randn, lambda m, v, e: _right(m, v.clamp(max=4), e)), "another mean or standard deviation"),
    "in_place": (_stack(torch.randn, lambda m, v, e: _right(m, v.div_(2).mul_(2.1), e)), "changed its argument logvar"),
}


@right(SCORE)
def weighted_by_the_score(f, mu, logvar, n):
    z = mu + (logvar / 2).exp() * torch.randn(n, len(mu))
    return (f(z)[:, None] * (z - mu) / logvar.exp()).mean(0)


@right(SCORE)
def noise_over_sigma(f, mu, logvar, n):
    sigma, noise = logvar.exp().sqrt(), torch.randn(n, *mu.shape)
    return torch.einsum("n,nd->d", f(mu + sigma * noise).to(mu), noise.to(mu)) / n / sigma


@right(SCORE)
def surrogate_and_autograd(f, mu, logvar, n):
    m = mu.detach().clone().requires_grad_()
    q = Normal(m, (logvar / 2).exp())
    z = q.sample((n,))
    return torch.autograd.grad((f(z) * q.log_prob(z).sum(1)).mean(), m)[0]


@right(SCORE)
def surrogate_with_tracked_z(f, mu, logvar, n):
    m = mu.detach().clone().requires_grad_()
    z = Normal(m, (logvar / 2).exp()).rsample((n,))
    log_q = Independent(Normal(m, (logvar / 2).exp()), 1).log_prob(z.detach())
    (f(z).detach() * log_q).mean().backward()
    return m.grad


@right(SCORE)
def one_sample_at_a_time(f, mu, logvar, n):
    total = torch.zeros_like(mu)
    for _ in range(n):
        z = torch.normal(mu, (logvar / 2).exp())
        total += f(z[None])[0] * (z - mu) / torch.exp(logvar)
    return total / n


@right(SCORE)
def leave_one_out_baseline(f, mu, logvar, n):
    z = mu + (logvar / 2).exp() * torch.randn(n, len(mu))
    value = f(z)
    others = (value.sum() - value) / (n - 1)
    return ((value - others)[:, None] * (z - mu) / logvar.exp()).mean(0)


@right(SCORE)
def baseline_at_the_mean(f, mu, logvar, n):
    z = Normal(mu, (logvar / 2).exp()).sample((n,))
    return ((f(z) - f(mu[None]))[:, None] * (z - mu) / logvar.exp()).mean(0)


@right(SCORE)
def baseline_of_other_samples(f, mu, logvar, n):
    q = Normal(mu, (logvar / 2).exp())
    z, value = q.sample((n,)), f(q.sample((n,))).mean()
    return (torch.unsqueeze(f(z) - value, 1) * (z - mu) / logvar.exp()).mean(dim=0)


@right(SCORE)
def antithetic_pairs(f, mu, logvar, n):
    half = (logvar / 2).exp() * torch.randn(n - n // 2, len(mu))
    step = torch.cat([half, -half])[:n]
    return (f(mu + step) @ step) / n / logvar.exp()


@right(SCORE)
def grad_of_the_callers_tensor_put_back(f, mu, logvar, n):
    mu.grad = None
    mu.requires_grad_()
    q = Normal(mu, (logvar / 2).exp())
    z = q.sample((n,))
    (f(z) * q.log_prob(z).sum(1)).mean().backward()
    result, mu.grad = mu.grad, None
    mu.requires_grad_(False)
    return result


def _estimate(change, sigma=lambda v: (v / 2).exp(), draw=torch.randn):
    """A wrong score_function_gradient: change(value (n, 1), z - mu, logvar, mu) from n samples."""

    def answer(f, mu, logvar, n):
        z = mu + sigma(logvar) * draw(n, len(mu))
        return change(f(z)[:, None], z - mu, logvar, mu)

    return answer


def _true(value, gap, logvar, mu):
    return (value * gap / logvar.exp()).mean(0)


def _pathwise(f, mu, logvar, n):
    m = mu.clone().requires_grad_()
    f(m + (logvar / 2).exp() * torch.randn(n, len(mu))).mean().backward()
    return m.grad


def _not_detached(f, mu, logvar, n):
    m = mu.clone().requires_grad_()
    q = Normal(m, (logvar / 2).exp())
    z = q.rsample((n,))
    return torch.autograd.grad((f(z.detach()) * q.log_prob(z).sum(1)).mean(), m)[0]


def _kept_gradient(f, mu, logvar, n):
    q = Normal(mu.requires_grad_(), (logvar / 2).exp())
    z = q.sample((n,))
    (f(z) * q.log_prob(z).sum(1)).mean().backward()
    return mu.grad


def _finite_difference(f, mu, logvar, n, step=1e-3):
    z = mu + (logvar / 2).exp() * torch.randn(n, len(mu))
    moves = step * torch.eye(len(mu))
    return torch.stack([(f(z + move) - f(z - move)).mean() / (2 * step) for move in moves])


def _two_draws(f, mu, logvar, n):
    first, second = (mu + (logvar / 2).exp() * torch.randn(n, len(mu)) for _ in range(2))
    return (f(first)[:, None] * (second - mu) / logvar.exp()).mean(0)


def _surrogate(reduce):
    def answer(f, mu, logvar, n):
        q = Normal(mu, (logvar / 2).exp())
        z = q.sample((n,))
        return reduce(f(z)[:, None], q.log_prob(z))

    return answer


def _largest_as_baseline(value, gap, logvar, mu):
    return _true(value - value.max(), gap, logvar, mu)


def _normalised_values(value, gap, logvar, mu):
    return _true((value - value.mean()) / (value.std() + 1e-8), gap, logvar, mu)


SCORE_MUTANTS = {
    "pathwise": (_pathwise, "must not be differentiated"),
    "not_detached": (_not_detached, "z moves with mu inside log q"),
    "kept_gradient": (_kept_gradient, "added the result of the call before"),
    "finite_difference": (_finite_difference, "a finite difference"),
    "two_draws": (_two_draws, "with the same z in both factors"),
    "summed": (_estimate(lambda a, g, v, m: _true(a, g, v, m) * len(a)), "The samples were added up"),
    "negative": (_estimate(lambda a, g, v, m: -_true(a, g, v, m)), "The sign is turned"),
    "n_minus_one": (_estimate(lambda a, g, v, m: (a * g / v.exp()).sum(0) / (len(a) - 1)), "divided by n - 1"),
    "no_variance": (_estimate(lambda a, g, v, m: (a * g).mean(0)), "the division is missing"),
    "over_sigma": (_estimate(lambda a, g, v, m: (a * g / (v / 2).exp()).mean(0)), "This divides by sigma"),
    "over_square": (_estimate(lambda a, g, v, m: (a * g / (2 * v).exp()).mean(0)), "divides by exp(2 logvar)"),
    "over_logvar": (_estimate(lambda a, g, v, m: (a * g / v).mean(0)), "This divides by logvar"),
    "times_variance": (_estimate(lambda a, g, v, m: (a * g * v.exp()).mean(0)), "This multiplies by sigma^2"),
    "no_mu": (_estimate(lambda a, g, v, m: (a * (g + m) / v.exp()).mean(0)), "mu was not subtracted"),
    "no_f": (_estimate(lambda a, g, v, m: (g / v.exp()).mean(0)), "f was left out"),
    "product_of_means": (
        _estimate(lambda a, g, v, m: a.mean() * (g / v.exp()).mean(0)),
        "were multiplied: multiply first",
    ),
    "batch_baseline": (_estimate(lambda a, g, v, m: _true(a - a.mean(), g, v, m)), "shrinks the gradient by 1 - 1/n"),
    "largest_baseline": (_estimate(_largest_as_baseline), "on average (standard error"),
    "normalised": (_estimate(_normalised_values), "on average (standard error"),
    "per_sample": (_estimate(lambda a, g, v, m: a * g / v.exp()), "Every sample still has its own row"),
    "mean_of_latents": (_estimate(lambda a, g, v, m: (a * g / v.exp()).mean(1)), "The mean runs over the latents"),
    "in_logvar": (
        _estimate(lambda a, g, v, m: (a * 0.5 * (g**2 / v.exp() - 1)).mean(0)),
        "This is the gradient in logvar",
    ),
    "times_log_q": (_surrogate(lambda a, log_q: (a * log_q).mean(0)), "by the gradient of log q(z) in mu"),
    "surrogate_itself": (_surrogate(lambda a, log_q: (a[:, 0] * log_q.sum(1)).mean()), "This is the mean of f log q"),
    "mean_of_f": (_surrogate(lambda a, log_q: a.mean()), "This is the mean of f: "),
    "one_number": (_estimate(lambda a, g, v, m: _true(a, g, v, m).sum()), "added up over the latents"),
    "std_is_variance": (_estimate(_true, sigma=torch.exp), "scaled by the variance exp(logvar)"),
    "standard_normal": (
        lambda f, mu, logvar, n: (lambda z: (f(z)[:, None] * (z - mu) / logvar.exp()).mean(0))(torch.randn(n, len(mu))),
        "This is the noise itself",
    ),
    "uniform": (_estimate(_true, draw=torch.rand), "as from torch.rand"),
    "seeded": (_estimate(_true, draw=_seeded_shape), "drew the same noise"),
    "shared_noise": (_estimate(_true, draw=lambda n, d: torch.randn(n, 1)), "latents are correlated"),
    "fixed_n": (lambda f, mu, logvar, n: _estimate(_true)(f, mu, logvar, 1000), "given 1000 codes in all"),
    "fixed_n_with_baseline": (
        lambda f, mu, logvar, n: leave_one_out_baseline(f, mu, logvar, 1000),
        "1000 codes for n = 16 and for n = 400",
    ),
    "one_draw": (lambda f, mu, logvar, n: _estimate(_true)(f, mu, logvar, 1), "given 1 codes in all, expected 16"),
    "flat_z": (lambda f, mu, logvar, n: f(mu + (logvar / 2).exp() * torch.randn_like(mu)), "given z of shape (3,)"),
    "no_call": (lambda f, mu, logvar, n: torch.zeros_like(mu), "never called f"),
    "broadcast": (
        lambda f, mu, logvar, n: (lambda z: (f(z) * (z - mu) / logvar.exp()).mean(0))(mu + torch.randn(n, len(mu))),
        "raised RuntimeError",
    ),
    "numpy_z": (
        lambda f, mu, logvar, n: f((mu + (logvar / 2).exp() * torch.randn(n, len(mu))).numpy()).mean(0),
        "f was given a ndarray",
    ),
    "python_list": (lambda f, mu, logvar, n: _estimate(_true)(f, mu, logvar, n).tolist(), "returned a list"),
    "in_place": (lambda f, mu, logvar, n: _estimate(_true)(f, mu.mul_(2), logvar, n), "changed its argument mu"),
    "squeezed": (lambda f, mu, logvar, n: _estimate(_true)(f, mu, logvar, n).squeeze(), "size 1 was dropped"),
    "capped_sigma": (
        _estimate(_true, sigma=lambda v: (v / 2).exp().clamp(max=9.0)),
        "another mean or standard deviation",
    ),
}

for _task, _mutants in ((ONE, ONE_MUTANTS), (MANY, MANY_MUTANTS), (SCORE, SCORE_MUTANTS)):
    for _name, (_answer, _phrase) in _mutants.items():
        _answer.__name__ = _name
        wrong(_task, _phrase)(_answer)
