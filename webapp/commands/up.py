"""`kontor up`: everything in one command, on one machine."""

import contextlib
import os

import click

from webapp.core.room import is_out_of_room
from webapp.core.settings import Settings, SettingsError


@click.command()
@click.option("--stop-with-parent", is_flag=True, help="Stop when the process that started it ends.")
@click.option(
    "--only-servers",
    is_flag=True,
    help="Start PostgreSQL and Valkey alone: to restore a backup, or to look at the data at rest.",
)
def up(stop_with_parent: bool, only_servers: bool) -> None:
    """Start everything: our own PostgreSQL and Valkey unless DATABASE_URL and REDIS_URL are set, web, workers."""
    from webapp.supervisor.run import Supervisor

    os.umask(0o077)  # Whatever is made below KONTOR_HOME is for its owner alone.
    try:
        settings = Settings.from_env(os.environ)
        if only_servers and settings.database_url is not None:
            raise SettingsError(
                "DATABASE_URL names a server that is not ours to start: leave out --only-servers."
            )
        Supervisor(settings, say=_say, stop_with_parent=stop_with_parent, only_servers=only_servers).run()
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        if not is_out_of_room(error):
            raise
        raise click.ClickException(
            f"The disk that holds KONTOR_HOME ({settings.home.absolute()}) is full: make room, then start again."
        ) from None


def _say(text: str) -> None:
    # The terminal may be gone; that is no reason to leave the stop half done.
    with contextlib.suppress(OSError):
        click.echo(text)
