"""`o365bot init`: a few questions, and the files that an installation begins with."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer

from adapters.terminal.commands import starter
from adapters.terminal.commands.platforms import SlackManifest, TeamsPackage
from adapters.terminal.commands.starter import Answers
from adapters.terminal.options import checked, errors_in_words
from bot.chat.words import Words
from bot.errors import SettingsInvalid
from bot.settings.section import Guid
from bot.settings.sections.chat import SlackSettings, TeamsSettings
from bot.settings.sections.clouds import OktaSettings
from bot.settings.settings import Settings

MakeCertificate = Callable[[datetime], tuple[str, str]]
"""The public certificate, and that with its private key, both PEM."""


def _text(flag: str, about: str) -> Any:
    return typer.Option(flag, metavar="TEXT", help=about)


def add_init_command(
    cli: typer.Typer,
    slack_manifest: SlackManifest,
    teams_package: TeamsPackage,
    make_certificate: MakeCertificate,
) -> None:
    """Add `init`."""

    @cli.command()
    def init(
        directory: Annotated[Path, typer.Argument(help="Where to write.")] = Path("."),
        url: Annotated[str, _text("--url", "The bot's public address.")] = "",
        language: Annotated[str, _text("--language", "en or de.")] = "",
        okta_url: Annotated[str, _text("--okta-url", "The Okta org's address.")] = "",
        okta_name: Annotated[str, _text("--okta-name", "A short name for the org.")] = "",
        okta_client_id: Annotated[
            str, _text("--okta-client-id", "Client ID of the Okta service app.")
        ] = "",
        okta_key_id: Annotated[str, _text("--okta-key-id", "ID of its key (kid).")] = "",
        entra_client_id: Annotated[
            str, _text("--entra-client-id", "Client ID of the Entra app registration.")
        ] = "",
        slack: Annotated[bool | None, typer.Option("--slack/--no-slack")] = None,
        slack_socket: Annotated[
            bool | None,
            typer.Option(
                "--slack-socket/--no-slack-socket", help="Slack by Socket Mode: no open port."
            ),
        ] = None,
        slack_channel: Annotated[str, _text("--slack-channel", "The channel's ID, C….")] = "",
        slack_operator: Annotated[
            list[str] | None, _text("--slack-operator", "A member's id, U…; may be repeated.")
        ] = None,
        teams: Annotated[bool | None, typer.Option("--teams/--no-teams")] = None,
        teams_app_id: Annotated[
            str, _text("--teams-app-id", "App ID of the bot registration.")
        ] = "",
        teams_tenant_id: Annotated[str, _text("--teams-tenant-id", "ID of the bot's tenant.")] = "",
        teams_channel: Annotated[str, _text("--teams-channel", "The channel's ID, 19:….")] = "",
        teams_operator: Annotated[
            list[str] | None, _text("--teams-operator", "An Entra object id; may be repeated.")
        ] = None,
        yes: Annotated[
            bool, typer.Option("--yes", help="Ask nothing; leave a TODO for whatever is missing.")
        ] = False,
        force: Annotated[bool, typer.Option("--force", help="Overwrite existing files.")] = False,
    ) -> None:
        """Write the first settings, the Slack manifest and the Teams package.

        Asks for whatever the options leave out; an answer left empty can be filled in later.
        Never asks for a secret.
        """
        with errors_in_words():
            if not yes:
                _look_at(directory, force=force)
                typer.echo("No secret is asked for. Leave empty what you do not know yet.")
            ask = _Asking(silent=yes)
            answers = Answers(
                url=ask("--url", url, vital=True),
                language=ask("--language", language) or "en",
                okta_url=ask("--okta-url", okta_url, vital=True),
                org=ask("--okta-name", okta_name) or "okta",
                okta_client_id=ask("--okta-client-id", okta_client_id),
                okta_key_id=ask("--okta-key-id", okta_key_id),
                entra_client_id=ask("--entra-client-id", entra_client_id),
                slack=(on := ask.whether("Slack?", slack, default=True)),
                slack_socket=on
                and ask.whether(
                    "Slack by Socket Mode, which needs no port open to the internet?",
                    slack_socket,
                    default=False,
                ),
                slack_channel=ask("--slack-channel", slack_channel, needed=on),
                slack_operators=ask.several("--slack-operator", slack_operator, needed=on),
                teams=(on := ask.whether("Teams?", teams, default=False)),
                teams_app_id=ask("--teams-app-id", teams_app_id, needed=on),
                teams_tenant_id=ask("--teams-tenant-id", teams_tenant_id, needed=on),
                teams_channel=ask("--teams-channel", teams_channel, needed=on),
                teams_operators=ask.several("--teams-operator", teams_operator, needed=on),
            )
            for option, value in (("--url", answers.url), ("--okta-url", answers.okta_url)):
                if not value:
                    raise SettingsInvalid((f"{option}: is missing",))
            files = _files(answers, directory, slack_manifest, teams_package, make_certificate)
            _write(files, force=force)
        _say_what_next(answers, directory, [*files])


def _kind(section: type[Any], key: str) -> Any:
    """What the settings take for a key."""
    field = section.model_fields[key]
    kind: Any = Annotated[field.annotation, field]
    return kind


def _kind_of_each(section: type[Any], key: str) -> Any:
    """What the settings take for each of a list."""
    return section.model_fields[key].annotation.__args__[0]


_QUESTIONS: Mapping[str, tuple[str, Any]] = {
    "--url": ("Public address of the bot (https://…)", _kind(Settings, "public_url")),
    "--language": ("Language (en, de)", _kind(Settings, "language")),
    "--okta-url": ("Address of your Okta org (https://….okta.com)", _kind(OktaSettings, "url")),
    "--okta-name": ("A short name for it (such as contoso)", _kind(OktaSettings, "name")),
    "--okta-client-id": ("Client id of its service app", _kind(OktaSettings, "client_id")),
    "--okta-key-id": ("Key id (kid) of its key", _kind(OktaSettings, "key_id")),
    "--entra-client-id": ("Client id of the Microsoft app registration", Guid),
    "--slack-channel": ("Id of the Slack channel (C…)", _kind(SlackSettings, "channel")),
    "--slack-operator": (
        "Slack member ids of the operators (U…, U…)",
        _kind_of_each(SlackSettings, "operators"),
    ),
    "--teams-app-id": ("Microsoft App ID of the Teams bot", Guid),
    "--teams-tenant-id": ("Its tenant id", Guid),
    "--teams-channel": ("Id of the Teams channel (19:…)", _kind(TeamsSettings, "channel")),
    "--teams-operator": ("Entra object ids of the operators", Guid),
}
"""By the option that gives the same: what is asked, and what is an answer."""


class _Asking:
    """Asks for what was not given, until it can be used; silent, it takes what was given."""

    def __init__(self, *, silent: bool) -> None:
        self._silent = silent

    def __call__(self, option: str, given: str, *, needed: bool = True, vital: bool = False) -> str:
        """`vital`: nothing can be written without it, so it cannot be left for later."""
        question, kind = _QUESTIONS[option]
        if given or self._silent or not needed:
            return checked(option, kind, given) if given else ""
        while True:
            said = _said(question).strip()
            try:
                if said or not vital:
                    return checked(option, kind, said) if said else ""
                typer.secho("This one cannot wait: other answers build on it.", err=True)
            except SettingsInvalid as error:
                typer.secho(error.problems[0].partition(": ")[2], err=True)

    def several(self, option: str, given: Sequence[str] | None, *, needed: bool) -> tuple[str, ...]:
        question, kind = _QUESTIONS[option]
        if given or self._silent or not needed:
            return tuple(checked(option, kind, one) for one in given or ())
        while True:
            said = _said(question)
            try:
                return tuple(checked(option, kind, one) for one in said.replace(",", " ").split())
            except SettingsInvalid as error:
                typer.secho(error.problems[0].partition(": ")[2], err=True)

    def whether(self, question: str, given: bool | None, *, default: bool) -> bool:
        if given is None and not self._silent:
            with _somebody_to_ask():
                return typer.confirm(question, default=default)
        return default if given is None else given


@contextmanager
def _somebody_to_ask() -> Iterator[None]:
    """Says what to do where questions lead nowhere: in a script, say."""
    try:
        yield
    except typer.Abort:
        if sys.stdin.isatty():
            raise  # ^C
        raise typer.BadParameter(
            "nobody is there to answer; give --yes, and what you know by options: "
            "--url and --okta-url at least"
        ) from None


def _said(question: str) -> str:
    with _somebody_to_ask():
        return str(typer.prompt(question, default="", show_default=False))


def _files(
    answers: Answers,
    directory: Path,
    slack_manifest: SlackManifest,
    teams_package: TeamsPackage,
    make_certificate: MakeCertificate,
) -> Mapping[Path, bytes]:
    """What is written, by its path. Only what lies in `secrets` is secret."""
    directory = directory.expanduser().absolute()
    secrets = directory / "secrets"
    public, private = make_certificate(datetime.now(UTC))
    files = {
        directory / "o365bot.toml": starter.settings(answers, secrets).encode(),
        directory / "entra.crt": public.encode(),
        secrets / starter.ENTRA_PEM: private.encode(),
    }
    if answers.slack:
        made = slack_manifest(answers.url, Words(answers.language), answers.slack_socket)
        text = json.dumps(made, indent=2, ensure_ascii=False) + "\n"
        files[directory / "slack-manifest.json"] = text.encode()
    if answers.teams and answers.teams_app_id:
        files[directory / "o365bot-teams.zip"] = teams_package(
            answers.url, answers.teams_app_id, "o365bot", version("o365bot"), Words, False
        )
    return files


def _look_at(directory: Path, *, force: bool) -> None:
    """Nobody answers questions in vain. Raises SettingsInvalid."""
    directory = directory.expanduser().absolute()
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsInvalid((f"{directory}: cannot be written ({error.strerror})",)) from None
    config = directory / "o365bot.toml"
    if config.exists() and not force:
        raise SettingsInvalid((f"{config}: is there already; --force overwrites it",))


def _write(files: Mapping[Path, bytes], *, force: bool) -> None:
    """All of them or none: what was there stays as it is unless `force` says otherwise.

    Raises SettingsInvalid.
    """
    if not force and (there := [path for path in files if path.exists()]):
        raise SettingsInvalid(
            tuple(f"{path}: is there already; --force overwrites it" for path in there)
        )
    written: list[tuple[Path, Path]] = []
    try:
        for path, content in files.items():
            mode = 0o700 if path.parent.name == "secrets" else 0o755
            path.parent.mkdir(mode=mode, parents=True, exist_ok=True)
            beside = path.with_name(f".{path.name}.new")
            written.append((beside, path))
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
            with open(os.open(beside, flags, 0o600), "wb") as file:
                file.write(content)
        for beside, path in written:
            beside.replace(path)
    except OSError as error:
        for beside, _ in written:
            beside.unlink(missing_ok=True)
        raise SettingsInvalid((f"{path}: cannot be written ({error.strerror})",)) from None


def _say_what_next(answers: Answers, directory: Path, files: Sequence[Path]) -> None:
    """In the order in which it is done."""
    config = files[0]
    typer.echo("Written:")
    for path in files:
        typer.echo(f"  {path}")
    typer.echo("\nNext:")
    steps = [f"Upload {files[1]} to the Microsoft app registration, under Certificates & secrets."]
    if answers.slack:
        steps.append("Create the Slack app from slack-manifest.json (docs/slack.md).")
    if answers.slack and answers.slack_socket:
        steps.append(
            f"Browsers in your company must reach {answers.url}, for the personal links; "
            "Slack need not."
        )
    if answers.teams:
        package = (
            "Upload o365bot-teams.zip in the Teams admin center (docs/teams.md)."
            if answers.teams_app_id
            else "Register the Teams bot, then: o365bot teams package (docs/teams.md)."
        )
        steps.append(package)
    secrets, called = config.parent / "secrets", _called()
    steps += [
        f"Put into {secrets / name}: {what}." for name, what in starter.wanted(answers).items()
    ]
    steps += [
        *([f"Fill in the lines with TODO in {config}."] if "# TODO" in config.read_text() else []),
        f"{called} doctor --config {config}    says whether it is right, and what to do if not.",
        f"{called} run --config {config}    starts the bot.",
    ]
    for number, step in enumerate(steps, 1):
        typer.echo(f"  {number}. {step}")


def _called() -> str:
    """As a shell finds this program: in an environment of its own only by its path."""
    called = Path(sys.argv[0])
    alone = called.name == "o365bot" and shutil.which("o365bot") is None
    return str(called) if alone else "o365bot"
