"""The `kontor` command: only the list of its commands; each lives in webapp/commands/."""

import importlib

import click

# Command → where it lives. Loaded when asked for, so that `kontor --help` starts at once.
COMMANDS = {
    "up": "webapp.commands.up:up",
    "web": "webapp.commands.processes:web",
    "worker": "webapp.commands.processes:worker",
    "sweeper": "webapp.commands.processes:sweeper",
    "scheduler": "webapp.commands.processes:scheduler",
    "prepare": "webapp.commands.prepare:prepare",
    "migrate": "webapp.commands.migrate:migrate",
    "database": "webapp.commands.database:database",
    "user": "webapp.commands.user:user",
    "token": "webapp.commands.token:token",
    "channel": "webapp.commands.channel:channel",
    "gateway": "webapp.commands.payments:gateway",
    "carrier": "webapp.commands.carrier:carrier",
    "refunds": "webapp.commands.refunds:refunds",
    "order": "webapp.commands.order:order",
    "operations": "webapp.commands.operations:operations",
    "secrets": "webapp.commands.secrets:secrets",
    "demo": "webapp.commands.demo:demo",
    "verify": "webapp.commands.verify:verify",
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command


@click.group(cls=LazyGroup)
@click.version_option(package_name=None, version="0.1.0", prog_name="kontor")
def main() -> None:
    """Kontor, the order back-office for retailers who sell on many channels."""


if __name__ == "__main__":
    main()
