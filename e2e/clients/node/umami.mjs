// Umami's client for Node.js.
import umami from "@umami/node";
import { bad, believesOfSite, endpoint, isView, places, tenant } from "./client.mjs";

const { Umami } = umami.Umami ? umami : umami.default;
const client = new Umami({ websiteId: tenant, hostUrl: endpoint });
const site = { hostname: "shop.example", language: "en-US", screen: "1920x1080" };
const taken = [];
for (const place of places) {
  const payload = { ...site, url: place === bad ? 5 : `/page/${place}`, title: "A page" };
  if (!isView(place)) payload.name = "signup";
  const answer = await client.track(payload).catch(() => undefined);
  if (answer?.ok) taken.push(place);
}
believesOfSite(taken, places.length - taken.length);
