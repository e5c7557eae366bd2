// A page whose events go through its service worker, and what becomes of them.

const at = (id) => document.getElementById(id);
const given = new URLSearchParams(location.search).get("tenant");
const tenant = given || "default";
const user = `demo-${crypto.getRandomValues(new Uint32Array(2)).join("-")}`;
/** Milliseconds between two looks at the counts. */
const LOOK_EVERY = 1000;

/** The worker, as soon as it can take messages. */
const worker = navigator.serviceWorker
  .register("/demo/service-worker.js", { scope: "/demo" })
  .then(() => navigator.serviceWorker.ready)
  .then((registration) => registration.active);

async function send(event_type, payload) {
  const event = { user_id: user, event_type, payload };
  (await worker).postMessage({ event, tenant });
}

function tell(text, className) {
  const line = document.createElement("li");
  line.className = className;
  line.textContent = text;
  at("answers").prepend(line);
}

function clicked({ currentTarget }) {
  const { id, textContent } = currentTarget;
  return send("click", { element_id: id, text: textContent, xpath: `//*[@id="${id}"]` });
}

function locate() {
  return new Promise((resolve, reject) => {
    navigator.geolocation.getCurrentPosition(resolve, reject, { timeout: 10_000 });
  });
}

async function located() {
  const { coords } = await locate();
  const { latitude, longitude, accuracy } = coords;
  await send("location", { latitude, longitude, accuracy });
}

/** Whatever goes wrong is said. */
const told = (what, act) => (event) =>
  act(event).catch((error) => tell(`${what}: ${error.message || "refused"}`, "bad"));

function showCounts(counts) {
  const rows = Object.entries(counts).map(([type, count]) => {
    const row = document.createElement("tr");
    const name = document.createElement("th");
    name.scope = "row";
    name.textContent = type;
    const number = document.createElement("td");
    number.className = "number-cell";
    number.textContent = count.toLocaleString("en");
    row.append(name, number);
    return row;
  });
  at("counts").replaceChildren(...rows);
}

/** Looks at the counts again and again, for as long as they may be read and the page is seen. */
async function watch() {
  const query = new URLSearchParams({ tenant_id: tenant });
  const response = await fetch(`/analytics/event-counts-by-type?${query}`, { cache: "no-store" });
  const body = await response.json();
  if (response.ok) showCounts(body);
  else at("counts-note").textContent = body.detail;
  if (response.status !== 401) setTimeout(seen, LOOK_EVERY);
}

function seen() {
  const again = () => watch().catch(() => setTimeout(seen, LOOK_EVERY));
  if (document.visibilityState === "visible") again();
  else document.addEventListener("visibilitychange", seen, { once: true });
}

navigator.serviceWorker.addEventListener("message", ({ data }) => {
  const { event_type, status, body } = data;
  tell(`${event_type}: ${status} ${body}`, status === 202 ? "good" : "bad");
});
at("click-me").addEventListener("click", told("click", clicked));
at("get-location").addEventListener("click", told("location", located));
at("counts-note").textContent = `Tenant: ${tenant}`;
at("dashboard").href = `/dashboard?${new URLSearchParams({ tenant, period: "today" })}`;
told("view", () => send("view", { url: location.href, title: document.title }))();
seen();
