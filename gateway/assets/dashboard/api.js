// Reads of the public API, with the token where the deployment asks for one.

// Only in memory: whoever closes the page takes the token along.
let token = "";

/** What the API answered instead of what was asked for. */
export class Refused extends Error {
  constructor(status, detail) {
    super(detail || `The API answered ${status}.`);
    this.status = status;
  }
}

export function useToken(text) {
  token = text;
}

/** The body of a `GET`. Parameters without a value are left out. */
export async function read(path, parameters, signal) {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined);
  const headers = token ? { authorization: `Bearer ${token}` } : {};
  const options = { headers, cache: "no-store", credentials: "omit", signal };
  const response = await fetch(`${path}?${new URLSearchParams(given)}`, options);
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(response.status, body.detail);
  return body;
}

/** Every answer to `asks`, in their order, a few at the same time. */
export async function readAll(asks, most = 6) {
  const answers = [];
  let next = 0;
  async function work() {
    while (next < asks.length) {
      const mine = next++;
      answers[mine] = await asks[mine]();
    }
  }
  await Promise.all(Array.from({ length: most }, work));
  return answers;
}
