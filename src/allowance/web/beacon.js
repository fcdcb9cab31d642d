// One beacon per view, sent when the page is left: <script type="module" src="https://.../rum/beacon.js"
// data-site="shop" data-key="..." data-sample="10" data-version="2.14.0"></script>; sample 10: one view in ten.
const set = document.querySelector("script[data-site][src*='/rum/beacon.js']")?.dataset ?? {};
const sample = Math.max(1, Math.round(Number(set.sample) || 1));
const beacon = { site: set.site, sample, ok: true, id: crypto.randomUUID?.() ?? Date.now() + "-" + Math.random() };
for (const name of ["key", "route", "version", "region", "tenant", "device", "flag", "variant"])
  if (set[name]) beacon[name] = set[name];

let sent = false, first = 0, last = 0, shift = 0;
const watch = (type, take, more) => {
  try {
    new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true, ...more });
  } catch { /* this browser does not measure it */ }
};
const moved = (e) => {
  if (e.hadRecentInput) return;
  if (e.startTime - last > 1000 || e.startTime - first > 5000) { first = e.startTime; shift = 0; }
  last = e.startTime;
  beacon.cls = Math.max(beacon.cls ?? 0, shift += e.value);
};

function send() {
  if (sent) return;
  sent = true;
  const page = performance.getEntriesByType("navigation")[0];
  if (page) beacon.ttfb = page.responseStart;
  if (page?.responseStatus) beacon.status = page.responseStatus;
  beacon.page = location.pathname;
  navigator.sendBeacon(new URL("/v1/rum", import.meta.url), JSON.stringify(beacon));
}

if (beacon.site && Math.random() * sample < 1) {
  watch("largest-contentful-paint", (e) => { beacon.lcp = e.startTime; });
  watch("layout-shift", moved);
  watch("event", (e) => { if (e.interactionId) beacon.inp = Math.max(beacon.inp ?? 0, e.duration); });
  addEventListener("error", (e) => { if (e.error) beacon.ok = false; });
  addEventListener("unhandledrejection", () => { beacon.ok = false; });
  addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") send(); });
  addEventListener("pagehide", send);
}
