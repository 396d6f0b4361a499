"""What lies in a database's folder, and what is written there before Neo4j reads it."""

from __future__ import annotations

import os
import secrets
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from graph.embedded.machine import Memory
from graph.errors import UserError


@dataclass(frozen=True)
class Layout:
    """The places in a database's folder; the folder is Neo4j's home directory."""

    folder: Path

    @property
    def conf(self) -> Path:
        """Neo4j's configuration folder."""
        return self.folder / "conf"

    @property
    def run(self) -> Path:
        """What describes the running server."""
        return self.folder / "run"

    @property
    def record(self) -> Path:
        """Who runs and where it listens."""
        return self.run / "server.json"

    @property
    def console_log(self) -> Path:
        """What the server of the latest start printed."""
        return self.folder / "logs" / "console.log"

    @property
    def password_file(self) -> Path:
        """The generated password, readable by its owner only."""
        return self.folder / "password"

    @property
    def version_file(self) -> Path:
        """The release line that made the database."""
        return self.folder / "neo4j-version"

    @property
    def has_data(self) -> bool:
        """Whether a server has run here, so that the password can no longer be set from outside."""
        return (self.folder / "data" / "databases" / "system").is_dir()

    def make(self) -> None:
        """Make the folders, for their owner only."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for name in ("conf", "data", "import", "logs", "plugins", "run"):
                (self.folder / name).mkdir(exist_ok=True, mode=0o700)
        except OSError as error:
            raise UserError(
                f"The folder {self.folder} cannot be made or written: {error.strerror}.",
                "Point ALSOBOUGHT_HOME at a folder that is yours.",
            ) from error


def ensure_password(layout: Layout) -> str:
    """The database's password; generated (128 random bits, hexadecimal) where there is none yet.

    Raises:
        UserError: The database exists, but its password file is gone.
    """
    try:
        return layout.password_file.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        pass
    if layout.has_data:
        raise UserError(
            f"The password file {layout.password_file} is gone, and Neo4j keeps only a hash of it.",
            "Put the file back from a backup, or begin anew: alsobought db wipe.",
        )
    password = secrets.token_hex(16)
    write_private(layout.password_file, password + "\n")
    return password


def write_private(path: Path, text: str) -> None:
    """Write ``text`` into a new file that only its owner can read, never readable by others in between."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def write_config(
    layout: Layout,
    *,
    bolt_port: int,
    http_port: int,
    memory: Memory,
    version: str,
    further: Mapping[str, str] | None = None,
) -> None:
    """Write ``neo4j.conf`` for this start; Neo4j refuses settings that the release does not know."""
    settings = {
        # Nobody from outside: every door is on the loopback address, and there is no third one.
        "server.default_listen_address": "127.0.0.1",
        "server.default_advertised_address": "127.0.0.1",
        "server.bolt.listen_address": f"127.0.0.1:{bolt_port}",
        "server.bolt.advertised_address": f"127.0.0.1:{bolt_port}",
        "server.http.listen_address": f"127.0.0.1:{http_port}",
        "server.http.advertised_address": f"127.0.0.1:{http_port}",
        "server.https.enabled": "false",
        "dbms.security.auth_enabled": "true",
        # Nothing goes out either.
        "dbms.usage_report.enabled": "false",
        "client.allow_telemetry": "false",
        # LOAD CSV and neo4j-admin see this folder of the database's own folder and no other.
        "server.directories.import": "import",
        "server.memory.pagecache.size": f"{memory.page_cache}m",
        # Preallocated, a log has its place before a transaction begins: a disk that fills up then stops a store or an
        # index, which the server survives. Without, it cuts a log entry short, and the database does not come up again.
        # Logs are small, for as they come they would take a gigabyte beside a database of 50 MB.
        "db.tx_log.preallocate": "true",
        "db.tx_log.rotation.size": "64M",
        "db.tx_log.rotation.retention_policy": "100M size",
        # A statement that somebody left behind in Browser must not hold locks for ever.
        "db.transaction.timeout": "60m",
        "db.lock.acquisition.timeout": "2m",
    }
    # Bolt's quiet period: a stop would wait 10 s for clients that might still say something.
    if version == "5.26":
        settings["internal.dbms.bolt.netty_server_shutdown_quiet_period"] = "0"
    else:  # renamed, and what came with the calendar releases
        settings |= {
            "internal.dbms.bolt.netty_server_shutdown_quiet_period_duration": "0s",
            "dbms.fleet_manager.enabled": "false",
            "server.fleet_discovery.enabled": "false",
            "server.http.x_forward.enabled": "false",
        }
    settings |= further or {}
    text = "# Written at every start by alsobought; changes here do not last.\n"
    text += "".join(f"{name}={value}\n" for name, value in settings.items())
    (layout.conf / "neo4j.conf").write_text(text, encoding="utf-8")


def write_java_arguments(path: Path, options: Sequence[str], jars: Sequence[Path]) -> None:
    """Write Java's options and class path as an argument file: 217 paths are too many for a process list."""
    class_path = os.pathsep.join(str(jar) for jar in jars)
    lines = [*options, "-cp", class_path]
    # In an argument file a backslash escapes inside quotation marks.
    quoted = ['"' + line.replace("\\", "\\\\").replace('"', '\\"') + '"' for line in lines]
    path.write_text("\n".join(quoted) + "\n", encoding="utf-8")


def entry_point(jars: Sequence[Path]) -> str:
    """The server's main class, as the neo4j jar itself names it; it differs between release lines."""
    service = "META-INF/services/org.neo4j.server.startup.EntryPoint"
    for jar in jars:
        if jar.parent.parent.name == "neo4j":
            with zipfile.ZipFile(jar) as archive:
                lines = archive.read(service).decode("utf-8").splitlines()
            return next(line.strip() for line in lines if line.strip() and not line.startswith("#"))
    raise UserError("The lock of the embedded Neo4j names no org.neo4j:neo4j jar.")
