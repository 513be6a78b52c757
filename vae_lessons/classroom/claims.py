"""The measured claims of the course, read from the result files that `make claims` writes."""

import json
import shutil
import textwrap
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path

RESULTS = Path(__file__).parents[2] / "experiments" / "results"


class ClaimError(RuntimeError):
    """A claim whose result cannot be read; the message names it and the remedy."""


def claim_ids(folder: Path = RESULTS) -> list[str]:
    """The claims that have a result."""
    return sorted(file.stem for file in folder.glob("[!.]*.json") if file.stem != "run_times")


def read_claim(claim_id: str, *, folder: Path = RESULTS) -> dict:
    """The result of one claim: question, quantity, treatment, control, seeds, verdict, and `arms`, which holds for each
    arm the mean, the standard deviation over seeds and the values, one per seed.

    ClaimError: no such result, or a file that is not JSON.
    """
    path = folder / f"{claim_id}.json"
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        known = ", ".join(claim_ids(folder)) or "none"
        raise ClaimError(
            f"There is no result for the claim {claim_id!r} (measured so far: {known}): "
            f"run `make claims`, or restore {path.name} from the repository."
        ) from None
    except ValueError as error:
        raise ClaimError(f"{path.name} is not readable JSON ({error}): run `git checkout -- {path.name}`.") from None


def read_ledger(*, folder: Path = RESULTS) -> list[dict]:
    """Every result, by lesson. ClaimError: there is none, or one cannot be read."""
    if not claim_ids(folder):
        raise ClaimError(f"There are no results in {folder}: run `make claims`, or restore them from the repository.")
    return sorted(
        (read_claim(claim, folder=folder) for claim in claim_ids(folder)), key=lambda result: result["lesson"]
    )


def ledger_table(results: Sequence[dict], width: int | None = None) -> str:
    """The ledger as text: claim and question, seeds, control and verdict, wrapped to `width` (the terminal's)."""
    width = max(width or shutil.get_terminal_size((120, 24)).columns, 80)
    free = width - 6 - 3 * 2
    widths = (round(0.34 * free), 6, round(0.28 * free), round(0.38 * free))
    rule = "  ".join("-" * column for column in widths)
    blocks = [_row(("claim", "seeds", "control", "verdict"), widths)]
    for result in results:
        claim = f"{result['lesson'][:2]} {result['claim']}\n{result['question']}"
        blocks.append(_row((claim, str(len(result["seeds"])), result["control"], result["verdict"]), widths))
    return f"\n{rule}\n".join(blocks)


def claim_text(result: dict) -> str:
    """One claim in full, with the mean and the standard deviation over seeds of each arm."""
    parts = ("question", "quantity", "treatment", "control", "verdict")
    lines = [f"{result['claim']} (lesson {result['lesson']}, {len(result['seeds'])} seeds, {result['seconds']} s)"]
    lines += [textwrap.fill(f"{part}: {result[part]}", 100, subsequent_indent="    ") for part in parts]
    lines += [f"    {name:28} {arm['mean']:10.3f} ± {arm['std']:.3f}" for name, arm in result["arms"].items()]
    return "\n".join(lines)


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    columns = [
        [line for part in cell.split("\n") for line in textwrap.wrap(part, width)]
        for cell, width in zip(cells, widths, strict=True)
    ]
    lines = zip_longest(*columns, fillvalue="")
    return "\n".join(
        "  ".join(f"{part:{width}}" for part, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )
