"""The look of the pages that the pretend Okta and Microsoft show: one frame, no outside assets."""

from __future__ import annotations

from typing import Any

from jinja2 import DictLoader, Environment
from starlette.responses import HTMLResponse

_FRAME = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>{{ title }} - {{ brand }}</title>
<style>
:root { color-scheme: light; --ink: #1d1d21; --quiet: #5a5d66; --line: #d5d8de; }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: #f4f5f7; }
header { padding: .6rem 1rem; color: #fff; background: {{ colour }}; font-weight: 600; }
main { max-width: 42rem; margin: 2rem auto; padding: 1.5rem 2rem; background: #fff;
  border: 1px solid var(--line); border-radius: 8px; }
h1 { font-size: 1.4rem; margin-top: 0; }
nav ol { display: flex; flex-wrap: wrap; gap: .5rem; padding: 0; margin: 0 0 1rem;
  list-style: none; color: var(--quiet); }
nav li + li::before { content: "\\203A\\00A0"; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; }
dt { color: var(--quiet); } dd { margin: 0; }
label, legend { font-weight: 600; }
fieldset { border: 1px solid var(--line); border-radius: 6px; margin: 1rem 0; }
fieldset label { display: block; font-weight: 400; padding: .3rem 0; }
button, select { font: inherit; padding: .5rem .9rem; border-radius: 6px; border: 1px solid #5a5d66;
  background: #fff; color: var(--ink); }
button.primary { background: {{ colour }}; border-color: {{ colour }}; color: #fff; }
button:focus-visible, select:focus-visible, input:focus-visible, a:focus-visible {
  outline: 3px solid #e08a00; outline-offset: 2px; }
.actions { display: flex; flex-wrap: wrap; gap: .75rem; margin-top: 1.25rem; }
.note { border-left: 4px solid #2e7d32; padding: .5rem 1rem; background: #eef7ee; }
.trouble { border-left: 4px solid #b3261e; padding: .5rem 1rem; background: #fcefee; }
.quiet { color: var(--quiet); }
</style>
</head>
<body>
<header>{{ brand }}</header>
<main>
{% block body %}{% endblock %}
</main>
</body>
</html>"""


class Pages:
    """Renders templates that extend `frame`; every value is escaped."""

    def __init__(self, brand: str, colour: str, templates: dict[str, str]) -> None:
        self._environment = Environment(
            loader=DictLoader({"frame": _FRAME, **templates}), autoescape=True
        )
        self._environment.globals.update(brand=brand, colour=colour)

    def show(self, name: str, status: int = 200, **values: Any) -> HTMLResponse:
        """The page made from template `name`."""
        text = self._environment.get_template(name).render(**values)
        return HTMLResponse(text, status, headers={"Cache-Control": "no-store"})
