// The page: fetches the state whenever the server says that something changed, and draws it.
import { el, time } from "./dom.js";
import * as slack from "./slack.js";
import * as teams from "./teams.js";
import { tour } from "./tour.js";

const $ = (id) => document.getElementById(id);
const SUGGESTIONS = {
  slack: ["/o365 apps", "/o365 help", "@O365 bot which O365 apps need migration"],
  teams: ["@O365 bot which O365 apps need migration", "@O365 bot help"],
  "direct-slack": ["help", "which O365 apps need migration"],
  "direct-teams": ["help", "which O365 apps need migration"],
};
const DEFAULTS = { slack: "ola", teams: "ola", direct: "gita" };

let state = null;
let first = true;

const chosen = (pane) => $(`${pane.replace("direct-slack", "direct").replace("direct-teams", "direct")}-as`).value;
const personOf = (key) => state.people.find((person) => person.key === key);
const world = {
  slackName: (id) => (id === "U0O365BOT" ? "O365 bot" : state.people.find((person) => person.slack === id)?.name),
  channelName: (id) => state.conversations.find((conversation) => conversation.id === id)?.name ?? id,
};

// -- what a person does --

async function act(deed) {
  const response = await fetch("/do", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(deed) });
  if (!response.ok) toast((await response.json()).error ?? "That did not work.");
}

let toastTimer;
function toast(text) {
  $("toast").textContent = text;
  $("toast").hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => ($("toast").hidden = true), 6000);
}

// A form that the bot opened for somebody, as the window over their Slack.
const opened = new Set();
function drawModals() {
  for (const [id, view] of Object.entries(state.modals)) {
    const person = state.people.find((one) => one.slack === id);
    if (!person || opened.has(view.id)) continue;
    opened.add(view.id);
    slack.modal(view).then((values) =>
      act(values ? { what: "fill", platform: "slack", as: person.key, values } : { what: "close", platform: "slack", as: person.key }));
  }
}

// The bot's Home tab, as a window over the direct messages of whoever looks at it.
let looking = null;
function openHome() {
  looking = personOf(chosen("direct-slack"));
  act({ what: "home", platform: "slack", as: looking.key });
  drawHome();
  $("home").showModal();
}

function drawHome() {
  const view = looking && state.homes[looking.slack];
  const press = (action) => {
    act({ what: "press home", platform: "slack", as: looking.key, action });
    $("home").close(); // what it answers comes as a direct message
  };
  $("home-view").replaceChildren(...(view ? slack.blocks(view.blocks, world, press) : [el("div", { class: "empty" }, "The bot has not shown anything here yet.")]));
}

// A dialog of Teams, which a message's action opens: it shows one card after the other.
let asking = null;
let taskPrint = "";
function drawTask() {
  const [id, card] = Object.entries(state.dialogs)[0] ?? [];
  asking = state.people.find((person) => person.teams && person.teams === id) ?? null;
  if (!asking) {
    taskPrint = "";
    return void $("task").close();
  }
  const print = JSON.stringify([id, card]);
  if (print !== taskPrint) {
    const as = asking.key;
    const press = (action, inputs) => act({ what: "press dialog", platform: "teams", as, action, inputs });
    $("task-view").replaceChildren(teams.card(card, press));
    taskPrint = print;
  }
  if (!$("task").open) $("task").showModal();
}

// -- the four panes --

