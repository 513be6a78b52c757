"""What a claim is, how it is measured seed by seed, and the file that its result is kept in."""

import hashlib
import inspect
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
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
    order: tuple[tuple[str, str], ...]  # the direction: pairs of arms, the larger mean first; a quick run must agree
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)

    @property
    def version(self) -> str:
        """A digest of the module that measures, so that a resumed run mixes no two versions of it."""
        return hashlib.sha256(inspect.getsource(inspect.getmodule(self.measure)).encode()).hexdigest()


def exceeds(high: dict, low: dict) -> bool:
    """True if one arm is above the other in every seed, and by more than two standard errors of the difference."""
    differences = [a - b for a, b in zip(high["values"], low["values"], strict=True)]
    error = statistics.stdev(differences) / len(differences) ** 0.5
    return min(differences) > 0 and statistics.mean(differences) > 2 * error


def comparison(one: dict, other: dict) -> str:
    """ "above", "below", or "not clearly different from"."""
    return "above" if exceeds(one, other) else "below" if exceeds(other, one) else "not clearly different from"


def wrong_order(claim: Claim, arms: Arms) -> list[str]:
    """The pairs of `claim.order` whose means are not in that order."""
    return [f"{a} > {b}" for a, b in claim.order if not arms[a]["mean"] > arms[b]["mean"]]


def run(claim: Claim, *, quick: bool = False, folder: Path = RESULTS, jobs: int = 1) -> dict:
    """Measure every seed that is not measured yet, write the result and return it.

    Finished seeds are kept in a side file until the last one is done, so an interrupted run goes on where it stopped.
    `quick` measures two seeds on less data and writes nothing. With `jobs` above 1, that many seeds are measured at
    once, each in a process of its own with one thread.
    """
    seeds = claim.seeds[:2] if quick else claim.seeds
    side_file = folder / f".{claim.id}.partial.json"
    done = {} if quick else _finished(side_file, claim.version)
    missing = [seed for seed in seeds if str(seed) not in done]
    with tqdm(total=len(seeds), initial=len(seeds) - len(missing), desc=claim.id, unit="seed") as bar:
        for seed, measured in _measure(claim.measure, missing, quick, jobs):
            done[str(seed)] = measured
            if not quick:
                _write(side_file, {"version": claim.version, "seeds": done})
            bar.update()
    result = _result(claim, seeds, [done[str(seed)] for seed in seeds], quick)
    if not quick:
        _write(folder / f"{claim.id}.json", result)
        side_file.unlink()
    return result


def _measure(measure: Callable, seeds: Sequence[int], quick: bool, jobs: int) -> Iterator[tuple[int, dict]]:
    """Each seed with its values and seconds, as soon as it is done."""
    if jobs == 1 or len(seeds) < 2:
        yield from ((seed, _timed(measure, seed, quick)) for seed in seeds)
        return
    pool = ProcessPoolExecutor(jobs, get_context("spawn"), initializer=torch.set_num_threads, initargs=(1,))
    try:
        running = {pool.submit(_timed, measure, seed, quick): seed for seed in seeds}
        yield from ((running[future], future.result()) for future in as_completed(running))
    finally:
        pool.shutdown(cancel_futures=True)


def _timed(measure: Callable, seed: int, quick: bool) -> dict:
    start = time.perf_counter()
    values = measure(seed, quick)
    return {"values": values, "seconds": time.perf_counter() - start, "threads": torch.get_num_threads()}


def _finished(side_file: Path, version: str) -> dict:
    """The seeds measured by an earlier run of the same code."""
    if not side_file.exists():
        return {}
    partial = json.loads(side_file.read_text())
    return partial["seeds"] if partial["version"] == version else {}


def _result(claim: Claim, seeds: tuple[int, ...], measured: list[dict], quick: bool) -> dict:
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
        "profile": "quick" if quick else "standard",
        "seconds": round(sum(seed["seconds"] for seed in measured)),
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "machine": {"system": platform.system(), "processor": platform.machine(), "threads": measured[0]["threads"]},
    }


def _arm(values: list[float]) -> dict:
    values = [round(value, 4) for value in values]
    return {"mean": round(statistics.mean(values), 4), "std": round(statistics.stdev(values), 4), "values": values}


def _write(path: Path, content: dict) -> None:
    """By way of a temporary file, so that an interrupted write leaves the old file whole."""
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    os.replace(temporary, path)
