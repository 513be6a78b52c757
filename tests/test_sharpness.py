import pytest
import torch

from vae_lessons.metrics import gradient_energy, sharpness, undecided_share


def step(*columns: float) -> torch.Tensor:
    """One picture of 4 x 4 pixels whose four rows are all alike."""
    return torch.tensor(columns).repeat(4, 1).flatten()[None]


def test_energy_of_an_edge():
    """Four rows with one step of height 1 have energy 4; spread over two steps of 1/2 each, 4 * 2 / 4 = 2."""
    assert gradient_energy(step(0.0, 0.0, 1.0, 1.0)).tolist() == [4.0]
    assert gradient_energy(step(0.0, 0.0, 0.5, 1.0)).tolist() == [2.0]


def test_energy_counts_rows_and_columns_alike():
    picture = torch.rand(5, 8, 8)
    across = gradient_energy(picture.flatten(1))
    assert torch.allclose(across, gradient_energy(picture.transpose(1, 2).flatten(1)))
    assert gradient_energy(torch.ones(1, 16)).tolist() == [0.0]


def test_a_checkerboard_has_an_edge_between_all_neighbours():
    board = ((torch.arange(4)[:, None] + torch.arange(4)) % 2).float().flatten()[None]
    assert gradient_energy(board).tolist() == [24.0]  # 4 rows and 4 columns with 3 edges each


def test_sharpness_is_relative_to_the_originals():
    sharp, soft = step(0.0, 0.0, 1.0, 1.0), step(0.0, 0.0, 0.5, 1.0)
    assert sharpness(sharp, sharp) == 1.0
    assert sharpness(soft, sharp) == 0.5
    assert sharpness(torch.cat([sharp, soft]), sharp) == 0.75


def test_undecided_pixels():
    assert undecided_share(step(0.0, 0.2, 0.8, 1.0)) == 0.5
    assert undecided_share(step(0.05, 0.95, 0.5, 1.0)) == pytest.approx(0.25)
