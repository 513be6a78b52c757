"""Answers to interpolate."""

import numpy as np
import torch
from catalogue import right, wrong
from torch import distributions as D

WALK = "interpolate"


@right(WALK)
@torch.no_grad()
def linspace_and_broadcast(model, x_a, x_b, steps):
    mu_a, _ = model.encode(x_a[None])
    mu_b, _ = model.encode(x_b[None])
    t = torch.linspace(0, 1, steps).to(x_a)[:, None]
    return torch.sigmoid(model.decode((1 - t) * mu_a + t * mu_b))


@right(WALK)
def one_batch_lerp_detached(model, x_a, x_b, steps):
    a, b = model.encode(torch.stack([x_a, x_b]))[0]
    rows = [torch.lerp(a, b, i / (steps - 1)) for i in range(steps)]
    return model.decode(torch.stack(rows)).sigmoid().detach()


@right(WALK)
def row_by_row_flat(model, x_a, x_b, steps):
    with torch.inference_mode():
        a, b = model.encode(x_a)[0], model.encode(x_b)[0]
        pictures = [model.decode(a + (b - a) * (i / (steps - 1))) for i in range(steps)]
        return torch.stack(pictures).double().sigmoid()


@right(WALK)
def means_of_the_forward(model, x_a, x_b, steps):
    with torch.no_grad():
        mu = model(torch.stack((x_a, x_b))).mu
        weights = torch.from_numpy(np.linspace([1, 0], [0, 1], steps)).to(mu)
        return D.Bernoulli(logits=model.decode(weights @ mu)).probs


def _walker(ends=None, share=None, squash=torch.sigmoid, finish=lambda y: y, blend=None):
    """An interpolate with one part changed."""

    def answer(model, x_a, x_b, steps):
        with torch.no_grad():
            a, b = (ends or (lambda m, x: m.encode(x)[0]))(model, torch.stack([x_a, x_b]))
            t = (share or (lambda n: torch.linspace(0, 1, n)))(steps).to(x_a)[:, None]
            z = (blend or (lambda p, q, t: (1 - t) * p + t * q))(a, b, t)
            return finish(squash(model.decode(z)))

    return answer


def _slerp(a, b, t):
    angle = torch.acos((a @ b) / a.norm() / b.norm())
    return (torch.sin((1 - t) * angle) * a + torch.sin(t * angle) * b) / torch.sin(angle)


def _seeded_ends(model, x):
    torch.manual_seed(0)
    return model(x).z


def _mixed_pixels(model, x_a, x_b, steps):
    t = torch.linspace(0, 1, steps).to(x_a)[:, None]
    return (1 - t) * x_a + t * x_b


def _mixed_images(model, x_a, x_b, steps):
    with torch.no_grad():
        a, b = model.decode(model.encode(torch.stack([x_a, x_b]))[0]).sigmoid()
    return _mixed_pixels(model, a, b, steps)


def _mixed_logits(model, x_a, x_b, steps):
    with torch.no_grad():
        a, b = model.decode(model.encode(torch.stack([x_a, x_b]))[0])
    return _mixed_pixels(model, a, b, steps).sigmoid()


def _pixels_then_encoded(model, x_a, x_b, steps):
    with torch.no_grad():
        return model.decode(model.encode(_mixed_pixels(model, x_a, x_b, steps))[0]).sigmoid()


def _with_gradient(model, x_a, x_b, steps):
    a, b = model.encode(torch.stack([x_a, x_b]))[0]
    t = torch.linspace(0, 1, steps).to(x_a)[:, None]
    return model.decode((1 - t) * a + t * b).sigmoid()


def _codes(model, x_a, x_b, steps):
    a, b = model.encode(torch.stack([x_a, x_b]))[0].detach()
    return _mixed_pixels(model, a, b, steps)


def _changes_weights(model, x_a, x_b, steps):
    with torch.no_grad():
        next(model.parameters()).mul_(0.9)
    return linspace_and_broadcast(model, x_a, x_b, steps)


WALK_MUTANTS = {
    "samples": (_walker(lambda m, x: m(x).z), "not between samples"),
    "seeded_samples": (_walker(_seeded_ends), "The walk begins at the code"),
    "sampled_pictures": (_walker(finish=torch.bernoulli), "were drawn, all 0 or 1"),
    "pixels": (_mixed_pixels, "pixels of x_a and x_b were mixed"),
    "pixels_then_encoded": (_pixels_then_encoded, "mixed and then encoded"),
    "decoded_images": (_mixed_images, "two decoded images were mixed"),
    "mixed_logits": (_mixed_logits, "logits of the two ends were mixed"),
    "codes": (_codes, "codes on the line"),
    "no_last_end": (_walker(share=lambda n: torch.arange(n) / n), "end at x_b is missing"),
    "no_first_end": (_walker(share=lambda n: (torch.arange(n) + 1) / n), "end at x_a is missing"),
    "no_ends": (_walker(share=lambda n: torch.linspace(0, 1, n + 2)[1:-1]), "Both ends are missing"),
    "counts_steps": (_walker(share=torch.arange), "t counts the steps"),
    "backwards": (_walker(share=lambda n: torch.linspace(1, 0, n)), "goes backwards"),
    "one_more": (_walker(share=lambda n: torch.linspace(0, 1, n + 1)), "One point too many"),
    "two_more": (_walker(share=lambda n: torch.linspace(0, 1, n + 2)), "Two points too many"),
    "one_less": (_walker(share=lambda n: torch.linspace(0, 1, n - 1)), "One point too few"),
    "cosine_steps": (_walker(share=lambda n: torch.linspace(0, torch.pi, n).cos().mul(-0.5) + 0.5), "in equal steps"),
    "spherical": (_walker(blend=_slerp), "in equal steps on the straight line"),
    "added": (_walker(blend=lambda a, b, t: a + t * b), "share of mu_a is 1 - t"),
    "logits": (_walker(squash=lambda a: a), "These are logits"),
    "sigmoid_twice": (_walker(finish=torch.sigmoid), "applied twice"),
    "thresholded": (_walker(squash=lambda a: (a > 0).float()), "rounded to 0 or 1"),
    "clamped": (_walker(squash=lambda a: a.clamp(0, 1)), "clamped to [0, 1]"),
    "logvar": (_walker(lambda m, x: m.encode(x)[1]), "logvar was taken for mu"),
    "transposed": (_walker(finish=lambda y: y.T), "transposed"),
    "extra_axis": (_walker(finish=lambda y: y[:, None]), "extra axis of size 1"),
    "list": (_walker(finish=list), "returned a list"),
    "numpy": (_walker(finish=lambda y: y.numpy()), "NumPy array"),
    "with_gradient": (_with_gradient, "still carries a gradient"),
    "changes_weights": (_changes_weights, "changed the weights"),
    "squeezed": (_walker(finish=lambda y: y.squeeze()), "for images of one pixel"),
    "fixed_steps": (_walker(share=lambda n: torch.linspace(0, 1, 6)), "for two steps"),
    "in_place": (lambda m, a, b, n: linspace_and_broadcast(m, a.sub_(0.5), b, n), "changed its argument x_a"),
}

for _name, (_answer, _phrase) in WALK_MUTANTS.items():
    _answer.__name__ = _name
    wrong(WALK, _phrase)(_answer)
