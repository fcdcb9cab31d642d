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
}
look_for();
new MutationObserver(look_for).observe(document.getElementById("live"), { childList: true }); // a fresh page was swapped in
addEventListener("beforeprint", () => { document.documentElement.dataset.printing = "yes"; });
addEventListener("afterprint", () => { delete document.documentElement.dataset.printing; });
