"""The way from chat into one browser: `/s/{token}`, a pass that the chat account was given."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from adapters.web.cookies import Cookie
from adapters.web.desk import TOKEN, Desk
from bot.errors import CloudError, LinkSpent, LinkUnknown


class EnterPage:
    """GET asks, and looks nothing up: chat previews fetch it, too. POST takes the pass out."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def show(self, request: Request) -> Response:
        """GET and HEAD."""
        if not TOKEN.fullmatch(str(request.path_params["token"])):
            return await self._desk.no_link(request)
        return self._desk.leading_page(request, "enter.html", signs_in=self._desk.services.signs_in)

    async def press(self, request: Request) -> Response:
        """POST: on to the steps, or to Microsoft first."""
        desk, token = self._desk, str(request.path_params["token"])
        if not TOKEN.fullmatch(token):
            return await desk.no_link(request)
        if await desk.csrf.form(request) is None:
            return desk.stale(request)
        browser = desk.cookies.read(request, Cookie.BROWSER)
        try:
            begun = await desk.services.prove.enter(token, browser=browser)
        except LinkUnknown:
            missed = await desk.missed(request)
            return missed or desk.pages.problem(request, 410, "closed")
        except LinkSpent:
            return desk.pages.problem(request, 410, "revoked")
        except CloudError:
            return desk.pages.problem(request, 502, "elsewhere")
        return desk.led_on(request, begun)
