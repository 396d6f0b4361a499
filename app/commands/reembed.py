"""``alsobought reembed``: the scheduled job."""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from graph.errors import UserError

if TYPE_CHECKING:
    from app.reembed.config import ReembedConfig
    from app.reembed.job import Outcome
    from graph.database import Database

log = logging.getLogger(__name__)

#: Exit code where the quality gate refused the new run.
REFUSED = 3


def reembed(
    config: Annotated[
        Path | None, typer.Argument(help="A TOML file; without one the defaults, and the graph as it stands.")
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="Run now and end; what happens without --every and --cron.")
    ] = False,
    every: Annotated[str | None, typer.Option(help="Again and again: 30m, 24h, 7d.")] = None,
    cron: Annotated[str | None, typer.Option(help="At these times: a cron line of five fields.")] = None,
    time_zone: Annotated[str, typer.Option(help="Whose clock --cron means.")] = "UTC",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Learn and judge, but publish nothing.")] = False,
    force: Annotated[
        str | None, typer.Option(help="Publish although the gate refuses, for this reason, which is kept.")
    ] = None,
    reports: Annotated[
        Path | None, typer.Option(help="Where reports go. Default: reports under ALSOBOUGHT_HOME.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout (with --once).")] = False,
    log_format: Annotated[
        str | None, typer.Option(help="How stderr is written: text, or json for one object a line.")
    ] = None,
) -> None:
    """Re-embed the catalogue: ingest what is new, learn, judge, publish what is no worse, and report.

    Ends with 0 when the run was published or nothing had changed, 3 when the quality gate refused it, 1 when something
    failed; what served goes on serving in each case.

    Example: alsobought reembed job.toml --cron "0 3 * * *" --time-zone Europe/Berlin
    """
    from app.logs import set_up_logs
    from app.reembed.config import read_config
    from graph.errors import UsageError

    set_up_logs(log_format)
    if sum((once, every is not None, cron is not None)) > 1:
        raise UsageError("--once, --every and --cron are three ways of which one is meant")
    chosen = read_config(config)
    signal.signal(signal.SIGTERM, _stop)
    if every is None and cron is None:
        outcome = run_once(chosen, reports=reports, dry_run=dry_run, force=force, quiet=json)
        if json:
            from app.console import print_json

            print_json(outcome.to_dict())
        if outcome.status == "refused":
            raise typer.Exit(REFUSED)
        return
    _schedule(chosen, every, cron, time_zone, reports)


def run_once(
    config: ReembedConfig,
    *,
    reports: Path | None = None,
    dry_run: bool = False,
    force: str | None = None,
    quiet: bool = False,
) -> Outcome:
    """The job once, on the database that is configured, with its report written and its failure told.

    Raises:
        UserError: it failed; the webhook was told.
    """
    from app.console import progress, safe, say
    from app.mlflow_mirror import mirror
    from app.publishing import who
    from app.reembed.job import reembed as run_job
    from app.reembed.report import write_report
    from graph.settings import DatabaseSettings

    folder = reports or DatabaseSettings().home / "reports"
    try:
        with _database(config.wait_seconds, config.catalogue) as database, progress("re-embedding") as on_progress:
            outcome = run_job(
                database,
                config,
                who=who(),
                force=force,
                dry_run=dry_run,
                ingest=lambda source: _ingest(database, source, config.max_batches_per_second),
                on_progress=on_progress,
            )
    except UserError as error:
        _tell(config.webhook, {"status": "failed", "error": error.message})
        raise
    place = write_report(outcome, folder)
    mirror(outcome, config, place)
    seconds = round(sum(outcome.seconds.values()), 2)
    finished = {"status": outcome.status, "run": outcome.run_id, "serves": outcome.serves, "duration_seconds": seconds}
    log.info("job finished", extra={**finished, "report": str(place)})
    if outcome.status == "refused":
        refused_by = [f"{rule.name}: {rule.measured} (limit {rule.limit})" for rule in outcome.refused_by]
        _tell(config.webhook, {"status": "refused", "run_id": outcome.run_id, "refused_by": refused_by})
    if not quiet:
        say(f"[bold]{safe(outcome.status)}[/]: {safe(outcome.serves or 'nothing')} serves; report: {safe(str(place))}")
        for rule in outcome.refused_by:
            say(f"refused by {safe(rule.name)}: {rule.measured} against a limit of {rule.limit}: {safe(rule.reason)}")
    return outcome


