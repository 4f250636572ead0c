// Draws Slack's mrkdwn and Block Kit, as far as a bot like this one uses them.
import { confirmed, el, image, link, menu } from "./dom.js";

const EMOJI = {
  white_check_mark: "✅", heavy_check_mark: "✔️", warning: "⚠️", x: "❌", bell: "🔔", hourglass: "⌛",
  hourglass_flowing_sand: "⏳", rotating_light: "🚨", information_source: "ℹ️", wave: "👋", tada: "🎉",
  large_green_circle: "🟢", large_yellow_circle: "🟡", large_orange_circle: "🟠", red_circle: "🔴",
  large_blue_circle: "🔵", white_circle: "⚪", question: "❓", key: "🔑", lock: "🔒", link: "🔗",
  calendar: "📅", eyes: "👀", thumbsup: "👍", "+1": "👍", memo: "📝", mag: "🔍", bar_chart: "📊",
  chart_with_downwards_trend: "📉", pushpin: "📌", arrow_right: "➡️", no_entry: "⛔", clock3: "🕒",
};

const unescape = (text) => text.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");

// -- mrkdwn --

export function mrkdwn(text, world) {
  const out = [];
  const parts = text.split(/```\n?([\s\S]*?)```/);
  parts.forEach((part, index) => {
    if (index % 2) out.push(el("pre", {}, el("code", {}, unescape(part))));
    else out.push(...quoted(part, world));
  });
  return out;
}

function quoted(text, world) {
  const out = [];
  let quote = [];
  let plain = [];
  const flush = () => {
    if (quote.length) out.push(el("blockquote", {}, inline(quote.join("\n"), world)));
    if (plain.length) out.push(...inline(plain.join("\n"), world));
    quote = [];
    plain = [];
  };
  for (const line of text.split("\n")) {
    const isQuote = /^(&gt;|>)/.test(line);
    if (isQuote ? plain.length : quote.length) flush();
    if (isQuote) quote.push(line.replace(/^(&gt;|>)\s?/, ""));
    else plain.push(line);
  }
  flush();
  return out;
}

const STYLES = [[/^\*(\S(?:[^\n*]*\S)?)\*/, "strong"], [/^_(\S(?:[^\n_]*\S)?)_/, "em"], [/^~(\S(?:[^\n~]*\S)?)~/, "s"]];

function inline(text, world) {
  const out = [];
  let plain = "";
  const push = (...nodes) => {
    if (plain) out.push(unescape(plain));
    plain = "";
    out.push(...nodes);
  };
  let rest = text;
  while (rest) {
    const angle = /^<([^<>]+)>/.exec(rest);
    const code = /^`([^`\n]+)`/.exec(rest);
    const emoji = /^:([a-z0-9_+-]+):/.exec(rest);
    const boundary = !plain || /[\s(\[{"'.,;:!?/—–-]$/.test(plain);
    const style = boundary && STYLES.map(([pattern, tag]) => [pattern.exec(rest), tag]).find(([found]) => found);
    if (angle) {
      push(entity(angle[1], world));
      rest = rest.slice(angle[0].length);
    } else if (code) {
      push(el("code", {}, unescape(code[1])));
      rest = rest.slice(code[0].length);
    } else if (emoji && EMOJI[emoji[1]]) {
      push(el("span", { role: "img", "aria-label": emoji[1].replaceAll("_", " ") }, EMOJI[emoji[1]]));
      rest = rest.slice(emoji[0].length);
    } else if (style) {
      push(el(style[1], {}, inline(style[0][1], world)));
      rest = rest.slice(style[0][0].length);
    } else if (rest[0] === "\n") {
      push(el("br"));
      rest = rest.slice(1);
    } else {
      plain += rest[0];
      rest = rest.slice(1);
    }
  }
  push();
  return out;
}

function entity(body, world) {
  const [target, label] = body.split(/\|(.*)/s);
  if (target.startsWith("@")) return el("span", { class: "mention" }, `@${world.slackName(target.slice(1)) ?? label ?? target}`);
  if (target.startsWith("#")) return el("span", { class: "mention" }, `#${label || world.channelName(target.slice(1))}`);
  if (target.startsWith("!date^")) return date(target, label);
  if (target.startsWith("!")) return el("span", { class: "mention" }, `@${target.slice(1)}`);
  return link(unescape(target), unescape(label || target));
}

