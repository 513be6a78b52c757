"""Answers to train_step and evaluate."""

from typing import NamedTuple

import numpy as np
import torch
from catalogue import right, wrong
from torch import distributions as D
from torch.nn import functional as F

STEP, EVAL = "train_step", "evaluate"


def _bce(logits, x):
    return F.binary_cross_entropy_with_logits(logits, x, reduction="none")


def _kl(mu, logvar):
    return -0.5 * (1 + logvar - mu**2 - logvar.exp())


def _report(loss, reconstruction, kl):
    return {"loss": loss.item(), "reconstruction": reconstruction.item(), "kl": kl.item()}


def _terms(model, x):
    output = model(x)
    return _bce(output.logits, x).sum(1).mean(), _kl(output.mu, output.logvar).sum(1).mean()


@right(STEP)
def plain_step(model, optimizer, x, beta=1.0):
    model.train()
    reconstruction, kl = _terms(model, x)
    loss = reconstruction + beta * kl
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return _report(loss, reconstruction, kl)


@right(STEP)
def own_sampling(model, optimizer, x, beta=1.0):
    optimizer.zero_grad(set_to_none=False)
    model.train(True)
    mu, logvar = model.encode(x)
    z = D.Normal(mu, torch.exp(logvar / 2)).rsample()
    logits = model.decode(z)
    log_likelihood = D.Bernoulli(logits=logits).log_prob(x).sum() / len(x)
    prior = D.Normal(torch.zeros_like(mu), torch.ones_like(mu))
    kl = D.kl_divergence(D.Normal(mu, logvar.mul(0.5).exp()), prior).sum() / len(x)
    loss = beta * kl - log_likelihood
    loss.backward()
    optimizer.step()
    return dict(kl=float(kl), loss=float(loss), reconstruction=-float(log_likelihood))


@right(STEP)
def clears_afterwards(model, optimizer, x, beta=1.0):
    model.train()
    logits, mu, logvar, _ = model(x)
    reconstruction = (F.softplus(logits) - x * logits).sum(-1)
    kl = _kl(mu, logvar).sum(-1)
    loss = (reconstruction + beta * kl).mean()
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    return {"loss": loss.item(), "reconstruction": reconstruction.mean().item(), "kl": kl.mean().item(), "n": len(x)}


@right(STEP)
def grad_function(model, optimizer, x, beta=1.0):
    model.train()
    reconstruction, kl = _terms(model, x)
    loss = reconstruction + beta * kl
    parameters = list(model.parameters())
    for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
        parameter.grad = gradient
    optimizer.step()
    values = torch.stack([loss, reconstruction, kl]).detach().numpy()
    return dict(zip(("loss", "reconstruction", "kl"), values, strict=True))


@right(STEP)
def row_by_row(model, optimizer, x, beta=1.0):
    model.train()
    model.zero_grad()
    rows = []
    for image in x:
        mu, logvar = model.encode(image)
        logits = model.decode(mu + (0.5 * logvar).exp() * torch.randn(mu.shape).to(mu))
        rows.append(torch.stack([_bce(logits, image).sum(), _kl(mu, logvar).sum()]))
    reconstruction, kl = torch.stack(rows).mean(0)
    (reconstruction + beta * kl).backward()
    optimizer.step()
    return {"loss": (reconstruction + beta * kl).item(), "reconstruction": reconstruction.item(), "kl": kl.item()}


@right(STEP)
def closure_and_a_look_first(model, optimizer, x, beta=1.0):
    kept = {}

    def closure():
        optimizer.zero_grad()
        kept["reconstruction"], kept["kl"] = _terms(model, x)
        kept["loss"] = kept["reconstruction"] + beta * kept["kl"]
        kept["loss"].backward()
        return kept["loss"]

    model.train()
    with torch.no_grad():
        model(x)
    optimizer.step(closure)
    return {name: value.item() for name, value in kept.items()}


@right(STEP)
def three_samples(model, optimizer, x, beta=1.0):
    model.train()
    mu, logvar = model.encode(x)
    z = D.Normal(mu, (logvar / 2).exp()).rsample((3,))
    reconstruction = _bce(model.decode(z), x.expand(3, *x.shape)).sum(-1).mean()
    kl = _kl(mu, logvar).sum(1).mean()
    loss = reconstruction + beta * kl
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return _report(loss, reconstruction, kl)


