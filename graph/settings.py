"""Where the database is: environment variables, read in one place."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from graph.names import checked_catalogue


def default_home() -> Path:
    """The user's data folder for embedded databases and the fetched jars (XDG, or Library on macOS)."""
    import os
    import sys

    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "alsobought"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "alsobought"


class DatabaseSettings(BaseSettings):
    """Where to find Neo4j. Without ``NEO4J_URI`` the embedded server under ``ALSOBOUGHT_HOME`` is meant."""

    model_config = SettingsConfigDict(extra="ignore")  # by field name, HOME and PASSWORD would be read too

    uri: str | None = Field(default=None, validation_alias="NEO4J_URI")
    """Bolt address of the shop's own server, e.g. ``neo4j+s://graph.example.org``; None means the embedded one."""
    username: str = Field(default="neo4j", validation_alias="NEO4J_USERNAME")
    """User at the shop's own server."""
    password: SecretStr | None = Field(default=None, validation_alias="NEO4J_PASSWORD")
    """Password at the shop's own server; never printed."""
    database: str = Field(default="neo4j", validation_alias="NEO4J_DATABASE")
    """Name of the database at the server."""
    catalogue: str = Field(default="", validation_alias="ALSOBOUGHT_CATALOGUE")
    """Which of the database's catalogues is meant; empty for the default one."""
    home: Path = Field(default_factory=default_home, validation_alias="ALSOBOUGHT_HOME")
    """Folder of the embedded databases and of the fetched jars."""

    def catalogue_folder(self, catalogue: str | None = None) -> Path:
        """Folder of what jobs and comparisons leave: ``home`` for the default catalogue, one below it for another.

        ``catalogue``: None means the one that the environment names.
        """
        chosen = self.catalogue if catalogue is None else catalogue
        return self.home / "catalogues" / checked_catalogue(chosen) if chosen else self.home
