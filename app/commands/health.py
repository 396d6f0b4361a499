"""``alsobought health``: whether all is well right now, for containers, monitors and whoever is on call."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

#: The line of the job's Prometheus text that says when it last did what it should: seconds since 1970.
_LAST_SUCCESS: Final = "alsobought_reembed_last_success_timestamp_seconds"


@dataclass
class State:
    """What was found.

    Attributes:
        ok: Whether nothing is the matter.
        problems: What is, one sentence each.
        database: Version, edition and ``round_trip_seconds``; None where nobody answers.
        serving: ``run_id``, ``model``, ``since`` (ISO 8601) of what serves; None where nothing does.
        job: ``last_success`` (ISO 8601) and ``age_seconds`` of the scheduled job; None where it left no trace here.
    """

    ok: bool
    problems: list[str]
    database: dict[str, Any] | None = None
    serving: dict[str, Any] | None = None
    job: dict[str, Any] | None = None


def health(
    max_age: Annotated[
        str | None, typer.Option(help="The job's last success, or without one the last publish, is no older: 36h.")
    ] = None,
    pointer: Annotated[str, typer.Option(help="The pointer that must name a run.")] = "default",
    reports: Annotated[
        Path | None,
        typer.Option(
            help="Where the job leaves its reports. Default: reports under ALSOBOUGHT_HOME, of the catalogue named.",
            envvar="ALSOBOUGHT_REPORTS",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead.")] = False,
) -> None:
    """Whether the database answers, what serves since when, and how long ago the scheduled job did its work.

    Ends with 0 when all is well, else with 1. An embedded server that is down is not started.

    Example: alsobought health --max-age 36h
    """
    from app.console import print_json
    from app.reembed.schedule import seconds_of
    from graph.errors import UsageError
    from graph.settings import DatabaseSettings

    try:
        oldest = None if max_age is None else seconds_of(max_age)
    except ValueError as error:
        raise UsageError(str(error), "for instance --max-age 36h") from error
    state = look(reports or DatabaseSettings().catalogue_folder() / "reports", pointer=pointer, max_age=oldest)
    if json:
        print_json(asdict(state))
    else:
        _print(state)
    if not state.ok:
        raise typer.Exit(1)


def look(
    reports: Path, *, pointer: str = "default", max_age: float | None = None, now: datetime | None = None
) -> State:
    """Look at the database that is configured, and at the job's reports.

    Args:
        reports: The folder of the job's reports.
        pointer: The pointer that must name a run.
        max_age: Seconds that the job's last success may lie back; where it left no trace, the last publish. None:
            it may be as old as it likes.
        now: The time, for tests.
    """
    from app.database import running_database
    from graph.errors import UserError
    from graph.health import health as look_at_database

    now = now or datetime.now(UTC)
    state = State(ok=True, problems=[])
    moved: datetime | None = None
    try:
        with running_database() as database:
            found = look_at_database(database)
            state.database = {
                "version": found.version,
                "edition": found.edition,
                "round_trip_seconds": round(found.round_trip, 4),
            }
            offline = [index.name for index in found.indexes if index.state == "FAILED"]
            state.problems += [f"the index {name} has failed" for name in offline]
            named = next((each for each in found.pointers if each.name == pointer), None)
            if named is None or named.run_id is None:
                state.problems.append("no run serves yet: `alsobought publish`, or the first night of the job")
            else:
                run = database.read("run_read", run_id=named.run_id)
                model = run[0]["run"].get("model") if run else None
                moved = _moment(named.changed_at)
                state.serving = {"run_id": named.run_id, "model": model, "since": named.changed_at}
    except UserError as error:
        state.problems.append(error.message)
    success = last_success(reports)
    if success is not None:
        state.job = {
            "last_success": success.isoformat(timespec="seconds"),
            "age_seconds": round((now - success).total_seconds()),
        }
    since = success or moved
    if max_age is not None and since is not None and (age := (now - since).total_seconds()) > max_age:
        what = "the job's last success" if success is not None else "the last publish"
        state.problems.append(f"{what} was {age / 3600:.1f} hours ago, more than {max_age / 3600:g}")
    state.ok = not state.problems
    return state


def last_success(reports: Path) -> datetime | None:
    """When the scheduled job last published or found nothing to do, by what it wrote there; None without a trace."""
    try:
        text = (reports / "reembed.prom").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    for line in text.splitlines():
        name, _, value = line.partition(" ")
        if name == _LAST_SUCCESS:
            try:
                return datetime.fromtimestamp(float(value), UTC)
            except (ValueError, OverflowError, OSError):
                return None
    return None


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text.partition("[")[0])
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _print(state: State) -> None:
    from app.console import out, safe
    from app.web.times import age

    lines = []
    if state.database is not None:
        milliseconds = state.database["round_trip_seconds"] * 1000
        lines.append(
            f"Neo4j {safe(state.database['version'])} ({safe(state.database['edition'])}) answers in "
            f"{milliseconds:.1f} ms"
        )
    if state.serving is not None:
        lines.append(f"{safe(state.serving['run_id'])} serves, since {safe(age(state.serving['since']))}")
    if state.job is not None:
        lines.append(f"the job last did its work {safe(age(state.job['last_success']))}")
    for line in lines:
        out().print(line, soft_wrap=True)
    for problem in state.problems:
        out().print(f"[bold red]problem:[/] {safe(problem)}", soft_wrap=True)
    if state.ok:
        out().print("[green]all is well[/]")
