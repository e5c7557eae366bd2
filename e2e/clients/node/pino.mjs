// pino, whose lines go through pino-http-send, as on a command line.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import pino from "pino";
import { bad, believes, endpoint, places, tenant, text, tooLong } from "./client.mjs";

const sender = createRequire(import.meta.url).resolve("pino-http-send");
const options = [sender.replace("index.js", "bin.js"), `--url=${endpoint}/records?tenant_id=${tenant}&dedup=content`];
options.push("--bodyType=json", "--timeout=200", "--interval=1000", "--retries=15");
const send = spawn(process.execPath, options, { stdio: ["pipe", "pipe", "inherit"] });
let said = "";
send.stdout.on("data", (data) => (said += data));

const logger = pino(send.stdin);
for (const place of places) logger.info(place === bad ? tooLong() : text(place));
send.stdin.end();
await new Promise((done) => send.on("close", done));
// It says what it gives up, as the JSON of the entries.
const dropped = said.match(/"msg":/g)?.length ?? 0;
const refused = bad < 0 ? 0 : 1;
believes({ texts: places.length - dropped - refused, failed: dropped + refused });
