// The SDK of CloudEvents, in the mode that the argument names: `binary` or `structured`.
import { CloudEvent, emitterFor, httpTransport, Mode } from "cloudevents";
import { bad, believesOfSite, endpoint, isView, places, tenant } from "./client.mjs";

const mode = process.argv[2] === "binary" ? Mode.BINARY : Mode.STRUCTURED;
const emit = emitterFor(httpTransport(`${endpoint}/event?site_id=${tenant}`), { mode });
const taken = [];
for (const place of places) {
  const event = new CloudEvent({
    id: `${tenant}-${place}`,
    source: "https://shop.example/",
    type: isView(place) ? "page_view" : "signup",
    time: place === bad ? "1990-01-01T00:00:00Z" : new Date().toISOString(),
    data: { path: `/page/${place}`, user_id: `user-${place % 10}` },
  });
  const answer = await emit(event);
  // The transport gives the answer's body and headers, and hides its status.
  if (JSON.parse(answer.body || "{}").status === "accepted") taken.push(place);
}
believesOfSite(taken, places.length - taken.length);
