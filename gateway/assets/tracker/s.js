/*! Spillway tracker 4 */
(() => {
  const { sites = {}, q = [], version } = window.spillway || {};
  // A module has no script element, but an error names its file.
  const own = (/(https?:\S+?):\d+:\d+/.exec(new Error().stack) || [])[1];

  // A site must never break, whatever happens here.
  const safely = (act) => (...given) => {
    try {
      act(...given);
    } catch (error) {}
  };

  const on = (target, names, act) =>
    names.split(" ").forEach((name) => target.addEventListener(name, safely(act), true));

  // Counts for the site that a script element names, or else the address of this file.
  const track = (script) => {
    const url = new URL((script && script.src) || own || location);
    const target = new URL("event", url);
    const option = (name) => {
      const given = script && script.getAttribute("data-" + name);
      return given === null ? url.searchParams.get(name) : given;
    };
    const site = (option("site") || "").trim();
    const isHash = option("hash") !== null;
    // `frames` allows `frame`.
    const isAllowed = (why) => RegExp("\\b" + why).test(option("allow"));
    const held = [...q];
    let isOpen, excluded, warned, page, campaign, referrer, timer, since, sending = 0;

    const warn = (text) => warned || console.warn((warned = "Spillway: " + text));

    const why = () =>
      [
        navigator.webdriver && "webdriver",
        location.protocol === "file:" && "file",
        /^(.+\.)?localhost$|^127(\.\d+){3}$|^0\.0\.0\.0$|^\[::1\]$/.test(location.hostname) && "localhost",
        self !== top && "frame",
      ].find((why) => why && !isAllowed(why));

    // The path of the page; with `data-hash` also the route in its fragment. A query may hold what
    // is nobody's business.
    const path = () => {
      const route = isHash && location.hash.replace(/^#!?\/?|\?.*/g, "");
      return route ? location.pathname.replace(/\/?$/, "/") + route : location.pathname;
    };

    const full = (here) => location.protocol + "//" + location.host + here;

    // Sends until there is an answer, for as long as the page lives. The event's id makes it safe.
    const post = async (body) => {
      if (sending > 49) return;
      sending++;
      for (let seconds = 1; ; seconds = Math.min(seconds * 2, 60)) {
        // A string travels as text/plain, which needs no preflight.
        const ask = (keepalive) =>
          fetch(target, { method: "POST", credentials: "omit", keepalive, body });
        // A browser refuses to keep more than 64 KiB of a page alive.
        const answer = await ask(true)
          .catch(() => ask(false))
          .catch(() => Response.error());
        const { ok, status } = answer;
        // Without an answer it is 0.
        if (!/^0|408|429|5../.test(status)) {
          if (!ok) {
            const { detail } = await answer.json().catch(() => answer);
            warn(`an event was refused (${status}): ${detail || "see its answer"}`);
          }
          break;
        }
        const wait = Math.max(+answer.headers.get("retry-after") || 0, seconds);
        await new Promise((done) => setTimeout(done, wait * (1e3 + 500 * Math.random())));
      }
      sending--;
    };

    const send = (event_type, payload, here = path()) => {
      if (navigator.globalPrivacyControl || typeof event_type !== "string") return;
      // Only pages with HTTPS can ask for a UUID.
      const event_id = crypto.randomUUID
        ? crypto.randomUUID()
        : crypto.getRandomValues(new Uint32Array(4)).join("-");
      const event = { site_id: site, event_type, event_id };
      if (excluded) event.excluded = excluded;
      else {
        event.path = here;
        event.allow = option("allow") || undefined;
        event.payload = { url: full(here), title: document.title, ...payload };
      }
      post(JSON.stringify(event));
    };

    const act = (...call) => {
      if (isOpen) send(...call);
      else if (held.length < 50) held.push(call);
    };

    const flush = () => {
      if (timer) send("page_view", { url: full(page) + campaign, referrer }, page);
      timer = clearTimeout(timer);
    };

    // A view is sent after a second: then the page has its title, and has redirected.
    const view = (from) => {
      flush();
      referrer = from.split(/[?#]/)[0];
      page = path();
      // What names a campaign, and no other parameter.
      campaign = (location.search.match(/[?&](utm_\w+|ref)=[^&]*/g) || []).join("").replace(/^&/, "?");
      since = Date.now();
      timer = setTimeout(flush, 1e3);
    };

    const look = ({ navigationType }) => {
      if (path() === page) return;
      if (navigationType === "replace" && Date.now() - since < 1e3) page = path();
      else view(full(page));
    };

    const click = (event) => {
      const name = "data-spillway-event";
      const marked = event.composedPath().find((node) => node.hasAttribute && node.hasAttribute(name));
      // The right button is no click.
      if (!marked || event.button > 1) return;
      act(marked.getAttribute(name), {
        element_id: marked.getAttribute("id") || undefined,
        // The text of an input that is a button is its value; that of any other is nobody's business.
        text: [...(marked.textContent.trim() || (/button|submit|reset/.test(marked.type) && marked.value) || "")]
          .slice(0, 100)
          .join(""),
      });
    };

    const open = (otherwise) => {
      isOpen = true;
      excluded = why() || otherwise;
      if (excluded) warn(`not counted: ${excluded}. For tests, data-allow="${excluded}"`);
      view(document.referrer);
      held.forEach((call) => safely(send)(call[0], call[1]));
      if (window.navigation) return on(navigation, "currententrychange", look);
      for (const navigationType of ["push", "replace"]) {
        const name = navigationType + "State";
        const original = history[name];
        history[name] = function () {
          original.apply(this, arguments);
          safely(look)({ navigationType });
        };
      }
      on(window, "popstate", look);
      // A router may have kept the browser's own functions.
      setInterval(safely(look), 500, {});
    };

    // A page counts once somebody can see it.
    const wait = () => {
      if (isOpen) document.hidden && flush();
      else if (!document.prerendering && (!document.hidden || isAllowed("unseen"))) open();
    };

    if (sites[target + site]) return;
    sites[target + site] = act;
    if (!/^[a-z\d][\w.-]{0,127}$/i.test(site)) {
      return warn(
        `nothing is counted: "${site}" cannot name a site. Use letters, digits, and . _ - between them. Add data-site="example.com" to the script, or ?site=example.com to its address`
      );
    }
    on(document, "prerenderingchange visibilitychange", wait);
    on(document, "click auxclick", click);
    on(window, "pagehide", () => {
      if (!isOpen && !document.prerendering) open("unseen");
      flush();
    });
    // A page that comes back whole out of the browser's memory is seen again.
    on(window, "pageshow", ({ persisted }) => {
      if (!persisted) return;
      excluded = why();
      view(document.referrer);
    });
    wait();
  };

  if (!version) {
    window.spillway = (...call) => Object.values(sites).forEach((act) => safely(act)(...call));
    Object.assign(spillway, { version: 4, sites, q });
  }

  const { currentScript } = document;
  const named = [...document.querySelectorAll("script[data-site]")].filter(
    ({ src }) => !src || src === own || /\/s\.js\b/.test(src)
  );
  (currentScript ? [currentScript] : named[0] ? named : [null]).forEach(safely(track));
})();
