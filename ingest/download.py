"""A file from somebody's server onto this disk, whole or not at all, however often the line breaks.

What has arrived stands in ``NAME.part`` until it is whole and checked. A broken line is gone on with from there
(``Range``), but only while the server says that it is still the same file (a strong ``ETag``, else ``Last-Modified``,
RFC 9110 section 13.1.5): half of one file and half of another is worse than to begin anew.
"""

from __future__ import annotations

import fcntl
import hashlib
import http.client
import json
import os
import re
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from email.message import Message
from pathlib import Path
from typing import IO, Any, Final

from graph.errors import UserError

OnProgress = Callable[[str, int, int], None]

_CHUNK: Final = 1 << 18
_AGENT: Final = "alsobought (a command that people run; it fetches one file at a time)"
#: Answers that may be better a little later.
_PASSING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
#: Longest wait that a server may ask for.
_MOST_SECONDS: Final = 60.0


class DownloadError(UserError):
    """The file could not be had."""


@dataclass(frozen=True)
class Fetched:
    """A file that is here.

    Attributes:
        path: Where.
        size: Bytes.
        sha256: Of its content.
        from_cache: It was here before; the network was not asked.
        restarts: How often it began anew because the server's file had changed.
        resumed: How often a broken line was gone on with.
    """

    path: Path
    size: int
    sha256: str
    from_cache: bool = False
    restarts: int = 0
    resumed: int = 0


@dataclass
class _State:
    """What is known of the file that ``.part`` is the beginning of."""

    url: str
    etag: str | None = None
    last_modified: str | None = None
    total: int | None = None

    @property
    def validator(self) -> str | None:
        """What to send as ``If-Range``; a weak ETag does not say that the bytes are the same."""
        return self.etag if self.etag and not self.etag.startswith("W/") else self.last_modified


def fetch(
    url: str,
    target: Path,
    *,
    sha256: str | None = None,
    again: bool = False,
    tries: int = 5,
    pause: float = 1.0,
    timeout: float = 60.0,
    on_progress: OnProgress | None = None,
) -> Fetched:
    """The file at ``url`` as ``target``.

    Args:
        url: ``https:`` or ``http:``.
        target: Where it goes; beside it, ``NAME.info.json`` remembers where it came from and its checksum.
        sha256: What its content must be.
        again: Fetch it although it is here.
        tries: How often to try in a row without a single byte arriving.
        pause: Seconds before the second try; doubles from try to try.
        timeout: Seconds without a byte after which a line counts as broken.
        on_progress: Called as (what, bytes done, bytes in all or 0).

    Raises:
        DownloadError: it is not there, the server gives something else, the content is not what it must be, or the
            disk is full. What has arrived is kept where it can be gone on with.
    """
    info = target.with_name(target.name + ".info.json")
    target.parent.mkdir(parents=True, exist_ok=True)
    if not again and (cached := _cached(target, info, sha256)) is not None:
        return cached
    with _alone(target) as part:
        if not again and (cached := _cached(target, info, sha256)) is not None:
            return cached
        return _Transfer(url, target, part, tries, pause, timeout, on_progress or (lambda *_: None)).run(info, sha256)


