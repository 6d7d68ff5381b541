"""What every command shares: the settings, an app context, one sentence for a refusal, and `--json` lists."""

import functools
import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ParamSpec, TypeVar

import click

from webapp.core.audit import AuditContext, Origin
from webapp.core.errors import DomainError
from webapp.core.home import environment
from webapp.core.settings import Settings, SettingsError

P = ParamSpec("P")
R = TypeVar("R")

BY_COMMAND = AuditContext(origin=Origin.COMMAND, actor="command line")


def current_settings() -> Settings:
    """The settings of this shell; when a `kontor up` runs in KONTOR_HOME, its database and Redis. Exits with 2."""
    try:
        return Settings.from_env(environment(os.environ))
    except SettingsError as error:
        raise click.ClickException(str(error)) from None


def with_app(command: Callable[P, R]) -> Callable[P, R]:
    """Run a command inside the app; a refusal of the domain is one sentence on stderr and exit status 1."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        from webapp.app import create_app

        try:
            with create_app(current_settings()).app_context():
                return command(*args, **kwargs)
        except SettingsError as error:
            raise click.ClickException(str(error)) from None
        except DomainError as refusal:
            raise click.ClickException(refusal.message) from None

    return run


def print_rows(rows: Iterable[Mapping[str, Any]], columns: Iterable[str], *, as_json: bool) -> None:
    """A list: one JSON array, or a table with one line a row."""
    listed = [dict(row) for row in rows]
    if as_json:
        click.echo(json.dumps(listed, default=str, ensure_ascii=False, indent=2))
        return
    names = list(columns)
    cells = [names, *([("" if row.get(n) is None else str(row.get(n))) for n in names] for row in listed)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(names))]
    for line in cells:
        click.echo("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())


def fail(sentence: str) -> "click.ClickException":
    """A refusal of a command, to be raised."""
    return click.ClickException(sentence)


def is_terminal() -> bool:
    """Whether a person watches the output."""
    return sys.stdout.isatty()
