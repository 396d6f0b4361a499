"""Neo4j's jars: pinned by a lock beside this package, fetched once into a cache, compared with their checksums.

The cache has the layout of a Maven repository, so one that somebody else filled (or a copy of ``~/.m2/repository``)
serves too. A jar gets its place only whole and only when its SHA-256 is the lock's; at every start each one is compared
again (120 MB, a tenth of a second), so that what Java loads is always what the lock names.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graph.errors import UsageError, UserError

OnProgress = Callable[[str, int, int], None]

#: Fetching is mostly waiting: 16 at a time take 28 s where one after the other takes minutes.
FETCH_THREADS = 16
#: What must stay free beyond the jars themselves, in bytes: an empty database with its first transaction logs.
SPARE_DISK = 300_000_000
_WAYS_OUT = (
    "Three ways out: set NEO4J_URI (and NEO4J_USERNAME, NEO4J_PASSWORD) to a Neo4j of your own; or run "
    "`docker compose up -d neo4j`"
)


@dataclass(frozen=True)
class Jar:
    """One line of the lock."""

    sha256: str
    size: int
    """Bytes."""
    group: str
    artifact: str
    version: str
    classifier: str = ""

    @property
    def relative(self) -> Path:
        """Where it lies in a folder with the layout of a Maven repository."""
        name = f"{self.artifact}-{self.version}" + (f"-{self.classifier}" if self.classifier else "") + ".jar"
        return Path(*self.group.split("."), self.artifact, self.version, name)


def lock_path(version: str) -> Path:
    """The committed lock of a supported release line, e.g. ``5.26``."""
    return Path(__file__).resolve().parents[1] / f"neo4j-{version}.lock"


def supported_versions() -> list[str]:
    """The release lines that a lock exists for, oldest first."""
    names = [p.name.removeprefix("neo4j-").removesuffix(".lock") for p in lock_path("x").parent.glob("neo4j-*.lock")]
    return sorted(names, key=lambda name: [int(part) for part in name.split(".")])


def read_lock(version: str) -> list[Jar]:
    """The jars of a release line.

    Raises:
        UsageError: There is no lock for ``version``.
    """
    path = lock_path(version)
    if version not in supported_versions():
        raise UsageError(f"There is no embedded Neo4j {version}.", f"Supported: {', '.join(supported_versions())}.")
    return jars_of(path)


def jars_of(lock: Path) -> list[Jar]:
    """The jars that a lock names."""
    jars = []
    for line in lock.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            digest, size, coordinates = line.split()
            jars.append(Jar(digest, int(size), *coordinates.split(":")))
    return jars


def sha256_of(path: Path) -> str | None:
    """The file's SHA-256 in hexadecimal; None where there is no file."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (FileNotFoundError, NotADirectoryError):
        return None


def split_by_presence(jars: Sequence[Jar], cache: Path) -> tuple[list[Jar], list[Jar], list[Jar]]:
    """``jars`` as (there and right, missing, there but not what the lock names)."""
    right: list[Jar] = []
    missing: list[Jar] = []
    wrong: list[Jar] = []
    for jar in jars:
        digest = sha256_of(cache / jar.relative)
        (missing if digest is None else right if digest == jar.sha256 else wrong).append(jar)
    return right, missing, wrong


def ensure_jars(version: str, cache: Path, on_progress: OnProgress | None = None) -> list[Path]:
    """The jars of ``version`` in ``cache``, fetched where they are missing or damaged; in the lock's order.

    ``on_progress`` gets (what, MB fetched, MB in all); it is not called when all are there.

    Raises:
        UserError: No network, too little disk, or a fetched jar is not the one that the lock names.
    """
    return fetched(read_lock(version), f"Neo4j {version}", cache, _WAYS_OUT, on_progress)


def fetched(
    jars: Sequence[Jar], what: str, cache: Path, ways_out: str, on_progress: OnProgress | None = None
) -> list[Path]:
    """Where the jars of any lock lie in ``cache``, fetched where they are missing or damaged.

    Args:
        jars: From :func:`jars_of`.
        what: Their name for people.
        cache: Made where it is missing.
        ways_out: What to do where there is no network.
        on_progress: As for :func:`ensure_jars`.

    Raises:
        UserError: as for :func:`ensure_jars`.
    """
    _, missing, wrong = split_by_presence(jars, cache)
    if missing or wrong:
        _check_disk(what, cache, sum(jar.size for jar in missing + wrong))
        # A damaged jar is taken away only when a right one takes its place (os.replace), so offline nothing gets worse.
        _fetch(what, missing + wrong, wrong, cache, ways_out, on_progress)
    return [cache / jar.relative for jar in jars]


def fetch_notice(version: str, cache: Path) -> str | None:
    """What a start is about to fetch, how much and where it keeps it, as a sentence; None where no jar is absent."""
    absent = [jar for jar in read_lock(version) if not (cache / jar.relative).is_file()]
    if not absent:
        return None
    size = sum(jar.size for jar in absent) / 1e6
    return f"fetching Neo4j {version} once: {len(absent)} jars, {size:.0f} MB, kept in {cache}"


