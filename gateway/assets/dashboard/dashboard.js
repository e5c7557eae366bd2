// What is chosen, in the form and in the address, and when it is shown.

import { Refused, useToken } from "./api.js";
import { watch } from "./chart.js";
import { showLogs, showQuarantine, showRequests, showTypes, showViews } from "./sections.js";
import { period } from "./time.js";

const at = (id) => document.getElementById(id);
const choose = at("choose");
let view;
let loading = new AbortController();
let regraining = new AbortController();

/** What the form says, and the grain of requests that fits it. */
function chosen() {
  const { tenant, period: name, from, to } = Object.fromEntries(new FormData(choose));
  const days = period({ name, from, to });
  return { tenant: tenant.trim(), period: days, grain: days.days === 1 ? "minute" : "hour" };
}

function say(text, isBad = false) {
  at("status").textContent = text;
  at("status").classList.toggle("bad", isBad);
  at("status").hidden = !text;
}

function tell(error) {
  if (error.name === "AbortError") return;
  const needsToken = error instanceof Refused && error.status === 401;
  at("ask-token").hidden = !needsToken;
  at("numbers").hidden = true;
  say(needsToken ? "These numbers are not for everybody." : error.message, !needsToken);
  if (needsToken) at("token").focus();
}

/** Shows what the form says; a later call stops what is left of an earlier one. */
async function showAll() {
  loading.abort();
  loading = new AbortController();
  const { signal } = loading;
  document.body.setAttribute("aria-busy", "true");
  try {
    view = { ...chosen(), tell, signal };
    if (view.tenant) await showSections();
  } catch (error) {
    if (!signal.aborted) tell(error);
  }
  if (!signal.aborted) document.body.removeAttribute("aria-busy");
}

async function showSections() {
  // Charts take the width that they find.
  at("numbers").hidden = false;
  at("ask-token").hidden = true;
  if (!at("status").hidden) say("Reading …");
  document.querySelector(`[name="grain"][value="${view.grain}"]`).checked = true;
  const sections = [showViews, showTypes, showRequests, showLogs, showQuarantine];
  await Promise.all(sections.map((section) => section(view)));
  say("");
}

/** Shows the requests by another grain. */
async function regrain(grain) {
  regraining.abort();
  regraining = new AbortController();
  const signal = AbortSignal.any([view.signal, regraining.signal]);
  await showRequests({ ...view, grain, signal }).catch(tell);
}

/** The form as the address has it. */
function readAddress() {
  const given = new URLSearchParams(location.search);
  for (const field of ["tenant", "from", "to"]) at(field).value = given.get(field) ?? "";
  const radio = [...choose.elements.period].find((radio) => radio.value === given.get("period"));
  (radio ?? choose.elements.period[1]).checked = true;
  showDays();
}

function writeAddress() {
  const given = new URLSearchParams(new FormData(choose));
  if (given.get("period") !== "custom") ["from", "to"].forEach((name) => given.delete(name));
  history.pushState(null, "", `?${given}`);
}

function showDays() {
  at("days").hidden = choose.elements.period.value !== "custom";
}

choose.addEventListener("submit", (event) => {
  event.preventDefault();
  writeAddress();
  showAll();
});

choose.addEventListener("change", (event) => {
  showDays();
  const isWhole = choose.elements.period.value !== "custom" && choose.checkValidity();
  if (event.target.name === "period" && isWhole) choose.requestSubmit();
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

watch(at("series-chart"));
watch(at("requests-chart"));
readAddress();
showAll();