function date(target, fallback) {
  const [, seconds, format, url] = target.split("^");
  const at = new Date(Number(seconds) * 1000);
  if (Number.isNaN(at.getTime())) return fallback ?? "";
  const day = (options) => at.toLocaleDateString(navigator.language, options);
  const days = Math.round((new Date(at).setHours(0, 0, 0, 0) - new Date().setHours(0, 0, 0, 0)) / 86400000);
  const near = Math.abs(days) < 2 ? new Intl.RelativeTimeFormat(navigator.language, { numeric: "auto" }).format(days, "day") : undefined;
  const long = day({ weekday: "long", month: "long", day: "numeric", year: "numeric" });
  const short = day({ month: "short", day: "numeric", year: "numeric" });
  const plain = day({ month: "long", day: "numeric", year: "numeric" });
  const values = {
    date_num: at.toISOString().slice(0, 10), date: plain, date_pretty: near ?? plain, date_short: short,
    date_short_pretty: near ?? short, date_long: long, date_long_pretty: near ?? long,
    time: at.toLocaleTimeString(navigator.language, { hour: "numeric", minute: "2-digit" }), time_secs: at.toLocaleTimeString(navigator.language),
  };
  const text = format.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
  const node = el("time", { datetime: at.toISOString(), title: fallback }, text);
  return url ? link(url, node) : node;
}

// -- blocks --

export function blocks(list, world, press) {
  return list.map((block) => BLOCKS[block.type]?.(block, world, press) ?? el("p", { class: "unknown" }, `[${block.type}]`));
}

const textOf = (text, world) => (text.type === "mrkdwn" ? mrkdwn(text.text, world) : plain(text.text));

function plain(text, decode = unescape) {
  return text.split("\n").flatMap((line, index) => {
    const words = decode(line.replace(/:([a-z0-9_+-]+):/g, (all, name) => EMOJI[name] ?? all));
    return index ? [el("br"), words] : [words];
  });
}

const BLOCKS = {
  header: (block) => el("h3", { class: "bk-header" }, plain(block.text.text)),
  divider: () => el("hr"),
  section: (block, world, press) =>
    el("div", { class: "bk-section" },
      el("div", { class: "bk-main" },
        block.text ? el("div", {}, textOf(block.text, world)) : null,
        block.fields ? el("div", { class: "bk-fields" }, block.fields.map((field) => el("div", {}, textOf(field, world)))) : null),
      block.accessory ? element(block.accessory, world, press) : null),
  context: (block, world) =>
    el("div", { class: "bk-context" }, block.elements.map((item) =>
      item.type === "image" ? image(item.image_url, item.alt_text, "bk-tiny") : el("span", {}, textOf(item, world)))),
  actions: (block, world, press) => el("div", { class: "buttons" }, block.elements.map((item) => element(item, world, press))),
  image: (block) => el("figure", {}, image(block.image_url, block.alt_text), block.title ? el("figcaption", {}, block.title.text) : null),
  table: (block, world) => table(block, world),
  markdown: (block, world) => el("div", { class: "bk-section" }, mrkdwn(block.text.replace(/\*\*/g, "*"), world)),
  rich_text: (block, world) => el("div", { class: "bk-section" }, rich(block, world)),
};

function element(item, world, press) {
  if (item.type === "image") return image(item.image_url, item.alt_text, "bk-side");
  if (item.type === "overflow") return overflow(item, press);
  if (item.type === "static_select") return select(item, press);
  if (item.type !== "button") return el("span", { class: "unknown" }, `[${item.type}]`);
  const cls = `button ${item.style ?? ""}`;
  const label = plain(item.text.text);
  const said = item.accessibility_label;
  if (item.url) {
    return el("a", { class: `${cls} out`, href: item.url, target: "_blank", rel: "noopener noreferrer", "aria-label": said, onclick: () => press(item.action_id) }, label);
  }
  const act = async () => {
    const ask = item.confirm;
    if (!ask || (await confirmed(unescape(ask.title.text), unescape(ask.text.text), unescape(ask.confirm.text), unescape(ask.deny.text)))) press(item.action_id);
  };
  return el("button", { type: "button", class: cls, "aria-label": said, onclick: act }, label);
}

