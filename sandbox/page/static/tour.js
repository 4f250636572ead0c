// The guided tour: the main job step by step, then a fault. Each step sees by itself that it is done.
import { el } from "./dom.js";

const $ = (id) => document.getElementById(id);
const code = (text) => el("code", {}, text);

// `text` says who you are and what to do, `then` what came of it; `say` is what to type in Slack's channel,
// `see` where to look. `done` is asked after every change; `since` is how much stood there when the step began.
const STEPS = [
  {
    title: "Ask what is left", see: ".column.slack",
    text: () => ["You are Ola, the operator: she runs the migration. Send ", code("/o365 apps"), " in the Slack channel."],
    say: () => "/o365 apps", done: (world, since) => world.answers() > since,
    then: "Each app with what it needs, the pressing ones first. Only Ola sees this answer.",
  },
  {
    title: "Look who would be asked", see: ".column.slack",
    text: (app) => [`Who can do it for ${app}, and why them? Send `, code(`/o365 who ${app}`), "."],
    say: (app) => `/o365 who ${app}`, done: (world, since) => world.answers() > since,
    then: "Gita may change the app in Okta and consent at Microsoft. What stands in the way of the others is said, too.",
  },
  {
    title: "Send Gita a link", see: ".column.slack",
    text: (app) => ["Send ", code(`/o365 send ${app} now`), ". Without ", code("now"), " it would wait for her working hours."],
    say: (app) => `/o365 send ${app} now`, done: (world, since, app) => world.letters(app),
    then: "Gita has a personal message among her direct messages. Nobody else sees it.",
  },
  {
    title: "Take it on, as Gita", see: ".column.direct",
    text: () => ["You are Gita, the administrator. Open the link in her message, sign in as her, and follow the page: authenticate and save in the pretend Okta."],
    done: (world, since, app) => world.saved(app),
    then: "Opening the link changed nothing; her sign-in took it on, and her message follows.",
  },
  {
    title: "See how the bot knows", see: ".column.slack",
    text: (app) => ["You are Ola again. Nobody told the bot that it is done; send ", code(`/o365 check ${app}`), "."],
    say: (app) => `/o365 check ${app}`, done: (world, since) => world.answers() > since,
    then: "What Okta and Microsoft show, and since when. Where that is not enough, it says that it cannot tell.",
  },
  {
    title: "Remind everybody", see: ".column.slack",
    text: () => ["Send ", code("/o365 remind"), " and post it. (By itself it comes in the morning: the buttons above move the bot’s clock.)"],
    say: () => "/o365 remind", done: (world, since) => world.posts() > since, counts: "posts",
    then: "The channel reads it in Slack and in Teams: what is left, and who has it.",
  },
  {
    title: "Make something fail", see: ".faults",
    text: () => ["Under ", el("em", {}, "Make something fail"), " switch on that Microsoft Graph refuses. Then ask the bot how it is: ", code("/o365 doctor"), "."],
    say: () => "/o365 doctor", done: (world, since) => world.faulty() && world.answers() > since,
    then: "It says what is broken, where, and what to do. What it knew stays, with its age.",
  },
  {
    title: "Mend it", see: ".faults",
    text: () => ["Switch it off again, and send ", code("/o365 doctor"), " once more."],
    say: () => "/o365 doctor", done: (world, since) => !world.faulty() && world.answers() > since,
    then: "That was the tour. Try the other faults, kill the bot, or go on to the date: nothing here is real.",
  },
];

// `page` has `state()`, `choose(pane, person)` and `write(pane, text)`.
export function tour(page) {
  let now = null; // { number, app, since, done }

  // What a step looks at, in the state of the page.
  const world = {
    messages: () => page.state().conversations.find((one) => one.id === page.state().channels.slack)?.messages.filter((one) => one.bot) ?? [],
    answers: () => world.messages().filter((one) => one.onlyFor).length,
    posts: () => world.messages().filter((one) => !one.onlyFor).length,
    letters: (app) => {
      const gita = page.state().people.find((one) => one.key === "gita");
      return page.state().conversations.some((one) => one.kind === "dm" && one.who.includes(gita.slack) && one.messages.some((message) => message.bot && message.text.includes(app)));
    },
    saved: (app) => page.state().apps.some((one) => one.label === app && one.saved),
    faulty: () => Object.values(page.state().faults).some((one) => one.on),
  };

  function begin(number, app = now.app) {
    const step = STEPS[number];
    now = { number, app, since: world[step.counts ?? "answers"](), done: false };
    localStorage.setItem("tour", JSON.stringify(now));
    page.choose("slack", "ola");
    page.choose("direct", "gita");
    show();
    $("tour-title").focus();
    document.querySelector(step.see).scrollIntoView({ block: "nearest" });
  }

  function show() {
    const step = now && STEPS[now.number];
    $("tour").hidden = !step;
    document.querySelectorAll(".pointed").forEach((one) => one.classList.remove("pointed"));
    if (!step) return;
    document.querySelector(step.see).classList.add("pointed");
    $("tour-count").textContent = `Step ${now.number + 1} of ${STEPS.length}`;
    $("tour-progress").max = STEPS.length;
    $("tour-progress").value = now.number + (now.done ? 1 : 0);
    $("tour-title").textContent = step.title;
    $("tour-text").replaceChildren(...step.text(now.app));
    $("tour-done").textContent = now.done ? `✓ ${step.then}` : "";
    $("tour-write").hidden = !step.say || now.done;
    $("tour-back").disabled = !now.number;
    $("tour-next").textContent = now.number + 1 < STEPS.length ? "Next" : "End the tour";
    $("tour-next").classList.toggle("primary", now.done);
  }

  function end() {
    now = null;
    localStorage.removeItem("tour");
    show();
    $("tour-open").focus();
  }

  $("tour-open").addEventListener("click", () => {
    const apps = page.state().apps.filter((one) => ["Office 365 HQ", "Office 365 Sales", "Office 365 Research"].includes(one.label));
    begin(0, (apps.find((one) => !one.saved) ?? apps[0]).label);
  });
  $("tour-write").addEventListener("click", () => page.write("slack", STEPS[now.number].say(now.app)));
  $("tour-back").addEventListener("click", () => begin(now.number - 1));
  $("tour-next").addEventListener("click", () => (now.number + 1 < STEPS.length ? begin(now.number + 1) : end()));
  $("tour-end").addEventListener("click", end);
  $("tour").addEventListener("keydown", (event) => event.key === "Escape" && end());

  now = JSON.parse(localStorage.getItem("tour"));
  if (!STEPS[now?.number]) now = null;
  return () => {
    if (now && !now.done && STEPS[now.number].done(world, now.since, now.app)) {
      now.done = true;
      localStorage.setItem("tour", JSON.stringify(now));
    }
    show();
  };
}
