"""Answers to latent_traversal, mutual_information_gap and pareto_front."""

import math

import numpy as np
import torch
from catalogue import right, wrong
from torch.nn import functional as F

WALK, GAP, FRONT = "latent_traversal", "mutual_information_gap", "pareto_front"


@right(WALK)
def repeat_and_assign(decode, z, dim, values):
    codes = z.repeat(len(values), 1)
    codes[:, dim] = values
    return decode(codes)


@right(WALK)
def one_picture_at_a_time(decode, z, dim, values):
    pictures = []
    for value in values:
        code = z.clone()
        code[dim] = value
        pictures.append(decode(code))
    return torch.stack(pictures)


@right(WALK)
def rows_of_one_without_gradient(decode, z, dim, values):
    with torch.no_grad():
        rows = [decode(torch.cat([z[:dim], v.reshape(1), z[dim + 1 :]])[None]) for v in values]
    return torch.cat(rows).double()


@right(WALK)
def one_hot_blend(decode, z, dim, values):
    mask = F.one_hot(torch.tensor(dim), z.shape[-1])
    return decode(torch.where(mask.bool(), values[:, None], z.expand(len(values), -1)))


@right(WALK)
def through_numpy_with_a_useless_first_call(decode, z, dim, values):
    decode(z)
    codes = np.tile(z.numpy(), (len(values), 1))
    codes[:, dim] = values.numpy()
    return decode(torch.from_numpy(codes))


@right(WALK)
def scatter(decode, z, dim, values):
    codes = z.unsqueeze(0).expand(len(values), -1).contiguous().clone()
    return decode(codes.index_copy_(1, torch.tensor([dim]), values[:, None].to(codes)))


@right(WALK)
def lists_of_numbers_with_an_axis_between(decode, z, dim, values):
    codes = [[v if i == dim else c for i, c in enumerate(z.tolist())] for v in values.tolist()]
    return decode(torch.tensor(codes)[:, None]).squeeze(1)


def _table(z, dim, values):
    codes = z.repeat(len(values), 1)
    codes[:, dim] = values
    return codes


def _shared_row(decode, z, dim, values):
    code, rows = z.clone(), []
    for value in values:
        code[dim] = value
        rows.append(code)
    return decode(torch.stack(rows))


def _in_place(decode, z, dim, values):
    rows = []
    for value in values:
        z[dim] = value
        rows.append(decode(z))
    return torch.stack(rows)


def _added(decode, z, dim, values):
    codes = z.repeat(len(values), 1)
    codes[:, dim] += values
    return decode(codes)


def _multiplied(decode, z, dim, values):
    codes = z.repeat(len(values), 1)
    codes[:, dim] *= values
    return decode(codes)


def _blend_of_pixels(decode, z, dim, values):
    ends = decode(_table(z, dim, torch.stack([values.min(), values.max()])))
    weight = ((values - values.min()) / (values.max() - values.min()).clamp(min=1e-9))[:, None]
    return torch.lerp(ends[:1], ends[1:], weight)


def _early_return(decode, z, dim, values):
    for value in values:
        return decode(_table(z, dim, value[None]))[0]


def _last_only(decode, z, dim, values):
    for value in values:
        picture = decode(_table(z, dim, value[None]))
    return picture