// A modal: what was filled in, by block, or null when it was closed.
export function modal(view) {
  return new Promise((answer) => {
    const fields = view.blocks.map((block) => {
      const item = block.element;
      const input = item.type === "datepicker"
        ? el("input", { type: "date", value: item.initial_date })
        : el(item.multiline ? "textarea" : "input", { maxlength: item.max_length });
      if (item.initial_value) input.value = item.initial_value;
      input.required = !block.optional;
      return [block, input];
    });
    const dialog = el("dialog", { class: "confirm", "aria-label": unescape(view.title.text), onclose: () => {
      answer(dialog.returnValue === "send" ? Object.fromEntries(fields.map(([block, input]) => [block.block_id, input.value])) : null);
      dialog.remove();
    } },
    el("form", { method: "dialog" },
      el("h3", {}, unescape(view.title.text)),
      fields.map(([block, input]) => el("label", { class: "field" }, el("span", {}, unescape(block.label.text), block.optional ? " (optional)" : ""), input, block.hint ? el("small", {}, unescape(block.hint.text)) : null)),
      el("div", { class: "buttons" },
        el("button", { class: "button", value: "close", formnovalidate: true }, unescape(view.close.text)),
        el("button", { class: "button primary", value: "send" }, unescape(view.submit.text)))));
    document.body.append(dialog);
    dialog.showModal();
  });
}

function overflow(item, press) {
  return menu("More", item.options.map((option) => option.url
    ? el("a", { class: "out", href: option.url, target: "_blank", rel: "noopener noreferrer" }, plain(option.text.text))
    : el("button", { type: "button", onclick: () => press(option.value) }, plain(option.text.text))));
}

function select(item, press) {
  const options = (list) => list.map((option) => el("option", { value: option.value }, unescape(option.text.text)));
  const label = unescape(item.placeholder.text);
  return el("select", { class: "bk-select", "aria-label": label, onchange: (event) => event.target.value && press(event.target.value) },
    el("option", { value: "" }, label),
    item.options ? options(item.options) : item.option_groups.map((group) => el("optgroup", { label: unescape(group.label.text) }, options(group.options))));
}

function table(block, world) {
  const [head, ...rows] = block.rows;
  const align = (column) => ({ "text-align": block.column_settings?.[column]?.align ?? "left" });
  const cell = (tag) => (value, column) => el(tag, { style: align(column), scope: tag === "th" ? "col" : null }, cellOf(value, world));
  return el("div", { class: "table-frame", tabindex: "0", role: "region", "aria-label": "Table" },
    el("table", {},
      el("thead", {}, el("tr", {}, head.map(cell("th")))),
      el("tbody", {}, rows.map((row) => el("tr", {}, row.map(cell("td")))))));
}

function cellOf(cell, world) {
  if (cell.type === "rich_text") return rich(cell, world);
  return plain(String(cell.text ?? cell.value ?? ""), (text) => text);
}

function rich(block, world) {
  return block.elements.map((part) => {
    if (part.type === "rich_text_list") {
      return el(part.style === "ordered" ? "ol" : "ul", {}, part.elements.map((item) => el("li", {}, richInline(item.elements, world))));
    }
    const tag = { rich_text_quote: "blockquote", rich_text_preformatted: "pre" }[part.type] ?? "span";
    return el(tag, {}, richInline(part.elements ?? [], world));
  });
}

function richInline(parts, world) {
  return parts.map((part) => {
    let node;
    if (part.type === "link") node = link(part.url, part.text ?? part.url);
    else if (part.type === "user") node = el("span", { class: "mention" }, `@${world.slackName(part.user_id) ?? part.user_id}`);
    else if (part.type === "emoji") node = el("span", {}, EMOJI[part.name] ?? `:${part.name}:`);
    else if (part.type === "date") node = date(`!date^${part.timestamp}^${part.format}`, part.fallback);
    else node = el("span", {}, plain(part.text ?? "", (text) => text));
    for (const [name, tag] of [["bold", "strong"], ["italic", "em"], ["strike", "s"], ["code", "code"]]) {
      if (part.style?.[name]) node = el(tag, {}, node);
    }
    return node;
  });
}
