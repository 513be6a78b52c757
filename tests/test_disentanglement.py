import math

import pytest
import torch

from vae_lessons.data import FACTOR_SIZES, every_shape
from vae_lessons.metrics import factor_gaps, latent_factor_information, mutual_information_gap, pareto_front


@pytest.fixture(scope="module")
def factors() -> torch.Tensor:
    return every_shape().labels  # every combination once, so the factors are independent and even


def test_a_code_equal_to_a_factor_knows_its_entropy_and_nothing_else(factors):
    """H of an even choice among n values is log n; independent even factors share no information at all."""
    information, entropy = latent_factor_information(factors.float(), factors)
    assert torch.allclose(entropy, torch.tensor(FACTOR_SIZES).log())
    assert torch.allclose(information, torch.diag(entropy), atol=1e-9)
    assert mutual_information_gap(information, entropy) == pytest.approx(1.0)


def test_scale_and_shift_of_a_code_do_not_matter(factors):
    known, _ = latent_factor_information(factors.float(), factors)
    moved, _ = latent_factor_information(-0.003 * factors.float() + 17, factors)
    assert torch.allclose(known, moved)


def test_a_code_that_merges_values_knows_what_is_left():
    """Four even values, of which the code tells only {0, 1} from {2, 3}: log 2 of log 4 nats."""
    factor = torch.arange(4).repeat(100)[:, None]
    information, entropy = latent_factor_information((factor >= 2).float(), factor)
    assert information.item() == pytest.approx(math.log(2)) and entropy.item() == pytest.approx(math.log(4))


def test_a_binary_code_with_errors_has_the_capacity_of_its_channel():
    """A copy of a fair coin that is wrong once in four times: log 2 - H(1/4) = 0.693 - 0.562 = 0.131 nats."""
    factor = torch.arange(2).repeat(400)
    wrong = torch.arange(800) // 2 % 4 == 0
    code = torch.where(wrong, 1 - factor, factor).float()
    information, _ = latent_factor_information(code[:, None], factor[:, None])
    assert information.item() == pytest.approx(0.1308, abs=1e-4)


def test_chance_looks_like_a_little_information(factors):
    """A code of noise: the estimate is biased upwards by (bins - 1) (values - 1) / (2 N), at most 0.011 nats here."""
    torch.manual_seed(0)
    information, _ = latent_factor_information(torch.rand(len(factors), 40), factors)
    values = torch.tensor(FACTOR_SIZES)
    bias = 19 * (values - 1) / (2 * len(factors))
    assert torch.allclose(information.mean(0), bias, rtol=0.15)
    assert bias.max() == pytest.approx(0.0108, abs=1e-4)
    few = torch.randperm(len(factors))[:600]  # a tenth of the pictures: ten times the bias
    of_few, _ = latent_factor_information(torch.rand(600, 40), factors[few])
    assert of_few.mean(0)[3] == pytest.approx(19 * 7 / 1200, rel=0.15)


def test_tables_of_unequal_length_are_refused():
    with pytest.raises(ValueError, match="got 3 and 4 rows"):
        latent_factor_information(torch.zeros(3, 2), torch.zeros(4, 1))


def test_gap_of_a_table_worked_out_by_hand():
    """Gaps (0.8 - 0.2) / 1 = 0.6 and (1.5 - 1.0) / 2 = 0.25; their mean is 0.425."""
    information = torch.tensor([[0.2, 1.5], [0.8, 0.5], [0.1, 1.0]])
    entropy = torch.tensor([1.0, 2.0])
    assert factor_gaps(information, entropy).tolist() == pytest.approx([0.6, 0.25])
    assert mutual_information_gap(information, entropy) == pytest.approx(0.425)


def test_two_latents_that_copy_the_same_factors_leave_no_gap(factors):
    twice = factors.float().repeat(1, 2)
    assert mutual_information_gap(*latent_factor_information(twice, factors)) == pytest.approx(0.0)


def test_a_rotated_code_has_a_small_gap(factors):
    """Two latents that each mix x and y evenly hold all of the information together, but no factor alone."""
    x, y = factors[:, 3].float(), factors[:, 4].float()
    information, entropy = latent_factor_information(torch.stack([x + y, x - y], dim=1), factors[:, 3:])
    assert mutual_information_gap(information, entropy) < 0.01
    assert information.amax() < entropy.min() / 2


def test_the_front_of_six_models():
    """By rate: 1 (9), 2 (7), 3 (7: as far as the one before, at a higher rate), 4 (4), 4 (6), 5 (3)."""
    rate = torch.tensor([4.0, 1.0, 3.0, 2.0, 4.0, 5.0])
    distortion = torch.tensor([4.0, 9.0, 7.0, 7.0, 6.0, 3.0])
    front = pareto_front(rate, distortion)
    assert front.tolist() == [1, 3, 0, 5] and front.dtype == torch.long


def test_the_front_holds_no_beaten_model_and_beats_all_others():
    torch.manual_seed(0)
    points = torch.randint(0, 20, (200, 2)).float()
    front = set(pareto_front(*points.T).tolist())
    for i, point in enumerate(points):
        no_worse = (points <= point).all(1) & (points < point).any(1)
        assert not (i in front and no_worse.any())
        assert i in front or any((points[j] <= point).all() for j in front)
