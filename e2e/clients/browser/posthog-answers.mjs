// What PostHog's client is answered: it tells nobody what became of an event. It keeps the browser's
// `fetch` when it is loaded, so this is loaded before.
const send = window.fetch;

/** The events of requests that were answered with success. */
export const taken = [];

async function events(body) {
  const bytes = new Uint8Array(await new Response(body).arrayBuffer());
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const stream = new Blob([bytes]).stream();
  const text = isGzip ? stream.pipeThrough(new DecompressionStream("gzip")) : stream;
  const json = JSON.parse(await new Response(text).text());
  return Array.isArray(json) ? json : (json.batch ?? [json]);
}

window.fetch = async (url, options) => {
  const answer = await send(url, options);
  if (answer.ok && options?.method === "POST") taken.push(...(await events(options.body)));
  return answer;
};
