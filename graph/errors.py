"""Errors that a person reads: what was wrong, where, and what to do next."""

from __future__ import annotations


class UserError(Exception):
    """Something that the person who called can mend; the command line prints it without a stack trace.

    Attributes:
        message: What was wrong and where, one or a few sentences.
        hint: What to do next; empty where the message says it.
        exit_code: 1 failed, 2 misuse, 3 refused by the quality gate.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message if not hint else f"{message}\n{hint}")
        self.message = message
        self.hint = hint


class UsageError(UserError):
    """The call itself cannot work: a wrong option, a missing file, an impossible setting."""

    exit_code = 2
