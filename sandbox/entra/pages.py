"""The pages of the pretend Microsoft login host: signing in to the bot, and consenting to Okta.

Nobody types a password here: one chooses an account, and Microsoft's answer for it follows.
"""

from __future__ import annotations

import json
import secrets
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sandbox.company.company import Company, Refused
from sandbox.company.contoso_entra import GRAPH_ROLES
from sandbox.company.records import (
    OKTA_CLIENT_APP_ID,
    OKTA_CLIENT_NAME,
    EntraAccount,
    EntraTenant,
    Hold,
)
from sandbox.company.traces import CONSENT_ROLES
from sandbox.entra.tokens import Code, tenant_named
from sandbox.http.pages import Pages

CODE_SECONDS = 600

_TEMPLATES = {
    "choose": """{% extends "frame" %}{% block body %}
<h1>{{ title }}</h1>
<p>{{ tenant.display_name }}</p>
{% if trouble %}<div class="trouble" role="alert"><p>Sorry, but we're having trouble signing you
in.</p><p>{{ trouble }}</p></div>{% endif %}
<form method="post">
<fieldset><legend>Pick an account</legend>
{% for account in accounts %}<label><input type="radio" name="account" value="{{ account.id }}"
 required{% if account.id == chosen %} checked{% endif %}> {{ account.display_name }}
<span class="quiet">{{ account.upn }}{% for hint in hints[account.id] %} · {{ hint }}{% endfor %}
</span></label>
{% endfor %}</fieldset>
{% if permissions %}<h2>Permissions requested</h2>
<p><strong>{{ app }}</strong> would like to, on behalf of your organization:</p>
<ul>{% for permission in permissions %}<li>{{ permission }}</li>{% endfor %}</ul>{% endif %}
<div class="actions">
<button name="answer" value="accept" class="primary">{{ accept }}</button>
{% if may_skip_mfa %}<button name="answer" value="without-mfa">Sign in without MFA</button>
{% endif %}<button name="answer" value="cancel" formnovalidate>Cancel</button>
</div>
</form>
<p class="quiet">This is a pretend Microsoft. Nothing here leaves this machine.</p>
{% endblock %}""",
    "error": """{% extends "frame" %}{% block body %}
<h1>{{ title }}</h1>
<p class="trouble" role="alert">{{ trouble }}</p>{% endblock %}""",
}


_SIGN_IN = {"title": "Sign in", "accept": "Sign in", "may_skip_mfa": True}
_LET_IN = {
    "title": "Accept for your organization",
    "accept": "Accept",
    "app": "o365bot",
    "permissions": sorted(GRAPH_ROLES),
}
_CONSENT = {
    "title": "Sign in and accept for your organization",
    "accept": "Accept",
    "app": OKTA_CLIENT_NAME,
    "permissions": CONSENT_ROLES,
}


