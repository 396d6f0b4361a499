"""Settings as people type them: ``key=value``, read by the type that the model's settings class declares."""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Iterable
from typing import Any

from graph.errors import UsageError


def parse_settings(model: str, texts: Iterable[str]) -> dict[str, Any]:
    """``["dimensions=64", "p=0.5"]`` as the keyword arguments of ``models.create(model, …)``.

    Raises:
        UsageError: no such model or setting, or a text that is no value of the setting's type.
    """
    from models.registry import model_class

    try:
        settings_class = model_class(model).settings_class
    except ValueError as error:
        raise UsageError(str(error)) from error
    hints = typing.get_type_hints(settings_class)
    known = [field.name for field in dataclasses.fields(settings_class)]
    parsed: dict[str, Any] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        key = key.strip()
        if not equals:
            raise UsageError(f"{text!r} sets nothing: write --set key=value")
        if key not in known:
            raise UsageError(f"{model} has no setting {key!r}; it has: {', '.join(known) or 'none'}")
        try:
            parsed[key] = _value(value.strip(), hints[key])
        except ValueError as error:
            raise UsageError(f"{model}: {key}={value} cannot be read as {_name(hints[key])}") from error
    return parsed


def _value(text: str, wanted: Any) -> Any:
    """``text`` as a value of the type ``wanted``; ValueError where it is none."""
    origin, arguments = typing.get_origin(wanted), typing.get_args(wanted)
    if origin in (typing.Union, types.UnionType):
        if type(None) in arguments and text.lower() in {"none", "null"}:
            return None
        for argument in arguments:
            if argument is not type(None):
                try:
                    return _value(text, argument)
                except ValueError:
                    continue
        raise ValueError(text)
    if origin is typing.Literal:
        for choice in arguments:
            if text == str(choice):
                return choice
        raise ValueError(text)
    if wanted is bool:
        if text.lower() in {"true", "yes", "on", "1"}:
            return True
        if text.lower() in {"false", "no", "off", "0"}:
            return False
        raise ValueError(text)
    if wanted is int or wanted is float:
        return wanted(text)
    if wanted is str:
        return text
    value = json.loads(text)
    return tuple(value) if origin is tuple and isinstance(value, list) else value


def _name(wanted: Any) -> str:
    if typing.get_origin(wanted) is typing.Literal:
        return "one of " + ", ".join(map(str, typing.get_args(wanted)))
    return str(getattr(wanted, "__name__", wanted)) if typing.get_origin(wanted) is None else str(wanted)
