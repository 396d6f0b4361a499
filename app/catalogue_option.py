"""``--catalogue NAME``, which every command that works on a database's products takes.

The name goes into the environment for as long as the command runs, so that whatever opens the database, the app's own
process too, means the same catalogue.
"""

from __future__ import annotations

import os
from typing import Annotated, Any, Final

import typer

from graph.errors import UsageError
from graph.names import checked_catalogue

#: The variable that :class:`graph.settings.DatabaseSettings` reads.
VARIABLE: Final = "ALSOBOUGHT_CATALOGUE"

#: Commands that work on one catalogue of the database.
COMMANDS: Final = frozenset(
    {
        *("ingest", "attach", "export-import-files", "train", "tune", "compare", "publish", "rollback", "runs"),
        *("prune", "related", "reembed", "health", "uninstall", "app"),
    }
)


#: The same within a group of commands.
COMMANDS_OF_GROUPS: Final = {"spark": ("load",)}


def add_catalogue(command: Any) -> None:
    """Give a command the option, once."""
    if all(param.name != "catalogue" for param in command.params):
        command.params.append(_option())


def _option() -> Any:
    """The option as Typer makes it; the command itself is not handed the value."""
    carrier = typer.Typer(add_completion=False)

    @carrier.command()
    def carry(
        catalogue: Annotated[
            str | None,
            typer.Option(
                "--catalogue",
                help="Which catalogue of the database; ALSOBOUGHT_CATALOGUE, or the default one, where left out.",
                callback=_choose,
                expose_value=False,
            ),
        ] = None,
    ) -> None:
        """Only here to be read."""

    options: list[Any] = typer.main.get_command(carrier).params
    return next(option for option in options if option.name == "catalogue")


def _choose(ctx: typer.Context, value: str | None) -> str | None:
    if value is None:
        return None
    try:
        checked_catalogue(value)
    except ValueError as error:
        raise UsageError(str(error)) from None
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = value
    ctx.call_on_close(lambda: _put_back(before))
    return value


def _put_back(before: str | None) -> None:
    if before is None:
        os.environ.pop(VARIABLE, None)
    else:
        os.environ[VARIABLE] = before
