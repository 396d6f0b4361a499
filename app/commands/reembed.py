"""``alsobought reembed``: the scheduled job."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
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
    new_only: Annotated[
        bool, typer.Option("--new-only", help="Only give new products a list and vectors; learn nothing.")
    ] = False,
    force: Annotated[
        str | None, typer.Option(help="Publish although the gate refuses, for this reason, which is kept.")
    ] = None,
    reports: Annotated[
        Path | None,
        typer.Option(help="Where reports go. Default: reports under ALSOBOUGHT_HOME.", envvar="ALSOBOUGHT_REPORTS"),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout (with --once).")] = False,
    log_format: Annotated[
        str | None, typer.Option(help="How stderr is written: text, or json for one object a line.")
    ] = None,
) -> None:
    """Re-embed the catalogue: ingest what is new, learn, judge, publish what is no worse, and report.

    Ends with 0 when the run was published or nothing had changed, 3 when the quality gate refused it, 1 when something
    failed, 143 when it was told to stop (SIGTERM); what served goes on serving in each case. A job that was cut off is
    taken up again by the next one, as far as it had come.

    With --new-only, products that came after the run that serves get a list and vectors from what they go with, in
    seconds, until the next full run.

    Example: alsobought reembed job.toml --cron "0 3 * * *" --time-zone Europe/Berlin
    """
    from app.logs import set_up_logs
    from app.reembed.config import read_config
    from graph.errors import UsageError

    set_up_logs(log_format)
    if sum((once, every is not None, cron is not None)) > 1:
        raise UsageError("--once, --every and --cron are three ways of which one is meant")
    if (dry_run or force is not None) and (every is not None or cron is not None):
        raise UsageError("--dry-run and --force are for one run that somebody looks at, not for a schedule")
    if new_only and force is not None:
        raise UsageError("--new-only learns nothing that a gate could refuse, so there is nothing to force")
    chosen = read_config(config)
    if every is not None or cron is not None:
        _schedule(chosen, every, cron, time_zone, reports, new_only=new_only)
        return
    outcome = run_once(chosen, reports=reports, dry_run=dry_run, new_only=new_only, force=force, quiet=json)
    if json:
        from app.console import print_json

        print_json(outcome.to_dict())
    if outcome.status == "refused":
        raise typer.Exit(REFUSED)


def run_once(
    config: ReembedConfig,
    *,
    reports: Path | None = None,
    dry_run: bool = False,
    new_only: bool = False,
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
    from app.reembed.outcome import Outcome
    from app.reembed.priority import stepped_back
    from app.reembed.report import write_report
    from app.reembed.work import work_folder
    from graph.settings import DatabaseSettings

    home = DatabaseSettings().catalogue_folder(config.catalogue)
    folder = reports or home / "reports"
    outcome = Outcome(new_only=new_only)
    try:
        with (
            _database(config.wait_seconds, config.catalogue) as database,
            stepped_back(config.nice, config.cores),  # after the database: one that is started here does not step back
            progress("re-embedding") as on_progress,
        ):
            run_job(
                database,
                config,
                who=who(),
                force=force,
                dry_run=dry_run,
                new_only=new_only,
                ingest=partial(_ingest, database, config) if config.source or config.queries else None,
                work=work_folder(home, database, config.pointer),
                outcome=outcome,
                on_progress=on_progress,
            )
    except BaseException as error:
        _failed(config, outcome, error, folder)
        raise
    try:
        place = write_report(outcome, folder)
    except UserError as error:
        _tell(config.webhook, {"status": "failed", "run_id": outcome.run_id, "error": error.message})
        raise
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


def _failed(config: ReembedConfig, outcome: Outcome, error: BaseException, folder: Path) -> None:
    """Leave a report of a job that failed or was stopped, and tell of a failure; nothing in here fails it again."""
    from app.reembed.report import write_report

    stopped = isinstance(error, KeyboardInterrupt | SystemExit)
    outcome.status = "stopped" if stopped else "failed"
    outcome.error = (
        error.message if isinstance(error, UserError) else "" if stopped else f"{type(error).__name__}: {error}"
    )
    try:
        write_report(outcome, folder)
    except UserError as full:
        log.warning("%s", full.message)
    if not stopped:
        _tell(config.webhook, {"status": "failed", "error": outcome.error})


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


def _ingest(database: Any, config: ReembedConfig) -> None:
    """Read the job's source and queries into the database; what is bad stops the job before it writes."""
    from app.commands.ingest import default_rejects, load, queries_of, read_files

    files = [Path(config.source)] if config.source else []
    url = config.sql or os.environ.get("ALSOBOUGHT_SQL_URL")
    queries = queries_of(url, list(config.queries), "`queries` need the address of their database: `sql`")
    catalog, _ = read_files(files, queries=queries, rejects=default_rejects(files), quiet=True)
    load(database, catalog, max_batches_per_second=config.max_batches_per_second, quiet=True)


def _schedule(
    config: ReembedConfig, every: str | None, cron: str | None, time_zone: str, reports: Path | None, *, new_only: bool
) -> None:
    from app.console import say
    from app.reembed.schedule import run_by, schedule_of

    schedule = schedule_of(every, cron, time_zone)

    def job() -> None:
        try:
            run_once(config, reports=reports, new_only=new_only)
        except UserError as error:  # tomorrow is another night
            log.error("the job failed: %s", error.message)
        except Exception:  # a fault of ours; the next night may see another catalogue
            log.exception("the job failed")

    run_by(
        schedule, job, on_wait=lambda due: say(f"the next time is {due:%Y-%m-%d %H:%M:%S} UTC; Ctrl-C or SIGTERM ends")
    )


def _tell(webhook: str | None, message: dict[str, Any]) -> None:
    """POST to the webhook, three times at most; a webhook that is away is no reason to fail."""
    import http.client
    import json as json_module
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
        except (http.client.HTTPException, OSError, ValueError):  # their texts may hold the address, which is a secret
            time.sleep(2**attempt)
    log.warning("the webhook did not answer")
