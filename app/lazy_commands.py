"""A group of commands that are loaded when they are asked for.

Reading a command's options out of its signature takes milliseconds, and rich's help, with Markdown and syntax
colouring, a fifth of a second. So a command is built when it runs, and the list of all of them is plain text; each
command's own help looks as Typer makes it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group


class LazyCommands(TyperGroup):
    """Commands by name, in the order of :attr:`places`; a subclass fills that in."""

    #: Name on the command line -> module and attribute: a function, or a Typer with commands of its own.
    places: ClassVar[dict[str, tuple[str, str]]]

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands.clear()

    def list_commands(self, ctx: Any) -> list[str]:
        """Names, in order."""
        return list(self.places)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name, or None."""
        if cmd_name not in self.commands and cmd_name in self.places:
            self.commands[cmd_name] = _build(cmd_name, self._load(cmd_name))
        return self.commands.get(cmd_name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """As its parent does, which looks for similar names among the commands that it knows."""
        if args and args[0] not in self.places:
            for name in self.places:
                self.get_command(ctx, name)
        return super().resolve_command(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Plain text: what the program does, its options, its commands."""
        self.format_usage(ctx, formatter)
        self.format_help_text(ctx, formatter)
        self.format_options(ctx, formatter)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """A line or two a command, without building any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, _first_paragraph(self._load(name))) for name in self.places])

    def _load(self, name: str) -> Any:
        module, attribute = self.places[name]
        return getattr(import_module(module), attribute)


def _build(name: str, loaded: typer.Typer | Callable[..., Any]) -> Any:
    if isinstance(loaded, typer.Typer):
        command: Any = get_group(loaded)
    else:
        alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich")
        alone.command(name=name)(loaded)
        command = get_command(alone)
    command.name = name
    return command


def _first_paragraph(loaded: typer.Typer | Callable[..., Any]) -> str:
    text = str(loaded.info.help) if isinstance(loaded, typer.Typer) else inspect.getdoc(loaded) or ""
    return " ".join(text.split("\n\n", 1)[0].split())
