"""The way in: a sign-in at Microsoft, asked for by whichever page somebody came for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from adapters.web.cookies import Cookie
from adapters.web.desk import OPERATORS, Desk
from adapters.web.networks import network_of
from bot.errors import CloudError
from bot.services.operators.enter import Enter

Page = Callable[[Request], Awaitable[Response]]


class Entrance:
    """Lets operators in, and nobody else."""

    def __init__(self, desk: Desk, enter: Enter) -> None:
        self._desk = desk
        self._enter = enter

    def guarded(self, page: Page) -> Page:
        """The page for operators; a sign-in for whoever is not known to be one."""

        async def show(request: Request) -> Response:
            if await self._enter.is_operator(self._secret(request)):
                return await page(request)
            way = request.url.path
            return self._desk.leading_page(request, "operators/sign_in.html", status=401, way=way)

        return show

    async def press(self, request: Request) -> Response:
        """POST on `/operators`: on to Microsoft, or out."""
        form = await self._desk.csrf.form(request)
        if form is None:
            return self._desk.stale(request)
        if form.get("do") == "sign_out":
            await self._enter.leave(self._secret(request))
            page: Response = self._desk.pages.show(request, "signed_out.html")
            self._desk.cookies.drop(page, Cookie.OPERATOR)
            page.headers["Clear-Site-Data"] = '"cache"'
            return page
        browser = self._desk.cookies.read(request, Cookie.BROWSER)
        try:
            begun = await self._enter.begin(
                form.get("way", ""), browser=browser, caller=network_of(request)
            )
        except CloudError:
            return self._desk.pages.problem(request, 502, "elsewhere", again=OPERATORS)
        return self._desk.led_on(request, begun)

    def _secret(self, request: Request) -> str:
        return self._desk.cookies.read(request, Cookie.OPERATOR)
