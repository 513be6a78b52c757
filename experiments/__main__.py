"""Measure claims: `python -m experiments`, with --claim ID for one, --quick for a fast look that writes nothing."""

import argparse
import json
import os

from experiments import (
    ae_holes,
    annealing,
    anomaly_auroc,
    beta_blur,
    beta_disentanglement,
    beta_rate_distortion,
    effective_beta,
    elbo_gap,
    interpolation_smoothness,
    kl_closed_form,
    kl_curve,
    ood_likelihood,
    overfitting,
    reparam_variance,
    vae_prior_samples,
)
from experiments.ledger import RESULTS, Claim, run

MODULES = (
    ae_holes,
    vae_prior_samples,
    reparam_variance,
    kl_closed_form,
    effective_beta,
    elbo_gap,
    kl_curve,
    interpolation_smoothness,
    overfitting,
    annealing,
    beta_rate_distortion,
    beta_blur,
    beta_disentanglement,
    anomaly_auroc,
    ood_likelihood,
)
CLAIMS: dict[str, Claim] = {module.CLAIM.id: module.CLAIM for module in MODULES}
FINISHED = RESULTS / ".finished.json"  # the claims that a pass over the whole ledger has measured so far


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m experiments", description=__doc__)
    parser.add_argument("--claim", choices=sorted(CLAIMS), help="measure this one only")
    parser.add_argument("--quick", action="store_true", help="two seeds, less training, nothing written")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="seeds measured at once (default: all cores)")
    options = parser.parse_args()
    if options.claim or options.quick:
        for claim in [CLAIMS[options.claim]] if options.claim else CLAIMS.values():
            report(claim, quick=options.quick, jobs=options.jobs)
    else:
        whole_ledger(options.jobs)


def whole_ledger(jobs: int) -> None:
    """Measure every claim; a pass that was interrupted goes on where it stopped."""
    done = json.loads(FINISHED.read_text()) if FINISHED.exists() else {}
    for number, claim in enumerate(CLAIMS.values(), start=1):
        if done.get(claim.id) == claim.version:
            print(f"{claim.id}: measured before the interruption (delete {FINISHED.name} to start from the beginning)")
            continue
        print(f"claim {number} of {len(CLAIMS)}")
        report(claim, quick=False, jobs=jobs)
        done[claim.id] = claim.version
        FINISHED.write_text(json.dumps(done))
    FINISHED.unlink(missing_ok=True)


def report(claim: Claim, *, quick: bool, jobs: int) -> None:
    result = run(claim, quick=quick, jobs=jobs)
    print(f"{claim.id}: {result['verdict']}")
    for name, arm in result["arms"].items():
        print(f"    {name:24} {arm['mean']:8.3f} ± {arm['std']:.3f}")


if __name__ == "__main__":
    main()
