"""Measure claims: `python -m experiments`, with --claim ID for one, --quick for a fast look that writes nothing."""

import argparse

from experiments import ae_holes, effective_beta, elbo_gap, kl_closed_form, reparam_variance, vae_prior_samples
from experiments.ledger import Claim, run

MODULES = (ae_holes, vae_prior_samples, reparam_variance, kl_closed_form, effective_beta, elbo_gap)
CLAIMS: dict[str, Claim] = {module.CLAIM.id: module.CLAIM for module in MODULES}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m experiments", description=__doc__)
    parser.add_argument("--claim", choices=sorted(CLAIMS), help="measure this one only")
    parser.add_argument("--quick", action="store_true", help="two seeds, less training, nothing written")
    options = parser.parse_args()
    for claim in [CLAIMS[options.claim]] if options.claim else CLAIMS.values():
        result = run(claim, quick=options.quick)
        print(f"{claim.id}: {result['verdict']}")
        for name, arm in result["arms"].items():
            print(f"    {name:24} {arm['mean']:8.3f} ± {arm['std']:.3f}")


if __name__ == "__main__":
    main()