function pane(name, platform, kind) {
  const list = $(`${name}-messages`);
  const drawn = new Map();
  let conversation = null;

  const input = el("input", { "aria-label": `Write a message in ${platform === "slack" ? "Slack" : "Teams"}`, autocomplete: "off", enterkeyhint: "send" });
  const form = $(`${name}-compose`);
  const chips = el("div", { class: "chips" }, SUGGESTIONS[name].map((text) => el("button", { type: "button", class: "chip", onclick: () => say(text) }, text)));
  form.append(chips, el("div", { class: "line" }, input, el("button", { class: "send", "aria-label": "Send" }, "Send")));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (input.value.trim()) say(input.value.trim());
    input.value = "";
  });

  function say(text) {
    if (conversation) act({ what: "say", platform, as: chosen(name), conversation: conversation.id, text });
  }

  function draw() {
    const person = personOf(chosen(name));
    const viewer = person?.[platform];
    const reachable = kind === "channel" || (platform === "slack" ? person?.slack : person?.installed);
    conversation = kind === "channel"
      ? state.conversations.find((one) => one.id === state.channels[platform])
      : state.conversations.find((one) => one.platform === platform && one.kind === "dm" && one.who.length === 1 && one.who[0] === viewer) ?? null;
    if (kind === "dm" && reachable && !conversation) act({ what: "dm", platform, as: person.key });
    form.hidden = !reachable;
    input.placeholder = kind === "dm" ? "Write to the bot" : platform === "slack" ? "/o365 … or @O365 bot …" : "@O365 bot …";

    const messages = (conversation?.messages ?? []).filter((message) => !message.onlyFor || message.onlyFor === viewer);
    const wanted = ordered(messages);
    if (!wanted.length) {
      const why = reachable ? "No messages yet." : `${person?.name ?? "This person"} ${platform === "slack" ? "is not on Slack" : "has not installed the Teams app"}.`;
      drawn.clear();
      list.replaceChildren(el("div", { class: "empty" }, why));
      return;
    }
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
    const before = new Set(drawn.keys());
    const nodes = wanted.map((message) => {
      const key = `${conversation.id}/${message.id}`;
      const print = JSON.stringify([message, viewer, conversation.pinned.includes(message.id)]);
      const known = drawn.get(key);
      before.delete(key);
      if (known?.print === print) return known.node;
      const node = drawMessage(message, viewer, conversation.pinned.includes(message.id));
      if (!first && !known) node.classList.add("new");
      if (!first && known) node.classList.add("changed");
      drawn.set(key, { print, node, fresh: !known });
      return node;
    });
    before.forEach((key) => drawn.delete(key));
    if (nodes.length !== list.children.length || nodes.some((node, index) => list.children[index] !== node)) list.replaceChildren(...nodes);
    const fresh = nodes.filter((node) => node.classList.contains("new") && !node.dataset.seen);
    fresh.forEach((node) => (node.dataset.seen = "1"));
    if (first || (atEnd && !fresh.length)) list.scrollTop = list.scrollHeight;
    else if (fresh.length) reveal(list, fresh.at(-1));
  }

  function drawMessage(message, viewer, pinned) {
    const press = (action, inputs) =>
      act({ what: "press", platform, as: chosen(name), conversation: conversation.id, message: message.id, action, inputs });
    const about = () => act({ what: "about", platform, as: chosen(name), conversation: conversation.id, message: message.id });
    // What a pressed button answered is seen by the presser alone.
    const card = message.views[viewer] ?? message.card;
    const body = message.blocks
      ? slack.blocks(message.blocks, world, press)
      : card
        // The notification's text, where the card says the same, is not shown in Teams.
        ? [message.text && message.text !== message.card.fallbackText ? el("p", { class: "text" }, teams.markdown(message.text)) : null, teams.card(card, press)]
        : [el("p", { class: "text" }, platform === "slack" ? slack.mrkdwn(message.text, world) : teams.markdown(message.text))];
    const cls = ["message", message.thread && "reply", message.onlyFor && "private", message.bot && "bot"].filter(Boolean).join(" ");
    return el("div", { class: cls },
      el("div", { class: "avatar", "aria-hidden": "true", style: message.bot ? {} : { "--hue": hue(message.author) } }, message.bot ? "✓" : initials(message.author)),
      el("div", { class: "content" },
        el("div", { class: "meta" },
          el("strong", {}, message.author), message.bot ? el("span", { class: "app" }, "app") : null, time(message.at),
          message.edited ? el("span", {}, "edited") : null, pinned ? el("span", { class: "pin" }, "pinned") : null,
          message.onlyFor ? null : el("button", { type: "button", class: "shortcut", onclick: about }, "Ask about this app")),
        message.onlyFor ? el("p", { class: "only" }, "Only visible to you") : null,
        el("div", { class: "body" }, body)));
  }

  function write(text) {
    input.value = text;
    input.focus();
  }

  return { draw, write, name };
}

