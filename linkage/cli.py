"""The ``linkage`` command: parse, call, print. Results on stdout, everything else on stderr.

No secret is ever an argument: a key is a file, an open descriptor, or typed without echo; and no memory is dumped if
the process is killed (`linkage.commands.nodumps`). Exit codes:
`linkage.commands.exitcodes`.
"""

from __future__ import annotations

import sys

import click

from linkage import __version__, memoryleft
from linkage.commands import (
    agency,
    audit,
    cases,
    centre,
    compare,
    exitcodes,
    explain,
    files,
    log,
    nodumps,
    overtime,
    report,
    study,
)
from linkage.commands.options import Group


def main() -> None:
    """Run the command and leave with its exit code."""
    nodumps.forbid()
    memoryleft.take_no_more_than_needed()
    exitcodes.heed_signals()
    exitcodes.say_anything()
    exitcodes.leave(exitcodes.run(cli, sys.argv[1:]))


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__)
@click.option("--log", "log_path", type=click.Path(), envvar="LINKAGE_LOG", help="Write down what is done, see `log`.")
def cli(log_path: str | None) -> None:  # each command looks for it
    """Link records of the same people between agencies without passing round their names.

    At each agency: schema, keygen, check, encode, audit. At the centre: fit, link, report, overlap, release. Back at
    the agency: rejoin.
    Try `linkage demo` first.
    """


for command in (
    agency.schema,
    agency.keygen,
    agency.check,
    agency.encode,
    audit.audit,
    compare.plan_command,
    compare.blocks_command,
    compare.compare_command,
    centre.fit,
    centre.link,
    explain.explain,
    explain.refine,
    centre.release,
    report.report,
    report.overlap,
    report.research,
    cases.cases,
    cases.open_cases,
    cases.settle,
    agency.rejoin,
    overtime.bridge,
    overtime.withdrawal,
    overtime.withdraw,
    overtime.events,
    study.demo,
    study.evaluate,
    files.convert,
    files.info,
):
    cli.add_command(log.logged(command))
cli.add_command(log.log)
