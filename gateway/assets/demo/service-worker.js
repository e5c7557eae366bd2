// Takes events from the page, sends them, and tells the page what was answered.

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));

addEventListener("message", (event) => {
  // What is on its way ends, even where the page is closed meanwhile.
  event.waitUntil(handle(event.data, event.source));
});

async function handle({ event, tenant }, page) {
  const answer = await send(event, tenant).catch((error) => ({ status: 0, body: error.message }));
  page.postMessage({ event_type: event.event_type, ...answer });
}

async function send(event, tenant) {
  const response = await fetch("/events", {
    method: "POST",
    headers: { "content-type": "application/json", "x-tenant-id": tenant },
    credentials: "omit",
    body: JSON.stringify(event),
  });
  return { status: response.status, body: await response.text() };
}
