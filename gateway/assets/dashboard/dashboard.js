// What is chosen, in the form and in the address, and when it is shown.

import { Refused, useToken } from "./api.js";
import { showBreakdowns } from "./breakdowns.js";
import { watch } from "./chart.js";
import { filterText, showFiltered } from "./filtered.js";
import { showLogs, showQuarantine, showRequests, showTypes, showViews } from "./sections.js";
import { readSite, zoneText } from "./site.js";
import { element } from "./table.js";
import { isKnown, latest, showSnippet, showTenants } from "./tenants.js";
import { DAY, daysText, isoDay, isoMonth, period } from "./time.js";
import { showVisits } from "./visits.js";

/** Milliseconds until the numbers are read again, while somebody looks at them. */
const REFRESH = 30_000;
/** The same while the first event of a tenant is waited for. */
const WAITING = 3_000;
/** The fields of each period that has some. */
const FIELDS = { month: ["month"], custom: ["from", "to"] };
/** What becomes of a field that the address has and nobody can read. */
const INSTEAD = {
  month: "is not a month such as 2025-05, so this shows the current one.",
  from: "is not a day such as 2025-05-01, so this begins with the last day.",
  to: "is not a day such as 2025-05-01, so this ends today.",
};
const SECTIONS = [showViews, showTypes, showRequests, showLogs, showQuarantine, showBreakdowns];

/** The token of a link to a shared dashboard. It stands behind a #, so that no server sees it in an address. */
const shared = new URLSearchParams(location.hash.slice(1)).get("token");

const at = (id) => document.getElementById(id);
const choose = at("choose");
let asked;
let view;
let timer;
let loading = new AbortController();
let regraining = new AbortController();

/** What the form says. */
function chosen() {
  const { tenant, period: name, from, to, month, filter } = Object.fromEntries(new FormData(choose));
  return { tenant: tenant.trim(), name, from, to, month, filter };
}

/** The grain of requests that fits a period. */
const grainOf = ({ days }) => (days === 1 ? "minute" : days <= 60 ? "hour" : "day");

function say(text, isBad = false) {
  at("status").textContent = text;
  at("status").classList.toggle("bad", isBad);
  at("status").hidden = !text;
}

function tell(error) {
  if (error.name === "AbortError") return;
  const needsToken = error instanceof Refused && error.status === 401;
  at("ask-token").hidden = !needsToken;
  for (const id of ["numbers", "snippet", "jump", "choose-tenant"]) at(id).hidden = true;
  say(needsToken ? "These numbers need a token." : error.message, !needsToken);
  if (needsToken) at("token").focus();
}

/** Shows what the form says; a later call stops what is left of an earlier one. */
async function showAll() {
  asked = chosen();
  document.body.setAttribute("aria-busy", "true");
  const signal = await load({ grain: undefined, isRefresh: false }, tell);
  if (!signal.aborted) document.body.removeAttribute("aria-busy");
}

/** Reads the numbers again as soon as somebody looks, and leaves the old ones where that fails. */
function refresh() {
  if (document.hidden) {
    document.addEventListener("visibilitychange", refresh, { once: true });
    return;
  }
  load({ grain: view?.grain, isRefresh: true }, (error) =>
    error instanceof Refused && error.status === 401
      ? tell(error)
      : say(`The numbers could not be refreshed: ${error.message}`, true),
  );
}

async function load({ grain, isRefresh }, fail) {
  loading.abort();
  loading = new AbortController();
  clearTimeout(timer);
  const { signal } = loading;
  try {
    const { tenant } = asked;
    const [said, site] = await Promise.all([
      shared ? "" : showTenants(tenant, signal),
      readSite(tenant, signal),
    ]);
    const days = period(asked, site.today);
    view = { ...asked, site, period: days, grain: grain ?? grainOf(days), isRefresh, pick, tell, signal };
    if (view.tenant) await showNumbers(view);
    else showNone(said);
  } catch (error) {
    if (!signal.aborted) fail(error);
  }
  const wait = at("snippet").hidden ? REFRESH : WAITING;
  if (!signal.aborted) timer = setTimeout(refresh, wait);
  return signal;
}

function showNone(said) {
  for (const id of ["numbers", "snippet", "jump", "ask-token"]) at(id).hidden = true;
  say(said);
}

async function showNumbers(view) {
  at("zone").textContent = zoneText(view.site.zone);
  if (!view.isRefresh) {
    at("numbers").hidden = false;
    at("ask-token").hidden = true;
    for (const radio of document.querySelectorAll('[name="grain"]')) {
      radio.checked = radio.value === view.grain;
    }
    for (const table of document.querySelectorAll("table")) delete table.dataset.whole;
  }
  const { filter } = view;
  at("filtered").hidden = !filter;
  at("filtered-text").textContent = filter && `Filtered by ${filterText(filter)}`;
  if (filter) {
    const isThere = await showFiltered(view);
    at("jump").hidden = at("snippet").hidden = true;
    say(isThere ? "" : "No events in this period match.");
    return;
  }
  for (const id of ["properties", "missing"]) at(id).hidden = true;
  // Nothing waits for visits: they may have to be derived first. Where that fails, the next refresh asks again.
  showVisits(view).catch(() => {});
  if (shared) {
    await Promise.all([showViews, showTypes, showBreakdowns].map((section) => section(view)));
    return say("");
  }
  const has = await Promise.all(SECTIONS.map((section) => section(view)));
  await explain(view, has);
  say("");
}

