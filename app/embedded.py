"""Embedded databases as the command line uses them."""

from __future__ import annotations

from pathlib import Path

from graph.embedded import EmbeddedServer, ServerAddress, database_folder, use


def fresh_database(home: Path, name: str) -> ServerAddress:
    """An empty embedded database of that name, its server up and the database the current one.

    What stood in it before is gone; other databases are left alone. The server stays up when the command ends.
    """
    from app.console import progress, safe, say

    folder = database_folder(home, name)
    EmbeddedServer(folder).wipe()
    use(home, name)
    with progress("embedded Neo4j") as on_progress:
        server = EmbeddedServer(folder, on_progress=on_progress)
        if (notice := server.fetch_notice()) is not None:
            say(safe(notice))
        address = server.start()
    say(f"Neo4j answers at {address.uri}, its browser at {address.browser_url}")
    say(f"the password is in {address.password_file}")
    return address
