const root = document.documentElement;
const body = document.body;
const $ = (what, where = document) => where.querySelector(what);
const $$ = (what, where = document) => [...where.querySelectorAll(what)];
const said = $("#said");
root.classList.add("scripted");

function kept(name, value) {
  try {
    if (value === undefined) return localStorage.getItem(`allowance-${name}`);
    localStorage.setItem(`allowance-${name}`, value);
  } catch {
    return null; // a browser may be told to keep nothing; the switch then lasts as long as the page
  }
}

// Times: the server writes UTC, a reader may want the clock on the wall.
const wall = new Intl.DateTimeFormat(undefined, {
  day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
});
function times() {
  const local = kept("times") === "local";
  for (const time of $$("time")) {
    time.dataset.utc ??= time.textContent;
    const at = new Date(time.dateTime);
    time.textContent = local && !isNaN(at) ? wall.format(at) : time.dataset.utc;
  }
  for (const zone of $$(".zone")) zone.textContent = local ? "local time" : "UTC";
  $("#zone")?.setAttribute("aria-pressed", local);
}

function theme() {
  const words = ["system", "light", "dark"];
  const next = words[(words.indexOf(root.dataset.theme) + 1) % 3];
  root.dataset.theme = next;
  document.cookie = `allowance-theme=${next};path=/;max-age=34560000;samesite=lax`;
  for (const button of $$(".themes button")) button.setAttribute("aria-pressed", button.value === next);
  said.textContent = `Theme: ${next}`;
}

// Live: the stream says that something has changed; the page is fetched again and swapped in.
let paused = kept("paused") === "yes";
let asking = false;
let again = false;
let slow;

function pausing() {
  $("#pause")?.setAttribute("aria-pressed", paused);
  if ($("#pause")) $("#pause").textContent = paused ? "Paused" : "Pause";
}

function wayTo(element) {
  if (!element || !$("#live").contains(element)) return null;
  const named = element.closest("[id]");
  const inside = $$("a,button,input,select,textarea,summary,[tabindex]", named).indexOf(element);
  return { id: named.id, inside, start: element.selectionStart, value: element.value };
}

function swap(text) {
  const fresh = new DOMParser().parseFromString(text, "text/html");
  const live = $("#live", fresh);
  if (!live) return;
  const before = $("h1")?.textContent;
  const open = $$("details[id]").filter((one) => one.open).map((one) => one.id);
  const scrolls = $$(".scroll").map((one) => one.scrollLeft);
  const typed = $$("#live form [name]:not([type=hidden])").map((one) => [one.form.id, one.name, one.value, one.defaultValue]);
  const focus = wayTo(document.activeElement);
  const row = $(".rows .here")?.id;
  const top = scrollY;
  $("#live").replaceChildren(...live.childNodes);
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  $$(".scroll").forEach((one, place) => { one.scrollLeft = scrolls[place] ?? 0; });
  for (const [form, name, value, first] of typed) {
    const field = form && value !== first && document.getElementById(form)?.elements[name];
    if (field) field.value = value;
  }
  if (row) document.getElementById(row)?.classList.add("here");
  if (focus) {
    const named = document.getElementById(focus.id);
    const target = focus.inside < 0 ? named : $$("a,button,input,select,textarea,summary,[tabindex]", named ?? body)[focus.inside];
    target?.focus({ preventScroll: true });
    if (focus.start != null) try { target.setSelectionRange(focus.start, focus.start); } catch { /* not every field has a caret */ }
  }
  scrollTo({ top, behavior: "instant" });
  document.title = fresh.title;
  $("link[rel=icon]").href = $("link[rel=icon]", fresh).href;
  const now = $("h1")?.textContent;
  if (now !== before) said.textContent = now;
  ready();
}

async function refresh() {
  if (paused || document.hidden) { again = true; return; }
  if (asking) { again = true; return; }
  asking = true;
  again = false;
  slow = setTimeout(() => body.classList.add("updating"), 300);
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, redirect: "manual" });
    if (answer.ok) swap(await answer.text());
    else if (answer.type === "opaqueredirect") location.reload();
  } catch (error) {
    lost(error);
  } finally {
    clearTimeout(slow);
    body.classList.remove("updating");
    asking = false;
    if (again) refresh();
  }
}

function lost() {
  if ($("#lost")) return;
  const bar = document.createElement("p");
  bar.id = "lost";
  bar.className = "stale";
  bar.setAttribute("role", "status");
  const at = $(".as-of time")?.textContent ?? "";
  bar.textContent = `No connection to the server. What you see is from ${at}; it is fetched again as soon as the server answers.`;
  $("#live").prepend(bar);
}

