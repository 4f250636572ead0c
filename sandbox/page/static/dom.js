// Builds elements. Text only ever goes in as text, never as markup.

export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") node.className = value;
    else if (name === "style") for (const [key, one] of Object.entries(value)) node.style.setProperty(key, one);
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return node;
}

export function safeUrl(url) {
  return /^https?:\/\//i.test(url) ? url : undefined;
}

export function link(url, ...children) {
  return el("a", { href: safeUrl(url), target: "_blank", rel: "noopener noreferrer" }, ...children);
}

export function image(url, alt, cls) {
  const src = /^(https?:\/\/|data:image\/)/i.test(url) ? url : undefined;
  return el("img", { src, alt: alt ?? "", class: cls, loading: "lazy" });
}

export function time(seconds) {
  const at = new Date(seconds * 1000);
  const today = at.toDateString() === new Date().toDateString();
  const clock = at.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
  const day = at.toLocaleDateString(undefined, { day: "numeric", month: "short" });
  return el("time", { datetime: at.toISOString(), title: at.toLocaleString() }, today ? clock : `${day}, ${clock}`);
}

// What stands behind a "⋮": opens in place, and closes again when something was chosen.
export function menu(label, entries) {
  const node = el("details", { class: "menu" }, el("summary", { class: "button", "aria-label": label }, "⋮"), el("div", { class: "choices" }, entries));
  node.addEventListener("click", (event) => event.target.closest(".choices") && node.removeAttribute("open"));
  return node;
}

// Asks before something is done; true when the answer is yes.
export function confirmed(title, text, yes, no) {
  return new Promise((answer) => {
    const dialog = el("dialog", { class: "confirm", "aria-label": title, onclose: () => { answer(dialog.returnValue === "yes"); dialog.remove(); } },
      el("form", { method: "dialog" },
        el("h3", {}, title),
        el("p", {}, text),
        el("div", { class: "buttons" }, el("button", { class: "button", value: "no" }, no), el("button", { class: "button primary", value: "yes" }, yes))));
    document.body.append(dialog);
    dialog.showModal();
  });
}
