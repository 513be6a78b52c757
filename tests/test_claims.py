"""The ledger: measuring and resuming on toy claims, and the committed results against the code that wrote them."""

import json
import re

import pytest

from experiments import __main__ as pass_over_ledger
from experiments import page
from experiments.__main__ import CLAIMS
from experiments.ledger import RESULTS, Claim, exceeds, run, wrong_order
from vae_lessons.classroom import cli
from vae_lessons.classroom.claims import ClaimError, claim_ids, ledger_table, read_claim, read_ledger


def toy(measure, seeds=(0, 1, 2)) -> Claim:
    return Claim(
        id="toy-claim",
        lesson="01_autoencoder",
        question="Is ten more than one?",
        quantity="a number",
        treatment="ten",
        control="one",
        measure=measure,
        verdict=lambda arms: "holds" if exceeds(arms["ten"], arms["one"]) else "does not hold",
        order=(("ten", "one"),),
        seeds=seeds,
    )


def test_exceeds_needs_every_seed_and_two_standard_errors():
    low = {"values": [1.0, 2.0, 3.0]}
    assert exceeds({"values": [2.0, 3.0, 4.1]}, low)
    assert not exceeds({"values": [2.0, 3.0, 2.9]}, low)  # one seed the other way
    assert not exceeds({"values": [1.1, 2.1, 9.0]}, low)  # differences 0.1, 0.1, 6: mean 2.1, standard error 2.0


def test_run_writes_mean_spread_and_verdict(tmp_path):
    result = run(toy(lambda seed, quick: {"ten": 10.0 + seed, "one": 1.0}), folder=tmp_path)
    assert result == json.loads((tmp_path / "toy-claim.json").read_text())
    assert result["arms"]["ten"] == {"mean": 11.0, "std": 1.0, "values": [10.0, 11.0, 12.0]}
    assert result["verdict"] == "holds" and result["seeds"] == [0, 1, 2]
    assert [path.name for path in tmp_path.iterdir()] == ["toy-claim.json"]


def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path):
    calls = []

    def measure(seed, quick):
        calls.append(seed)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return {"ten": 10.0 + seed, "one": 1.0}

    with pytest.raises(KeyboardInterrupt):
        run(toy(measure), folder=tmp_path)
    assert not (tmp_path / "toy-claim.json").exists()
    assert run(toy(measure), folder=tmp_path)["arms"]["ten"]["values"] == [10.0, 11.0, 12.0]
    assert calls == [0, 1, 2, 2]


def ten_and_one(seed: int, quick: bool) -> dict[str, float]:
    """What a process of its own can import."""
    return {"ten": 10.0 + seed, "one": 1.0}


def test_seeds_measured_in_parallel_give_the_same_result(tmp_path):
    parallel = run(toy(ten_and_one), folder=tmp_path, jobs=2)
    assert parallel["arms"] == run(toy(ten_and_one), folder=tmp_path)["arms"]
    assert parallel["machine"]["threads"] == 1 and parallel["profile"] == "standard"


def test_the_wrong_order_is_named():
    claim = toy(ten_and_one)
    assert wrong_order(claim, {"ten": {"mean": 2.0}, "one": {"mean": 1.0}}) == []
    assert wrong_order(claim, {"ten": {"mean": 1.0}, "one": {"mean": 1.0}}) == ["ten > one"]


def test_an_interrupted_pass_goes_on_with_the_next_claim(tmp_path, monkeypatch, capsys):
    measured = []

    def report(claim, *, quick, jobs):
        measured.append(claim.id)
        if measured == ["ae-holes", "elbo-gap"]:
            raise KeyboardInterrupt

    chosen = {claim: CLAIMS[claim] for claim in ("ae-holes", "elbo-gap", "kl-closed-form")}
    monkeypatch.setattr(pass_over_ledger, "CLAIMS", chosen)
    monkeypatch.setattr(pass_over_ledger, "FINISHED", tmp_path / ".finished.json")
    monkeypatch.setattr(pass_over_ledger, "report", report)
    with pytest.raises(KeyboardInterrupt):
        pass_over_ledger.whole_ledger(jobs=1)
    pass_over_ledger.whole_ledger(jobs=1)
    assert measured == ["ae-holes", "elbo-gap", "elbo-gap", "kl-closed-form"]
    assert "ae-holes: measured before the interruption" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


