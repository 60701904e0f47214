// The page's one script: takes the page anew every few seconds and changes in place only what differs, so that focus,
// scroll position, selection and what the reader typed stay. Checked in a real browser (test/contract/status-page.test.ts).

// An XMLHttpRequest parses its answer as a document that runs and loads nothing, so no text is made markup here.
export const liveScript = `"use strict";
(() => {
  const EVERY_MS = 5000;
  const PATIENCE_MS = 10000;
  const root = document.documentElement;
  const state = document.getElementById("link-state");
  const button = document.getElementById("pause");
  let paused = false;
  let timer;
  let request;
  let takenAt = Date.now();

  const show = (link, words) => {
    root.dataset.link = link;
    // Screen readers speak what changes here: only news may.
    if (state.textContent !== words) state.textContent = words;
  };
  const asOf = () => document.getElementById("as-of").textContent;
  const live = () => show("live", "Live, every " + EVERY_MS / 1000 + " seconds");
  const lost = () => {
    show("lost", "Connection lost: vgpud does not answer; shown is what was at " + asOf());
    document.getElementById("age").textContent = ", " + Math.round((Date.now() - takenAt) / 1000) + " seconds old";
  };

  const later = () => {
    clearTimeout(timer);
    if (!paused && !document.hidden) timer = setTimeout(look, EVERY_MS);
  };
  const look = () => {
    clearTimeout(timer);
    if (request || paused || document.hidden) return;
    request = new XMLHttpRequest();
    request.responseType = "document";
    request.timeout = PATIENCE_MS;
    request.onloadend = () => {
      const { status, response } = request;
      request = undefined;
      if (paused) return;
      if (status === 200 && response && response.getElementById("page")) take(response);
      else lost();
      later();
    };
    request.open("GET", location.href);
    request.send();
  };

  const take = (fresh) => {
    // The agent was upgraded: this script and its style are not the page's any more.
    if (fresh.documentElement.dataset.edition !== root.dataset.edition) return location.reload();
    const focused = document.activeElement;
    document.title = fresh.title;
    match(document.getElementById("page"), fresh.getElementById("page"));
    if (document.activeElement !== focused && focused.isConnected) focused.focus({ preventScroll: true });
    takenAt = Date.now();
    live();
  };

  const match = (old, fresh) => {
    if (old.nodeType !== Node.ELEMENT_NODE) {
      if (old.data !== fresh.data) old.data = fresh.data;
      return;
    }
    if (old.dataset.keep !== undefined) return;
    for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
    for (const { name, value } of fresh.attributes)
      if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    matchChildren(old, fresh);
  };

  const matchChildren = (old, fresh) => {
    const wanted = new Set([...fresh.children].map(({ id }) => id));
    for (const child of [...old.children]) if (child.id && !wanted.has(child.id)) child.remove();
    let at = old.firstChild;
    for (const next of [...fresh.childNodes]) {
      const found = partner(old, at, next);
      if (!found) {
        old.insertBefore(document.importNode(next, true), at);
        continue;
      }
      if (found === at) at = at.nextSibling;
      else old.insertBefore(found, at);
      match(found, next);
    }
    while (at) {
      const gone = at;
      at = at.nextSibling;
      gone.remove();
    }
  };

  // What has an id is found by it, wherever it stands; anything else must stand at the same place.
  const partner = (parent, at, next) => {
    if (next.id) {
      const found = document.getElementById(next.id);
      return found && found.parentNode === parent && found.nodeName === next.nodeName ? found : undefined;
    }
    return at && !at.id && at.nodeName === next.nodeName ? at : undefined;
  };

  button.addEventListener("click", () => {
    paused = !paused;
    button.textContent = paused ? "Resume" : "Pause";
    if (!paused) {
      live();
      return look();
    }
    clearTimeout(timer);
    if (request) request.abort();
    show("paused", "Paused");
  });
  document.addEventListener("visibilitychange", look);
  document.getElementById("reload").hidden = true;
  button.hidden = false;
  live();
  later();
})();
`;
