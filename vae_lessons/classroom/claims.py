"""The measured claims of the course, read from the result files that `make claims` writes."""

import json
from pathlib import Path

RESULTS = Path(__file__).parents[2] / "experiments" / "results"


class ClaimError(RuntimeError):
    """A claim whose result cannot be read; the message names it and the remedy."""


def read_claim(claim_id: str, *, folder: Path = RESULTS) -> dict:
    """The result of one claim: question, quantity, treatment, control, seeds, verdict, and `arms`, which holds for each
    arm the mean, the standard deviation over seeds and the values, one per seed.

    ClaimError: no such result, or a file that is not JSON.
    """
    path = folder / f"{claim_id}.json"
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        known = ", ".join(sorted(file.stem for file in folder.glob("[!.]*-*.json"))) or "none"
        raise ClaimError(
            f"There is no result for the claim {claim_id!r} (measured so far: {known}): "
            f"run `make claims`, or restore {path.name} from the repository."
        ) from None
    except ValueError as error:
        raise ClaimError(f"{path.name} is not readable JSON ({error}): run `git checkout -- {path.name}`.") from None