def _check_disk(what: str, cache: Path, needed: int) -> None:
    cache.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(cache).free
    if free < needed + SPARE_DISK:
        raise UserError(
            f"Too little disk: {what} takes {needed / 1e6:.0f} MB in {cache} and an empty database "
            f"{SPARE_DISK / 1e6:.0f} MB, but only {free / 1e6:.0f} MB are free.",
            "Free some space, or point ALSOBOUGHT_HOME at a folder on another disk.",
        )


def maven_context(repo_cache: Path) -> Any:
    """Jgo's resolver with the user's own jgo settings (a company's mirror of Maven Central, say)."""
    from jgo.config import GlobalSettings
    from jgo.constants import MAVEN_CENTRAL_URL
    from jgo.maven import MavenContext

    remotes = {"central": MAVEN_CENTRAL_URL, **GlobalSettings.load().repositories}
    return MavenContext(repo_cache=repo_cache, local_repos=[], remote_repos=remotes, timeout=20)


def local_maven_repository() -> Path:
    """The folder where Maven and jgo keep what they fetched (``~/.m2/repository``, or ``M2_REPO``)."""
    from jgo.constants import default_maven_repo

    return Path(default_maven_repo())


def _fetch(
    name: str,
    jars: Sequence[Jar],
    damaged: Sequence[Jar],
    cache: Path,
    ways_out: str,
    on_progress: OnProgress | None,
) -> None:
    """Bring ``jars`` into ``cache``, each whole and compared, or raise the first error that stops it."""
    from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

    total = sum(jar.size for jar in jars)
    done = 0
    lock = threading.Lock()
    stop = threading.Event()
    neighbour = local_maven_repository()
    megabytes = max(1, total // 1_000_000)
    what = f"fetching {name} (MB)"

    # jgo writes a file where it will stay, so an interrupted fetch would leave half a jar: give it a folder beside.
    with tempfile.TemporaryDirectory(prefix=".fetching-", dir=cache) as staging:
        context = maven_context(Path(staging))

        def bring(jar: Jar) -> None:
            nonlocal done
            if stop.is_set():
                return
            place = cache / jar.relative
            place.parent.mkdir(parents=True, exist_ok=True)
            draft = Path(staging) / jar.relative
            if sha256_of(neighbour / jar.relative) == jar.sha256:
                draft.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(neighbour / jar.relative, draft)
            else:
                _download(context, jar, draft, stop)
            os.replace(draft, place)
            with lock:
                done += jar.size
                if on_progress is not None:
                    on_progress(what, megabytes * done // total, megabytes)

        if on_progress is not None:
            on_progress(what, 0, megabytes)
        with ThreadPoolExecutor(FETCH_THREADS, thread_name_prefix="fetch-jar") as pool:
            try:
                futures = [pool.submit(bring, jar) for jar in sorted(jars, key=lambda jar: -jar.size)]
                finished, _ = wait(futures, return_when=FIRST_EXCEPTION)
            finally:
                stop.set()
                pool.shutdown(wait=True, cancel_futures=True)
        errors = [future.exception() for future in finished if not future.cancelled() and future.exception()]
    if errors:
        error = next((e for e in errors if isinstance(e, UserError)), errors[0])
        if isinstance(error, UserError):
            raise error
        raise _no_network(name, damaged, cache, ways_out, error) from error


def _download(context: Any, jar: Jar, draft: Path, stop: threading.Event) -> None:
    """``jar`` through jgo into ``draft``; a second and third try where the connection or the content is bad."""
    digest = None
    for attempt in range(3):
        try:
            component = context.project(jar.group, jar.artifact).at_version(jar.version)
            component.artifact(classifier=jar.classifier, packaging="jar").resolve()
        except Exception:
            draft.unlink(missing_ok=True)
            if attempt == 2 or stop.is_set():
                raise
            time.sleep(0.5 * (attempt + 1))
            continue
        digest = sha256_of(draft)
        if digest == jar.sha256:
            return
        draft.unlink(missing_ok=True)
    raise UserError(
        f"{jar.relative.name} was fetched but is not the file that the lock pins: SHA-256 is {digest}, "
        f"{jar.sha256} was expected. It was refused.",
        "Something between here and Maven Central (a proxy, a mirror) changes files; or set NEO4J_URI and use a Neo4j "
        "of your own.",
    )


def _no_network(
    name: str, damaged: Sequence[Jar], cache: Path, ways_out: str, error: BaseException | None
) -> UserError:
    why = f"{type(error).__name__}" if error is not None else "unknown"
    if damaged:
        first = damaged[0].relative
        beginning = (
            f"{len(damaged)} of the jars of {name} in {cache} are damaged (their SHA-256 is not the pinned one, "
            f"first: {first}) and could not be fetched again ({why})."
        )
    else:
        beginning = (
            f"{name} is not in {cache} yet and could not be fetched ({why}: no network, or no way to Maven Central)."
        )
    return UserError(
        beginning,
        f"{ways_out}; or copy a filled jars folder from a machine with a network to {cache}. Behind a proxy, set "
        "HTTPS_PROXY.",
    )
