"""The compose file as a reader without an engine sees it: variables put in, and its commands as processes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]


class MissingVariableError(Exception):
    """A variable without a default is not set."""


def read_compose(environment: Mapping[str, str]) -> dict[str, Any]:
    """The compose file with ``environment`` put in; of variables it uses the forms ``${A:-b}`` and ``${A:?b}``."""
    return dict(_put_in(yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8")), environment))


def variables_of(text: str) -> set[str]:
    """Names of the variables that a text takes."""
    return set(re.findall(r"\$\{(\w+)", text))


def _put_in(node: Any, environment: Mapping[str, str]) -> Any:
    if isinstance(node, str):
        return re.sub(r"\$\{(\w+)(?::([-?])([^}]*))?\}", lambda found: _value(found, environment), node)
    if isinstance(node, dict):
        return {key: _put_in(value, environment) for key, value in node.items()}
    if isinstance(node, list):
        return [_put_in(value, environment) for value in node]
    return node


def _value(found: re.Match[str], environment: Mapping[str, str]) -> str:
    name, kind, rest = found.groups()
    if value := environment.get(name):
        return value
    if kind == "?":
        raise MissingVariableError(rest)
    return rest or ""
