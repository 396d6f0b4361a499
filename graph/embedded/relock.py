"""Pins a Neo4j release: ``python -m graph.embedded.relock 5.26 5.26.30`` writes ``graph/neo4j-5.26.lock`` anew.

jgo resolves the release and Neo4j Browser with everything they need, the way Maven would (some minutes, hundreds of
POMs), and the lock keeps what came out: for each jar its SHA-256, its size in bytes and its coordinates,
and no address.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from graph.embedded.jars import lock_path

BROWSER = "5.24.0"  # Neo4j Browser is released apart from the server; this one serves both lines


def resolve(version: str) -> list[str]:
    """The lines of the lock for Neo4j Community ``version`` (e.g. ``5.26.30``), sorted by coordinates."""
    from jgo.maven import MavenContext

    context = MavenContext(timeout=60)
    wanted = [
        context.create_dependency(f"org.neo4j:neo4j:{version}"),
        context.create_dependency(f"org.neo4j.client:neo4j-browser:{BROWSER}"),
    ]
    inputs, others = context.resolver.resolve(wanted)
    lines = {}
    for dependency in [*inputs, *others]:
        artifact = dependency.artifact
        if artifact.packaging != "jar":
            continue
        content = Path(artifact.resolve()).read_bytes()
        coordinates = ":".join(
            [
                artifact.groupId,
                artifact.artifactId,
                artifact.version,
                *([artifact.classifier] if artifact.classifier else []),
            ]
        )
        lines[coordinates] = f"{hashlib.sha256(content).hexdigest()} {len(content)} {coordinates}"
    return [lines[key] for key in sorted(lines)]


def main() -> None:
    """Write the lock of the line given first for the release given second."""
    line, version = sys.argv[1:3]
    text = (
        f"# Neo4j Community {version}, Neo4j Browser {BROWSER}: SHA-256, bytes, group:artifact:version[:classifier]\n"
        + "\n".join(resolve(version))
        + "\n"
    )
    lock_path(line).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