WALK_MUTANTS = {
    "in_place": (_in_place, "changed its argument z in place"),
    "shared_row": (_shared_row, "Every row shows the last value"),
    "sigmoid": (lambda f, z, d, v: f(_table(z, d, v)).sigmoid(), "A sigmoid was applied"),
    "added": (_added, "values were added to z[dim]"),
    "multiplied": (_multiplied, "z[dim] was multiplied"),
    "added_to_all": (lambda f, z, d, v: f(z + v[:, None]), "added to every latent"),
    "all_latents": (lambda f, z, d, v: f(v[:, None].expand(-1, len(z))), "Every latent was set to the value"),
    "others_zero": (lambda f, z, d, v: f(_table(0 * z, d, v)), "other latents were set to 0"),
    "counts_from_one": (lambda f, z, d, v: f(_table(z, d - 1, v)), "Latent 1 was changed instead of 2"),
    "one_too_far": (lambda f, z, d, v: f(_table(z, d + 1, v)), "Latent 3 was changed instead of 2"),
    "always_the_first": (lambda f, z, d, v: f(_table(z, 0, v)), "Latent 0 was changed"),
    "values_ignored": (lambda f, z, d, v: f(z.repeat(len(v), 1)), "the values were put nowhere"),
    "linspace": (lambda f, z, d, v: f(_table(z, d, torch.linspace(-3, 3, len(v)))), "expected ["),
    "sorted": (lambda f, z, d, v: f(_table(z, d, v.sort().values)), "sorted by value"),
    "reversed": (lambda f, z, d, v: f(_table(z, d, v.flip(0))), "reverse order"),
    "difference": (lambda f, z, d, v: f(_table(z, d, v)) - f(z), "change against decode(z)"),
    "codes": (lambda f, z, d, v: (f(z), _table(z, d, v))[1], "These are the codes"),
    "never_decodes": (lambda f, z, d, v: _table(z, d, v), "never called decode"),
    "transposed": (lambda f, z, d, v: f(_table(z, d, v)).T, "transposed"),
    "flat": (lambda f, z, d, v: f(_table(z, d, v)).flatten(), "joined in one long row"),
    "axis_too_many": (lambda f, z, d, v: f(_table(z, d, v))[:, None], "an axis too many"),
    "squeezed": (lambda f, z, d, v: f(_table(z, d, v)).squeeze(), "size 1 was dropped"),
    "last_only": (_last_only, "Only the last picture"),
    "first_only": (_early_return, "Only the first picture"),
    "noisy": (lambda f, z, d, v: f(_table(z + torch.randn_like(z), d, v)), "expected ["),
    "pixels_blended": (_blend_of_pixels, "expected ["),
    "only_values_decoded": (lambda f, z, d, v: f(v[:, None]), "codes of shape (5, 1), expected 6 latents"),
    "list_of_pictures": (lambda f, z, d, v: [f(c) for c in _table(z, d, v)], "returned a list"),
    "numpy_result": (lambda f, z, d, v: f(_table(z, d, v)).numpy(), "NumPy array"),
    "numpy_codes": (lambda f, z, d, v: f(_table(z, d, v).numpy()), "decode takes a torch.Tensor"),
    "clamped_values": (lambda f, z, d, v: f(_table(z, d, v.clamp(-4, 4))), "for values far from 0"),
    "sorts_values_in_place": (lambda f, z, d, v: f(_table(z, d, v.mul_(1.5))), "changed its argument values"),
    "uses_z_as_a_row": (lambda f, z, d, v: f(torch.cat([z[None], v[:, None]], 1)), "raised RuntimeError"),
    "one_value_dropped": (lambda f, z, d, v: f(_table(z, d, v[:-1])), "expected shape (5, 9)"),
}


@right(GAP)
def topk(mutual_information, entropy):
    best = mutual_information.topk(2, dim=0).values
    return ((best[0] - best[1]) / entropy).mean().item()


@right(GAP)
def loops(mutual_information, entropy):
    total = 0.0
    for f, h in enumerate(entropy.tolist()):
        column = sorted(row[f] for row in mutual_information.tolist())
        total += (column[-1] - column[-2]) / h
    return total / len(entropy)


@right(GAP)
def numpy_scalar(mutual_information, entropy):
    ordered = np.sort(mutual_information.numpy(), axis=0)
    return np.mean((ordered[-1] - ordered[-2]) / entropy.numpy())


@right(GAP)
def masked_maximum_of_normed(mutual_information, entropy):
    share = mutual_information.clone().div_(entropy)
    first, place = share.max(dim=0)
    share[place, range(share.shape[1])] = -math.inf
    return float((first - share.amax(0)).sum() / share.shape[1])


@right(GAP)
def sorted_in_double(mutual_information, entropy):
    gap = mutual_information.double().sort(dim=0, descending=True)[0].diff(dim=0)[0].neg()
    return torch.mean(gap / entropy.double()).item()


def _sorted(m):
    return m.sort(dim=0, descending=True).values


def _gap(m):
    return _sorted(m)[0] - _sorted(m)[1]


def _row_gap(m):
    best = m.topk(2, dim=1).values
    return best[:, 0] - best[:, 1]