class _Transfer:
    def __init__(
        self, url: str, target: Path, part: Path, tries: int, pause: float, timeout: float, on_progress: OnProgress
    ) -> None:
        self.url, self.target, self.part = url, target, part
        self.tries, self.pause, self.timeout, self.on_progress = tries, pause, timeout, on_progress
        self.notes = part.with_name(part.name + ".json")
        self.state = self._remembered()
        self.restarts = self.resumed = 0

    def run(self, info: Path, sha256: str | None) -> Fetched:
        failed = 0
        while True:
            before = self._have()
            why, wait = self._once()
            if why is None:
                break
            failed = 1 if self._have() > before else failed + 1
            if failed >= self.tries or self.restarts > self.tries:
                kept = self._have()
                raise DownloadError(
                    f"{self.url} could not be had: {why}",
                    f"{kept:,} bytes are kept; the same command goes on from there" if kept else "try again later",
                )
            time.sleep(min(max(self.pause * 2 ** (failed - 1), wait), _MOST_SECONDS))
        found = self._checked(sha256)
        try:
            os.replace(self.part, self.target)
            info.write_text(json.dumps({**asdict(self.state), "size": found.size, "sha256": found.sha256}, indent=2))
            self.notes.unlink(missing_ok=True)
        except OSError as error:
            raise DownloadError(f"{self.target} cannot be written: {error.strerror}") from None
        return found

    def _once(self) -> tuple[str | None, float]:
        """One request: what went wrong (None: the file is whole) and how long the server asked to wait."""
        have = self._have()
        if have and self.state.total == have:
            return None, 0.0
        headers = {"User-Agent": _AGENT, "Accept-Encoding": "identity"}
        if have:
            headers |= {"Range": f"bytes={have}-", "If-Range": str(self.state.validator)}
        request = urllib.request.Request(self.url, headers=headers)  # noqa: S310 - the scheme is checked by the opener
        try:
            with _opener().open(request, timeout=self.timeout) as response:
                return self._receive(response, have), 0.0
        except urllib.error.HTTPError as error:
            with error:
                if error.code == 416 and have:
                    if _length_of(error.headers.get("Content-Range")) == have:
                        self.state.total = have
                        return None, 0.0
                    self._begin_anew()
                    return "the server's file is shorter than what was here", 0.0
                if error.code in _PASSING:
                    return f"the server says {error.code} {error.reason}", _seconds(error.headers.get("Retry-After"))
                raise DownloadError(
                    f"{self.url}: the server says {error.code} {error.reason}",
                    "the owners may have moved it: their page is in `alsobought download --list`",
                ) from None
        except (urllib.error.URLError, TimeoutError, ConnectionError, http.client.HTTPException) as error:
            return str(getattr(error, "reason", None) or error) or type(error).__name__, 0.0

    def _receive(self, response: Any, have: int) -> str | None:
        """Take the answer's body; what was wrong with it, or None where the file is whole."""
        headers = response.headers
        if headers.get_content_type() == "text/html" and not self.url.endswith((".html", "/")):
            raise DownloadError(f"{self.url}: the server gives a web page instead of the file", "look at its page")
        if response.status == 206:
            if not self._goes_on(headers, have):
                self._begin_anew()
                return "the server's file changed meanwhile: beginning anew"
            self.resumed += 1
        else:
            if have:
                self.restarts += 1
            have = 0
            length = headers.get("Content-Length")
            total = int(length) if length is not None and length.isdigit() else None
            self.state = _State(self.url, headers.get("ETag"), headers.get("Last-Modified"), total)
        total = self.state.total
        self._check_disk(have, total)
        try:
            self.notes.write_text(json.dumps(asdict(self.state)))
            with self.part.open("r+b" if have else "wb") as file:
                file.seek(have)
                file.truncate()
                broken = self._copy(response, file, have, total)
        except OSError as error:
            if isinstance(error, TimeoutError | ConnectionError):
                raise
            raise DownloadError(f"{self.part} cannot be written: {error.strerror or error}") from None
        done = self._have()
        if broken is not None:
            return broken
        if total is not None and done < total:
            return f"the line broke after {done:,} of {total:,} bytes"
        self.state.total = done
        return None

    def _copy(self, response: Any, file: IO[bytes], done: int, total: int | None) -> str | None:
        """Write what comes; why it ended too early, or None."""
        while True:
            try:
                chunk = response.read(_CHUNK)
            except (http.client.HTTPException, OSError) as error:  # of the line: nothing is written in here
                if isinstance(error, http.client.IncompleteRead) and error.partial:
                    file.write(error.partial)
                return f"the line broke ({type(error).__name__})"
            if not chunk:
                return None
            file.write(chunk)
            done += len(chunk)
            self.on_progress(self.target.name, done, max(total or 0, done))

    def _goes_on(self, headers: Message, have: int) -> bool:
        """Whether a partial answer is the rest of the same file: it says so, and the length is the same."""
        found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", headers.get("Content-Range", "").strip())
        if found is None or int(found[1]) != have:
            return False
        if self.state.total is not None and found[3] != "*" and int(found[3]) != self.state.total:
            return False
        if self.state.total is None and found[3] != "*":
            self.state.total = int(found[3])
        same = {"ETag": self.state.etag, "Last-Modified": self.state.last_modified}
        return all(headers.get(name) in (None, value) for name, value in same.items() if value is not None)

    def _checked(self, sha256: str | None) -> Fetched:
        """What arrived, once its checksum and its compression were found whole.

        Raises:
            DownloadError: they are not; nothing is kept, for going on from there would not help.
        """
        found = _sha256(self.part, self.on_progress)
        wrong = None
        if sha256 is not None and found != sha256.lower():
            wrong = f"its checksum is {found} and must be {sha256.lower()}"
        elif self.part.stat().st_size == 0:
            wrong = "it is empty"
        elif self.target.suffix == ".gz":
            wrong = _gzip_fault(self.part, self.on_progress)
        if wrong is not None:
            self._begin_anew()
            raise DownloadError(
                f"{self.url} did not arrive as it should: {wrong}", "try again; if it stays so, tell its owners"
            )
        size = self.part.stat().st_size
        return Fetched(self.target, size, found, restarts=self.restarts, resumed=self.resumed)

    def _have(self) -> int:
        """Bytes that can be gone on from."""
        if self.state.validator is None and self.state.total is None:
            return 0
        try:
            size = self.part.stat().st_size
        except OSError:
            return 0
        return size if self.state.validator is not None or size == self.state.total else 0

    def _remembered(self) -> _State:
        try:
            state = _State(**json.loads(self.notes.read_text()))
        except (OSError, ValueError, TypeError):
            return _State(self.url)
        return state if state.url == self.url else _State(self.url)

    def _begin_anew(self) -> None:
        self.restarts += 1
        self.state = _State(self.url)
        self.part.write_bytes(b"")  # stays: it carries the lock
        self.notes.unlink(missing_ok=True)

    def _check_disk(self, have: int, total: int | None) -> None:
        free = shutil.disk_usage(self.part.parent).free
        if total is not None and total - have > free:
            raise DownloadError(
                f"{self.url} takes {(total - have) / 1e6:,.0f} MB more, and {free / 1e6:,.0f} MB are free in "
                f"{self.part.parent}",
                "make room, or name another folder with --out",
            )


