"""What others get to know of a server: how to reach it, and whether it runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr


@dataclass(frozen=True)
class ServerAddress:
    """How to reach a running server."""

    uri: str
    """Bolt address, e.g. ``bolt://127.0.0.1:7687``."""
    username: str
    password: SecretStr
    password_file: Path
    browser_url: str
    """Neo4j Browser's address."""


@dataclass(frozen=True)
class ServerStatus:
    """What is known of a database's server."""

    running: bool
    folder: Path
    version: str
    """The release line that made the database, or would."""
    pid: int | None = None
    address: ServerAddress | None = None
