"""The jars: pinned, fetched through jgo from a repository (a real one, served here), compared, refused."""

from __future__ import annotations

import functools
import hashlib
import http.server
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from jgo.maven import MavenContext

from graph.embedded import jars
from graph.embedded.jars import Jar, ensure_jars, read_lock, split_by_presence, supported_versions
from graph.errors import UsageError, UserError

CONTENT = {
    ("org.example", "one", "1.0", ""): b"first jar" * 1000,
    ("org.example.deep", "two", "2.1", "linux-x86_64"): b"second jar" * 500,
    ("org.example", "three", "3", ""): b"third jar" * 100,
}
PINNED = [Jar(hashlib.sha256(content).hexdigest(), len(content), *key) for key, content in CONTENT.items()]


class Shelf(NamedTuple):
    """A Maven repository on this machine, and a cache that is filled from it."""

    repository: Path
    cache: Path


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    repository = tmp_path / "repository"
    for jar, content in zip(PINNED, CONTENT.values(), strict=True):
        (repository / jar.relative).parent.mkdir(parents=True, exist_ok=True)
        (repository / jar.relative).write_bytes(content)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(repository)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    _point_at(monkeypatch, f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("M2_REPO", str(tmp_path / "no-maven-repository"))
    monkeypatch.setattr(jars, "read_lock", lambda version: PINNED)
    monkeypatch.setattr(jars.time, "sleep", lambda seconds: None)
    yield Shelf(repository, tmp_path / "cache")
    server.shutdown()
    server.server_close()
    thread.join()


def _point_at(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setattr(
        jars,
        "maven_context",
        lambda repo_cache: MavenContext(
            repo_cache=repo_cache, local_repos=[], remote_repos={"here": address}, timeout=5
        ),
    )


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("version", ["5.26", "2026.08"])
def test_the_committed_locks_pin_every_jar_and_hold_no_address(version: str) -> None:
    assert version in supported_versions()
    lock = read_lock(version)
    assert len(lock) > 200
    assert all(len(jar.sha256) == 64 and int(jar.sha256, 16) >= 0 and jar.size > 0 for jar in lock)
    assert len({jar.relative for jar in lock}) == len(lock)
    assert {"neo4j", "neo4j-browser", "neo4j-import-tool"} <= {jar.artifact for jar in lock}
    assert "://" not in jars.lock_path(version).read_text()


def test_an_unknown_release_line_is_refused() -> None:
    with pytest.raises(UsageError, match=r"no embedded Neo4j 4\.4"):
        read_lock("4.4")


def test_everything_is_fetched_once_and_then_taken_from_the_cache(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, int, int]] = []
    notice = jars.fetch_notice("5.26", shelf.cache)
    assert notice is not None
    assert "3 jars" in notice
    assert str(shelf.cache) in notice
    paths = ensure_jars("5.26", shelf.cache, lambda *step: seen.append(step))
    assert [path.read_bytes() for path in paths] == list(CONTENT.values())
    assert _files(shelf.cache) == sorted(paths), "nothing else stays in the cache"
    assert seen[0][1] == 0
    assert seen[-1][1] == seen[-1][2] > 0
    assert [step[1] for step in seen] == sorted(step[1] for step in seen)
    _point_at(monkeypatch, "http://127.0.0.1:9")  # later starts are offline
    seen.clear()
    assert ensure_jars("5.26", shelf.cache, lambda *step: seen.append(step)) == paths
    assert seen == []
    assert jars.fetch_notice("5.26", shelf.cache) is None


def test_a_jar_that_is_not_the_pinned_one_is_refused_and_not_kept(shelf: Shelf) -> None:
    (shelf.repository / PINNED[1].relative).write_bytes(b"something else")
    with pytest.raises(UserError, match=r"two-2\.1-linux-x86_64\.jar was fetched but is not .* refused") as refusal:
        ensure_jars("5.26", shelf.cache)
    assert PINNED[1].sha256 in refusal.value.message
    assert not (shelf.cache / PINNED[1].relative).exists()


def test_a_damaged_jar_in_the_cache_is_fetched_again(shelf: Shelf) -> None:
    paths = ensure_jars("5.26", shelf.cache)
    paths[0].write_bytes(paths[0].read_bytes()[:-1])
    assert [len(group) for group in split_by_presence(PINNED, shelf.cache)] == [2, 0, 1]
    assert [path.read_bytes() for path in ensure_jars("5.26", shelf.cache)] == list(CONTENT.values())


def test_a_tampered_jar_without_a_network_is_refused(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = ensure_jars("5.26", shelf.cache)
    paths[2].write_bytes(b"evil")
    _point_at(monkeypatch, "http://127.0.0.1:9")
    with pytest.raises(UserError, match=r"damaged .* three-3\.jar|damaged") as refusal:
        ensure_jars("5.26", shelf.cache)
    assert "three-3.jar" in refusal.value.message


def test_without_a_network_the_three_ways_out_are_named(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    _point_at(monkeypatch, "http://127.0.0.1:9")
    with pytest.raises(UserError, match="could not be fetched") as refusal:
        ensure_jars("5.26", shelf.cache)
    for way in ("NEO4J_URI", "docker compose up", str(shelf.cache)):
        assert way in refusal.value.hint
    assert _files(shelf.cache) == []


def test_a_filled_cache_folder_copied_from_elsewhere_serves(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    _point_at(monkeypatch, "http://127.0.0.1:9")
    shutil.copytree(shelf.repository, shelf.cache)
    assert [path.read_bytes() for path in ensure_jars("5.26", shelf.cache)] == list(CONTENT.values())


def test_the_users_maven_repository_is_looked_at_first_and_not_trusted(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    maven = tmp_path / "m2"
    shutil.copytree(shelf.repository, maven)
    (maven / PINNED[0].relative).write_bytes(b"damaged")
    monkeypatch.setenv("M2_REPO", str(maven))
    for jar in PINNED[1:]:
        (shelf.repository / jar.relative).unlink()
    assert [path.read_bytes() for path in ensure_jars("5.26", shelf.cache)] == list(CONTENT.values())


def test_too_little_disk_is_said_before_anything_is_fetched(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    full = shutil.disk_usage(shelf.repository)._replace(free=50_000_000)
    monkeypatch.setattr(jars.shutil, "disk_usage", lambda folder: full)
    with pytest.raises(UserError, match="50 MB are free") as refusal:
        ensure_jars("5.26", shelf.cache)
    assert "ALSOBOUGHT_HOME" in refusal.value.hint
    assert _files(shelf.cache) == []
