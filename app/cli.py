"""The command line. Exit codes: 0 done, 1 failed, 2 misuse, 3 refused by the quality gate."""

from __future__ import annotations

import logging
import sys

import typer

from app.commands.app import app
from app.commands.attach import attach, uninstall
from app.commands.compare import compare
from app.commands.db import db_cli
from app.commands.demo import demo
from app.commands.doctor import doctor
from app.commands.ingest import export_import_files, ingest
from app.commands.publish import prune, publish, rollback, runs
from app.commands.reembed import reembed
from app.commands.related import related
from app.commands.train import train
from app.commands.tune import tune
from app.console import safe, say
from graph.errors import UserError

cli = typer.Typer(
    name="alsobought",
    help="Customers also bought, out of a shop's own co-purchase graph, inside Neo4j.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

_COMMANDS = (
    demo,
    ingest,
    attach,
    export_import_files,
    train,
    tune,
    compare,
    publish,
    rollback,
    runs,
    prune,
    related,
    reembed,
    uninstall,
    app,
    doctor,
)
for command in _COMMANDS:
    cli.command()(command)
cli.add_typer(db_cli, name="db")


def main() -> None:
    """Run a subcommand; an error that a person can mend is printed as text, not as a stack trace."""
    # A transaction that is tried again is no news; the driver would print its whole error.
    logging.getLogger("neo4j").setLevel(logging.ERROR)
    try:
        cli()
    except UserError as error:
        say(f"[bold red]error:[/] {safe(error.message)}")
        if error.hint:
            for line in error.hint.splitlines():  # one by one: safe() takes line ends out
                say(safe(line))
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        say("interrupted")
        sys.exit(130)
