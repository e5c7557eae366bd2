// Elasticsearch's client for Node.js: its bulk helper.
import { Client } from "@elastic/elasticsearch";
import { bad, believes, endpoint, places, tenant, text, tooLong } from "./client.mjs";

const client = new Client({
  node: `${endpoint}/elasticsearch`,
  auth: { username: tenant, password: "-" },
});
await client.info();
const stats = await client.helpers.bulk({
  datasource: places.map((place) => ({
    "@timestamp": new Date().toISOString(),
    message: place === bad ? tooLong() : text(place),
    id: `${tenant}-${place}`,
  })),
  onDocument: ({ id, ...document }) => [{ create: { _index: "shop", _id: id } }, document],
  onDrop: () => {},
  flushBytes: 6 << 20,
  retries: 5,
  wait: 1_000,
});
believes({ texts: stats.successful, failed: stats.failed });
