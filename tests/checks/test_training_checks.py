"""What the checks of exercises 05 and 06 rest on: stubs, hints, and the record of a model's runs."""

import math

import pytest
import torch

from vae_lessons.checks import check, core, hint, points
from vae_lessons.checks.recorded_vae import RecordedVAE, binary, readings

TASKS = {
    "train_step": 3,
    "evaluate": 3,
    "interpolate": 2,
    "linear_warmup": 1,
    "cyclical": 1,
    "free_bits": 2,
    "active_units": 1,
}


def _unwritten(*_):
    raise NotImplementedError("write me")


@pytest.mark.parametrize("name", TASKS)
@pytest.mark.parametrize("answer", [_unwritten, lambda *_: None, lambda *_: ...])
def test_a_stub_is_not_attempted(name, answer, monkeypatch):
    monkeypatch.setattr(answer, "__name__", name)
    result = check(answer)
    assert (result.outcome, result.points) == ("not attempted", 0), str(result)


@pytest.mark.parametrize("name", TASKS)
def test_points_and_three_hints(name, monkeypatch):
    monkeypatch.setattr(core, "_HINTS_SHOWN", {})
    assert points(name) == TASKS[name]
    assert [len(hint(name).steps) for _ in range(4)] == [1, 2, 3, 3]


@pytest.fixture
def model():
    return RecordedVAE(6, 2, torch.Generator().manual_seed(0))


@pytest.fixture
def x():
    return binary(5, 6, torch.Generator().manual_seed(1))


def _shapes(model):
    return [reading.x.shape[0] for reading in readings(model.events)]


def test_one_run_is_one_reading(model, x):
    output = model(x)
    (reading,) = readings(model.events)
    assert torch.equal(reading.x, x) and torch.equal(reading.z, output.z) and torch.equal(reading.logits, output.logits)


def test_terms_of_a_reading_against_their_formulas(model, x):
    logits, mu, logvar, z = (part.double() for part in model(x))
    (reading,) = readings(model.events)
    p = 1 / (1 + torch.exp(-logits))
    assert torch.allclose(reading.surprise, -(x * p.log() + (1 - x) * (1 - p).log()).sum(1))
    grid = torch.linspace(-12, 12, 20001, dtype=torch.float64)[:, None, None]
    log_q = -((grid - mu) ** 2) / logvar.exp() / 2 - logvar / 2 - math.log(2 * math.pi) / 2
    log_p = -(grid**2) / 2 - math.log(2 * math.pi) / 2
    integral = (log_q.exp() * (log_q - log_p)).sum(0) * (grid[1] - grid[0]).item()
    assert torch.allclose(reading.divergence, integral.sum(1), rtol=1e-5)
    assert torch.allclose(reading.noise.double() * (logvar / 2).exp() + mu, z, atol=1e-6)


@pytest.mark.parametrize(
    ("runs", "counted"),
    [
        (lambda m, x: (m(x), m(x)), [5, 5, 10]),  # the first run, the last, or both
        (lambda m, x: (m.encode(x), m(x)), [5]),
        (lambda m, x: [m(row) for row in x], [5]),
        (lambda m, x: [m.decode(z) for z in m.encode(x)[0]], [5]),
        (lambda m, x: m.decode(torch.randn(3, 5, 2) + m.encode(x)[0]), [5, 5, 15]),
        (lambda m, x: [m.decode(z) for z in [m.encode(part)[0] for part in x.split(2)]], [5]),
        (lambda m, x: m.encode(x), []),
        (lambda m, x: m.decode(torch.randn(5, 2)), []),
    ],
)
def test_any_order_of_runs_is_read(model, x, runs, counted):
    x[0], x[1:] = 0, torch.eye(6)[:4]  # all different
    runs(model, x)
    assert _shapes(model) == counted
    for reading in readings(model.events):
        assert torch.allclose(model.encode(reading.x)[0], reading.mu)
