// Sends one of each record with a client whose types openapi-typescript makes of the API's description,
// and reads each back.
//
// usage: node client.js URL TOKEN

import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

declare const process: { argv: string[] };

type Schemas = components["schemas"];

const [url, token] = process.argv.slice(2);
const tenant = "typescript";
const headers = { Authorization: `Bearer ${token}`, "X-Tenant-ID": tenant };
const client = createClient<paths>({ baseUrl: url, headers });
const time = "2025-05-01T10:00:00Z";

function must(is: boolean, what: string): void {
  if (!is) throw new Error(what);
}

/** What was accepted; the problem is an error. */
function taken<T>({ data, error }: { data?: T; error?: Schemas["Problem"] }): T {
  if (error) throw new Error(`${error.instance}: ${error.code}: ${error.detail}`);
  must(data !== undefined, "an answer without a body");
  return data as T;
}

/** What is read, once it is there. */
async function stored<T>(read: () => Promise<{ data?: T; error?: Schemas["Problem"] }>): Promise<T> {
  for (let tries = 0; tries < 600; tries += 1) {
    const { data, error } = await read();
    if (data !== undefined) return data;
    must(error?.status === 404, `${error?.code}: ${error?.detail}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("it is not stored in time");
}

async function text(): Promise<void> {
  const body: Schemas["TextLog"] = { log_id: "order-7", text: "Card 4111 1111 1111 1111 refused" };
  taken(await client.POST("/ingest", { body }));
  const path = { tenant, log_id: "order-7" };
  const log = await stored(() =>
    client.GET("/tenants/{tenant}/processed_logs/{log_id}", { params: { path } }));
  must(log.modified_data === "Card [REDACTED] refused", log.modified_data);
}

async function texts(): Promise<void> {
  const body: Schemas["TextItems"] = ["one", { text: "two" }];
  const batch = taken(await client.POST("/ingest", { body }));
  must("accepted" in batch && batch.accepted === 2, JSON.stringify(batch));
}

async function accessLog(): Promise<void> {
  const body: Schemas["LogEntries"] = [{ receivedAt: time, method: "GET", path: "/a", userAgent: "curl/8" }];
  const header = { "Idempotency-Key": "batch-1" };
  const sent = taken(await client.POST("/logs", { params: { header }, body }));
  must(sent.accepted === 1 && sent.rejected === 0, JSON.stringify(sent));
  const path = { tenant, batch_id: "batch-1" };
  const batch = await stored(() =>
    client.GET("/tenants/{tenant}/log_batches/{batch_id}", { params: { path } }));
  must(batch.entries === 1, JSON.stringify(batch));
}

async function siteEvent(): Promise<void> {
  const body: Schemas["SiteEvent"] = {
    event_type: "page_view", path: "/pricing", user_id: "u-1", timestamp: time, event_id: "e-1",
  };
  const sent = taken(await client.POST("/event", { body }));
  must(sent.event_id === "e-1", JSON.stringify(sent));
  const path = { tenant, event_id: "e-1" };
  const event = await stored(() =>
    client.GET("/tenants/{tenant}/events/{event_id}", { params: { path } }));
  must(event.path === "/pricing", JSON.stringify(event));
}

async function interactions(): Promise<void> {
  const bodies: Schemas["Interaction"][] = [
    { event_type: "view", user_id: "u-1", payload: { url: "https://acme.example/pricing" } },
    { event_type: "click", user_id: "u-1", payload: { element_id: "buy" } },
    { event_type: "location", user_id: "u-1", payload: { latitude: 48.2, longitude: 16.4 } },
  ];
  for (const body of bodies) taken(await client.POST("/events", { body }));
}

async function settings(): Promise<void> {
  const [path, body] = [{ tenant }, { query_parameters: ["id"] }];
  const set = taken(await client.PUT("/tenants/{tenant}/settings", { params: { path }, body }));
  must(set.query_parameters?.[0] === "id", JSON.stringify(set));
}

async function problem(): Promise<void> {
  const { error } = await client.POST("/ingest", { body: { text: "" } });
  const code: Schemas["Code"] | undefined = error?.code;
  must(code === "empty-text" && error?.errors?.[0]?.field === "text", JSON.stringify(error));
}

/** The counts of all events: a view of the site, and three interactions. */
async function counts(): Promise<void> {
  const query = { from: "2025-01-01" };
  for (let tries = 0; tries < 600; tries += 1) {
    const counted = taken(await client.GET("/analytics/event-counts-by-type", { params: { query } }));
    if (Object.values(counted).reduce((sum, count) => sum + Number(count), 0) === 4) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("the events are not counted in time");
}

for (const send of [text, texts, accessLog, siteEvent, interactions, settings, problem, counts]) {
  await send();
  console.log(`TypeScript: ${send.name}`);
}
