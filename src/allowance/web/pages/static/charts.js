// Charts: each figure names its specification; the program that draws comes after the page, and only where there is one.
const own = document.querySelector("script[data-vega]");
const look = {
  mode: "vega-lite", renderer: "svg", actions: false, ast: true, defaultStyle: false,
  tooltip: { disableDefaultStyle: true },
};
let vega;
const specs = new Map();

function program() {
  vega ??= import(own.dataset.vega);
  return vega;
}

async function specOf(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${answer.status} for ${address}`);
  return answer.json();
}

async function draw(host, width) {
  const address = host.dataset.spec;
  try {
    const fresh = await specOf(address);
    await program();
    for (const part of fresh.vconcat ?? [fresh]) part.width = Math.max(120, width - MARGIN);
    specs.get(host)?.finalize();
    specs.set(host, await window.vegaEmbed(host, fresh, look));
    host.querySelector("svg")?.setAttribute("aria-hidden", "true"); // the figure itself has the words
    host.classList.add("drawn");
  } catch (error) {
    const note = document.createElement("p");
    note.className = "note";
    note.textContent = `The chart could not be drawn (${error.message}); its numbers stand in the table.`;
    host.replaceChildren(note);
  }
}

const waiting = new Map();
const seen = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) {
    const width = Math.floor(contentRect.width);
    if (!width || target.drawnAt === width || document.documentElement.dataset.printing) continue;
    clearTimeout(waiting.get(target));
    const wait = target.drawnAt === undefined ? 0 : 150;
    target.drawnAt = width;
    waiting.set(target, setTimeout(() => draw(target, width), wait));
  }
});
function look_for() {
  for (const [host, view] of specs) if (!host.isConnected) { view.finalize(); specs.delete(host); }
  for (const host of document.querySelectorAll(".drawing[data-spec]")) seen.observe(host);
  marked();
}

// One time for all charts: a line under the pointer on each of them, and a period that is dragged out fills the form.
const live = document.getElementById("live");
const timed = () => [...document.querySelectorAll(".timed[data-begin]")];
const sides = (host) => (host.matches(".small") ? [3, 6] : [LEFT, MARGIN]);
const shares = ({ begin, end }, at) => Math.min(1, Math.max(0, (at - begin) / (end - begin)));
let pulled;

function put(name, from, to) {
  for (const host of timed()) {
    let mark = host.querySelector(`.${name}`);
    if (!mark) {
      mark = document.createElement("i");
      mark.className = name;
      host.append(mark);
    }
    const [left, both] = sides(host);
    const [a, b] = [from, to].map((at) => shares(host.dataset, at));
    mark.style.left = `calc(${left}px + ${a} * (100% - ${both}px))`;
    mark.style.width = `calc(${b - a} * (100% - ${both}px))`;
    mark.hidden = a === b && name === "brush";
  }
}

function timeAt(host, x) {
  const [left, both] = sides(host);
  const { begin, end, step } = host.dataset;
  const box = host.getBoundingClientRect();
  const share = Math.min(1, Math.max(0, (x - box.left - left) / (box.width - both)));
  return Math.round((+begin + share * (end - begin)) / step) * step;
}

function marked() {
  const asked = new URLSearchParams(location.search);
  const [from, to] = ["from", "to"].map((name) => Date.parse(`${asked.get(name)?.replace("Z", "")}Z`) / 1000);
  if (from < to) put("brush", from, to);
}

live.addEventListener("pointerdown", (event) => {
  const host = event.target.closest(".timed[data-begin]");
  if (!host || event.button || event.target.closest("a") || !document.getElementById("choose")) return;
  pulled = { host, x: event.clientX, at: timeAt(host, event.clientX) };
  host.setPointerCapture(event.pointerId);
  if (event.pointerType === "mouse") event.preventDefault();
});
live.addEventListener("pointermove", ({ target, clientX }) => {
  const host = pulled?.host ?? target.closest(".timed[data-begin]");
  if (!host) { for (const one of live.querySelectorAll(".cursor")) one.remove(); return; }
  const at = timeAt(host, clientX);
  if (pulled) put("brush", Math.min(pulled.at, at), Math.max(pulled.at, at));
  else put("cursor", at, at);
});
live.addEventListener("pointercancel", () => { pulled = null; });
live.addEventListener("pointerup", ({ clientX }) => {
  if (!pulled) return;
  const { host, x, at } = pulled;
  const ends = [at, timeAt(host, clientX)].sort((a, b) => a - b);
  pulled = null;
  if (Math.abs(clientX - x) < 5 || ends[0] === ends[1]) { marked(); return; }
  const form = document.getElementById("choose");
  ["from", "to"].forEach((name, place) => { form[name].value = new Date(ends[place] * 1000).toISOString().slice(0, 16); });
  form.dispatchEvent(new Event("input", { bubbles: true }));
  form.scrollIntoView({ block: "nearest" });
});

// Forms that answer while they are filled in: the page is asked as by their button, and only the answer is swapped.
let waits;
let asks = 0;
async function answer(form) {
  const number = ++asks;
  const address = new URL(form.action);
  address.search = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
  const said = document.getElementById("said");
  try {
    const reply = await fetch(address, { headers: { Accept: "text/html" } });
    const fresh = new DOMParser().parseFromString(await reply.text(), "text/html").getElementById(form.dataset.live);
    if (number !== asks || !fresh) return;
    document.getElementById(form.dataset.live).replaceWith(fresh);
    history.replaceState(null, "", address);
    marked();
    dispatchEvent(new Event("fresh"));
  } catch (error) {
    said.textContent = `The server does not answer (${error.message}); press the button to try again.`;
  }
}
document.addEventListener("input", ({ target }) => {
  const form = target.form ?? target;
  if (!form.dataset?.live || !form.checkValidity()) return;
  clearTimeout(waits);
  waits = setTimeout(answer, 300, form);
});

look_for();
new MutationObserver((changes) => { // a fresh page was swapped in: the old drawings stay until the new ones are there
  for (const { removedNodes } of changes) for (const node of removedNodes) {
    for (const old of node.querySelectorAll?.("figure[id] .drawing") ?? []) {
      document.querySelector(`#${old.closest("figure").id} .drawing`)?.replaceChildren(...old.childNodes);
    }
  }
  look_for();
}).observe(live, { childList: true });
addEventListener("beforeprint", () => { document.documentElement.dataset.printing = "yes"; });
addEventListener("afterprint", () => { delete document.documentElement.dataset.printing; });