/** Where a period has no numbers, says whether there are others, or how to get some. */
async function explain({ tenant, period: days, signal }, [views, types, requests, ...records]) {
  const isEmpty = !views && !types && !requests;
  const isThere = !isEmpty || (await isKnown(tenant, signal));
  const isNew = !isThere && !records.includes(true);
  const others = isEmpty && isThere ? await latest(tenant, signal) : undefined;
  at("numbers").hidden = isNew;
  at("snippet").hidden = !isNew;
  if (isNew) await showSnippet(tenant, signal);
  at("jump").hidden = !isEmpty || isNew;
  at("jump-text").textContent = `There is nothing ${days.days === 1 ? "on" : "from"} ${daysText(days)}.`;
  at("jump-button").hidden = !others;
  if (!others) return;
  at("jump-button").textContent = `Show ${daysText(others)}`;
  at("jump-button").onclick = () => jump(others);
}

/** Chooses a period: a month where it lies in one. */
function jump({ from, to }) {
  const [first, last] = [from, to - DAY];
  const isMonth = isoMonth(first) === isoMonth(last);
  choose.elements.period.value = isMonth ? "month" : "custom";
  at("month").value = isoMonth(last);
  at("from").value = isoDay(first);
  at("to").value = isoDay(last);
  showFields();
  choose.requestSubmit();
}

/** Shows only what has this value, or all again. */
function pick(filter) {
  at("filter").value = filter;
  choose.requestSubmit();
  scrollTo({ top: 0 });
}

/** Shows the requests by another grain. */
async function regrain(grain) {
  regraining.abort();
  regraining = new AbortController();
  const signal = AbortSignal.any([view.signal, regraining.signal]);
  view.grain = grain;
  await showRequests({ ...view, signal }).catch(tell);
}

/** The form as the address has it. */
function readAddress() {
  const given = new URLSearchParams(location.search);
  for (const field of ["tenant", "from", "to", "filter"]) at(field).value = given.get(field) ?? "";
  at("month").value = given.get("month") ?? isoMonth(Date.now());
  const radio = [...choose.elements.period].find((radio) => radio.value === given.get("period"));
  (radio ?? choose.elements.period[1]).checked = true;
  showFields();
  tellMisread(misread(given));
  at("month").value ||= isoMonth(Date.now());
}

/** What of the address' period is shown otherwise, as sentences. A browser empties a field that is given what it cannot be. */
function misread(given) {
  const name = choose.elements.period.value;
  const asked = given.get("period");
  const names = [...choose.elements.period].map(({ value }) => value).join(", ");
  const instead = `“${asked}” is not a period, so this shows the last 7 days. Periods are ${names}.`;
  const said = asked && asked !== name ? [instead] : [];
  const odd = (FIELDS[name] ?? []).filter((field) => given.get(field) && !at(field).value);
  return [...said, ...odd.map((field) => `“${given.get(field)}” ${INSTEAD[field]}`)];
}

function tellMisread(sentences) {
  at("misread").hidden = sentences.length === 0;
  at("misread").replaceChildren(element("span", "", sentences.join(" ")));
}

function writeAddress() {
  tellMisread([]);
  const given = new URLSearchParams(new FormData(choose));
  if (!given.get("filter")) given.delete("filter");
  for (const [name, fields] of Object.entries(FIELDS)) {
    if (given.get("period") !== name) fields.forEach((field) => given.delete(field));
  }
  history.pushState(null, "", `?${given}${location.hash}`);
}

function showFields() {
  for (const name of Object.keys(FIELDS)) {
    at(`${name}-fields`).hidden = choose.elements.period.value !== name;
  }
}

choose.addEventListener("submit", (event) => {
  event.preventDefault();
  writeAddress();
  showAll();
});

choose.addEventListener("change", ({ target }) => {
  showFields();
  const isWhole = choose.elements.period.value !== "custom" && choose.checkValidity();
  if (["period", "month"].includes(target.name) && isWhole) choose.requestSubmit();
});

at("unfilter").addEventListener("click", () => pick(""));

at("tenant-list").addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  // Another load of the page would forget the token.
  event.preventDefault();
  at("tenant").value = link.textContent;
  choose.requestSubmit();
});

at("ask-token").addEventListener("submit", (event) => {
  event.preventDefault();
  useToken(at("token").value);
  at("token").value = "";
  showAll();
});

for (const radio of document.querySelectorAll('[name="grain"]')) {
  radio.addEventListener("change", () => regrain(radio.value));
}

addEventListener("popstate", () => {
  readAddress();
  showAll();
});

if (shared) {
  useToken(shared);
  at("tenant").readOnly = true;
}
watch(at("series-chart"));
watch(at("requests-chart"));
readAddress();
showAll();