class _NoDowngrade(urllib.request.HTTPRedirectHandler):
    """Follows redirects, but from an encrypted line to an open one."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        if req.full_url.startswith("https:") and not newurl.startswith("https:"):
            raise DownloadError(f"{req.full_url} leads to {newurl}, which is not encrypted")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener() -> urllib.request.OpenerDirector:
    """Only http and https, with the environment's proxies; no files, no ftp."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPErrorProcessor,
        urllib.request.UnknownHandler,
        _NoDowngrade,
    ):
        opener.add_handler(handler())
    return opener


@contextmanager
def _alone(target: Path) -> Iterator[Path]:
    """The ``.part`` file, held so that a second download of the same file stops instead of writing into it."""
    part = target.with_name(target.name + ".part")
    try:
        file = part.open("ab")
    except OSError as error:
        raise DownloadError(f"{part} cannot be written: {error.strerror}") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DownloadError(f"{target.name} is being downloaded by another process") from None
        try:
            yield part
        finally:
            if part.exists() and part.stat().st_size == 0:  # nothing to go on with
                part.unlink()


def _cached(target: Path, info: Path, sha256: str | None) -> Fetched | None:
    """The file that is here, if it is as long as it was when it arrived."""
    try:
        known = json.loads(info.read_text())
        size = target.stat().st_size
    except (OSError, ValueError):
        return None
    if known.get("size") != size or (sha256 is not None and known.get("sha256") != sha256.lower()):
        return None
    return Fetched(target, size, str(known.get("sha256")), from_cache=True)


def _sha256(path: Path, on_progress: OnProgress) -> str:
    digest = hashlib.sha256()
    total, done = path.stat().st_size, 0
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
            done += len(chunk)
            on_progress("checking", done, total)
    return digest.hexdigest()


def _gzip_fault(path: Path, on_progress: OnProgress) -> str | None:
    """What is wrong with a gzip file, read to its end; None where it is whole."""
    from ingest.settings import IngestSettings
    from ingest.source import LineReader

    reader = LineReader(path, IngestSettings(max_expansion=1e9))
    for _ in reader.batches():
        on_progress("unpacking to check", reader.bytes_read, reader.size)
    return reader.damage


def _length_of(content_range: str | None) -> int | None:
    found = re.fullmatch(r"bytes \*/(\d+)", (content_range or "").strip())
    return None if found is None else int(found[1])


def _seconds(retry_after: str | None) -> float:
    return float(retry_after) if retry_after and retry_after.isdigit() else 0.0