@dataclass
class SignInPages:
    """Signing in (version 2.0) and consenting (version 1.0). `codes` is what the tokens need."""

    company: Company
    codes: dict[str, Code]

    def __post_init__(self) -> None:
        self.pages = Pages("Pretend Microsoft", "#0067b8", _TEMPLATES)

    # -- signing in to the bot -------------------------------------------------------------

    async def show_sign_in(self, request: Request) -> Response:
        """`GET /{tenant}/oauth2/v2.0/authorize`."""
        tenant = tenant_named(self.company, request.path_params["tenant"])
        return self._refused_client(request, tenant) or self._page(request, _SIGN_IN)

    async def sign_in(self, request: Request) -> Response:
        """An account was chosen: back to the bot with a code."""
        tenant = tenant_named(self.company, request.path_params["tenant"])
        refused = self._refused_client(request, tenant)
        if refused is not None:
            return refused
        query = request.query_params
        account, answer = await self._choice(request, tenant)
        if answer == "cancel":
            return _back(query, error="access_denied", error_description=_DECLINED)
        if account is None:
            return self._page(request, _SIGN_IN, "Pick an account.", None, 400)
        if not account.enabled:
            trouble = "AADSTS50057: The user account is disabled."
            return self._page(request, _SIGN_IN, trouble, account, 400)
        code = secrets.token_urlsafe(48)
        self.codes[code] = Code(
            tenant_id=tenant.id,
            account_id=account.id,
            redirect_uri=query["redirect_uri"],
            scope=query.get("scope", ""),
            nonce=query.get("nonce"),
            challenge=query.get("code_challenge"),
            expires=self.company.clock() + CODE_SECONDS,
            mfa=answer != "without-mfa",
            context=_context(query.get("claims", "")),
        )
        return _back(query, code=code)

    def _refused_client(self, request: Request, tenant: EntraTenant) -> Response | None:
        """What Microsoft shows, instead of going back, to a request it cannot trust."""
        query, bot = request.query_params, self.company.bot
        if query.get("client_id") != bot.client_id:
            return self._error(
                f"AADSTS700016: Application with identifier '{query.get('client_id')}' was not "
                f"found in the directory '{tenant.display_name}'."
            )
        if query.get("redirect_uri") not in bot.redirect_uris:
            return self._error(
                f"AADSTS50011: The redirect URI '{query.get('redirect_uri')}' specified in the "
                "request does not match the redirect URIs configured for the application."
            )
        if query.get("response_type") != "code" or "openid" not in query.get("scope", "").split():
            return self._error("AADSTS70011: The provided request is not an OpenID Connect one.")
        if "code_challenge" in query and query.get("code_challenge_method") != "S256":
            return self._error("AADSTS501491: Invalid code_challenge_method.")
        if tenant.bot_roles is None:
            return self._error(
                "AADSTS65001: The user or administrator has not consented to use the application."
            )
        return None

    # -- letting the bot in ----------------------------------------------------------------

    async def show_admin_consent(self, request: Request) -> Response:
        """`GET /{tenant}/v2.0/adminconsent`, where the bot sends an administrator."""
        return self._refused_consent(request) or self._page(request, _LET_IN)

    async def admin_consent(self, request: Request) -> Response:
        """Accept or Cancel. `admin_consent=True` goes back beside errors, too, as documented."""
        tenant = tenant_named(self.company, request.path_params["tenant"])
        refused = self._refused_consent(request)
        if refused is not None:
            return refused
        query = request.query_params
        account, answer = await self._choice(request, tenant)
        if answer == "cancel":
            return _back(
                query,
                admin_consent="True",
                error="consent_required",
                error_description=_DECLINED,
            )
        if account is None:
            return self._page(request, _LET_IN, "Pick an account.", status=400)
        try:
            self.company.let_bot_in(tenant, account.id)
        except Refused as trouble:
            return self._page(request, _LET_IN, str(trouble), account, 400)
        return _back(query, admin_consent="True", tenant=tenant.id, scope=query["scope"])

    def _refused_consent(self, request: Request) -> Response | None:
        query, bot = request.query_params, self.company.bot
        if query.get("client_id") != bot.client_id:
            return self._error("AADSTS700016: Application was not found in the directory.")
        if query.get("redirect_uri") not in bot.redirect_uris:
            return self._error("AADSTS50011: The redirect URI is not one of the application's.")
        if not query.get("scope", "").endswith("/.default"):
            return self._error("AADSTS70011: The provided value for 'scope' is not valid.")
        return None

    # -- consenting to Okta ----------------------------------------------------------------

    async def show_consent(self, request: Request) -> Response:
        """`GET /{tenant}/oauth2/authorize`, where the pretend Okta sends an administrator."""
        return self._refused_okta(request) or self._page(request, _CONSENT)

    async def consent(self, request: Request) -> Response:
        """Accept or Cancel was pressed; only the right administrator's Accept goes back to Okta."""
        tenant = tenant_named(self.company, request.path_params["tenant"])
        refused = self._refused_okta(request)
        if refused is not None:
            return refused
        account, answer = await self._choice(request, tenant)
        if answer == "cancel":
            return _back(request.query_params, error="access_denied", error_description=_DECLINED)
        if account is None:
            return self._page(request, _CONSENT, "Pick an account.", status=400)
        try:
            code = self.company.accept_consent(tenant, account.id)
        except Refused as trouble:
            return self._page(request, _CONSENT, str(trouble), account, 400)
        return _back(request.query_params, code=code)

    def _refused_okta(self, request: Request) -> Response | None:
        query = request.query_params
        callbacks = {
            f"{self.company.addresses[f'okta-{name}']}/admin/app/office365/oauth2/callback"
            for name in self.company.orgs
        }
        if query.get("client_id") != OKTA_CLIENT_APP_ID:
            return self._error("AADSTS700016: Application was not found in the directory.")
        if query.get("redirect_uri") not in callbacks:
            return self._error("AADSTS50011: The redirect URI is not one of the application's.")
        return None

    # -- shared ----------------------------------------------------------------------------

    async def _choice(
        self, request: Request, tenant: EntraTenant
    ) -> tuple[EntraAccount | None, str]:
        """The account that was chosen, and what was pressed."""
        form = await request.form()
        wanted, answer = form.get("account"), str(form.get("answer", ""))
        if answer == "cancel":
            return None, answer
        return next((a for a in tenant.accounts if a.id == wanted), None), answer

    def _page(
        self,
        request: Request,
        asks: Mapping[str, object],
        trouble: str = "",
        account: EntraAccount | None = None,
        status: int = 200,
    ) -> Response:
        """The choice of an account, and what it is asked for; with what went wrong before."""
        tenant = tenant_named(self.company, request.path_params["tenant"])
        hint = request.query_params.get("login_hint", "").casefold()
        hinted = next((a for a in tenant.accounts if a.upn.casefold() == hint), None)
        chosen = account or hinted
        return self.pages.show(
            "choose",
            status,
            tenant=tenant,
            accounts=[a for a in tenant.accounts if not a.upn.startswith("svc_")],
            chosen=chosen.id if chosen else None,
            hints={account.id: _hints(tenant, account) for account in tenant.accounts},
            trouble=trouble,
            **asks,
        )

    def _error(self, trouble: str) -> Response:
        return self.pages.show("error", 400, title="Sign in", trouble=trouble)


def _hints(tenant: EntraTenant, account: EntraAccount) -> list[str]:
    """What helps whoever plays here to pick the account that they want to try."""
    holds = tenant.holds(account.id)
    hints = []
    if holds & {Hold.ACTIVE, Hold.ACTIVATED}:
        hints.append("Global Administrator")
    elif holds:
        hints.append("may activate Global Administrator")
    if not account.mfa:
        hints.append("no MFA")
    if not account.enabled:
        hints.append("disabled")
    return hints


def _context(claims: str) -> str:
    """The authentication context that the `claims` parameter asks for; "" without one."""
    try:
        wanted = json.loads(claims)["id_token"]["acrs"]["value"]
    except (ValueError, KeyError, TypeError):
        return ""
    return wanted if isinstance(wanted, str) else ""


_DECLINED = "AADSTS65004: User declined to consent to access the app."


def _back(query: QueryParams, **answer: str) -> RedirectResponse:
    """Back to where the sign-in came from, with its state, by GET."""
    if "state" in query:
        answer["state"] = query["state"]
    target = query["redirect_uri"]
    joint = "&" if "?" in target else "?"
    return RedirectResponse(f"{target}{joint}{urllib.parse.urlencode(answer)}", 303)
