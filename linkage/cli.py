"""The ``linkage`` command: parse, call, print. Results on stdout, everything else on stderr.

No secret is ever an argument: a key is a file, an open descriptor, or typed without echo. Exit codes:
`linkage.exitcodes`.
"""

from __future__ import annotations

import signal
import sys

import click

from linkage import (
    __version__,
    cliagency,
    cliaudit,
    clicases,
    clicentre,
    clicompare,
    cliexplain,
    clifiles,
    clilog,
    cliovertime,
    clireport,
    clistudy,
    exitcodes,
)


def main() -> None:
    """Run the command and leave with its exit code."""
    signal.signal(signal.SIGTERM, exitcodes.stop)
    sys.exit(exitcodes.run(cli, sys.argv[1:]))


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__)
@click.option("--log", "log_path", type=click.Path(), envvar="LINKAGE_LOG", help="Write down what is done, see `log`.")
def cli(log_path: str | None) -> None:  # each command looks for it
    """Link records of the same people between agencies without passing round their names.

    At each agency: schema, keygen, check, encode, audit. At the centre: fit, link, report, overlap, release. Back at
    the agency: rejoin.
    Try `linkage demo` first.
    """


for command in (
    cliagency.schema,
    cliagency.keygen,
    cliagency.check,
    cliagency.encode,
    cliaudit.audit,
    clicompare.plan_command,
    clicompare.compare_command,
    clicentre.fit,
    clicentre.link,
    cliexplain.explain,
    cliexplain.refine,
    clicentre.release,
    clireport.report,
    clireport.overlap,
    clireport.research,
    clicases.cases,
    clicases.open_cases,
    clicases.settle,
    cliagency.rejoin,
    cliovertime.bridge,
    cliovertime.withdrawal,
    cliovertime.withdraw,
    cliovertime.events,
    clistudy.demo,
    clistudy.evaluate,
    clifiles.convert,
    clifiles.info,
):
    cli.add_command(clilog.logged(command))
cli.add_command(clilog.log)