def test_quick_writes_nothing(tmp_path):
    seen = []
    run(toy(lambda seed, quick: seen.append(quick) or {"ten": 10.0, "one": 1.0}), quick=True, folder=tmp_path)
    assert seen == [True, True] and not list(tmp_path.iterdir())


def test_a_missing_or_damaged_result_names_the_remedy(tmp_path):
    (tmp_path / "ae-holes.json").write_text("{")
    with pytest.raises(ClaimError, match=r"no result for the claim 'nothing' \(measured so far: ae-holes\): run `make"):
        read_claim("nothing", folder=tmp_path)
    with pytest.raises(ClaimError, match=r"ae-holes\.json is not readable JSON .*git checkout"):
        read_claim("ae-holes", folder=tmp_path)


def test_every_claim_has_a_result_and_every_result_a_claim():
    assert set(claim_ids()) == set(CLAIMS)


@pytest.mark.parametrize("claim", CLAIMS.values(), ids=list(CLAIMS))
def test_committed_results_belong_to_the_code(claim):
    result = read_claim(claim.id)
    for field in ("lesson", "question", "quantity", "treatment", "control"):
        assert result[field] == getattr(claim, field)
    assert result["seeds"] == list(claim.seeds) and len(claim.seeds) >= 3
    assert result["verdict"] == claim.verdict(result["arms"])
    for arm in result["arms"].values():
        assert len(arm["values"]) == len(claim.seeds)
        assert arm["mean"] == pytest.approx(sum(arm["values"]) / len(arm["values"]), abs=1e-4)


@pytest.mark.parametrize("claim", CLAIMS.values(), ids=list(CLAIMS))
def test_its_lesson_quotes_the_claim(claim):
    source = (RESULTS.parents[1] / "source" / "lessons" / f"{claim.lesson}.py").read_text()
    assert re.search(r"\{\{" + claim.id + ":", source)


@pytest.mark.parametrize("claim", CLAIMS.values(), ids=list(CLAIMS))
def test_a_quick_run_agrees_in_direction(claim):
    assert claim.order
    assert wrong_order(claim, read_claim(claim.id)["arms"]) == []
    assert wrong_order(claim, run(claim, quick=True, jobs=2)["arms"]) == []


def test_the_command_line_lists_every_claim_with_seeds_control_and_verdict(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "150")
    assert cli.main(["claims"]) == 0
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 150
    words = set(shown.split())
    for result in read_ledger():
        assert result["claim"] in words
        assert set(result["control"].split() + result["verdict"].split()) <= words


def test_the_table_fits_a_narrow_terminal_and_keeps_columns_apart():
    lines = ledger_table([read_claim("elbo-gap")], width=80).splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].split() == ["claim", "seeds", "control", "verdict"]
    assert re.match(r"04 elbo-gap +5 +the exact", lines[2])


def test_one_claim_is_shown_with_all_its_numbers(capsys):
    assert cli.main(["claims", "elbo-gap"]) == 0
    shown = capsys.readouterr().out
    for name, arm in read_claim("elbo-gap")["arms"].items():
        assert re.search(rf"{name} +{arm['mean']:.3f} ± {arm['std']:.3f}", shown)
    assert cli.main(["claims", "nothing"]) == 1
    assert "no result for the claim 'nothing'" in capsys.readouterr().err


def test_the_page_of_measurements_is_up_to_date():
    assert page.PAGE.read_text("utf-8") == page.page(), "run `make notebooks`"
