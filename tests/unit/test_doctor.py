"""The doctor as a whole: every finding has its test, its words, and its status."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter

import pytest
from typer.testing import CliRunner

from adapters.terminal.cli import build_cli
from bot.chat import doctor as saying
from bot.chat.words import Words, languages
from bot.domain.doctor.checks import CHECKS, examine, worst
from bot.domain.doctor.finding import Check, Failure, Finding, Found, Grade
from bot.domain.doctor.seen import OktaSeen, RegistrationSeen, StoreSeen
from bot.services.doctor import Doctor
from bot.settings.settings import Settings
from tests.contract import test_doctor_chat as chat
from tests.contract import test_doctor_clouds as clouds
from tests.contract import test_doctor_installation as installation
from tests.unit.talk import TwoApps
from tests.unit.test_terminal_check import GOOD, nothing

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
EVERY = [(one, outcome) for one in CHECKS for outcome in one.outcomes]


def a_finding(check: Check, outcome: str) -> Finding:
    text = Words().forms(f"doctor.{check.name}_{outcome}")["other"]
    names = (name for _, name, _, _ in Formatter().parse(text) if name)
    values: dict[str, str | int | datetime] = {one: NOW if one == "date" else "x" for one in names}
    failure = Failure("No answer.") if check.outcomes[outcome] is Grade.BROKEN else None
    return Finding("place", check.name, Found(outcome, values, failure), check.outcomes[outcome])


def test_every_finding_has_a_test_that_brings_it_about() -> None:
    """A check that is added takes a world with its fault."""
    faults = (*clouds.OKTA, *clouds.MICROSOFT, *chat.SLACK, *chat.TEAMS)
    tested = {fault.finding for fault in faults} | {*chat.MAIL} | {*installation.FOUND}
    assert {f"{check.name}_{outcome}" for check, outcome in EVERY} == tested


@pytest.mark.parametrize("language", languages())
def test_every_finding_can_be_said(language: str) -> None:
    """With what to do about it where it is not good."""
    words = Words(language)
    for finding in (a_finding(*pair) for pair in EVERY):
        assert saying.found(finding, words)
        assert bool(saying.to_do(finding, words)) == (finding.grade is not Grade.GOOD), finding


NO = Failure("No answer.")
GRANTED = OktaSeen(scopes={"okta.apps.read": None}, roles=("Read-only Administrator",))


@pytest.mark.parametrize(
    ("seen", "found"),
    [
        (GRANTED, "okta_sign_in_signed_in okta_scope_granted okta_role_held"),
        (OktaSeen(sign_in=NO), "okta_sign_in_refused okta_scope_unknown"),
        (OktaSeen(by_token=True), "okta_sign_in_token okta_scope_token"),
        (
            OktaSeen(scopes={"okta.apps.read": NO, "okta.logs.read": NO}, roles=NO),
            "okta_sign_in_signed_in okta_scope_missing_apps okta_scope_missing "
            "okta_role_unreadable",
        ),
        (
            OktaSeen(by_token=True, reads={"GET /api/v1/apps": None, "GET /api/v1/logs": NO}),
            "okta_sign_in_token okta_scope_token okta_read_answered okta_read_refused "
            "okta_apps_none",
        ),
        (
            OktaSeen(by_token=True, reads={"GET /api/v1/apps": NO, "GET /api/v1/logs": None}),
            "okta_sign_in_token okta_scope_token okta_read_refused_apps okta_read_answered",
        ),
        (RegistrationSeen(), ""),
        (RegistrationSeen(by_secret=True), "registration_secret_unlisted"),
        (RegistrationSeen(by_secret=True, secret_ends=NOW), "registration_secret_over"),
        (StoreSeen(answer=NO, wanted=1), "store_answer_refused"),
        (
            StoreSeen(wanted=1),
            "store_answer_answers store_rights_enough store_file_kept store_memory_room "
            "store_replicas_few",
        ),
    ],
)
def test_what_is_found_follows_from_what_was_seen(seen: object, found: str) -> None:
    """What is not to be had at all is said once, where that begins."""
    names = [f"{one.check}_{one.found.outcome}" for one in examine({"place": seen}, NOW)]
    assert names == found.split()


def test_what_nobody_can_test_makes_nothing_worse() -> None:
    """Or no installation would ever be well."""
    by_grade = {one.grade: one for one in (a_finding(*pair) for pair in EVERY)}
    assert worst([by_grade[Grade.NOT_TESTABLE], by_grade[Grade.GOOD]]) is Grade.GOOD
    assert worst([by_grade[Grade.ATTENTION], by_grade[Grade.GOOD]]) is Grade.ATTENTION
    assert worst(by_grade.values()) is Grade.BROKEN


class Healthy(Doctor):
    """Finds what it is told to find."""

    def __init__(self, *findings: Finding) -> None:
        self._findings = findings

    async def examine(self) -> tuple[Finding, ...]:
        return self._findings


def run(tmp_path: Path, *words: str, findings: tuple[Finding, ...]) -> tuple[int, str]:
    @asynccontextmanager
    async def open_doctor(settings: Settings) -> AsyncIterator[Doctor]:
        yield Healthy(*findings)

    cli = build_cli(
        serve=nothing,  # type: ignore[arg-type]  # never called
        examine=nothing,  # type: ignore[arg-type]  # never called
        open_inventory=nothing,  # type: ignore[arg-type]  # never called
        open_planner=nothing,  # type: ignore[arg-type]  # never called
        open_doctor=open_doctor,
    )
    config = tmp_path / "o365bot.toml"
    config.write_text(GOOD)
    ran = CliRunner().invoke(cli, [*words, "--config", str(config)], env={"O365BOT_CONFIG": None})
    return ran.exit_code, ran.stdout


def of(grade: Grade) -> Finding:
    return next(one for one in (a_finding(*pair) for pair in EVERY) if one.grade is grade)


@pytest.mark.parametrize(
    ("grade", "status"),
    [(Grade.GOOD, 0), (Grade.NOT_TESTABLE, 0), (Grade.ATTENTION, 1), (Grade.BROKEN, 2)],
)
@pytest.mark.parametrize("command", [("doctor",), ("check", "--live")], ids=" ".join)
def test_the_exit_status_is_how_bad_it_is(
    tmp_path: Path, command: tuple[str, ...], grade: Grade, status: int
) -> None:
    """`check --live` is the same command."""
    left, shown = run(tmp_path, *command, findings=(of(Grade.GOOD), of(grade)))
    assert left == status
    assert saying.found(of(grade), Words("en")) in shown
    assert "place" in shown


def test_as_json_each_finding_says_where_what_and_what_to_do(tmp_path: Path) -> None:
    """For a monitor: names never change, words are English."""
    status, shown = run(tmp_path, "doctor", "--json", findings=(of(Grade.BROKEN),))
    told = json.loads(shown)
    assert (status, told["status"]) == (2, "broken")
    (finding,) = told["findings"]
    assert list(finding) == ["place", "check", "outcome", "grade", "found", "reason", "do"]
    assert finding["grade"] == "broken"
    assert finding["reason"] == "No answer."


async def test_in_chat_it_answers_operators_in_private_alone() -> None:
    """What is open is for nobody else to read; others get what they always get."""
    world = TwoApps()
    private = await world.say("doctor", private=True)
    assert private.summary == Words("en")("doctor.title_good")
    assert "direct message" in (await world.say("doctor")).summary


def test_a_long_report_in_chat_shows_the_worst_and_counts_the_rest() -> None:
    """A message has an end; the terminal has none."""
    findings = [a_finding(*pair) for pair in EVERY]
    message = saying.report(findings, Words("en"))
    shown = message.words
    assert shown.count("(broken)") == saying.SHOWN
    assert "more: run o365bot doctor" in shown
