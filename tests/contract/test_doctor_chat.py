"""What `doctor` finds of Slack, Teams and mail: each finding, in a world with that fault."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from adapters.mail.probe import MailProbe
from bot.domain.doctor.checks import examine
from bot.domain.doctor.finding import Finding, Grade
from bot.settings.sections.mail import MailSettings
from sandbox.slack.socket import SocketMode
from sandbox.slack.workspace import APP_ID
from sandbox.teams.installing import CATALOGUE, INSTALL
from sandbox.teams.service import CHANNEL
from sandbox.world import SLACK_TOKEN, TEAMS_SECRET
from tests.contract.doctor_stage import Fault, Installation, check_fault, names, secret
from tests.mail_server import PASSWORD, USER, Certificates, mail_server
from tests.mailbox import PASSWORD as IMAP_PASSWORD
from tests.mailbox import USER as IMAP_USER
from tests.mailbox import Imap, imap_server, mailbox

pytestmark = pytest.mark.usefixtures("no_waiting")

DAY = timedelta(days=1)
NOBODY = "00000000-0000-0000-0000-0000000000ff"


def operators(installation: Installation, *who: str) -> None:
    installation.part_is("slack", operators=who)


def installs(
    installation: Installation, *granted: str, uploaded: bool = True, down: str = ""
) -> None:
    """The bot is to install its app for people, with these permissions."""
    installation.world.down.add(down)
    installation.teams.graph_roles |= set(granted)
    installation.teams.in_catalogue = uploaded
    installation.part_is("teams", install_for_people=True)


def unread(installation: Installation) -> None:
    """The token may look at no channel."""
    installation.slack.scopes[:] = ["chat:write", "users:read"]


def elsewhere(installation: Installation) -> None:
    """The token is new, the ids are still those of another workspace."""
    installation.part_is("slack", channel="C0ELSEWHERE", operators=("U0ELSEWHERE", "U0ALSO"))


def deactivated(installation: Installation) -> None:
    installation.slack.deactivated.add("U0OLA")


OWN_TOKEN = f"xapp-1-{APP_ID}-1-x"


def by_socket(installation: Installation, token: str = OWN_TOKEN, taken: str = OWN_TOKEN) -> None:
    """Slack is met in Socket Mode, and takes one app-level token."""
    installation.slack.socket = SocketMode(taken, APP_ID)
    installation.part_is("slack", app_token=secret(token), signing_secret=None)


SLACK = (
    Fault("slack_socket_opened", by_socket),
    Fault("slack_socket_opened", lambda s: by_socket(s, "xapp-1", "xapp-1")),
    Fault("slack_socket_other", lambda s: by_socket(s, *["xapp-1-A0OTHER-1-x"] * 2), "A0OTHER"),
    Fault("slack_socket_refused", lambda s: by_socket(s, "xapp-2"), "not_allowed_token_type"),
    Fault("slack_socket_refused", lambda s: s.part_is("slack", app_token=secret("xapp-1"))),
    Fault("slack_sign_in_signed_in", lambda installation: None, "Contoso"),
    Fault("slack_scope_granted", lambda installation: None, "chat:write"),
    Fault("slack_secret_set", lambda installation: None),
    Fault("chat_channel_inside", lambda installation: None, "C0O365MIGR"),
    Fault("chat_operator_there", lambda installation: None, "U0OLA"),
    Fault("slack_sign_in_refused", lambda s: setattr(s.slack, "bot_token", "new"), "invalid_auth"),
    Fault("slack_sign_in_refused", lambda s: s.world.down.add("slack"), "503"),
    Fault("slack_scope_missing", lambda s: s.slack.scopes.remove("pins:write"), "pins:write"),
    Fault("slack_scope_missing_vital", lambda s: s.slack.scopes.remove("chat:write")),
    Fault("slack_scope_more", lambda s: s.slack.scopes.append("channels:manage"), "manage"),
    Fault("slack_scope_untold", lambda s: s.slack.scopes.clear()),
    Fault("slack_workspace_right", lambda installation: None, "Contoso"),
    Fault("slack_workspace_other", elsewhere, "Contoso"),
    Fault("chat_channel_outside", lambda s: s.slack.joined.clear(), "C0O365MIGR"),
    Fault("chat_channel_archived", lambda s: s.slack.archived.add("C0O365MIGR"), "C0O365MIGR"),
    Fault("chat_channel_unseen", lambda s: s.part_is("slack", channel="C0NONE"), "C0NONE"),
    Fault("chat_channel_refused", unread, "a scope is missing"),
    Fault("chat_operator_unfit", lambda s: s.slack.external.add("U0OLA"), "U0OLA"),
    Fault("chat_channel_unset", lambda s: s.part_is("slack", channel="")),
    Fault("chat_operator_unfit", deactivated, "U0OLA"),
    Fault("chat_operator_unfit", lambda s: s.slack.guests.add("U0OLA"), "U0OLA"),
    Fault("chat_operator_unfit", lambda s: operators(s, "U0O365BOT"), "U0O365BOT"),
    Fault("chat_operator_absent", lambda s: operators(s, "U0NOBODY"), "U0NOBODY"),
    Fault("chat_group_read", lambda installation: None, "S0IDENTITY"),
    Fault("chat_group_unread", lambda s: s.slack.scopes.remove("usergroups:read"), "S0IDENTITY"),
    Fault("chat_group_unread", lambda s: s.part_is("slack", viewer_channels=("C0NONE",)), "C0NONE"),
    Fault("clock_far", lambda s: setattr(s, "ahead", timedelta(minutes=20))),
)
TEAMS = (
    Fault("teams_sign_in_signed_in", lambda installation: None),
    Fault("teams_install_may", lambda s: installs(s, INSTALL, CATALOGUE)),
    Fault("teams_install_refused", lambda s: installs(s, CATALOGUE), INSTALL),
    Fault("teams_install_refused", lambda s: installs(s, INSTALL), CATALOGUE),
    Fault(
        "teams_install_refused",
        lambda s: installs(s, INSTALL, CATALOGUE, uploaded=False),
        "o365bot teams package",
    ),
    Fault("teams_install_refused", lambda s: installs(s, down="graph"), "503"),
    Fault("teams_keys_read", lambda installation: None),
    Fault("teams_endpoint_set", lambda installation: None),
    Fault("chat_channel_inside", lambda installation: None, "thread.tacv2"),
    Fault("chat_operator_there", lambda installation: None),
    Fault("teams_sign_in_refused", lambda s: setattr(s.teams, "app_password", "new"), "AADSTS"),
    Fault("teams_sign_in_refused", lambda s: s.world.down.add("teams-login"), "503"),
    Fault("teams_keys_unread", lambda s: s.world.down.add("botframework"), "503"),
    Fault("chat_channel_unseen", lambda s: s.part_is("teams", channel="19:x@thread.tacv2"), "19:x"),
    Fault("chat_channel_outside", lambda s: s.teams.left.add(CHANNEL)),
    Fault("chat_channel_refused", lambda s: s.world.down.add("teams"), "503"),
    Fault("chat_channel_unset", lambda s: s.part_is("teams", channel="")),
    Fault("chat_operator_absent", lambda s: s.part_is("teams", operators=(NOBODY,)), NOBODY),
    Fault("chat_operator_untold", lambda s: s.part_is("teams", channel="")),
    Fault("chat_group_read", lambda installation: None, "o365readers"),
    Fault("chat_group_unread", lambda s: s.part_is("teams", viewer_channels=("19:x@y",)), "19:x@y"),
    Fault("chat_operator_untold", lambda s: s.world.down.add("teams")),
)


@pytest.mark.parametrize("fault", SLACK, ids=names(SLACK))
async def test_each_fault_of_slack_is_found(installation: Installation, fault: Fault) -> None:
    """One thing is wrong, and it is said; nothing is posted to find it."""
    fault.breaks(installation)
    check_fault(fault, await installation.slack_findings(), [SLACK_TOKEN, "sandbox-signing-secret"])
    assert not any(one.messages for one in installation.world.log)


@pytest.mark.parametrize("fault", TEAMS, ids=names(TEAMS))
async def test_each_fault_of_teams_is_found(installation: Installation, fault: Fault) -> None:
    """One thing is wrong, and it is said; nothing is posted to find it."""
    fault.breaks(installation)
    check_fault(fault, await installation.teams_findings(), [TEAMS_SECRET])
    assert not any(one.messages for one in installation.world.log)


async def test_where_all_is_well_nothing_else_is_said(installation: Installation) -> None:
    """A finding of a healthy world would teach people not to look."""
    for findings in (await installation.slack_findings(), await installation.teams_findings()):
        bad = [one.key for one in findings if one.grade in (Grade.ATTENTION, Grade.BROKEN)]
        assert bad == []


# ------------------------------------------------------------------ mail


def settings(port: int, certificates: Certificates, **more: object) -> MailSettings:
    values: dict[str, object] = {
        "host": "127.0.0.1",
        "port": port,
        "ca_file": certificates.authority,
        "user": USER,
        "password": PASSWORD,
        "sender": "o365bot@contoso.com",
        "domains": ["contoso.com"],
    }
    return MailSettings.model_validate({**values, **more})


async def found(settings: MailSettings, later: timedelta = timedelta()) -> list[Finding]:
    seen = await MailProbe(settings).probe()
    return list(examine({"mail": seen}, datetime.now(UTC) + later))


def the(findings: list[Finding], check: str) -> Finding:
    (one,) = [one for one in findings if one.check == check]
    return one


MAIL = (
    "mail_sign_in_accepted",
    "mail_sign_in_refused",
    "mail_certificate_long",
    "mail_certificate_soon",
    "mail_certificate_over",
    "mail_bounces_opened",
    "mail_bounces_refused",
)


async def test_a_mail_server_that_lets_in_is_good_and_its_certificate_dated(
    certificates: Certificates,
) -> None:
    """No mail is sent; the certificate is told of as its end comes near."""
    async with mail_server(certificates) as server:
        right = settings(server.port, certificates)
        findings = await found(right)
        assert the(findings, "mail_sign_in").found.outcome == "accepted"
        ends = the(findings, "mail_certificate").found.values["date"]
        assert isinstance(ends, datetime)
        left = ends - datetime.now(UTC)
        for later, outcome in ((left - 31 * DAY, "long"), (left - DAY, "soon"), (left, "over")):
            assert the(await found(right, later), "mail_certificate").found.outcome == outcome
        assert server.mails == []


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"password": secret("wrong-hush")}, "refused the sign-in"),
        ({"ca_file": None}, "cannot be trusted"),
        ({"port": 9}, "does not answer"),
    ],
)
async def test_a_mail_server_that_cannot_be_used_is_said_with_its_reason(
    certificates: Certificates, wrong: dict[str, object], reason: str
) -> None:
    """And never with the password."""
    async with mail_server(certificates) as server:
        right = settings(server.port, certificates)
        findings = await found(right.model_copy(update=wrong))
    told = the(findings, "mail_sign_in")
    assert told.found.outcome == "refused"
    assert told.found.failure is not None
    assert reason in told.found.failure.reason
    assert "hush" not in repr(findings)


async def test_the_mailbox_of_what_came_back_is_opened_and_left_as_it_is(
    certificates: Certificates,
) -> None:
    """With a wrong password it is said that it does not open."""
    with imap_server() as behind:
        await opened_and_refused(behind, certificates)


async def opened_and_refused(behind: Imap, certificates: Certificates) -> None:
    async with mail_server(certificates) as server, mailbox(behind, certificates) as box:
        right = {
            "host": "127.0.0.1",
            "port": box.port,
            "user": IMAP_USER,
            "password": IMAP_PASSWORD,
        }
        good = settings(server.port, certificates, bounces=right)
        assert the(await found(good), "mail_bounces").found.outcome == "opened"
        wrong = settings(server.port, certificates, bounces={**right, "password": "no"})
        assert the(await found(wrong), "mail_bounces").found.outcome == "refused"
