"""Each error that Slack documents for what is called here, and what it is about.

The codes are those of docs.slack.dev (tests/recorded). Expected is written down here once more, by
who would suffer from a wrong one, and tried through the messenger.
"""

from __future__ import annotations

import json
from importlib.resources import files

import pytest

from adapters.slack.outgoing.calls import open_web
from adapters.slack.outgoing.messenger import SlackMessenger
from adapters.slack.outgoing.refusals import CODES
from bot.domain.delivery.notices import Channel
from bot.domain.people.admins import ChatIdentity, Platform
from bot.domain.refusals import Scope
from bot.errors import ChatError, ChatThrottled, ChatUnreachable
from bot.message import Message
from tests.contract.slack_stage import says, scripted, settings

_TEXT = (files("tests.recorded") / "slack_errors.json").read_text(encoding="utf-8")
DOCUMENTED = {method: codes.split() for method, codes in json.loads(_TEXT).items()}
ALL = sorted({code for codes in DOCUMENTED.values() for code in codes})


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Of arguments that no call here has: drafts, files, other authors, broadcasts, profiles.
NEVER_SENT = _codes(
    "as_user_not_supported bad_timestamp blocked_file_type cant_broadcast_message "
    "draft_already_deleted draft_already_sent draft_has_conflict draft_not_found "
    "duplicate_channel_not_found duplicate_external_id duplicate_message_not_found file_deleted "
    "file_is_deleted file_not_found file_not_shared file_share_limit_reached invalid_limit "
    "invalid_metadata_filter_keys invalid_team invalid_ts_latest invalid_ts_oldest "
    "list_record_comment_fetch_failed max_file_sharing_exceeded missing_argument "
    "missing_file_data missing_profile_id no_dual_broadcast_content_update no_item_specified "
    "not_implemented send_on_behalf_not_allowed slack_connect_blocked_file_type "
    "slack_connect_clip_sharing_blocked slack_connect_file_upload_sharing_blocked "
    "unable_to_share_files"
)
PINS = _codes("already_pinned not_pinnable too_many_pins")  # then it is not pinned
# Read by the directory as "there is none", and by the doctor as "not told".
LOOKED_FOR = _codes("no_such_subteam bot_not_found")
RATE_LIMITS = _codes("ratelimited rate_limited message_limit_exceeded")
EVERYBODY = _codes(
    "not_authed invalid_auth account_inactive token_revoked token_expired accesslimited "
    "two_factor_setup_required"
)
ONE_KIND_OF_CALL = _codes(
    "missing_scope not_allowed_token_type unknown_method method_deprecated deprecated_endpoint "
    "is_bot plan_upgrade_required enterprise_is_restricted messages_tab_disabled not_enabled"
)
ONE_PERSON = _codes(
    "user_disabled user_not_found user_not_visible users_not_found users_list_not_supplied "
    "invalid_user_combination not_enough_users too_many_users"
)
WHOSE_NOBODY_KNOWS = _codes(
    "access_denied app_access_restricted team_access_not_granted ekm_access_denied"
)
PASSES = _codes(
    "fatal_error internal_error service_unavailable request_timeout update_failed "
    "external_channel_migrating team_added_to_org org_login_required fetch_members_failed "
    "streaming_state_conflict invalid_cursor"
)


def test_every_documented_code_has_its_place() -> None:
    """In the table, or with a reason here; a new one is seen when the pages are read again."""
    apart = NEVER_SENT | PINS | LOOKED_FOR | RATE_LIMITS
    assert [code for code in ALL if code not in CODES and code not in apart] == []
    assert sorted(apart & set(CODES)) == []
    assert sorted(apart - set(ALL)) == []


def test_nobody_is_blamed_for_another() -> None:
    """Who suffers from each of the codes that weigh most."""
    table = {code: CODES[code].scope for code in ALL if code in CODES}
    by_scope = {scope: {code for code, one in table.items() if one is scope} for scope in Scope}
    assert by_scope[Scope.INSTALLATION] == EVERYBODY
    assert by_scope[Scope.CALL] == ONE_KIND_OF_CALL
    assert by_scope[Scope.PERSON] == ONE_PERSON
    assert by_scope[Scope.UNTOLD] == WHOSE_NOBODY_KNOWS
    assert by_scope[Scope.PASSING] == PASSES


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("invalid_auth", "IP addresses"),
        ("token_revoked", "slack.bot_token"),
        ("not_in_channel", "Invite the app"),
        ("is_archived", "archived"),
        ("is_inactive", "archived"),
        ("restricted_action", "posting permissions"),
        ("restricted_action_thread_only_channel", "posting permissions"),
        ("team_not_found", "by its id"),
        ("messages_tab_disabled", "Messages Tab"),
        ("ekm_access_denied", "Key Management"),
        ("team_access_not_granted", "workspace owner"),
    ],
)
async def test_the_hint_follows_the_code(code: str, hint: str) -> None:
    """Through the messenger; none says to invite the app where that does not help."""
    async with scripted({"chat.postMessage": [says({"ok": False, "error": code})]}) as slack:
        error = await _refusal(slack.url, Channel(Platform.SLACK, "C1"))
    assert hint in error.hint
    assert ("Invite" in error.hint) is (code == "not_in_channel")


async def test_what_slack_refuses_for_all_is_no_persons_fault() -> None:
    """A message to one person: only what is about that person, or their channel, moves on."""
    moves_on = ONE_PERSON | {
        code for code in ALL if code in CODES and CODES[code].scope is Scope.CHANNEL
    }
    to = ChatIdentity(Platform.SLACK, "U1")
    async with scripted({}) as slack:
        for code in ALL:
            slack.answers = {"chat.postMessage": [says({"ok": False, "error": code})]}
            error = await _refusal(slack.url, to)
            assert (error.scope is Scope.PERSON) is (code in moves_on), code
            assert isinstance(error, ChatThrottled) is (code in RATE_LIMITS), code


@pytest.mark.parametrize(
    ("code", "status", "in_doubt"),
    [
        ("fatal_error", 200, True),
        ("internal_error", 200, True),
        ("something_new", 500, True),
        ("service_unavailable", 503, False),
        ("request_timeout", 200, False),
    ],
)
async def test_what_slack_may_have_done_is_not_called_undone(
    code: str, status: int, in_doubt: bool
) -> None:
    """Slack says that some of it may have been done: it is looked for before it is sent anew."""
    async with scripted(
        {"chat.postMessage": [says({"ok": False, "error": code}, status)]}
    ) as slack:
        error = await _refusal(slack.url, Channel(Platform.SLACK, "C1"))
    assert isinstance(error, ChatUnreachable)
    assert error.nothing_sent is not in_doubt


@pytest.mark.parametrize("code", sorted(DOCUMENTED["pins.add"]))
async def test_a_board_that_is_not_pinned_is_posted_all_the_same(code: str) -> None:
    """Whatever Slack says of the pin."""
    async with scripted({"pins.add": [says({"ok": False, "error": code})]}) as slack:
        async with open_web(settings(f"{slack.url}/api")) as web:
            await SlackMessenger(web).pin("C1:1.1")
        assert slack.methods == ["pins.add"]


async def _refusal(api: str, to: Channel | ChatIdentity) -> ChatError:
    async with open_web(settings(f"{api}/api")) as web:
        messenger = SlackMessenger(web)
        sending = (
            messenger.post(to, Message("x"), "k")
            if isinstance(to, Channel)
            else messenger.send_personal(to, Message("x"), "k")
        )
        with pytest.raises(ChatError) as raised:
            await sending
    return raised.value
