"""``alsobought db``: the embedded Neo4j, started, stopped, looked at, switched and wiped."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from graph.embedded import EmbeddedServer, ServerAddress

db_cli = typer.Typer(
    name="db",
    help="The embedded Neo4j: a real Neo4j Community server that needs nothing installed.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)

Name = Annotated[str | None, typer.Option("--name", help="Which database; by default the current one.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead.")]


@db_cli.command(epilog="Example: alsobought db start")
def start(
    name: Name = None,
    version: Annotated[
        str | None, typer.Option(help="Neo4j's release line for a new database: 5.26 (the default) or 2026.08.")
    ] = None,
    bolt_port: Annotated[int | None, typer.Option(min=1, max=65535, help="By default 7687, or a free one.")] = None,
    http_port: Annotated[int | None, typer.Option(min=1, max=65535, help="By default 7474, or a free one.")] = None,
    setting: Annotated[
        list[str] | None, typer.Option(help="A further line of neo4j.conf for this start, name=value; repeat it.")
    ] = None,
    json: Json = False,
) -> None:
    """Start a database's server (the first time ever this fetches Neo4j, about 155 MB); it stays up until db stop."""
    from app.console import print_json, progress, safe, say
    from graph.embedded import EmbeddedServer, database_folder
    from graph.settings import DatabaseSettings

    home = DatabaseSettings().home
    chosen = _chosen(home, name)
    with progress("embedded Neo4j") as on_progress:
        server = EmbeddedServer(
            database_folder(home, chosen),
            version=version,
            bolt_port=bolt_port,
            http_port=http_port,
            settings=_settings(setting or []),
            on_progress=on_progress,
        )
        if (notice := server.fetch_notice()) is not None:
            say(safe(notice))
        address = server.start()
    if json:
        print_json(_described(chosen, server))
    else:
        _print_address(chosen, server, address)


def _settings(lines: list[str]) -> dict[str, str]:
    """``name=value`` lines as a mapping."""
    from graph.errors import UsageError

    wrong = [line for line in lines if not line.partition("=")[0].strip() or "=" not in line or "\n" in line]
    if wrong:
        raise UsageError(f"--setting {wrong[0]!r} is not name=value", "db start --setting db.transaction.timeout=10m")
    return {name.strip(): value.strip() for name, _, value in (line.partition("=") for line in lines)}


@db_cli.command(epilog="Example: alsobought db stop --all")
def stop(
    name: Name = None,
    every: Annotated[bool, typer.Option("--all", help="Every embedded database's server.")] = False,
) -> None:
    """Stop a database's server; the data stays."""
    from app.console import safe, say
    from graph.embedded import EmbeddedServer, database_folder, databases
    from graph.settings import DatabaseSettings

    home = DatabaseSettings().home
    for each in databases(home) if every else [_chosen(home, name)]:
        stopped = EmbeddedServer(database_folder(home, each)).stop()
        say(f"{safe(each)}: {'stopped' if stopped else 'was not running'}")


@db_cli.command(epilog="Example: alsobought db status --json")
def status(name: Name = None, json: Json = False) -> None:
    """Say whether a database's server runs, at which address, and where its password is."""
    from app.console import out, print_json, safe
    from graph.embedded import EmbeddedServer, database_folder, databases
    from graph.settings import DatabaseSettings

    settings = DatabaseSettings()
    chosen = _chosen(settings.home, name)
    server = EmbeddedServer(database_folder(settings.home, chosen))
    if json:
        print_json({**_described(chosen, server), "databases": databases(settings.home)})
        return
    address = server.status().address
    if address is not None:
        _print_address(chosen, server, address)
    else:
        made = "" if server.folder.exists() else " and not made yet"
        out().print(f"database [bold]{safe(chosen)}[/]: not running{made} (alsobought db start starts it)")
        out().print(f"  folder    {safe(server.folder)}", soft_wrap=True)
    others = [other for other in databases(settings.home) if other != chosen]
    if others:
        out().print(f"  others    {safe(', '.join(others))}", soft_wrap=True)
    if settings.uri is not None:
        out().print("NEO4J_URI is set: other commands use that server, not this one.")


@db_cli.command(epilog='Example: cd "$(alsobought db path)"')
def path(name: Name = None) -> None:
    """Print a database's folder."""
    from graph.embedded import database_folder
    from graph.settings import DatabaseSettings

    home = DatabaseSettings().home
    typer.echo(str(database_folder(home, _chosen(home, name))))


@db_cli.command(name="use", epilog="Example: alsobought db use spring_2026")
def use_database(
    name: Annotated[str, typer.Argument(help="The database that commands shall use from now on.")],
) -> None:
    """Switch to another embedded database; a new name makes an empty one at its first start."""
    from app.console import safe, say
    from graph.embedded import databases, use
    from graph.settings import DatabaseSettings

    settings = DatabaseSettings()
    known = name in databases(settings.home)
    use(settings.home, name)
    say(f"current database: [bold]{safe(name)}[/]" + ("" if known else " (new; its first start makes it, empty)"))
    if settings.uri is not None:
        say("NEO4J_URI is set: other commands use that server until it is unset.")


@db_cli.command(epilog="Example: alsobought db wipe --name demo --yes")
def wipe(
    name: Name = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Stop a database's server and delete the database with everything in it (the fetched jars stay)."""
    from app.console import safe, say
    from graph.embedded import EmbeddedServer, database_folder
    from graph.settings import DatabaseSettings

    home = DatabaseSettings().home
    chosen = _chosen(home, name)
    server = EmbeddedServer(database_folder(home, chosen))
    if not server.folder.exists():
        say(f"{safe(chosen)}: there is nothing in {safe(server.folder)}")
        return
    if not yes:
        typer.confirm(f"Delete the database {chosen} in {server.folder} for good?", abort=True, err=True)
    server.wipe()
    say(f"{safe(chosen)}: deleted")


def _chosen(home: Path, name: str | None) -> str:
    from graph.embedded import current_name

    return name if name is not None else current_name(home)


def _described(name: str, server: EmbeddedServer) -> dict[str, Any]:
    """What scripts read; the password is in the file that it names, never here."""
    found = server.status()
    address = found.address
    return {
        "name": name,
        "running": found.running,
        "version": found.version,
        "folder": str(found.folder),
        "pid": found.pid,
        "uri": address.uri if address else None,
        "username": address.username if address else None,
        "password_file": str(address.password_file) if address else None,
        "browser_url": address.browser_url if address else None,
    }


def _print_address(name: str, server: EmbeddedServer, address: ServerAddress) -> None:
    from app.console import out, safe

    found = server.status()
    rows = {
        "Bolt": address.uri,
        "Browser": address.browser_url,
        "user": address.username,
        "password": f"in {address.password_file}",
        "folder": str(server.folder),
    }
    out().print(f"database [bold]{safe(name)}[/]: Neo4j {safe(found.version)} runs (process {found.pid})")
    for label, value in rows.items():
        out().print(f"  {label:<9} {safe(value)}", soft_wrap=True)
