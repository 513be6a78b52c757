"""The command line, `vae-lessons`: each command is one function that adds itself to the parser."""

import argparse
from collections.abc import Callable, Sequence

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


COMMANDS: tuple[Callable, ...] = (add_doctor,)


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
