"""What a failed start is told as."""

from __future__ import annotations

from pathlib import Path

import pytest

from graph.embedded.failures import explain, port_was_taken, reason
from graph.embedded.layout import Layout

STACK = """2026-11-22 04:35:21.256+0000 INFO  Starting...
2026-11-22 04:35:22.000+0000 ERROR Failed to start Neo4j on dbms listening address.
java.lang.RuntimeException: Error starting Neo4j database server at /data
\tat org.neo4j.graphdb.Factory.startDatabaseServer(Factory.java:100)
Caused by: org.neo4j.kernel.lifecycle.LifecycleException: Component failed
\tat org.neo4j.kernel.lifecycle.LifeSupport.init(LifeSupport.java:1)
Caused by: java.io.IOException: {text}
\tat java.base/java.io.File(File.java:1)
\t... 9 more
2026-11-22 04:35:23.000+0000 INFO  Stopped.
"""


def test_the_innermost_cause_is_the_reason() -> None:
    assert reason(STACK.format(text="the disk said no")) == "the disk said no"
    assert reason("2026-11-22 04:35:22.000+0000 ERROR Wrong password file") == "Wrong password file"
    assert reason("\n") == "it printed nothing"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Lock file has been locked by another process: /x/store_lock", "in use by another Neo4j server"),
        ("No space left on device", "is full"),
        ("Address already in use", "ports was taken"),
        ("something new", "did not start (exit code 1): something new"),
    ],
)
def test_known_reasons_are_said_in_words(tmp_path: Path, text: str, said: str) -> None:
    layout = Layout(tmp_path)
    layout.make()
    layout.console_log.write_text(STACK.format(text=text))
    error = explain(layout, 1)
    assert said in error.message
    assert port_was_taken(layout.console_log.read_text()) == (text == "Address already in use")


def test_a_start_that_hangs_says_the_last_words(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.make()
    layout.console_log.write_text("2026-11-22 04:35:21.256+0000 INFO  Recovery required\n")
    assert "Recovery required" in explain(layout, None).message
    assert str(layout.console_log) in explain(layout, None).hint
