import pytest

from vae_lessons.schedules import constant, cyclical, linear_warmup


def test_constant_is_one_by_default():
    assert [constant(step) for step in (0, 7)] == [1.0, 1.0]
    assert constant(3, value=0.5) == 0.5


def test_linear_warmup_by_hand():
    assert [linear_warmup(step, 4) for step in (0, 1, 2, 4, 9)] == [0.0, 0.25, 0.5, 1.0, 1.0]
    assert linear_warmup(1, 2, start=1.0, end=3.0) == 2.0


def test_a_line_may_fall():
    assert [linear_warmup(step, 4, start=3.0, end=1.0) for step in (0, 1, 4, 9)] == [3.0, 2.5, 1.0, 1.0]


def test_linear_warmup_of_no_steps_is_its_end():
    assert linear_warmup(0, 0, end=0.7) == 0.7


def test_cyclical_restarts_each_period():
    assert [cyclical(step, 8) for step in range(9)] == [0.0, 0.25, 0.5, 0.75, 1.0, 1.0, 1.0, 1.0, 0.0]


def test_the_ramp_of_a_cycle_need_not_be_whole_steps():
    assert [cyclical(step, 5) for step in range(6)] == [0.0, 1 / 2.5, 2 / 2.5, 1.0, 1.0, 0.0]
    assert [cyclical(step, 7, ramp_fraction=0.25) for step in (1, 2)] == [1 / 1.75, 1.0]


def test_a_period_of_no_steps_is_refused():
    with pytest.raises(ValueError, match="period must be at least 1 step, got 0"):
        cyclical(3, 0)
