// Draws Teams texts and Adaptive Cards, as far as a bot like this one uses them.
import { el, image, link, menu } from "./dom.js";

// -- text: the Markdown subset of Teams, and its mentions --

export function markdown(text) {
  const out = [];
  let list = null;
  text.replace(/\r/g, "").replace(/<br\s*\/?>/gi, "\n").split("\n").forEach((line, index) => {
    const item = /^\s*(?:[-*]|\d+\.)\s+(.*)$/.exec(line);
    if (item) {
      if (!list) out.push((list = el("ul")));
      list.append(el("li", {}, inline(item[1])));
      return;
    }
    if (index && !list) out.push(el("br"));
    list = null;
    out.push(...inline(line));
  });
  return out;
}

const PATTERNS = [
  [/^<at(?:\s[^>]*)?>([^<]*)<\/at>/i, (found) => el("span", { class: "mention" }, found[1])],
  [/^\[([^\]]+)\]\((https?:[^)\s]+)\)/, (found) => link(found[2], found[1])],
  [/^\*\*([^*]+)\*\*/, (found) => el("strong", {}, inline(found[1]))],
  [/^_([^_\s](?:[^_]*[^_\s])?)_(?![A-Za-z0-9])/, (found) => el("em", {}, inline(found[1]))],
  [/^\*([^*\s][^*]*)\*/, (found) => el("em", {}, inline(found[1]))],
  [/^`([^`]+)`/, (found) => el("code", {}, found[1])],
  [/^\{\{(DATE|TIME)\(([^,)]+)(?:,\s*(\w+))?\)\}\}/, (found) => when(found[1], found[2], found[3])],
  [/^\\([\\`*_{}[\]()#+\-.!<>~|])/, (found) => found[1]],
  [/^&(amp|lt|gt|nbsp|quot);/, (found) => ({ amp: "&", lt: "<", gt: ">", nbsp: " ", quot: '"' })[found[1]]],
];

function inline(text) {
  const out = [];
  let plain = "";
  let rest = text;
  while (rest) {
    const hit = PATTERNS.map(([pattern, make]) => [pattern.exec(rest), make, pattern]).find(([found]) => found);
    // An underscore inside a word is not emphasis: svc_OKTA_sync stays as it is.
    if (hit && !(rest[0] === "_" && /[A-Za-z0-9]$/.test(plain))) {
      if (plain) out.push(plain);
      plain = "";
      out.push(hit[1](hit[0]));
      rest = rest.slice(hit[0][0].length);
    } else {
      plain += rest[0];
      rest = rest.slice(1);
    }
  }
  if (plain) out.push(plain);
  return out;
}

function when(kind, iso, size = "COMPACT") {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return iso;
  const options = { COMPACT: {}, SHORT: { weekday: "short", month: "short", day: "numeric", year: "numeric" }, LONG: { weekday: "long", month: "long", day: "numeric", year: "numeric" } };
  const text = kind === "TIME" ? at.toLocaleTimeString(navigator.language, { hour: "numeric", minute: "2-digit" }) : at.toLocaleDateString(navigator.language, options[size] ?? {});
  return el("time", { datetime: at.toISOString() }, text);
}

// -- cards --

export function card(root, press) {
  const node = el("div", { class: "card" });
  const ask = (action) => press(action.id ?? action.title ?? action.verb, inputs(node));
  node.append(...(root.body ?? []).map((item) => draw(item, ask)));
  if (root.actions?.length) node.append(actionSet(root.actions, ask));
  return node;
}

function inputs(node) {
  const values = {};
  for (const field of node.querySelectorAll("[data-input]")) {
    values[field.dataset.input] = field.type === "checkbox" ? String(field.checked) : field.value;
  }
  return values;
}

const low = (value) => String(value ?? "default").toLowerCase();

function frame(item, node) {
  node.classList.add(`sp-${low(item.spacing)}`);
  if (item.separator) node.classList.add("separator");
  if (item.isVisible === false) node.hidden = true;
  if (item.id) node.dataset.element = item.id;
  if (item.horizontalAlignment) node.style.textAlign = low(item.horizontalAlignment);
  return node;
}

function draw(item, ask) {
  return frame(item, (ELEMENTS[item.type] ?? unknown)(item, ask));
}

const unknown = (item) => el("p", { class: "unknown" }, `[${item.type}]`);
const children = (items, ask) => (items ?? []).map((item) => draw(item, ask));

