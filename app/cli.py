"""The command line. Exit codes: 0 done, 1 failed, 2 misuse, 3 refused by the quality gate."""

from __future__ import annotations

import logging
import sys
from typing import Any, ClassVar

import typer

from app.catalogue_option import COMMANDS, COMMANDS_OF_GROUPS, add_catalogue
from app.console import say, say_error
from app.lazy_commands import LazyCommands
from app.stopping import stops_on_sigterm
from graph.errors import UserError


class Commands(LazyCommands):
    """Every command, in the order in which help lists them."""

    places: ClassVar[dict[str, tuple[str, str]]] = {
        "demo": ("app.commands.demo", "demo"),
        "ingest": ("app.commands.ingest", "ingest"),
        "download": ("app.commands.download", "download"),
        "attach": ("app.commands.attach", "attach"),
        "export-import-files": ("app.commands.ingest", "export_import_files"),
        "train": ("app.commands.train", "train"),
        "tune": ("app.commands.tune", "tune"),
        "compare": ("app.commands.compare", "compare"),
        "publish": ("app.commands.publish", "publish"),
        "rollback": ("app.commands.publish", "rollback"),
        "runs": ("app.commands.publish", "runs"),
        "prune": ("app.commands.publish", "prune"),
        "related": ("app.commands.related", "related"),
        "reembed": ("app.commands.reembed", "reembed"),
        "uninstall": ("app.commands.attach", "uninstall"),
        "app": ("app.commands.app", "app"),
        "health": ("app.commands.health", "health"),
        "catalogues": ("app.commands.catalogues", "catalogues"),
        "doctor": ("app.commands.doctor", "doctor"),
        "spark": ("app.commands.spark", "spark_cli"),
        "db": ("app.commands.db", "db_cli"),
    }

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name, or None; with ``--catalogue`` where it works on one."""
        command = super().get_command(ctx, cmd_name)
        if command is not None and cmd_name in COMMANDS:
            add_catalogue(command)
        for name in COMMANDS_OF_GROUPS.get(cmd_name, ()) if command is not None else ():
            add_catalogue(command.commands[name])
        return command


cli = typer.Typer(
    name="alsobought", cls=Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)  # fmt: skip


@cli.callback()
def program() -> None:
    """Customers also bought, out of a shop's own co-purchase graph, inside Neo4j."""


def main() -> None:
    """Run a subcommand; an error that a person can mend is printed as text, not as a stack trace."""
    # A transaction that is tried again is no news; the driver would print its whole error.
    logging.getLogger("neo4j").setLevel(logging.ERROR)
    try:
        with stops_on_sigterm():
            cli()
    except UserError as error:
        say_error(error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        say("interrupted")
        sys.exit(130)
