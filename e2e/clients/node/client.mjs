// What every script of a client is told, and how it says what its client believes.

/** The base URL of Spillway. */
export const endpoint = process.env.ENDPOINT;
/** The tenant that the records are for. */
export const tenant = process.env.TENANT;
/** How many records to send. */
export const count = Number(process.env.COUNT);
/** The place of the bad record; none if it is -1. */
export const bad = process.env.BAD === "1" ? Math.floor(count / 2) : -1;

export const { hostname: host, port } = new URL(endpoint);

/** The places of the records. */
export const places = [...Array(count).keys()];

/** A text that says who sent it, and that is no other record's. */
export const text = (place) => `record ${place} of ${tenant}`;

/** Even records of a site are views, odd ones are other events. */
export const isView = (place) => place % 2 === 0;

/** A text that is longer than a text may be. */
export const tooLong = () => "x".repeat(5 << 20);

export const wait = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/** Prints what the client believes was taken, and ends. */
export function believes(belief) {
  console.log(JSON.stringify(belief));
  process.exit(0);
}

/** Believes that each of these places was taken, as a view or as another event. */
export function believesOfSite(taken, failed = 0) {
  const views = taken.filter(isView).length;
  believes({ views, events: taken.length - views, failed });
}
