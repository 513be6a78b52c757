"""What a claim is, how it is measured seed by seed, and the file that its result is kept in."""

import hashlib
import inspect
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from tqdm.auto import tqdm

RESULTS = Path(__file__).parent / "results"
Values = dict[str, float]  # the measured quantity of each arm
Arms = dict[str, dict]  # of each arm: mean, std and the values, one per seed


@dataclass(frozen=True)
class Claim:
    id: str
    lesson: str
    question: str
    quantity: str  # what the numbers are, with their unit
    treatment: str
    control: str
    measure: Callable[[int, bool], Values]  # (seed, quick) to one value per arm
    verdict: Callable[[Arms], str]  # computed from the numbers: "holds", "does not hold" or "depends on ..."
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)


def exceeds(high: dict, low: dict) -> bool:
    """True if one arm is above the other in every seed, and by more than two standard errors of the difference."""
    differences = [a - b for a, b in zip(high["values"], low["values"], strict=True)]
    error = statistics.stdev(differences) / len(differences) ** 0.5
    return min(differences) > 0 and statistics.mean(differences) > 2 * error


def comparison(one: dict, other: dict) -> str:
    """ "above", "below", or "not clearly different from"."""
    return "above" if exceeds(one, other) else "below" if exceeds(other, one) else "not clearly different from"


def run(claim: Claim, *, quick: bool = False, folder: Path = RESULTS) -> dict:
    """Measure every seed that is not measured yet, write the result and return it.

    Finished seeds are kept in a side file until the last one is done, so an interrupted run goes on where it stopped.
    `quick` measures two seeds on less data and writes nothing.
    """
    seeds = claim.seeds[:2] if quick else claim.seeds
    side_file = folder / f".{claim.id}.partial.json"
    version = hashlib.sha256(inspect.getsource(inspect.getmodule(claim.measure)).encode()).hexdigest()
    done = {} if quick else _finished(side_file, version)
    for seed in tqdm(seeds, desc=claim.id, unit="seed"):
        if str(seed) in done:
            continue
        start = time.perf_counter()
        values = claim.measure(seed, quick)
        done[str(seed)] = {"values": values, "seconds": time.perf_counter() - start}
        if not quick:
            _write(side_file, {"version": version, "seeds": done})
    result = _result(claim, seeds, [done[str(seed)] for seed in seeds])
    if not quick:
        _write(folder / f"{claim.id}.json", result)
        side_file.unlink()
    return result


def _finished(side_file: Path, version: str) -> dict:
    """The seeds measured by an earlier run of the same code."""
    if not side_file.exists():
        return {}
    partial = json.loads(side_file.read_text())
    return partial["seeds"] if partial["version"] == version else {}


def _result(claim: Claim, seeds: tuple[int, ...], measured: list[dict]) -> dict:
    arms = {name: _arm([seed["values"][name] for seed in measured]) for name in measured[0]["values"]}
    return {
        "claim": claim.id,
        "lesson": claim.lesson,
        "question": claim.question,
        "quantity": claim.quantity,
        "treatment": claim.treatment,
        "control": claim.control,
        "seeds": list(seeds),
        "arms": arms,
        "verdict": claim.verdict(arms),
        "seconds": round(sum(seed["seconds"] for seed in measured)),
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "machine": {"system": platform.system(), "processor": platform.machine(), "threads": torch.get_num_threads()},
    }


def _arm(values: list[float]) -> dict:
    values = [round(value, 4) for value in values]
    return {"mean": round(statistics.mean(values), 4), "std": round(statistics.stdev(values), 4), "values": values}


def _write(path: Path, content: dict) -> None:
    """By way of a temporary file, so that an interrupted write leaves the old file whole."""
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    os.replace(temporary, path)
