import time

import numpy as np
import pytest
import torch

from vae_lessons import models, training
from vae_lessons.data import Images, binarize, to_float
from vae_lessons.losses import Terms, elbo_terms, free_bits, squared_error_terms
from vae_lessons.schedules import linear_warmup
from vae_lessons.training import evaluate, fit

PIXELS = 16


def stripes(count: int, seed: int = 0) -> Images:
    """Pictures of 4 x 4 pixels, left or right half bright, with a little noise."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, 2, (count,), generator=generator)
    images = torch.randint(0, 60, (count, 4, 4), generator=generator)
    bright = torch.arange(4) // 2 == labels[:, None]  # (N, 4)
    return Images((images + 190 * bright[:, None, :]).to(torch.uint8), labels)


def small_vae(seed: int = 0) -> models.VAE:
    torch.manual_seed(seed)
    return models.mlp_vae(2, hidden_dim=16, pixels=PIXELS)


def settings(**changes) -> dict:
    fixed = {"objective": elbo_terms, "prepare": binarize, "epochs": 3, "batch_size": 50, "seed": 0, "progress": False}
    return fixed | changes


class MeanImage(torch.nn.Module):
    """One parameter per pixel and no input: its squared error has a known best value, the variance of the data."""

    def __init__(self):
        super().__init__()
        self.logits = torch.nn.Parameter(torch.zeros(PIXELS))

    def forward(self, x):
        return models.AutoencoderOutput(self.logits.expand_as(x), x[:, :0])


def test_fit_reaches_the_known_optimum():
    data, model = stripes(1000), MeanImage()
    history = fit(model, data, **settings(objective=squared_error_terms, prepare=to_float, epochs=30))
    variance = (data.images.flatten(1).float() / 255).var(0, correction=0).sum().item()
    final = evaluate(model, data, objective=squared_error_terms, prepare=to_float)
    assert final.reconstruction == pytest.approx(variance, rel=1e-3)
    assert history.curve("train", "kl") == [0.0] * 30


def test_fit_is_reproducible_and_leaves_the_random_state_alone():
    models_and_states = []
    for _ in range(2):
        model = small_vae()
        torch.manual_seed(5)
        before = torch.get_rng_state()
        fit(model, stripes(200), **settings(seed=3))
        assert torch.equal(before, torch.get_rng_state())
        models_and_states.append(model.state_dict())
    for name, value in models_and_states[0].items():
        assert torch.equal(value, models_and_states[1][name])
    other = small_vae()
    fit(other, stripes(200), **settings(seed=4))
    assert not torch.equal(other.state_dict()["decoder.0.weight"], models_and_states[0]["decoder.0.weight"])


def test_history_has_both_terms_of_both_parts():
    history = fit(small_vae(), stripes(220), stripes(70, seed=1), **settings())
    assert len(history.epochs) == 3 and history.stopped == "finished" and history.kept_epoch == 3
    for part in ("train", "validation"):
        loss, reconstruction, kl = (history.curve(part, term) for term in ("loss", "reconstruction", "kl"))
        assert loss == pytest.approx([r + k for r, k in zip(reconstruction, kl, strict=True)])
    assert history.curve("train", "loss")[-1] < history.curve("train", "loss")[0]
    assert "validation reconstruction" in repr(history) and "KL" in repr(history)


def test_train_averages_count_every_example_once():
    """The terms do not depend on the weights, so they are known; 220 is no multiple of 50."""
    model, data = small_vae(), stripes(220)
    exact = settings(objective=lambda m, x, labels: Terms(x.sum(1), x[:, :3]), epochs=1)
    model_objective = exact.pop("objective")

    def objective(model, x, labels):
        zero = 0 * sum(parameter.sum() for parameter in model.parameters())
        terms = model_objective(model, x, labels)
        return Terms(terms.reconstruction + zero, terms.kl)

    epoch = fit(model, data, objective=objective, **exact).epochs[0]
    x = binarize(data.images)
    assert epoch.train.reconstruction == pytest.approx(x.sum(1).mean().item())
    assert epoch.train.kl == pytest.approx(x[:, :3].sum(1).mean().item())
    for batch_size in (1, 7, 1000):
        averages = evaluate(model, data, objective=objective, prepare=binarize, batch_size=batch_size)
        assert averages.reconstruction == pytest.approx(epoch.train.reconstruction)
        assert averages.kl == pytest.approx(epoch.train.kl)


def test_evaluate_restores_the_mode_and_takes_no_gradient():
    model, modes = small_vae().train(), []

    def objective(model, x, labels):
        modes.append((model.training, torch.is_grad_enabled()))
        return elbo_terms(model, x)

    first = evaluate(model, stripes(20), objective=objective, prepare=binarize)
    assert modes == [(False, False)] and model.training
    assert first == evaluate(model, stripes(20), objective=objective, prepare=binarize)  # the same noise


def test_without_one_cycle_the_steps_are_those_of_plain_adam():
    by_hand, by_fit, data = small_vae(), small_vae(), stripes(100)
    optimizer = torch.optim.Adam(by_hand.parameters(), lr=2e-3)
    torch.manual_seed(3)
    for index in torch.randperm(100).split(25):
        optimizer.zero_grad()
        elbo_terms(by_hand, binarize(data.images[index])).loss().mean().backward()
        optimizer.step()
    fit(by_fit, data, **settings(epochs=1, batch_size=25, learning_rate=2e-3, one_cycle=False, seed=3))
    for one, other in zip(by_hand.parameters(), by_fit.parameters(), strict=True):
        torch.testing.assert_close(one, other)


def test_beta_is_asked_at_every_step_and_used():
    steps = []

    def beta(step):
        steps.append(step)
        return linear_warmup(step, 8)

    history = fit(small_vae(), stripes(200), **settings(epochs=2, beta=beta))
    assert sorted(set(steps)) == list(range(8))
    assert [epoch.beta for epoch in history.epochs] == [3 / 8, 7 / 8]
    heavy = fit(small_vae(), stripes(1000), **settings(epochs=10, beta=lambda step: 100.0))
    light = fit(small_vae(), stripes(1000), **settings(epochs=10, beta=lambda step: 0.0))
    assert heavy.curve("train", "kl")[-1] < 0.1 < 1 < light.curve("train", "kl")[-1]


def test_penalty_replaces_the_kl_in_the_loss_only():
    history = fit(small_vae(), stripes(200), **settings(epochs=1, penalty=lambda kl: free_bits(kl, 50.0)))
    epoch = history.epochs[0]
    assert epoch.minimised == pytest.approx(epoch.train.reconstruction + 100.0)  # two dimensions at their floor
    assert epoch.train.loss == pytest.approx(epoch.train.reconstruction + epoch.train.kl) and epoch.train.kl < 50


def test_augment_is_for_training_only():
    seen = []

    def augment(images):
        seen.append(images.dtype)
        return torch.zeros_like(images)

    history = fit(small_vae(), stripes(100), stripes(100), **settings(epochs=60, batch_size=20, augment=augment))
    assert set(seen) == {torch.uint8} and len(seen) == 300
    assert history.curve("train", "reconstruction")[-1] < 2 < history.curve("validation", "reconstruction")[-1]


def test_patience_stops_early_and_keeps_the_best_weights():
    """The validation images are all dark, so that learning the stripes makes them ever less likely."""
    model = small_vae()
    dark = Images(torch.zeros(40, 4, 4, dtype=torch.uint8), torch.zeros(40))
    history = fit(model, stripes(400), dark, **settings(epochs=40, patience=3))
    losses = history.curve("validation", "loss")
    assert history.stopped == "stopped early" and len(losses) < 40
    best = losses.index(min(losses)) + 1
    assert history.kept_epoch == best == len(losses) - 3
    assert evaluate(model, dark, objective=elbo_terms, prepare=binarize).loss == pytest.approx(min(losses))


def test_interrupt_keeps_what_was_learned():
    model, untouched, calls = small_vae(), small_vae(), []

    def objective(model, x, labels):
        calls.append(1)
        if len(calls) == 6:
            raise KeyboardInterrupt
        return elbo_terms(model, x)

    history = fit(model, stripes(200), **settings(objective=objective))
    assert history.stopped == "interrupted" and len(history.epochs) == 1 and history.kept_epoch == 1
    assert not torch.equal(model.decoder[0].weight, untouched.decoder[0].weight)
    assert not model.training


def test_interrupt_in_the_first_epoch_has_a_readable_history():
    def objective(model, x, labels):
        raise KeyboardInterrupt

    assert repr(fit(small_vae(), stripes(20), **settings(objective=objective))) == (
        "interrupted before the first epoch was complete"
    )


def test_a_loss_that_explodes_is_named():
    with pytest.raises(FloatingPointError, match="the loss became nan by step 4: lower the learning rate"):
        fit(small_vae(), stripes(200), **settings(learning_rate=1e30))


def test_an_exploded_model_comes_back_in_evaluation_mode():
    model = small_vae()
    with pytest.raises(FloatingPointError):
        fit(model, stripes(200), **settings(learning_rate=1e30))
    assert not model.training


def test_without_a_seed_the_global_one_decides():
    results = []
    for seed in (1, 1, 2):
        model = small_vae()
        torch.manual_seed(seed)
        fit(model, stripes(200), **settings(seed=None, epochs=1))
        results.append(model.state_dict()["decoder.0.weight"])
    assert torch.equal(results[0], results[1]) and not torch.equal(results[0], results[2])


def test_misuse_is_named():
    with pytest.raises(ValueError, match="no validation curve"):
        fit(small_vae(), stripes(20), **settings()).curve("validation", "kl")
    with pytest.raises(ValueError, match="patience needs validation images"):
        fit(small_vae(), stripes(20), **settings(patience=2))
    with pytest.raises(ValueError, match="got 0 images and 3 epochs"):
        fit(small_vae(), stripes(0), **settings())
    with pytest.raises(TypeError, match="epoch"):
        fit(small_vae(), stripes(20), **settings(epoch=2))


def test_profile_scales_epochs(monkeypatch):
    for profile, expected in (("fast", 1), ("standard", 5), ("full", 20)):
        monkeypatch.setenv("VAE_LESSONS_PROFILE", profile)
        assert training.scaled_epochs(5) == expected
    monkeypatch.setenv("VAE_LESSONS_PROFILE", "quick")
    with pytest.raises(ValueError, match="'quick': set it to one of"):
        training.scaled_epochs(5)


def test_device_can_be_overridden(monkeypatch):
    monkeypatch.setenv("VAE_LESSONS_DEVICE", "cpu")
    assert training.pick_device() == torch.device("cpu")
    monkeypatch.setenv("VAE_LESSONS_DEVICE", "abacus")
    with pytest.raises(ValueError, match=r"VAE_LESSONS_DEVICE is 'abacus'.*set it to .*cpu, or unset it"):
        training.pick_device()


def test_seed_everything_seeds_all_three_generators():
    import random

    draws = []
    for _ in range(2):
        training.seed_everything(7)
        draws.append((random.random(), np.random.rand(), torch.rand(()).item()))
    assert draws[0] == draws[1]


@pytest.mark.skipif(training.pick_device().type == "cpu", reason="parity needs a second device beside the CPU")
def test_the_device_does_not_change_the_result():
    vae, x, noise = small_vae(), torch.rand(8, PIXELS), torch.randn(8, 2)
    on_cpu = vae(x, noise)
    device = training.pick_device()
    elsewhere = vae.to(device)(x.to(device), noise.to(device))
    for ours, theirs in zip(on_cpu, elsewhere, strict=True):
        torch.testing.assert_close(ours, theirs.cpu(), rtol=1e-4, atol=1e-4)


def test_an_epoch_reads_no_number_from_the_device_between_steps(monkeypatch):
    reads = []
    for name in ("item", "tolist"):
        original = getattr(torch.Tensor, name)
        monkeypatch.setattr(torch.Tensor, name, lambda self, original=original: reads.append(1) or original(self))
    start = time.perf_counter()
    fit(small_vae(), stripes(500), **settings(epochs=2))
    assert len(reads) == 2, f"{len(reads)} reads in {time.perf_counter() - start:.1f} s"