@contextmanager
def _database(wait_seconds: float, catalogue: str | None = None) -> Iterator[Database]:
    """The database, waited for where it is away."""
    from app.database import open_database
    from graph.database import DatabaseUnavailableError

    end = time.monotonic() + wait_seconds
    with ExitStack() as stack:
        while True:
            try:
                database = stack.enter_context(open_database(quiet=True, catalogue=catalogue))
                break
            except DatabaseUnavailableError:
                if time.monotonic() >= end:
                    raise
                log.warning("the database is away; trying again")
                time.sleep(min(5.0, max(end - time.monotonic(), 0.1)))
        yield database


def _ingest(database: Any, source: str, max_batches_per_second: float | None) -> None:
    """Read a file, a folder or a pattern into the database; a file that is bad stops the job before it writes."""
    from app.commands.ingest import default_rejects, load, read_files

    files = [Path(source)]
    catalog, _ = read_files(files, rejects=default_rejects(files), quiet=True)
    load(database, catalog, max_batches_per_second=max_batches_per_second, quiet=True)


def _schedule(config: ReembedConfig, every: str | None, cron: str | None, time_zone: str, reports: Path | None) -> None:
    from apscheduler.schedulers.blocking import BlockingScheduler
    from apscheduler.triggers.cron import CronTrigger
    from apscheduler.triggers.interval import IntervalTrigger

    from app.console import say
    from graph.errors import UsageError

    try:
        trigger = (
            IntervalTrigger(seconds=seconds_of(every), timezone=time_zone)
            if every is not None
            else CronTrigger.from_crontab(str(cron), timezone=time_zone)
        )
    except (ValueError, KeyError) as error:  # KeyError: no such time zone
        raise UsageError(f"no such times: {error}", 'for instance --every 24h, or --cron "0 3 * * *"') from error

    def job() -> None:
        try:
            run_once(config, reports=reports)
        except UserError as error:  # tomorrow is another night
            log.error("the job failed: %s", error.message)

    scheduler = BlockingScheduler(timezone=time_zone)
    # No two at a time; nights that were slept through are made up for once; an hour late is late enough.
    scheduler.add_job(job, trigger, max_instances=1, coalesce=True, misfire_grace_time=3600)
    say("waiting for the next time; Ctrl-C ends")
    scheduler.start()


def seconds_of(text: str) -> int:
    """``30m``, ``24h`` or ``7d`` in seconds.

    Raises:
        ValueError: anything else.
    """
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    if not text[:-1].isdecimal() or text[-1] not in units or int(text[:-1]) == 0:
        raise ValueError(f"{text!r} is no length of time such as 30m, 24h or 7d")
    return int(text[:-1]) * units[text[-1]]


def _tell(webhook: str | None, message: dict[str, Any]) -> None:
    """POST to the webhook, three times at most; a webhook that is away is no reason to fail."""
    import json as json_module
    import urllib.error
    import urllib.request

    if webhook is None:
        return
    if not webhook.startswith(("http://", "https://")):
        log.warning("the webhook is no http address; nobody was told")
        return
    body = json_module.dumps({"job": "alsobought reembed", **message}).encode()
    request = urllib.request.Request(webhook, body, {"Content-Type": "application/json"})  # noqa: S310 - checked above
    for attempt in range(3):
        try:
            with urllib.request.urlopen(request, timeout=10):  # noqa: S310 - checked above
                return
        except (urllib.error.URLError, OSError):
            time.sleep(2**attempt)
    log.warning("the webhook did not answer")


def _stop(number: int, frame: Any) -> None:
    raise KeyboardInterrupt
