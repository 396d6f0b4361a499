"""Neo4j's Graph Data Science library (its open part) in an embedded server, as a peer of the benchmarks only.

jgo resolves the library by its Maven coordinates as :mod:`graph.embedded.relock` does Neo4j itself, and keeps what it
fetched in the user's Maven folder. The library comes as 130 jars. Neo4j scans each jar in ``plugins`` for procedures
by itself and finds the library's extensions on the class path, so its own jars become one, which lies in both.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

from graph.embedded import EmbeddedServer
from graph.embedded import process as processes

VERSION = "2.13.9"
_COORDINATES = (f"org.neo4j.gds:proc:{VERSION}", f"org.neo4j.gds:opengds-extension:{VERSION}")
_GROUP = "org.neo4j.gds"


def library(taken: list[Path]) -> tuple[list[Path], list[Path]]:
    """The library's own jars, and those it needs that are not (in another version, maybe) among ``taken``.

    Raises:
        Exception: whatever jgo raises where an artifact cannot be had.
    """
    from jgo.maven import MavenContext

    context = MavenContext(timeout=60)
    inputs, others = context.resolver.resolve([context.create_dependency(each) for each in _COORDINATES])
    there = {jar.parent.parent.name for jar in taken}  # .../artifact/version/artifact-version.jar
    own, further = [], []
    for dependency in [*inputs, *others]:
        artifact = dependency.artifact
        if artifact.packaging != "jar":
            continue
        if artifact.groupId == _GROUP:
            own.append(Path(artifact.resolve()))
        elif artifact.artifactId not in there:
            further.append(Path(artifact.resolve()))
    return sorted(own), sorted(further)


def merge(jars: list[Path], into: Path) -> None:
    """One jar of all of ``jars``; lists of services are joined, of other files with one name the first stays."""
    services: dict[str, list[str]] = {}
    written: set[str] = set()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_STORED) as merged:
        for jar in jars:
            with zipfile.ZipFile(jar) as archive:
                for name in archive.namelist():
                    if name.startswith("META-INF/services/") and not name.endswith("/"):
                        services.setdefault(name, []).append(archive.read(name).decode())
                    elif not name.endswith("/") and name not in written:
                        written.add(name)
                        merged.writestr(name, archive.read(name))
        for name, parts in services.items():
            merged.writestr(name, "\n".join(parts) + "\n")


class GdsServer(EmbeddedServer):
    """An embedded server with the library on its class path and among its plugins.

    Args:
        folder: The database's.
        memory_mb: As of :class:`EmbeddedServer`; node2vec keeps its walks in the heap.
    """

    def __init__(self, folder: Path, *, memory_mb: int) -> None:
        super().__init__(
            folder, version="5.26", memory_mb=memory_mb, settings={"dbms.security.procedures.unrestricted": "gds.*"}
        )
        self._further: list[Path] | None = None

    def _with_library(self, files: list[Path]) -> list[Path]:
        if self._further is None:
            own, further = library(files)
            plugin = self.folder / "plugins" / f"graph-data-science-{VERSION}.jar"
            merge(own, plugin)
            self._further = [plugin, *further]
        return [*files, *self._further]

    def _configure(self, files: list[Path]) -> None:
        super()._configure(self._with_library(files))

    def _launch(self, files: list[Path]) -> processes.Record:
        return super()._launch(self._with_library(files))

    def peak_mib(self) -> float:
        """Peak resident memory of the running server so far, MiB; 0 where the system does not say."""
        pid = self.status().pid
        try:
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        except OSError:
            return 0.0
        return next((round(int(line.split()[1]) / 1024, 1) for line in lines if line.startswith("VmHWM:")), 0.0)