def _stepper(terms=_terms, weigh=lambda a, k, b: a + b * k, report=_report, before=None, minimise=None, after=None):
    """A train_step with one part changed; before, minimise and after do more or something else."""

    def answer(model, optimizer, x, beta=1.0):
        (before or model.train)(*([] if before is None else [model]))
        reconstruction, kl = terms(model, x)
        loss = weigh(reconstruction, kl, beta)
        if minimise is None:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        else:
            minimise(model, optimizer, loss, reconstruction, kl, beta)
        if after is not None:
            return after(model, x, beta, loss, reconstruction, kl)
        return report(loss, reconstruction, kl)

    return answer


def _of(sample, reconstruct=lambda a, x: _bce(a, x).sum(1).mean(), diverge=lambda m, v: _kl(m, v).sum(1).mean()):
    """Terms with a sampler, a reconstruction and a KL of one's own."""

    def terms(model, x):
        mu, logvar = model.encode(x)
        return reconstruct(model.decode(sample(mu, logvar)), x), diverge(mu, logvar)

    return terms


def _good(mu, logvar):
    return mu + (logvar / 2).exp() * torch.randn_like(mu)


def _log_ratio(model, x):
    output = model(x)
    mu, sigma = output.mu, (output.logvar / 2).exp()
    ratio = D.Normal(mu, sigma).log_prob(output.z) - D.Normal(0 * mu, 0 * mu + 1).log_prob(output.z)
    return _bce(output.logits, x).sum(1).mean(), ratio.sum(1).mean()


def _seeded(mu, logvar):
    torch.manual_seed(0)
    return _good(mu, logvar)


def _private(mu, logvar):
    return mu + (logvar / 2).exp() * torch.randn(mu.shape, generator=torch.Generator().manual_seed(3)).to(mu)


def _rec(change):
    return _of(_good, change)


def _div(change):
    return _of(_good, diverge=change)


def _minimise(*order):
    """The given methods in order; "other" makes a step with an optimizer of its own."""

    def run(model, optimizer, loss, *_):
        for name in order:
            if name == "backward":
                loss.backward()
            elif name == "retain":
                loss.backward(retain_graph=True)
            elif name == "other":
                torch.optim.Adam(model.parameters()).step()
            else:
                getattr(optimizer, name)()

    return run


def _loss(change):
    """Report the right loss, minimise another one."""

    def run(model, optimizer, loss, reconstruction, kl, beta):
        optimizer.zero_grad()
        change(loss, reconstruction, kl, beta).backward()
        optimizer.step()

    return run


def _afterwards(model, x, beta, *_):
    reconstruction, kl = _terms(model, x)
    return _report(reconstruction + beta * kl, reconstruction, kl)


def _nudged(model, x, beta, *values):
    with torch.no_grad():
        next(model.parameters()).mul_(0.9)
    return _report(*values)


class _Named(NamedTuple):
    loss: float
    reconstruction: float
    kl: float


def _clipped(model, optimizer, loss, *_):
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 0.1)
    optimizer.step()