// Replies follow the message they belong to.
function ordered(messages) {
  const ids = new Set(messages.map((message) => message.id));
  const top = messages.filter((message) => !message.thread || !ids.has(message.thread));
  return top.flatMap((root) => [root, ...messages.filter((message) => message.thread === root.id)]);
}

function reveal(list, node) {
  const inside = node.offsetTop; // the list is the offset parent
  const tall = node.offsetHeight > list.clientHeight;
  const target = tall ? inside - 12 : inside + node.offsetHeight - list.clientHeight + 12;
  if (tall || target > list.scrollTop || inside < list.scrollTop) list.scrollTop = Math.max(0, target);
}

const initials = (name) => name.split(/\s+/).map((word) => word[0]).slice(0, 2).join("").toUpperCase();
const hue = (name) => String([...name].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 360, 7));

// -- the apps --

function badge(app) {
  if (!app.active) return ["off", "Inactive", "The app is inactive."];
  if (app.provisioning === "DISABLED") return ["off", "Off", "Provisioning is off."];
  if (app.provisioning !== "ENABLED") return ["off", "Not set up", "Provisioning was never set up."];
  if (app.saved) return ["done", "Saved", "Consented to and saved."];
  if (app.button.startsWith("Re")) return ["partly", "Not saved", "Consented to, but not saved yet."];
  return ["todo", "Password", "Provisioning runs on an administrator's password."];
}

let appsPrint = "";
function drawApps() {
  const print = JSON.stringify(state.apps);
  if (print === appsPrint) return;
  appsPrint = print;
  $("apps-count").textContent = `${state.apps.filter((app) => app.saved).length} of ${state.apps.length} saved`;
  $("apps").replaceChildren(...state.apps.map((app) => {
    const [tone, word, sentence] = badge(app);
    const button = app.active && app.provisioning === "ENABLED" ? app.button.replace(" with Microsoft Office 365", "") : "no button";
    return el("li", {},
      el("a", { href: app.url, target: "_blank", rel: "noopener noreferrer", title: `${app.label}, ${app.domain}. ${sentence} Opens its pretend admin page.` },
        el("span", { class: "row" }, el("strong", {}, app.label), el("span", { class: "org" }, app.org)),
        el("span", { class: "row" }, el("span", { class: "shows" }, button), el("span", { class: `badge ${tone}` }, word))));
  }));
}

// -- putting it together --

const panes = [
  pane("slack", "slack", "channel"), pane("teams", "teams", "channel"),
  pane("direct-slack", "slack", "dm"), pane("direct-teams", "teams", "dm"),
];

function fillSelects() {
  for (const [name, filter] of [["slack", (person) => person.slack], ["teams", (person) => person.teams], ["direct", () => true]]) {
    const select = $(`${name}-as`);
    if (select.options.length) continue;
    const people = state.people.filter(filter);
    const unread = name === "direct" ? counts() : {};
    select.append(...people.map((person) => el("option", { value: person.key, title: person.note, "data-name": person.name }, person.name + (unread[person.key] ?? ""))));
    const kept = localStorage.getItem(`as-${name}`) ?? DEFAULTS[name];
    select.value = people.some((person) => person.key === kept) ? kept : people[0]?.key;
    select.addEventListener("change", () => {
      localStorage.setItem(`as-${name}`, select.value);
      first = true;
      draw();
    });
  }
}

