/*! Spillway tracker 1 */
(function (window, document, history, navigator) {
  "use strict";

  var script = document.currentScript;
  var site = script && script.getAttribute("data-site");
  var queued = (window.spillway && window.spillway.q) || [];
  var page, from;
  if (!site || (window.spillway && window.spillway.version)) return;

  // A site must never break, whatever happens here.
  function safely(act) {
    return function (argument, another) {
      try {
        act(argument, another);
      } catch (error) {}
    };
  }

  // Query and fragment may hold what is nobody's business.
  function bare(url) {
    return url.split(/[?#]/)[0];
  }

  function send(type, payload) {
    if (navigator.globalPrivacyControl || typeof type !== "string") return;
    var facts = { url: bare(location.href), title: document.title };
    for (var name in payload) facts[name] = payload[name];
    var body = JSON.stringify({
      site_id: site,
      event_type: type,
      path: location.pathname,
      payload: facts,
    });
    // A string travels as text/plain, which needs no preflight. A browser keeps at most 64 KiB
    // alive beyond the end of a page.
    fetch(new URL("event", script.src), {
      method: "POST",
      mode: "no-cors",
      credentials: "omit",
      keepalive: body.length < 6e4,
      body: body,
    }).catch(function () {});
  }

  function view(again) {
    if (location.pathname === page && again !== true) return;
    send("page_view", { referrer: bare(from === undefined ? document.referrer : from) });
    page = location.pathname;
    from = location.href;
  }

  function click(event) {
    var element = event.target.closest("[data-spillway-event]");
    if (!element) return;
    send(element.getAttribute("data-spillway-event"), {
      element_id: element.id || undefined,
      text: element.textContent.trim().slice(0, 100),
    });
  }

  function watch(name) {
    var original = history[name];
    history[name] = function () {
      var result = original.apply(this, arguments);
      safely(view)();
      return result;
    };
  }

  function start() {
    ["pushState", "replaceState"].forEach(watch);
    addEventListener("popstate", safely(view));
    // A page that comes back whole out of the browser's memory is seen again.
    addEventListener("pageshow", safely(function (event) {
      if (event.persisted) view(true);
    }));
    document.addEventListener("click", safely(click), true);
    view();
    queued.forEach(function (call) {
      safely(send)(call[0], call[1]);
    });
  }

  window.spillway = safely(send);
  window.spillway.version = 1;
  if (document.prerendering) {
    document.addEventListener("prerenderingchange", safely(start), { once: true });
  } else {
    safely(start)();
  }
})(window, document, history, navigator);