STEP_MUTANTS = {
    "eval_mode": (_stepper(before=lambda model: model.eval()), "in evaluation mode: call model.train()"),
    "mode_untouched": (_stepper(before=lambda model: None), "in evaluation mode: call model.train()"),
    "fed_the_mean": (_stepper(_of(lambda mu, logvar: mu)), "given the mean mu"),
    "shared_noise": (_stepper(_of(lambda m, v: m + (v / 2).exp() * torch.randn(m.shape[1]).to(m))), "share the same"),
    "seeded": (_stepper(_of(_seeded)), "drew the same noise"),
    "private_seed": (_stepper(_of(_private)), "drew the same noise"),
    "logvar_as_log_std": (_stepper(_of(lambda m, v: m + v.exp() * torch.randn_like(m))), "scaled by the variance"),
    "no_sigma": (_stepper(_of(lambda m, v: m + torch.randn_like(m))), "sigma was left out"),
    "scaled_mu": (_stepper(_of(lambda m, v: (m + torch.randn_like(m)) * (v / 2).exp())), "mu was scaled too"),
    "uniform_noise": (_stepper(_of(lambda m, v: m + (v / 2).exp() * torch.rand_like(m))), "torch.rand"),
    "detached_sample": (_stepper(_of(lambda m, v: _good(m, v).detach())), "reaches the encoder through z"),
    "detached_sigma": (_stepper(_of(lambda m, v: _good(m, v.detach()))), "sigma was detached"),
    "detached_mu": (_stepper(_of(lambda m, v: _good(m.detach(), v))), "mu was detached"),
    "pixel_mean": (_stepper(_rec(lambda a, x: _bce(a, x).mean(1).mean())), "averaged over the pixels"),
    "batch_sum": (_stepper(_rec(lambda a, x: _bce(a, x).sum())), "sum over the images"),
    "first_image": (_stepper(_rec(lambda a, x: _bce(a, x).sum(1)[0])), "first image only"),
    "log_likelihood": (
        _stepper(_rec(lambda a, x: -_bce(a, x).sum(1).mean()), lambda a, k, b: b * k - a),
        "the reconstruction is its negative",
    ),
    "squared_error": (_stepper(_rec(lambda a, x: ((a.sigmoid() - x) ** 2).sum(1).mean())), "squared error"),
    "sigmoid_twice": (_stepper(_rec(lambda a, x: _bce(a.sigmoid(), x).sum(1).mean())), "applies one itself"),
    "bce_of_sigmoid": (
        _stepper(_rec(lambda a, x: F.binary_cross_entropy(a.sigmoid(), x, reduction="none").sum(1).mean())),
        "logits near 300",
    ),
    "naive_log": (
        _stepper(
            _rec(lambda a, x: -(x * a.sigmoid().log() + (1 - x) * (1 - a.sigmoid()).log()).sum(1).mean()),
        ),
        "was the logarithm of 0 taken",
    ),
    "latent_mean": (_stepper(_div(lambda m, v: _kl(m, v).mean(1).mean())), "averaged over the latents"),
    "no_half": (_stepper(_div(lambda m, v: 2 * _kl(m, v).sum(1).mean())), "twice the KL"),
    "negative_kl": (_stepper(_div(lambda m, v: -_kl(m, v).sum(1).mean())), "a KL is never negative"),
    "reversed_kl": (
        _stepper(_div(lambda m, v: (0.5 * (v + (1 + m**2) / v.exp() - 1)).sum(1).mean())),
        "KL in the other direction",
    ),
    "kl_of_log_std": (_stepper(_div(lambda m, v: _kl(m, 2 * v).sum(1).mean())), "read as the logarithm of sigma"),
    "logvar_squared": (
        _stepper(_div(lambda m, v: (0.5 * (m**2 + v**2 - 1 - v)).sum(1).mean())),
        "square of logvar",
    ),
    "sampled_kl": (_stepper(_log_ratio), "log q(z|x) - log p(z)"),
    "kl_batch_sum": (_stepper(_div(lambda m, v: _kl(m, v).sum())), "'kl' of train_step"),
    "no_beta": (_stepper(weigh=lambda a, k, b: a + k), "beta is not used: it is"),
    "beta_on_reconstruction": (_stepper(weigh=lambda a, k, b: b * a + k), "beta weights the reconstruction: it"),
    "beta_on_both": (_stepper(weigh=lambda a, k, b: b * (a + k)), "beta weights both"),
    "no_kl": (_stepper(weigh=lambda a, k, b: a + 0 * k), "The KL is missing"),
    "minus_kl": (_stepper(weigh=lambda a, k, b: a - b * k), "KL is subtracted"),
    "elbo": (_stepper(weigh=lambda a, k, b: -a - b * k), "This is the ELBO"),
    "weighted_kl_reported": (
        _stepper(after=lambda model, x, beta, loss, a, k: _report(loss, a, beta * k)),
        "report the KL itself",
    ),
    "after_the_step": (_stepper(after=_afterwards), "those after the step"),
    "never_cleared": (_stepper(minimise=_minimise("backward", "step")), "clear them with optimizer.zero_grad()"),
    "cleared_too_late": (_stepper(minimise=_minimise("backward", "zero_grad", "step")), "found no gradient"),
    "step_first": (_stepper(minimise=_minimise("zero_grad", "step", "backward")), "found no gradient"),
    "no_step": (_stepper(minimise=_minimise("zero_grad", "backward")), "never called optimizer.step()"),
    "other_optimizer": (
        _stepper(minimise=_minimise("zero_grad", "backward", "other")),
        "never called optimizer.step()",
    ),
    "two_steps": (_stepper(minimise=_minimise("zero_grad", "backward", "step", "step")), "2 times"),
    "backward_twice": (_stepper(minimise=_minimise("zero_grad", "retain", "backward", "step")), "backward() ran twice"),
    "no_backward": (_stepper(minimise=_minimise("zero_grad", "step")), "found no gradient"),
    "uphill": (_stepper(minimise=_loss(lambda loss, *_: -loss)), "goes uphill"),
    "minimises_only_reconstruction": (_stepper(minimise=_loss(lambda loss, a, k, b: a)), "KL has no part in it"),
    "minimises_only_kl": (_stepper(minimise=_loss(lambda loss, a, k, b: b * k)), "reconstruction has no part"),
    "minimises_without_beta": (_stepper(minimise=_loss(lambda loss, a, k, b: a + k)), "not used in the loss that"),
    "minimises_beta_a": (_stepper(minimise=_loss(lambda loss, a, k, b: b * a + k)), "reconstruction in the loss that"),
    "clipped": (_stepper(minimise=_clipped), "do not scale or clip it"),
    "half_gradient": (_stepper(minimise=_loss(lambda loss, a, k, b: loss / 2)), "It is 0.5 times"),
    "minimises_sum": (
        _stepper(minimise=lambda m, o, loss, *_: (o.zero_grad(), (7 * loss).backward(), o.step())),
        "that of the sum over the batch",
    ),
    "minimises_square": (_stepper(minimise=_loss(lambda loss, a, k, b: a + b * k**2)), "follows a wrong gradient"),
    "nudged": (_stepper(after=_nudged), "not where optimizer.step() put them"),
    "no_grad": (
        _stepper(minimise=lambda m, o, loss, *_: (o.zero_grad(), loss.detach().requires_grad_().backward(), o.step())),
        "found no gradient",
    ),
    "tensors": (_stepper(report=lambda a, b, c: {"loss": a, "reconstruction": b, "kl": c}), ".item() turns"),
    "tuple": (_stepper(report=lambda *values: tuple(v.item() for v in values)), "returned a tuple, but a dict"),
    "named_tuple": (_stepper(report=lambda *values: _Named(*(v.item() for v in values))), "but a dict with"),
    "loss_only": (_stepper(report=lambda a, b, c: a.item()), "returned a float, but a dict"),
    "other_keys": (
        _stepper(report=lambda a, b, c: {"loss": a.item(), "recon": b.item(), "kl": c.item()}),
        "it has loss, recon",
    ),
    "swapped_keys": (_stepper(report=lambda a, b, c: _report(a, c, b)), "changed places"),
    "no_model": (lambda model, optimizer, x, beta=1.0: {"loss": 1.0, "reconstruction": 1.0, "kl": 0.0}, "never ran"),
    "only_encodes": (_stepper(lambda model, x: (x.sum() + 0 * model.encode(x)[0].sum(), x.sum())), "did not both"),
    "half_the_batch": (_stepper(lambda model, x: _terms(model, x[: len(x) // 2])), "decoded 3 codes for 7 images"),
    "shuffled_pixels": (_stepper(lambda model, x: _terms(model, 1 - x)), "not one for each of the 7 images"),
    "in_place": (_stepper(lambda model, x: _terms(model, x.mul_(0.5))), "changed its argument x"),
}


@right(EVAL)
@torch.no_grad()
def sums_and_count(model, batches, beta=1.0):
    was_training = model.training
    model.eval()
    reconstruction = kl = count = 0
    for x in batches:
        output = model(x)
        reconstruction += _bce(output.logits, x).sum().item()
        kl += _kl(output.mu, output.logvar).sum().item()
        count += len(x)
    model.train(was_training)
    reconstruction, kl = reconstruction / count, kl / count
    return {"loss": reconstruction + beta * kl, "reconstruction": reconstruction, "kl": kl}


@right(EVAL)
def one_large_batch(model, batches, beta=1.0):
    mode, x = model.training, torch.cat(list(batches))
    with torch.inference_mode():
        model.eval()
        reconstruction, kl = _terms(model, x)
    model.train() if mode else model.eval()
    return _report(reconstruction + beta * kl, reconstruction, kl)


@right(EVAL)
def weighted_means_seeded(model, batches, beta=1.0):
    mode = model.training
    model.train(False)
    torch.manual_seed(0)
    rows = []
    try:
        with torch.no_grad():
            for x in batches:
                mu, logvar = model.encode(x)
                logits = model.decode(D.Normal(mu, (logvar / 2).exp()).sample())
                rows += zip(-D.Bernoulli(logits=logits).log_prob(x).sum(1), _kl(mu, logvar).sum(1), strict=True)
    finally:
        model.train(mode)
    reconstruction, kl = np.mean([[float(a), float(b)] for a, b in rows], axis=0)
    return dict(loss=reconstruction + beta * kl, reconstruction=reconstruction, kl=kl)


@right(EVAL)
def encodes_all_then_decodes_all(model, batches, beta=1.0):
    mode = model.training
    model.eval()
    with torch.no_grad():
        images, codes = [], []
        for x in batches:
            images.append(x)
            codes.append(model.encode(x))
        surprise = [_bce(model.decode(_good(*code)), x).sum(1) for x, code in zip(images, codes, strict=True)]
        a, k = torch.cat(surprise).double().mean(), torch.cat([_kl(*code).sum(1) for code in codes]).double().mean()
    model.train(mode)
    return _report(a + beta * k, a, k)


@right(EVAL)
def two_samples_each(model, batches, beta=1.0):
    mode, total = model.training, torch.zeros(3)
    model.eval()
    with torch.no_grad():
        for x in batches:
            for _ in range(2):
                output = model(x)
                a, k = _bce(output.logits, x).sum(), _kl(output.mu, output.logvar).sum()
                total += torch.stack([a, k, torch.tensor(len(x))])
    model.train(mode)
    a, k = total[:2] / total[2]
    return _report(a + beta * k, a, k)


def _evaluator(
    terms=lambda model, x: _terms(model, x),
    gather=lambda values, sizes: sum(v * n for v, n in zip(values, sizes, strict=True)) / sum(sizes),
    weigh=lambda a, k, b: a + b * k,
    grad=False,
    enter=lambda model: model.eval(),
    leave=lambda model, mode: model.train(mode),
    report=lambda loss, a, k, beta: {"loss": loss, "reconstruction": a, "kl": k},
):
    """An evaluate with one part changed: terms are a batch's means, gather makes one number of those."""

    def answer(model, batches, beta=1.0):
        mode, rows, sizes = model.training, [], []
        enter(model)
        with torch.set_grad_enabled(grad):
            for x in batches:
                rows.append([value.item() for value in terms(model, x)])
                sizes.append(len(x))
        leave(model, mode)
        a, k = (gather(values, sizes) for values in zip(*rows, strict=True))
        return report(weigh(a, k, beta), a, k, beta)

    return answer


def _drop_last(model, batches, beta=1.0):
    return sums_and_count(model, list(batches)[:-1], beta)


def _early(model, batches, beta=1.0):
    return sums_and_count(model, [next(iter(batches))], beta)


def _twice(model, batches, beta=1.0):
    first = sums_and_count(model, batches, beta)
    return {**first, "loss": sums_and_count(model, batches, beta)["loss"]}


def _by_length(model, batches, beta=1.0):
    return sums_and_count(model, [batches[i] for i in range(len(batches))], beta)


def _trains(model, batches, beta=1.0):
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    model.eval()
    reports = [plain_step(model, optimizer, x, beta) for x in batches]
    model.eval()
    return reports[0]


def _fills_in(model, x):
    reconstruction, kl = _terms(model, x)
    x.clamp_(0.1, 0.9)
    return reconstruction, kl


def _decays(model, batches, beta=1.0):
    result = sums_and_count(model, batches, beta)
    with torch.no_grad():
        next(model.parameters()).mul_(0.9)
    return result


EVAL_MUTANTS = {
    "mean_of_means": (_evaluator(gather=lambda values, sizes: sum(values) / len(values)), "mean of the batches' means"),
    "last_batch": (_evaluator(gather=lambda values, sizes: values[-1]), "last batch only"),
    "first_batch": (_evaluator(gather=lambda values, sizes: values[0]), "first batch only"),
    "sum_of_means": (_evaluator(gather=lambda values, sizes: sum(values)), "sum of the batches' means"),
    "sum": (_evaluator(gather=lambda v, n: sum(a * b for a, b in zip(v, n, strict=True))), "sum over the images"),
    "sum_over_batches": (
        _evaluator(gather=lambda v, n: sum(a * b for a, b in zip(v, n, strict=True)) / len(n)),
        "divided by the number of batches",
    ),
    "means_over_images": (_evaluator(gather=lambda v, n: sum(v) / sum(n)), "added and divided by the number of images"),
    "full_batches": (
        _evaluator(gather=lambda v, n: sum(a * b for a, b in zip(v, n, strict=True)) / (n[0] * len(n))),
        "as large as the first",
    ),
    "training_mode": (_evaluator(enter=lambda model: model.train()), "in training mode: call model.eval()"),
    "mode_untouched": (_evaluator(enter=lambda model: None), "in training mode: call model.eval()"),
    "left_in_eval": (
        _evaluator(leave=lambda model, mode: None),
        "found the model in training mode and left it in eval",
    ),
    "left_in_training": (
        _evaluator(leave=lambda model, mode: model.train()),
        "found the model in evaluation mode and left it in training",
    ),
    "with_gradient": (_evaluator(grad=True), "inside torch.no_grad()"),
    "fed_the_mean": (_evaluator(_of(lambda mu, logvar: mu)), "given the mean mu"),
    "shared_noise": (_evaluator(_of(lambda m, v: m + (v / 2).exp() * torch.randn(m.shape[1]).to(m))), "share the same"),
    "logvar_as_log_std": (_evaluator(_of(lambda m, v: m + v.exp() * torch.randn_like(m))), "scaled by the variance"),
    "prior_noise": (_evaluator(_of(lambda m, v: torch.randn_like(m))), "This is the noise itself"),
    "pixel_mean": (_evaluator(_rec(lambda a, x: _bce(a, x).mean())), "averaged over the pixels"),
    "latent_mean": (_evaluator(_div(lambda m, v: _kl(m, v).mean())), "averaged over the latents"),
    "no_half": (_evaluator(_div(lambda m, v: 2 * _kl(m, v).sum(1).mean())), "twice the KL"),
    "log_likelihood": (_evaluator(_rec(lambda a, x: -_bce(a, x).sum(1).mean())), "the reconstruction is its negative"),
    "sigmoid_twice": (_evaluator(_rec(lambda a, x: _bce(a.sigmoid(), x).sum(1).mean())), "applies one itself"),
    "bce_of_sigmoid": (
        _evaluator(_rec(lambda a, x: F.binary_cross_entropy(a.sigmoid(), x, reduction="none").sum(1).mean())),
        "logits near 300",
    ),
    "no_beta": (_evaluator(weigh=lambda a, k, b: a + k), "beta is not used: it is"),
    "beta_on_reconstruction": (_evaluator(weigh=lambda a, k, b: b * a + k), "beta weights the reconstruction"),
    "weighted_kl": (
        _evaluator(report=lambda loss, a, k, b: {"loss": loss, "reconstruction": a, "kl": b * k}),
        "report the KL itself",
    ),
    "elbo": (_evaluator(weigh=lambda a, k, b: -a - b * k), "This is the ELBO"),
    "drops_the_last": (_drop_last, "in every batch"),
    "returns_early": (_early, "in every batch"),
    "two_passes": (_twice, "different samples"),
    "wants_a_list": (_by_length, "has no length and can be read once"),
    "trains": (_trains, "in training mode"),
    "decays": (_decays, "changed the weights"),
    "changes_images": (_evaluator(_fills_in), "changed the images of its batches"),
    "tensors": (
        _evaluator(
            report=lambda *v: dict(zip(("loss", "reconstruction", "kl"), map(torch.tensor, v[:3]), strict=True))
        ),
        ".item() turns",
    ),
    "tuple": (_evaluator(report=lambda *values: values[:3]), "returned a tuple, but a dict"),
    "no_kl": (_evaluator(report=lambda loss, a, k, b: {"loss": loss, "reconstruction": a}), "lacks kl"),
}

for _task, _mutants in ((STEP, STEP_MUTANTS), (EVAL, EVAL_MUTANTS)):
    for _name, (_answer, _phrase) in _mutants.items():
        _answer.__name__ = _name
        wrong(_task, _phrase)(_answer)