function listen() {
  const stream = new EventSource("/events-stream");
  let seen = null;
  stream.addEventListener("change", ({ data }) => {
    $("#lost")?.remove();
    if (seen !== null && seen !== data) refresh();
    seen = data;
    body.dataset.heard = data;
  });
  stream.addEventListener("open", () => $("#lost")?.remove());
  stream.addEventListener("error", () => setTimeout(() => stream.readyState !== 1 && lost(), 5000));
  addEventListener("pagehide", () => stream.close());
}

// Keys: only where nothing is typed, never with a modifier, and not where they are switched off.
let prefix = 0;
const rows = () => $$(".rows tbody tr, .rows > li").filter((one) => one.offsetParent !== null);
function step(by) {
  const all = rows();
  if (!all.length) return;
  const place = all.findIndex((one) => one.classList.contains("here"));
  const next = all[Math.min(Math.max(place + by, 0), all.length - 1)];
  all[place]?.classList.remove("here");
  next.classList.add("here");
  $("a[href]", next)?.focus();
  next.scrollIntoView({ block: "nearest" });
}
const press = (selector) => $(selector)?.click();
const KEYS = {
  "/": () => $("#search")?.focus(),
  j: () => step(1),
  k: () => step(-1),
  d: theme,
  p: () => press("#pause"),
  t: () => $$("details.numbers").forEach((one) => { one.open = !one.open; }),
  c: () => press("[data-press=compare]"),
  "[": () => press("[data-press=earlier]"),
  "]": () => press("[data-press=later]"),
  "?": () => { location.href = "/help"; },
  g: () => { prefix = Date.now(); },
};
addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    menu();
    return;
  }
  const typing = event.target.closest?.("input,textarea,select,[contenteditable],dialog");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || body.dataset.keys !== "on") return;
  if (Date.now() - prefix < 1200) {
    prefix = 0;
    const place = $(`.places [data-key="${CSS.escape(event.key)}"]`);
    if (place) { event.preventDefault(); place.click(); return; }
  }
  if (KEYS[event.key]) {
    event.preventDefault();
    KEYS[event.key]();
  }
});

// The command menu: the search page in a dialog.
async function menu() {
  const dialog = $("#menu");
  if (!dialog || dialog.open) { dialog?.close(); return; }
  dialog.showModal();
  $("input", dialog).focus();
  find();
}
let latest = 0;
async function find() {
  const number = ++latest;
  const words = $("#menu input").value;
  try {
    const answer = await fetch(`/search.json?q=${encodeURIComponent(words)}`);
    if (number !== latest || !answer.ok) return;
    const { found } = await answer.json();
    $("#menu ul").replaceChildren(...found.slice(0, 12).map((one) => {
      const item = document.createElement("li");
      const link = document.createElement("a");
      link.href = one.link.href;
      link.textContent = one.link.text;
      const kind = document.createElement("span");
      kind.textContent = one.kind;
      link.append(kind);
      item.append(link);
      return item;
    }));
    $("#menu p").textContent = found.length ? "" : "Nothing is called that.";
  } catch {
    $("#menu p").textContent = "The server does not answer; press Enter to try the search page.";
  }
}
$("#menu input")?.addEventListener("input", find);
$("#menu")?.addEventListener("keydown", (event) => {
  const links = [$("#menu input"), ...$$("#menu a")];
  if (event.key === "Escape") { event.preventDefault(); $("#menu").close(); return; }
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!by) return;
  event.preventDefault();
  links[(links.indexOf(document.activeElement) + by + links.length) % links.length].focus();
});
$("#menu form")?.addEventListener("submit", (event) => {
  const first = $("#menu a");
  if (first) { event.preventDefault(); first.click(); }
});

document.addEventListener("click", (event) => {
  const { target } = event;
  if (target.id === "pause") {
    paused = !paused;
    kept("paused", paused ? "yes" : "no");
    pausing();
    if (!paused) refresh();
  } else if (target.id === "zone") {
    kept("times", kept("times") === "local" ? "utc" : "local");
    times();
  } else if (target.dataset?.copy && navigator.clipboard) {
    event.preventDefault();
    const words = target.textContent;
    navigator.clipboard.writeText(new URL(target.dataset.copy, location.href).href)
      .then(() => { target.textContent = said.textContent = "Copied"; }, () => { location.href = target.dataset.copy; });
    setTimeout(() => { target.textContent = words; }, 1500);
  } else if (target.id === "open-menu") menu();
});
document.addEventListener("visibilitychange", () => { if (!document.hidden && again) refresh(); });
addEventListener("beforeprint", () => $$("details").forEach((one) => { one.dataset.was = one.open; one.open = true; }));
addEventListener("afterprint", () => $$("details").forEach((one) => { one.open = one.dataset.was === "true"; }));

function ready() {
  times();
  pausing();
}
ready();
addEventListener("fresh", ready);
if ($("#live")) listen();