GAP_MUTANTS = {
    "not_normalised": (lambda m, h: _gap(m).mean().item(), "not divided by the entropy"),
    "ratio_of_sums": (lambda m, h: (_gap(m).sum() / h.sum()).item(), "sum of the entropies"),
    "largest_entropy": (lambda m, h: (_gap(m) / h.max()).mean().item(), "largest entropy"),
    "over_best": (lambda m, h: (_gap(m) / m.amax(0)).mean().item(), "divided by the largest information"),
    "times_entropy": (lambda m, h: (_gap(m) * h).mean().item(), "multiplied by the entropy"),
    "sum": (lambda m, h: (_gap(m) / h).sum().item(), "sum over factors: take the mean"),
    "median": (lambda m, h: (_gap(m) / h).median().item(), "median over factors"),
    "maximum": (lambda m, h: (_gap(m) / h).max().item(), "largest gap"),
    "best_only": (lambda m, h: (m.amax(0) / h).mean().item(), "largest information alone"),
    "best_minus_worst": (lambda m, h: ((m.amax(0) - m.amin(0)) / h).mean().item(), "smallest information was subtr"),
    "third": (lambda m, h: ((_sorted(m)[0] - _sorted(m)[2]) / h).mean().item(), "third largest"),
    "best_minus_mean": (lambda m, h: ((m.amax(0) - m.mean(0)) / h).mean().item(), "mean over latents"),
    "two_smallest": (lambda m, h: ((_sorted(m)[-2] - _sorted(m)[-1]) / h).mean().item(), "two smallest"),
    "ascending_sign": (lambda m, h: (-_gap(m) / h).mean().item(), "sign is turned"),
    "unsorted": (lambda m, h: ((m[0] - m[1]) / h).mean().item(), "first two latents"),
    "unsorted_absolute": (lambda m, h: ((m[0] - m[1]).abs() / h).mean().item(), "first two latents"),
    "wrong_axis": (lambda m, h: (_row_gap(m) / h).mean().item(), "gap between factors for each latent"),
    "wrong_axis_plain": (lambda m, h: _row_gap(m).mean().item(), "gap between factors for each latent"),
    "wrong_axis_normed": (lambda m, h: _row_gap(m / h).mean().item(), "gap between factors for each latent"),
    "entropy_as_column": (lambda m, h: _gap(m / h[:, None]).mean().item(), "wrong axis"),
    "bits": (lambda m, h: (_gap(m) / (h / math.log(2))).mean().item(), "logarithm of 2"),
    "over_latents": (lambda m, h: (_gap(m) / h).sum().item() / len(m), "with 7 latents, 4 factors"),
    "per_factor": (lambda m, h: _gap(m) / h, "gave shape (5,): one number is expected"),
    "tensor": (lambda m, h: (_gap(m) / h).mean(), ".item() turns a tensor"),
    "normed_in_place": (lambda m, h: _gap(m.div_(h)).mean().item(), "changed its argument mutual_information"),
    "distinct_values": (
        lambda m, h: (
            sum((lambda c: c[-1] - c[-2])(col.unique()) / n for col, n in zip(m.T, h, strict=True)).item() / len(h)
        ),
        "where two latents know the same",
    ),
    "nothing_known": (lambda m, h: (_gap(m) / m.sum()).mean().item() * 0 + (_gap(m) / h).mean().item(), "gave nan"),
    "string": (lambda m, h: f"{(_gap(m) / h).mean():.3f}", "returned a str"),
}


@right(FRONT)
def sorted_sweep(rate, distortion):
    best, front = float("inf"), []
    for i in sorted(range(len(rate)), key=lambda i: (rate[i].item(), distortion[i].item())):
        if distortion[i] < best:
            best = distortion[i]
            front.append(i)
    return torch.tensor(front)


@right(FRONT)
def all_pairs(rate, distortion):
    no_worse = (rate[:, None] >= rate) & (distortion[:, None] >= distortion)
    better = (rate[:, None] > rate) | (distortion[:, None] > distortion)
    front = torch.where(~(no_worse & better).any(1))[0]
    return front[rate[front].argsort()]


@right(FRONT)
def lexsort_and_running_minimum(rate, distortion):
    r, d = rate.numpy(), distortion.numpy()
    order = np.lexsort((d, r))
    lowest = np.minimum.accumulate(d[order])
    keep = np.r_[True, d[order][1:] < lowest[:-1]]
    return torch.from_numpy(order[keep])


@right(FRONT)
def loops_in_double(rate, distortion):
    points = list(zip(rate.double().tolist(), distortion.double().tolist(), strict=True))
    front = [
        i
        for i, p in enumerate(points)
        if not any(q != p and q[0] <= p[0] and q[1] <= p[1] for j, q in enumerate(points) if j != i)
    ]
    return torch.tensor(sorted(front, key=lambda i: points[i]), dtype=torch.int64)


@right(FRONT)
def last_of_equal_points(rate, distortion):
    found = {}
    for i, point in enumerate(zip(rate.tolist(), distortion.tolist(), strict=True)):
        found[point] = i
    keep = [p for p in found if not any(q != p and q[0] <= p[0] and q[1] <= p[1] for q in found)]
    return torch.LongTensor([found[p] for p in sorted(keep)])


def _beaten(rate, distortion):
    no_worse = (rate[:, None] >= rate) & (distortion[:, None] >= distortion)
    return (no_worse & ((rate[:, None] > rate) | (distortion[:, None] > distortion))).any(1)


def _front(rate, distortion):
    return sorted_sweep(rate, distortion)


def _signed(a, b):
    def answer(rate, distortion):
        front = (~_beaten(a * rate, b * distortion)).nonzero().flatten()
        return front[rate[front].argsort()]

    return answer


def _strictly_in_both(rate, distortion):
    beaten = ((rate[:, None] > rate) & (distortion[:, None] > distortion)).any(1)
    front = (~beaten).nonzero().flatten()
    return front[rate[front].argsort()]


