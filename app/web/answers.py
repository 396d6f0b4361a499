"""Answers of the graph as entries for cards: the reason becomes a sentence, with the titles of what it names."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from app.reasons import ids_in_reasons, sentence
from graph.browse import ListEntry
from graph.database import Database
from graph.related import RelatedProduct


def sentences(database: Database, reasons: Sequence[str]) -> list[str]:
    """Each reason as a sentence; not escaped."""
    ids = ids_in_reasons(reasons)
    titles: dict[str, str | None] = (
        {row["product_id"]: row["title"] for row in database.read("titles", ids=ids)} if ids else {}
    )
    return [sentence(reason, titles.get) for reason in reasons]


def card_entries(database: Database, entries: Sequence[RelatedProduct]) -> list[dict[str, Any]]:
    """Entries of an answer, ready for :func:`app.web.cards.cards`."""
    said = sentences(database, [entry.reason for entry in entries])
    return [{**asdict(entry), "because": because} for entry, because in zip(entries, said, strict=True)]


def stored_entries(database: Database, entries: Sequence[ListEntry]) -> list[dict[str, Any]]:
    """Entries of a stored list, with chips for what a shop would not show."""
    said = sentences(database, [entry.reason for entry in entries])
    return [
        {
            **asdict(entry),
            "because": because,
            "notes": [
                *(["out of stock"] if not entry.in_stock else []),
                *(["blocked"] if entry.blocked else []),
            ],
        }
        for entry, because in zip(entries, said, strict=True)
    ]


def pasteable(database: Database, name: str, parameters: Mapping[str, Any]) -> str:
    """A statement with its parameters, ready for Neo4j Browser."""
    pairs = ",\n         ".join(f"{key}: {_literal(value)}" for key, value in parameters.items())
    return f":params {{{pairs}}}\n\n{database.statement(name)};\n"


def _literal(value: Any) -> str:
    if isinstance(value, str):
        inner = value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
        return f"'{inner}'"
    if isinstance(value, Iterable):
        return "[" + ", ".join(_literal(part) for part in value) + "]"
    return json.dumps(value)
