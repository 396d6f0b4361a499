"""Downloads from a server on this machine that breaks off, redirects, refuses, lies, and changes its mind."""

from __future__ import annotations

import gzip
import hashlib
import json
import multiprocessing
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from graph.errors import UsageError
from ingest import read_catalog
from ingest.download import DownloadError, fetch
from ingest.download_sources import SOURCES, RemoteFile, Source, wanted

LINES = b"".join(b"P%d,P%d,%d\n" % (i, i + 1, 1 + i % 7) for i in range(20_000))
CONTENT = gzip.compress(LINES, mtime=0)
SHA256 = hashlib.sha256(CONTENT).hexdigest()

Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Answers each request with the next of the server's answers; the last one stays."""

    def do_GET(self) -> None:
        self.server.seen.append(dict(self.headers))
        answers = self.server.answers
        (answers.pop(0) if len(answers) > 1 else answers[0])(self)

    def log_message(self, *_: object) -> None:
        pass

    @property
    def start(self) -> int:
        found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        return int(found[1]) if found else 0

    def give(self, code: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(code)
        for name, value in ({"Content_Length": str(len(body))} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)


def whole(handler: Handler, content: bytes = CONTENT, etag: str = '"one"', upto: int | None = None) -> None:
    """The file, or the rest of it where the client asks for that and it is still the same; ``upto`` breaks off."""
    start = handler.start if handler.headers.get("If-Range") in (None, etag) else 0
    headers = {"ETag": etag, "Content_Length": str(len(content) - start)}
    if start:
        headers["Content_Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
    handler.give(206 if start else 200, content[start:upto], **headers)


def breaks_off(after: int, **how: object) -> Answer:
    return lambda handler: whole(handler, upto=after, **how)


class Server(ThreadingHTTPServer):
    """One that remembers what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[Answer] = [whole]
        self.seen: list[dict[str, str]] = []

    def url(self, name: str = "pairs.csv.gz") -> str:
        return f"http://127.0.0.1:{self.server_port}/{name}"


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def get(server: Server, folder: Path, **settings: object) -> object:
    return fetch(server.url(), folder / "pairs.csv.gz", pause=0.0, timeout=5.0, **settings)


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_arrives_whole_and_can_be_ingested_and_the_second_time_the_network_is_not_asked(
    server: Server, tmp_path: Path
) -> None:
    told: list[tuple[str, int, int]] = []
    found = get(server, tmp_path, on_progress=lambda *step: told.append(step))
    assert (found.size, found.sha256, found.from_cache) == (len(CONTENT), SHA256, False)
    assert found.path.read_bytes() == CONTENT
    assert left(tmp_path) == ["pairs.csv.gz", "pairs.csv.gz.info.json"]
    assert ("pairs.csv.gz", len(CONTENT), len(CONTENT)) in told
    assert len(read_catalog([found.path])[0].pairs) == 20_000
    again = get(server, tmp_path)
    assert (again.from_cache, again.sha256, len(server.seen)) == (True, SHA256, 1)
    assert get(server, tmp_path, again=True).from_cache is False


def test_a_broken_line_is_gone_on_with_where_it_broke(server: Server, tmp_path: Path) -> None:
    server.answers = [breaks_off(10_000), breaks_off(30_000), whole]
    found = get(server, tmp_path)
    assert found.path.read_bytes() == CONTENT
    assert [seen.get("Range") for seen in server.seen] == [None, "bytes=10000-", "bytes=30000-"]
    assert {seen.get("If-Range") for seen in server.seen[1:]} == {'"one"'}
    assert (found.resumed, found.restarts) == (2, 0)


def test_the_next_command_goes_on_with_what_the_last_one_left(server: Server, tmp_path: Path) -> None:
    server.answers = [breaks_off(10_000), lambda handler: handler.give(503, Retry_After="0")]
    with pytest.raises(DownloadError, match=r"503") as raised:
        get(server, tmp_path, tries=3)
    assert "10,000 bytes are kept" in raised.value.hint
    assert left(tmp_path) == ["pairs.csv.gz.part", "pairs.csv.gz.part.json"]
    server.answers, server.seen = [whole], []
    assert get(server, tmp_path).path.read_bytes() == CONTENT
    assert server.seen[0]["Range"] == "bytes=10000-"
    assert left(tmp_path) == ["pairs.csv.gz", "pairs.csv.gz.info.json"]


OTHER = gzip.compress(LINES[::-1], mtime=0)


@pytest.mark.parametrize(
    "then",
    [
        pytest.param(lambda handler: whole(handler, OTHER, '"two"'), id="says 200 and the new file"),
        pytest.param(
            lambda handler: (
                whole(handler, OTHER, '"two"')
                if not handler.start
                else handler.give(
                    206,
                    OTHER[handler.start :],
                    ETag='"two"',
                    Content_Range=f"bytes {handler.start}-{len(OTHER) - 1}/{len(OTHER)}",
                )
            ),
            id="goes on with the new file as if nothing were",
        ),
        pytest.param(
            lambda handler: (
                whole(handler, OTHER, '"two"')
                if not handler.start
                else handler.give(416, Content_Range="bytes */17", ETag='"two"')
            ),
            id="says that there is no such part",
        ),
        pytest.param(
            lambda handler: (
                whole(handler, OTHER, '"two"')
                if not handler.start
                else handler.give(206, OTHER, ETag='"one"', Content_Range=f"bytes 0-{len(OTHER) - 1}/{len(OTHER)}")
            ),
            id="gives another part than was asked for",
        ),
    ],
)
def test_a_file_that_changed_meanwhile_is_never_pieced_together(server: Server, tmp_path: Path, then: Answer) -> None:
    server.answers = [breaks_off(10_000), then]
    found = get(server, tmp_path)
    assert found.path.read_bytes() == OTHER
    assert found.restarts == 1


def test_without_a_strong_etag_or_a_date_it_begins_anew(server: Server, tmp_path: Path) -> None:
    server.answers = [breaks_off(10_000, etag='W/"weak"'), lambda handler: whole(handler, etag='W/"weak"')]
    assert get(server, tmp_path).path.read_bytes() == CONTENT
    assert "Range" not in server.seen[1]


def test_a_server_that_changes_its_file_at_every_request_is_given_up(server: Server, tmp_path: Path) -> None:
    counter = iter(range(100))
    server.answers = [lambda handler: whole(handler, etag=f'"{next(counter)}"', upto=10_000)]
    with pytest.raises(DownloadError, match="could not be had"):
        get(server, tmp_path, tries=3)
    assert len(server.seen) < 12


def test_a_length_that_is_too_long_is_noticed(server: Server, tmp_path: Path) -> None:
    def lies(handler: Handler) -> None:
        rest = CONTENT[handler.start :]
        length = {"Content_Length": str(len(rest) + 500), "ETag": '"one"'}
        if handler.start:
            length["Content_Range"] = f"bytes {handler.start}-{len(CONTENT) + 499}/{len(CONTENT) + 500}"
        handler.give(206 if handler.start else 200, rest, **length)

    server.answers = [lies]
    with pytest.raises(DownloadError, match=f"the line broke after {len(CONTENT):,} of {len(CONTENT) + 500:,} bytes"):
        get(server, tmp_path, tries=2)
    assert "pairs.csv.gz" not in left(tmp_path)


def test_a_length_that_is_too_short_is_noticed_by_the_compression(server: Server, tmp_path: Path) -> None:
    server.answers = [lambda handler: handler.give(200, CONTENT[:5000], ETag='"one"')]
    with pytest.raises(DownloadError, match="did not arrive as it should: its gzip data ends in the middle"):
        get(server, tmp_path)
    assert left(tmp_path) == [], "nothing is kept that cannot be gone on with"


def test_no_length_at_all(server: Server, tmp_path: Path) -> None:
    def chunked(handler: Handler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(CONTENT)

    server.answers = [chunked]
    assert get(server, tmp_path).sha256 == SHA256


def test_redirects_are_followed_with_the_range_and_loops_are_not(server: Server, tmp_path: Path) -> None:
    to = {"Location": server.url("elsewhere.gz")}
    server.answers = [
        lambda handler: handler.give(302, **to),
        breaks_off(10_000),
        lambda handler: handler.give(307, **to),
        whole,
    ]
    assert get(server, tmp_path).path.read_bytes() == CONTENT
    assert server.seen[3]["Range"] == "bytes=10000-"
    server.answers = [lambda handler: handler.give(302, Location=server.url())]
    with pytest.raises(DownloadError, match="302"):
        get(server, tmp_path, again=True)


@pytest.mark.parametrize("place", ["file:///etc/passwd", "ftp://127.0.0.1/x"])
def test_a_redirect_to_something_else_than_http_is_refused(server: Server, tmp_path: Path, place: str) -> None:
    server.answers = [lambda handler: handler.give(302, Location=place)]
    with pytest.raises(DownloadError):
        get(server, tmp_path, tries=1)
    assert left(tmp_path) == []


def test_what_is_not_there_is_said_at_once(server: Server, tmp_path: Path) -> None:
    server.answers = [lambda handler: handler.give(404)]
    with pytest.raises(DownloadError, match="404 Not Found") as raised:
        get(server, tmp_path)
    assert "--list" in raised.value.hint
    assert len(server.seen) == 1
    assert left(tmp_path) == []


def test_a_web_page_is_not_taken_for_the_file(server: Server, tmp_path: Path) -> None:
    server.answers = [lambda handler: handler.give(200, b"<html>log in</html>", Content_Type="text/html")]
    with pytest.raises(DownloadError, match="a web page instead of the file"):
        get(server, tmp_path)


def test_nobody_answers(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="could not be had"):
        fetch("http://127.0.0.1:9/x.gz", tmp_path / "x.gz", tries=2, pause=0.0)


def test_a_checksum_is_compared(server: Server, tmp_path: Path) -> None:
    assert get(server, tmp_path, sha256=SHA256.upper()).sha256 == SHA256
    with pytest.raises(DownloadError, match=f"its checksum is {SHA256} and must be 0000"):
        get(server, tmp_path, sha256="0" * 64)
    assert get(server, tmp_path).from_cache, "what was good before stays"


def test_damage_on_the_way_is_noticed(server: Server, tmp_path: Path) -> None:
    broken = CONTENT[:20_000] + b"\xff\x00\xff\x00" + CONTENT[20_004:]
    server.answers = [lambda handler: whole(handler, broken)]
    with pytest.raises(DownloadError, match="gzip data is damaged"):
        get(server, tmp_path)


def _hold(folder: str, ready: object, done: object) -> None:
    from ingest.download import _alone

    with _alone(Path(folder) / "pairs.csv.gz"):
        ready.set()
        done.wait(20)


def test_two_downloads_of_one_file_do_not_write_into_each_other(server: Server, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    ready, done = context.Event(), context.Event()
    other = context.Process(target=_hold, args=(str(tmp_path), ready, done))
    other.start()
    assert ready.wait(20)
    with pytest.raises(DownloadError, match="by another process"):
        get(server, tmp_path)
    done.set()
    other.join(20)
    assert get(server, tmp_path).sha256 == SHA256


def test_the_command_says_licence_and_citation_first_and_prints_the_paths(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.cli import cli

    shown = Source(
        "shop-data", "a shop", "https://example.org", "CC BY 4.0", "A. Author: Shops. 2026.",
        (RemoteFile(server.url("pairs_{category}.csv.gz")),), ("Tea", "Cups_and_Pots"),
    )  # fmt: skip
    monkeypatch.setattr("ingest.download_sources.SOURCES", (shown,))
    monkeypatch.setattr(wanted, "__kwdefaults__", {"reviews": False, "sources": (shown,)})
    monkeypatch.setenv("ALSOBOUGHT_HOME", str(tmp_path))
    result = CliRunner().invoke(cli, ["download", "Shop_Data/cups-and-pots"])
    assert result.exit_code == 0, result.output
    place = tmp_path / "downloads" / "shop-data-Cups_and_Pots" / "pairs_Cups_and_Pots.csv.gz"
    assert result.stdout == f"{place}\n"
    assert result.stderr.index("CC BY 4.0") < result.stderr.index("A. Author") < result.stderr.index("arrived whole")
    document = json.loads(CliRunner().invoke(cli, ["download", "shop-data/Cups_and_Pots", "--json"]).stdout)
    assert document["files"][0] == {
        "path": str(place), "url": server.url("pairs_Cups_and_Pots.csv.gz"), "bytes": len(CONTENT), "sha256": SHA256,
        "from_cache": True,
    }  # fmt: skip
    assert "shop-data/: Tea, Cups_and_Pots" in CliRunner().invoke(cli, ["download", "--list"]).stdout


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("amazn-2014/Beauty", "no data set 'amazn-2014'", "did you mean amazon-2014"),
        ("amazon-2018", "comes in categories", "Gift_Cards"),
        ("amazon-2018/Gift_Crads", "no category 'Gift_Crads'", "Gift_Cards"),
        ("online-retail/x", "one whole", "download online-retail"),
    ],
)
def test_a_name_that_is_not_there_is_answered_with_those_that_are(name: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError, match=message) as raised:
        wanted(name)
    assert hint in raised.value.hint


def test_the_table_is_whole() -> None:
    assert len({source.name for source in SOURCES}) == len(SOURCES)
    for source in SOURCES:
        assert source.licence
        assert source.citation
        assert source.page.startswith("https://")
        for file in source.files:
            assert file.url.startswith("https://")
            assert ("{category}" in file.url) == bool(source.categories)
    assert [file.file_name for file in wanted("amazon-2014/beauty").files] == ["meta_Beauty.json.gz"]
    assert [file.file_name for file in wanted("amazon2023/gift cards").files] == [
        "meta_Gift_Cards.jsonl.gz",
        "Gift_Cards.jsonl.gz",
    ]
    assert len(wanted("amazon-2018/Gift_Cards", reviews=True).files) == 2
