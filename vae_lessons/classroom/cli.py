"""The command line, `vae-lessons`: each command is one function that adds itself to the parser."""

import argparse
import sys
from collections.abc import Callable, Sequence

from vae_lessons.classroom.claims import ClaimError, claim_text, ledger_table, read_claim, read_ledger
from vae_lessons.classroom.doctor import Report, examine


def add_doctor(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("doctor", help="check this machine: one line for each check, with OK or a remedy")
    parser.set_defaults(run=run_doctor)


def run_doctor(options: argparse.Namespace) -> int:
    """0 when nothing needs a remedy, else 1."""
    checks = []
    for check in examine():
        print(check.line, flush=True)
        checks.append(check)
    report = Report(tuple(checks))
    print(report.summary)
    return 0 if report.healthy else 1


def add_claims(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("claims", help="show what the course measured: each claim's seeds, control, verdict")
    parser.add_argument("claim", nargs="?", help="one claim with all its numbers, such as ae-holes (default: a table)")
    parser.set_defaults(run=run_claims)


def run_claims(options: argparse.Namespace) -> int:
    """0, or 1 when a result is missing or damaged."""
    try:
        print(claim_text(read_claim(options.claim)) if options.claim else ledger_table(read_ledger()))
    except ClaimError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


COMMANDS: tuple[Callable, ...] = (add_doctor, add_claims)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit status."""
    parser = argparse.ArgumentParser(prog="vae-lessons", description="Tools of the course vae-lessons.")
    commands = parser.add_subparsers(title="commands", metavar="command", required=True)
    for add in COMMANDS:
        add(commands)
    options = parser.parse_args(arguments)
    return options.run(options)


if __name__ == "__main__":
    raise SystemExit(main())