// How many messages the bot has sent each person directly: shows where to look next.
function counts() {
  const result = {};
  for (const person of state.people) {
    const mine = state.conversations.filter((one) => one.kind === "dm" && one.who.some((who) => who === person.slack || who === person.teams));
    const sent = mine.reduce((sum, one) => sum + one.messages.filter((message) => message.bot && !message.thread).length, 0);
    if (sent) result[person.key] = ` (${sent})`;
  }
  return result;
}

function draw() {
  fillSelects();
  const sent = counts();
  for (const option of $("direct-as").options) option.textContent = option.dataset.name + (sent[option.value] ?? "");
  $("direct-title").textContent = personOf($("direct-as").value)?.name ?? "Nobody";
  drawClock();
  drawApps(); // first: its height decides how tall the panes are
  panes.forEach((one) => one.draw());
  first = false;
}

// -- the bot's clock --

for (const button of document.querySelectorAll("[data-jump]")) {
  button.addEventListener("click", () => act({ what: "jump", to: button.dataset.jump }));
}

function drawClock() {
  const now = new Date(state.clock.now * 1000);
  const timeZone = state.clock.zone;
  const day = now.toLocaleDateString("en-US", { weekday: "short", month: "short", day: "numeric", year: "numeric", timeZone });
  const hour = now.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", timeZone });
  $("clock-now").textContent = state.clock.ahead ? `The bot’s clock: ${day}` : "The bot’s clock: now";
  $("clock-place").textContent = state.clock.ahead ? `, ${hour} ${timeZone.includes("/") ? `in ${timeZone.split("/").at(-1).replaceAll("_", " ")}` : timeZone}` : "";
  const toDate = document.querySelector('[data-jump="deadline"]');
  toDate.title = state.clock.deadline;
  toDate.disabled = !state.clock.deadline || now.toISOString().slice(0, 10) >= state.clock.deadline;
}

// -- what goes wrong --

function drawFaults() {
  const kill = el("button", { type: "button", onclick: () => act({ what: "kill" }) }, "Kill the bot (-9), and start it again");
  $("faults").replaceChildren(...Object.entries(state.faults).map(([name, fault]) =>
    el("label", {}, el("input", { type: "checkbox", checked: fault.on, onchange: (event) => act({ what: "fault", name, on: event.target.checked }) }), ` ${fault.label}`)), kill);
  const on = Object.values(state.faults).filter((fault) => fault.on).length;
  document.querySelector(".faults summary").textContent = on ? `${on} fault${on > 1 ? "s" : ""} on` : "Make something fail";
}

const guide = tour({
  state: () => state,
  choose: (name, key) => {
    $(`${name}-as`).value = key;
    $(`${name}-as`).dispatchEvent(new Event("change"));
  },
  write: (name, text) => panes.find((one) => one.name === name).write(text),
});

let fetching = null;
let again = false;
async function refresh() {
  if (fetching) return void (again = true);
  fetching = fetch("/state").then((response) => response.json());
  try {
    state = await fetching;
    drawModals();
    drawHome();
    drawTask();
    drawFaults();
    draw();
    guide();
  } finally {
    fetching = null;
  }
  if (again) {
    again = false;
    await refresh();
  }
}

function follow() {
  const source = new EventSource("/stream");
  source.addEventListener("change", refresh);
  source.addEventListener("open", () => live(true));
  source.addEventListener("error", () => live(false));
}

function live(on) {
  $("live").classList.toggle("on", on);
  $("live-text").textContent = on ? "live" : "waiting for the sandbox";
}

await refresh();
follow();

$("home-open").addEventListener("click", openHome);
$("home-close").addEventListener("click", () => $("home").close());
$("task-close").addEventListener("click", () => $("task").close());
$("task").addEventListener("close", () => asking && act({ what: "close", platform: "teams", as: asking.key }));
