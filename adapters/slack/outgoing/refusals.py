"""What Slack's refusals mean, by its error codes.

Source of the codes: the "Errors" of each method that is called here, docs.slack.dev/reference/
methods. A code that is not named here is UNTOLD, as are those whose page does not tell whom they
are about: it blames neither a person nor the installation.
"""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.refusals import Refusal, Scope

_TOKEN = "Check slack.bot_token: install the app again and set the new token (docs/slack.md)."
_INVITE = "Invite the app to the channel, or name another one (docs/slack.md)."
_GRANT = "Ask a workspace owner to let the app in there (docs/slack.md)."

CODES: Mapping[str, Refusal] = {
    code: Refusal(scope, hint)
    for scope, hint, codes in (
        (
            Scope.PERSON,
            "",
            "user_not_found users_not_found user_disabled user_not_visible user_not_in_channel "
            "user_is_bot user_is_restricted user_is_ultra_restricted cannot_dm_bot "
            "invalid_user_combination invalid_users not_enough_users too_many_users "
            "users_list_not_supplied",
        ),
        (Scope.CHANNEL, _INVITE, "channel_not_found not_in_channel no_permission"),
        (
            Scope.CHANNEL,
            "It is archived: open it again, or name another channel.",
            "is_archived is_inactive",
        ),
        (
            Scope.CHANNEL,
            "Let the app post there (the channel's posting permissions), or name another channel.",
            "restricted_action restricted_action_read_only_channel "
            "restricted_action_thread_only_channel restricted_action_non_threadable_channel "
            "restricted_action_thread_locked channel_is_limited_access posting_to_channel_denied",
        ),
        (
            Scope.CHANNEL,
            "Name another channel, by its id.",
            "channel_type_not_supported method_not_supported_for_channel_type team_not_found",
        ),
        (
            Scope.GONE,
            "",
            "message_not_found thread_not_found cant_update_message edit_window_closed "
            "hash_conflict not_found expired_url used_url expired_trigger_id exchanged_trigger_id "
            "invalid_trigger_id",
        ),
        (
            Scope.MESSAGE,
            "",
            "invalid_blocks invalid_blocks_format msg_blocks_too_long msg_too_long no_text "
            "too_many_attachments too_many_contact_cards metadata_too_large "
            "metadata_must_be_sent_from_app invalid_metadata_format invalid_metadata_schema "
            "markdown_text_conflict view_too_large invalid_arguments invalid_arg_name "
            "invalid_array_arg invalid_charset invalid_form_data invalid_post_type "
            "invalid_json missing_post_type invalid_payload "
            "cannot_reply_to_message duplicate_client_msg_id attachment_payload_limit_exceeded "
            "invalid_attachments block_mismatch slack_connect_canvas_sharing_blocked "
            "slack_connect_file_link_sharing_blocked slack_connect_lists_sharing_blocked",
        ),
        (
            Scope.CALL,
            "Turn the Messages Tab on under App Home: nobody can be written to without it.",
            "messages_tab_disabled",
        ),
        (Scope.CALL, "Turn the Home Tab on under App Home.", "not_enabled"),
        (
            Scope.CALL,
            "Slack does not take this call from this app.",
            "missing_scope not_allowed_token_type unknown_method method_deprecated "
            "deprecated_endpoint is_bot plan_upgrade_required enterprise_is_restricted",
        ),
        (
            Scope.INSTALLATION,
            _TOKEN,
            "not_authed account_inactive token_revoked token_expired",
        ),
        (
            Scope.INSTALLATION,
            f"{_TOKEN} If it is right, Slack may take calls from certain IP addresses alone.",
            "invalid_auth accesslimited",
        ),
        (
            Scope.INSTALLATION,
            "Slack refuses the app as a whole: ask a workspace owner (docs/slack.md).",
            "two_factor_setup_required",
        ),
        (
            Scope.PASSING,
            "",
            "fatal_error internal_error service_unavailable request_timeout update_failed "
            "external_channel_migrating team_added_to_org org_login_required "
            "fetch_members_failed streaming_state_conflict invalid_cursor",
        ),
        # One workspace, channel or person, or all of them: Slack does not say which.
        (
            Scope.UNTOLD,
            _GRANT,
            "access_denied app_access_restricted team_access_not_granted",
        ),
        (
            Scope.UNTOLD,
            "Your admins stopped messages there (Enterprise Key Management).",
            "ekm_access_denied",
        ),
    )
    for code in codes.split()
}
"""By Slack's own code."""

HALF_DONE = frozenset({"fatal_error", "internal_error"})
"""After which "some aspect of the operation" may have been done: the message may be there."""

_WRITES = frozenset({"chat:write", "chat:write:bot"})
UNTOLD = Refusal(Scope.UNTOLD)


def scope_missing(needed: str) -> Refusal:
    """A scope that the app lacks: named, where Slack names it (`needed`, such as `im:write`).

    Without `chat:write` nothing gets through; any other one is for one kind of call.
    """
    named = f"the scope {needed}" if needed else "the scopes of docs/slack.md"
    writes = not _WRITES.isdisjoint(needed.replace(" ", "").split(","))
    scope = Scope.INSTALLATION if writes else Scope.CALL
    return Refusal(scope, f"Give the Slack app {named} and install it again.")
