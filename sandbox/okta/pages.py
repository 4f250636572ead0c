"""The pretend Admin Console: the page of an Office 365 app, opened at Provisioning, Integration.

The address is the one Okta uses, `/admin/app/office365/instance/{appId}/` with the fragment
`#tab-user-management/api-credentials`, which never reaches a server. Who sits at the keyboard is
chosen on the page; only an administrator who may manage the app can press its buttons.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from sandbox.company.company import Company, Refused
from sandbox.company.records import OktaApp, OktaOrg, OktaUser
from sandbox.http.pages import Pages
from sandbox.okta.shapes import authorize_url

INTEGRATION_TAB = "#tab-user-management/api-credentials"

_TEMPLATES = {
    "app": """{% extends "frame" %}{% block body %}
<nav aria-label="Where you are"><ol>
<li>Applications</li><li>{{ app.label }}</li><li>Provisioning</li>
<li aria-current="page">Integration</li></ol></nav>
<h1>{{ app.label }}</h1>
{% if trouble %}<p class="trouble" role="alert">{{ trouble }}</p>{% endif %}
{% if app.saved %}<p class="note" role="status">
Microsoft Office 365 was verified successfully. Provisioning uses OAuth consent on Microsoft Graph;
no administrator password is stored.</p>
{% elif app.button.name == "REAUTHENTICATE" %}<p class="note" role="status">
Microsoft Office 365 was authenticated. Press Save to finish.</p>{% endif %}
<dl>
<dt>Okta org</dt><dd>{{ org.label }}</dd>
<dt>Domain</dt><dd>{{ app.domain }}</dd>
<dt>Microsoft tenant</dt><dd>{{ app.msft_tenant }}.onmicrosoft.com</dd>
<dt>Status</dt><dd>{{ app.status }}</dd>
</dl>
{% if app.connection_status != "ENABLED" %}
<p>Provisioning is not enabled for this app.</p>{% endif %}
<form method="post">
<p><label for="as">You are signed in to Okta as</label>
<select id="as" name="as">{% for user in org.users %}
<option value="{{ user.id }}"{% if user.id == chosen %} selected{% endif %}>
{{ user.first_name }} {{ user.last_name }} ({{ user.roles[0].label }})</option>{% endfor %}
</select></p>
<div class="actions">
{% if app.connection_status == "ENABLED" %}
<button formaction="authenticate">{{ app.button.value }}</button>
<button formaction="save" class="primary">Save</button>
{% endif %}
<button formaction="switch">{{ "Deactivate" if app.status == "ACTIVE" else "Activate" }}</button>
</div>
</form>
<p class="quiet">This is a pretend Okta. Nothing here leaves this machine.</p>
{% endblock %}""",
    "missing": """{% extends "frame" %}{% block body %}
<h1>{{ title }}</h1><p>{{ trouble }}</p>{% endblock %}""",
}


def okta_page_routes(company: Company, org: OktaOrg) -> list[Route]:
    """The routes of the Admin Console page of one org."""
    console = AdminConsole(company, org)
    page = "/admin/app/office365/instance/{app_id}/"
    return [
        Route(page, console.show),
        Route(f"{page}authenticate", console.authenticate, methods=["POST"]),
        Route(f"{page}save", console.save, methods=["POST"]),
        Route(f"{page}switch", console.switch, methods=["POST"]),
        Route("/admin/app/office365/oauth2/callback", console.callback),
    ]


@dataclass
class AdminConsole:
    """The page of an app; `waiting` maps the state of a sign-in to the app and the Okta admin."""

    company: Company
    org: OktaOrg
    waiting: dict[str, tuple[str, str]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self.pages = Pages(f"Pretend Okta: {self.org.label}", "#00297a", _TEMPLATES)

    @property
    def base(self) -> str:
        """The org's base URL; the pretend Admin Console is on the same host."""
        return self.company.addresses[f"okta-{self.org.name}"]

    async def show(self, request: Request) -> Response:
        """`GET …/instance/{appId}/`."""
        app = self._app(request.path_params["app_id"])
        return self._page(app) if app else self._missing()

    async def authenticate(self, request: Request) -> Response:
        """Send the administrator to the sign-in and consent page of the app's own tenant."""
        return await self._acting(request, self._to_microsoft)

    def _to_microsoft(self, app: OktaApp, user: OktaUser) -> Response:
        state = secrets.token_urlsafe(24)
        self.waiting[state] = (app.id, user.id)
        login = self.company.addresses["login"]
        return RedirectResponse(authorize_url(self.base, login, app, state), 303)

    async def callback(self, request: Request) -> Response:
        """Where Microsoft sends the administrator back to, with a code or with an error."""
        query = request.query_params
        app_id, user_id = self.waiting.pop(query.get("state", ""), ("", ""))
        app = self._app(app_id)
        if app is None:
            return self._missing()
        user = next((user for user in self.org.users if user.id == user_id), None)
        if "error" in query:
            return self._page(app, query.get("error_description", query["error"]), user, 400)
        try:
            self.company.finish_authenticate(self.org.name, app.id, query.get("code", ""))
        except Refused as refused:
            return self._page(app, refused.message, user, 400)
        return RedirectResponse(self._address(app), 303)

    async def save(self, request: Request) -> Response:
        """Save the Integration tab, which makes an authenticated app use the consent."""
        return await self._acting(request, self._save)

    def _save(self, app: OktaApp, user: OktaUser) -> Response:
        try:
            self.company.press_save(self.org.name, app.id, user.person)
        except Refused as refused:
            return self._page(app, refused.message, user, 400)
        return RedirectResponse(self._address(app), 303)

    async def switch(self, request: Request) -> Response:
        """Activate an app that is not active, or deactivate it."""
        return await self._acting(request, self._switch)

    def _switch(self, app: OktaApp, user: OktaUser) -> Response:
        self.company.switch(self.org.name, app.id, user.person)
        return RedirectResponse(self._address(app), 303)

    async def _acting(
        self, request: Request, act: Callable[[OktaApp, OktaUser], Response]
    ) -> Response:
        """Let the administrator who was picked do it, if their role covers the app."""
        app = self._app(request.path_params["app_id"])
        if app is None:
            return self._missing()
        wanted = (await request.form()).get("as")
        user = next((user for user in self.org.users if user.id == wanted), None)
        if user is None or not self.company.may_manage(user, app):
            return self._page(app, "Your Okta role does not cover this application.", user, 403)
        return act(app, user)

    def _address(self, app: OktaApp) -> str:
        return f"{self.base}/admin/app/office365/instance/{app.id}/{INTEGRATION_TAB}"

    def _app(self, app_id: str) -> OktaApp | None:
        return next((app for app in self.org.apps if app.id == app_id), None)

    def _page(
        self, app: OktaApp, trouble: str = "", user: OktaUser | None = None, status: int = 200
    ) -> Response:
        return self.pages.show(
            "app",
            status,
            title=app.label,
            app=app,
            org=self.org,
            trouble=trouble,
            chosen=user.id if user else None,
        )

    def _missing(self) -> Response:
        return self.pages.show(
            "missing", 404, title="Not found", trouble="There is no such page in this org."
        )
