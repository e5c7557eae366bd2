// What every page of a client is told, and how it says what its client believes.

/** `endpoint`, `tenant`, `count` and `bad`, which the page sets before this script. */
export const { endpoint, tenant, count, bad } = window.client;

/** The places of the records. */
export const places = [...Array(count).keys()];

/** Even records of a site are views, odd ones are other events. */
export const isView = (place) => place % 2 === 0;

export const wait = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/** Leaves what the client believes was taken to whoever opened the page. */
export function believesOfSite(taken, failed = 0) {
  const views = taken.filter(isView).length;
  window.belief = { views, events: taken.length - views, failed };
}
