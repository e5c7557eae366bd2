// Reads of the public API, with the token where the deployment asks for one.

// Only in memory: whoever closes the page takes the token along.
let token = "";

/** What the fields of the page are called where the API has another name. */
const LABELS = {
  tenant: "Tenant",
  tenant_id: "Tenant",
  site_id: "Tenant",
  from: "From",
  start_date: "From",
  to: "To",
  end_date: "To",
};

/** What the API answered instead of what was asked for. */
export class Refused extends Error {
  constructor(status, problem) {
    super(words(problem) || `The API answered ${status}.`);
    this.status = status;
  }
}

/** What is wrong, by the names that the page has for things. */
function words({ detail, errors }) {
  if (!errors?.length) return detail;
  const label = (name) => LABELS[name] ?? name;
  const reasons = errors.map(({ field, reason }) => {
    const named = reason.replace(/\b(tenant_id|site_id|start_date|end_date)\b/g, label);
    return `${label(field)} ${named}`;
  });
  return `${[...new Set(reasons)].join("; ")}.`;
}

export function useToken(text) {
  token = text;
}

/** The body of a `GET`. Parameters without a value are left out. */
export async function read(path, parameters, signal) {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined);
  const headers = token ? { authorization: `Bearer ${token}` } : {};
  const options = { headers, cache: "no-store", credentials: "omit", signal };
  const query = given.length ? `?${new URLSearchParams(given)}` : "";
  const response = await fetch(path + query, options);
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(response.status, body);
  return body;
}