def _places_in_order(rate, distortion):
    order = rate.argsort()
    return (~_beaten(rate[order], distortion[order])).nonzero().flatten()


def _neighbours_only(rate, distortion):
    order = rate.argsort()
    return order[torch.cat([torch.tensor([True]), distortion[order].diff() < 0])]


def _cross(o, a, b):
    return (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0])


def _hull(rate, distortion):
    points, chain = list(zip(rate.tolist(), distortion.tolist(), strict=True)), []
    for i in _front(rate, distortion).tolist():
        while len(chain) > 1 and _cross(points[chain[-2]], points[chain[-1]], points[i]) <= 0:
            chain.pop()
        chain.append(i)
    return torch.tensor(chain)


def _sweep_by_rate_alone(rate, distortion):
    order = rate.argsort(stable=True)
    lowest = distortion[order].cummin(0).values
    keep = torch.cat([torch.tensor([True]), distortion[order][1:] < lowest[:-1]])
    return order[keep]


def _sweep_from_zero(rate, distortion):
    best, front = 1e3, []
    for i in np.lexsort((distortion.numpy(), rate.numpy())).tolist():
        if 0 <= distortion[i] < best:
            best = distortion[i]
            front.append(i)
    return torch.tensor(front)


def _without_twins(rate, distortion):
    beaten = ((rate[:, None] >= rate) & (distortion[:, None] >= distortion)).fill_diagonal_(False).any(1)
    front = (~beaten).nonzero().flatten()
    return front[rate[front].argsort()]


FRONT_MUTANTS = {
    "larger_rate": (_signed(-1, 1), "A larger rate dominates"),
    "larger_distortion": (_signed(1, -1), "A larger distortion dominates"),
    "larger_both": (_signed(-1, -1), "The larger value dominates"),
    "index_order": (lambda r, d: _front(r, d).sort().values, "by increasing rate"),
    "decreasing_rate": (lambda r, d: _front(r, d).flip(0), "by decreasing rate"),
    "mask": (lambda r, d: ~_beaten(r, d), "This is a mask"),
    "dominated": (lambda r, d: _beaten(r, d).nonzero().flatten(), "These are the dominated points"),
    "places": (_places_in_order, "places in the order by rate"),
    "rates": (lambda r, d: r[_front(r, d)], "These are rates"),
    "points": (lambda r, d: torch.stack([r, d], 1)[_front(r, d)], "These are the points themselves"),
    "hull": (_hull, "Only the convex hull"),
    "lowest_sum": (lambda r, d: (r + d).argmin()[None], "lowest sum"),
    "previous_only": (_neighbours_only, "one before it only"),
    "everything": (lambda r, d: r.argsort(), "All points were kept"),
    "nothing": (lambda r, d: torch.tensor([], dtype=torch.long), "is missing, although"),
    "column": (lambda r, d: _front(r, d)[:, None], "The result is a column"),
    "strictly_in_both": (_strictly_in_both, "is equal in one and lower in the other"),
    "rate_alone": (_sweep_by_rate_alone, "is equal in one and lower in the other"),
    "positive_only": (_sweep_from_zero, "for negative distortions"),
    "without_twins": (_without_twins, "for models that appear twice"),
    "without_the_ends": (lambda r, d: _front(r, d)[1:-1], "is missing, although"),
    "first_dropped": (lambda r, d: _front(r, d)[1:], "is missing, although"),
    "one_too_many": (lambda r, d: torch.cat([_front(r, d), r.argmax()[None]]), "is kept, but it is dominated"),
    "from_one": (lambda r, d: _front(r, d) + 1, "pareto_front(rate, distortion)"),
    "int32": (lambda r, d: _front(r, d).int(), "int32 numbers: indices must be long"),
    "float": (lambda r, d: _front(r, d).float(), "float32 numbers: indices must be long"),
    "list": (lambda r, d: _front(r, d).tolist(), "returned a list"),
    "numpy_result": (lambda r, d: _front(r, d).numpy(), "NumPy array"),
    "tuple_of_nonzero": (lambda r, d: (~_beaten(r, d)).nonzero(as_tuple=True), "returned a tuple"),
    "squeezed": (lambda r, d: _front(r, d).squeeze(), "has shape (), expected (K,)"),
    "repeated": (lambda r, d: _front(r, d).repeat(2), "index appears twice"),
    "centred_in_place": (lambda r, d: _front(r.sub_(r.mean()), d), "changed its argument rate in place"),
}

for _task, _mutants in ((WALK, WALK_MUTANTS), (GAP, GAP_MUTANTS), (FRONT, FRONT_MUTANTS)):
    for _name, (_answer, _phrase) in _mutants.items():
        _answer.__name__ = _name
        wrong(_task, _phrase)(_answer)
