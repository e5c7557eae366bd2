// Sends one of each record with a client that openapi-generator makes of the API's description, for fetch,
// and reads each back.
//
// usage: node client.js URL TOKEN

import {
  AccessLogsApi, Configuration, EventsApi, ProblemFromJSON, ResponseError, TextsApi,
} from "./api/index.js";
import type { Interaction, LogEntry, Problem, SiteEvent, TextLog } from "./api/index.js";

declare const process: { argv: string[] };

const [url, token] = process.argv.slice(2);
const tenant = "openapi-generator-typescript";
const configuration = new Configuration({
  basePath: url, accessToken: token, headers: { "X-Tenant-ID": tenant },
});
const textsApi = new TextsApi(configuration);
const logsApi = new AccessLogsApi(configuration);
const eventsApi = new EventsApi(configuration);
const time = new Date("2025-05-01T10:00:00Z");

function must(is: boolean, what: unknown): void {
  if (!is) throw new Error(JSON.stringify(what));
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 50));
}

/** The problem with which the service answers. */
async function refused(answer: Promise<unknown>): Promise<Problem> {
  try {
    throw new Error(JSON.stringify(await answer));
  } catch (error) {
    if (!(error instanceof ResponseError)) throw error;
    return ProblemFromJSON(await error.response.json());
  }
}

/** What is read, once it is there. */
async function stored<T>(read: () => Promise<T>): Promise<T> {
  for (let tries = 0; tries < 600; tries += 1) {
    const answer = read();
    try {
      return await answer;
    } catch {
      const { status, code } = await refused(answer);
      must(status === 404, code);
    }
    await pause();
  }
  throw new Error("it is not stored in time");
}

async function text(): Promise<void> {
  const textLogs: TextLog = { logId: "order-7", text: "Card 4111 1111 1111 1111 refused" };
  await textsApi.postText({ textLogs });
  const log = await stored(() => textsApi.getText({ tenant, logId: "order-7" }));
  must(log.modifiedData === "Card [REDACTED] refused", log);
}

/** A bare array would be sent as an empty object: to the client, it looks like a text without members. */
async function texts(): Promise<void> {
  const textLogs = { logs: [{ text: "one" }, { text: "two" }] };
  const batch = await textsApi.postText({ textLogs });
  must("accepted" in batch && batch.accepted === 2, batch);
}

async function accessLog(): Promise<void> {
  const logEntry: LogEntry[] = [{ receivedAt: time, method: "GET", path: "/a", userAgent: "curl/8" }];
  const sent = await logsApi.postBatch({ logEntry, idempotencyKey: "batch-1" });
  must(sent.accepted === 1 && sent.rejected === 0, sent);
  const batch = await stored(() => logsApi.getBatch({ tenant, batchId: "batch-1" }));
  must(batch.entries === 1, batch);
}

async function siteEvent(): Promise<void> {
  const siteEvent: SiteEvent = {
    eventType: "page_view", path: "/pricing", userId: "u-1", timestamp: time, eventId: "e-1",
  };
  const sent = await eventsApi.postSiteEvent({ siteEvent });
  must(sent.eventId === "e-1", sent);
  const event = await stored(() => eventsApi.getEvent({ tenant, eventId: "e-1" }));
  must(event.path === "/pricing" && event.timestamp.getTime() === time.getTime(), event);
}

async function interactions(): Promise<void> {
  const bodies: Interaction[] = [
    { eventType: "view", userId: "u-1", payload: { url: "https://acme.example/pricing" } },
    { eventType: "click", userId: "u-1", payload: { elementId: "buy" } },
    { eventType: "location", userId: "u-1", payload: { latitude: 48.2, longitude: 16.4 } },
  ];
  for (const interaction of bodies) await eventsApi.postInteraction({ interaction });
}

async function settings(): Promise<void> {
  const set = await eventsApi.putSiteSettings({ tenant, siteSettings: { _queryParameters: ["id"] } });
  must(set._queryParameters?.[0] === "id", set);
}

async function problem(): Promise<void> {
  const { code, errors } = await refused(textsApi.postText({ textLogs: { text: "" } }));
  must(code === "empty-text" && errors?.[0]?.field === "text", { code, errors });
}

/** The counts of all events: a view of the site, and three interactions. */
async function counts(): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    const counted = await eventsApi.countEventsByType({ from: "2025-01-01" });
    if (Object.values(counted).reduce((sum, count) => sum + count, 0) === 4) return;
    await pause();
  }
  throw new Error("the events are not counted in time");
}

for (const send of [text, texts, accessLog, siteEvent, interactions, settings, problem, counts]) {
  await send();
  console.log(`openapi-generator, TypeScript: ${send.name}`);
}