const ELEMENTS = {
  TextBlock: (item) => {
    const heading = item.style === "heading";
    const cls = ["ac-text", `size-${low(item.size)}`, `weight-${low(item.weight)}`, `tone-${low(item.color)}`];
    if (item.isSubtle) cls.push("subtle");
    if (!item.wrap) cls.push("nowrap");
    if (low(item.fontType) === "monospace") cls.push("mono");
    return el(heading ? "h3" : "div", { class: cls.join(" ") }, markdown(item.text));
  },
  RichTextBlock: (item) => el("div", { class: "ac-text" }, item.inlines.map((run) => (typeof run === "string" ? run : el("span", { class: `weight-${low(run.weight)} tone-${low(run.color)} ${run.isSubtle ? "subtle" : ""}` }, run.text)))),
  FactSet: (item) => el("dl", { class: "facts" }, item.facts.map((fact) => [el("dt", {}, inline(fact.title)), el("dd", {}, inline(fact.value))])),
  Image: (item) => image(item.url, item.altText, `ac-image size-${low(item.size)}`),
  Container: (item, ask) => {
    const cls = `ac-container style-${low(item.style)}`;
    if (!item.selectAction) return el("div", { class: cls }, children(item.items, ask));
    return el("button", { type: "button", class: `${cls} ac-select`, onclick: () => ask(item.selectAction) }, children(item.items, ask));
  },
  ColumnSet: (item, ask) => el("div", { class: `ac-columns style-${low(item.style)}` }, (item.columns ?? []).map((column) => {
    const width = String(column.width ?? "stretch");
    const flex = width === "auto" ? "0 1 auto" : /px$/.test(width) ? `0 0 ${width}` : `${Number(width) || 1} 1 0`;
    return frame(column, el("div", { class: `ac-column style-${low(column.style)} va-${low(column.verticalContentAlignment)}`, style: { flex } }, children(column.items, ask)));
  })),
  Table: (item, ask) => {
    const header = item.firstRowAsHeader ?? item.firstRowAsHeaders ?? true;
    const rows = (item.rows ?? []).map((row, index) => el("tr", { class: `style-${low(row.style)}` },
      (row.cells ?? []).map((cell) => el(header && index === 0 ? "th" : "td", { class: `style-${low(cell.style)}`, scope: header && index === 0 ? "col" : null }, children(cell.items, ask)))));
    const widths = el("colgroup", {}, (item.columns ?? []).map((column) => {
      const total = item.columns.reduce((sum, other) => sum + (Number(other.width) || 1), 0);
      const width = /px$/.test(String(column.width)) ? column.width : `${((Number(column.width) || 1) / total) * 100}%`;
      return el("col", { style: { width } });
    }));
    return el("div", { class: "table-frame", tabindex: "0", role: "region", "aria-label": "Table" },
      el("table", { class: item.showGridLines === false ? "" : "grid" }, widths, header && rows.length ? el("thead", {}, rows[0]) : null, el("tbody", {}, header ? rows.slice(1) : rows)));
  },
  ActionSet: (item, ask) => actionSet(item.actions, ask),
  "Input.Text": (item) => field(item, el(item.isMultiline ? "textarea" : "input", { placeholder: item.placeholder, value: item.value, maxlength: item.maxLength })),
  "Input.Date": (item) => field(item, el("input", { type: "date", value: item.value, min: item.min, max: item.max })),
  "Input.Time": (item) => field(item, el("input", { type: "time", value: item.value })),
  "Input.Number": (item) => field(item, el("input", { type: "number", value: item.value })),
  "Input.Toggle": (item) => field({ ...item, label: item.title }, el("input", { type: "checkbox", checked: item.value === "true" })),
  "Input.ChoiceSet": (item) => field(item, el("select", {}, (item.choices ?? []).map((choice) => el("option", { value: choice.value, selected: choice.value === item.value }, choice.title)))),
};

function field(item, input) {
  input.dataset.input = item.id;
  return el("label", { class: "ac-input" }, item.label ? el("span", {}, item.label) : null, input);
}

function actionSet(actions, ask) {
  const shown = el("div", { class: "shown" });
  const button = (action) => {
    const cls = `button ${{ positive: "primary", destructive: "danger" }[low(action.style)] ?? ""}`;
    if (action.type === "Action.OpenUrl") {
      return el("a", { class: `${cls} out`, href: action.url, target: "_blank", rel: "noopener noreferrer", title: action.tooltip }, action.title ?? action.url);
    }
    const act = (event) => {
      if (action.type === "Action.ShowCard") {
        const open = shown.dataset.open === action.title;
        shown.replaceChildren(...(open ? [] : [card(action.card, (what, values) => ask({ title: what }, values))]));
        shown.dataset.open = open ? "" : action.title;
      } else if (action.type === "Action.ToggleVisibility") {
        const root = event.currentTarget.closest(".card");
        for (const target of action.targetElements) {
          const node = root.querySelector(`[data-element="${CSS.escape(target.elementId ?? target)}"]`);
          if (node) node.hidden = target.isVisible === undefined ? !node.hidden : !target.isVisible;
        }
      } else ask(action);
    };
    return el("button", { type: "button", class: cls, title: action.tooltip, disabled: action.isEnabled === false, onclick: act }, action.title ?? action.verb ?? "OK");
  };
  const buttons = actions.filter((action) => action.mode !== "secondary").map(button);
  const besides = actions.filter((action) => action.mode === "secondary").map(button);
  if (besides.length) buttons.push(menu("More", besides));
  return el("div", { class: "sp-default" }, el("div", { class: "buttons" }, buttons), shown);
}
