const root = document.documentElement;

function kept(name, value) {
  try {
    if (value === undefined) return localStorage.getItem(`allowance-${name}`);
    localStorage.setItem(`allowance-${name}`, value);
  } catch {
    return null; // a browser may keep nothing for files; the switch then lasts as long as the page
  }
}

function theme(value) {
  if (value === "system") delete root.dataset.theme;
  else root.dataset.theme = value;
}

const local = new Intl.DateTimeFormat(undefined, {
  day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
});

function times(value) {
  for (const time of document.querySelectorAll("time")) {
    time.dataset.utc ??= time.textContent;
    const at = new Date(time.dateTime);
    time.textContent = value === "local" && !isNaN(at) ? local.format(at) : time.dataset.utc;
  }
  for (const zone of document.querySelectorAll(".zone")) zone.textContent = value === "local" ? "local time" : "UTC";
}

const switches = document.querySelector(".switches");
const turn = { theme, times };
switches.hidden = false;
switches.addEventListener("change", ({ target }) => {
  turn[target.name](target.value);
  kept(target.name, target.value);
});
for (const [name, set] of Object.entries(turn)) {
  const input = switches.querySelector(`[name="${name}"][value="${CSS.escape(kept(name) ?? "")}"]`);
  if (input) {
    input.checked = true;
    set(input.value);
  }
}

const look = {
  mode: "vega-lite", renderer: "svg", actions: false, ast: true, defaultStyle: false,
  tooltip: { disableDefaultStyle: true },
};

async function draw(figure, width) {
  const spec = JSON.parse(figure.querySelector(".spec").textContent);
  for (const part of spec.vconcat ?? [spec]) part.width = Math.max(120, width - MARGIN);
  figure.view?.finalize();
  figure.view = await window.vegaEmbed(figure.querySelector(".live"), spec, look);
  figure.querySelector(".live svg").setAttribute("aria-hidden", "true"); // the figure itself has the words
  figure.classList.add("drawn");
}

if (window.vegaEmbed) {
  const waiting = new Map();
  const seen = new ResizeObserver((entries) => {
    for (const { target, contentRect } of entries) {
      const figure = target.closest("figure");
      const width = Math.floor(contentRect.width);
      if (!width || figure.drawnAt === width || root.dataset.printing) continue;
      clearTimeout(waiting.get(figure));
      const wait = figure.drawnAt === undefined ? 0 : 150;
      figure.drawnAt = width;
      waiting.set(figure, setTimeout(() => draw(figure, width).catch(console.error), wait));
    }
  });
  for (const host of document.querySelectorAll("figure:has(.spec) .live")) seen.observe(host);
}
addEventListener("beforeprint", () => { root.dataset.printing = "yes"; });
addEventListener("afterprint", () => { delete root.dataset.printing; });
