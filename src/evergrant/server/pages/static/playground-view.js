"use strict";
// Draws the playground. Everything is put into the page as text nodes and attributes, never as markup.

const View = (() => {
  const $ = (id) => document.getElementById(id);

  function el(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value === true) element.setAttribute(name, "");
      else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
    }
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
  }

  const clock = (ms) => new Date(ms).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  const day = (ms) => new Date(ms).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  const short = (token) => (token.length > 28 ? `${token.slice(0, 14)}…${token.slice(-8)}` : token);

  function left(ms) {
    if (ms <= 0) return "expired";
    const seconds = Math.round(ms / 1000);
    const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
    if (hours > 48) return `in ${Math.round(hours / 24)} days`;
    if (hours) return `in ${hours} h ${minutes} min`;
    return `in ${minutes}:${String(seconds % 60).padStart(2, "0")}`;
  }

  // ---- the lane: one node a generation -----------------------------------------------------------------------
  const SHOWN = 9;

  function lane(generations, ended) {
    const first = generations.slice(0, 1);
    const last = generations.slice(1).slice(-SHOWN);
    const skipped = generations.length - first.length - last.length;
    const items = first.map(node);
    if (skipped > 0) items.push(el("li", { class: "node gap" }, el("b", {}, "…"), el("span", {}, `${skipped} more`)));
    items.push(...last.map(node));
    if (ended) items.push(el("li", { class: "node end" }, el("b", {}, "✕"), el("span", {}, ended)));
    $("lane").replaceChildren(...items);
  }

  function node({ number, state, label, again, replayed }) {
    const marks = [];
    if (again) marks.push(el("em", { class: "redelivered" }, again > 1 ? `redelivered ×${again}` : "redelivered"));
    if (replayed) marks.push(el("em", { class: "reuse" }, "replayed"));
    return el("li", { class: `node ${state}${replayed ? " reuse" : ""}` },
      el("b", {}, String(number)), el("span", {}, label), ...marks);
  }

  // ---- outcome, timeline, grant --------------------------------------------------------------------------------
  function outcome(verdict, headline, detail) {
    $("outcome").className = `notice ${verdict}`;
    $("outcome").replaceChildren(el("p", {}, el("strong", {}, headline)), el("p", {}, detail));
    $("outcome").scrollIntoView({ block: "nearest" });
  }

  const entry = (kind, at, title, detail) =>
    el("li", { class: kind }, el("time", { datetime: new Date(at).toISOString() }, clock(at)),
      el("span", {}, el("strong", {}, title), detail ? ` ${detail}` : null));

  function steps(list) {
    $("steps").replaceChildren(...list.slice(-30).reverse().map((s) => entry(s.kind, s.at, s.title, s.detail)));
  }

  const KINDS = [[/reus|streak|replay/, "reuse"], [/revok|end|disable/, "revoked"], [/open|issu|sign/, "issued"], [/renew/, "renewed"]];
  const colour = (kind) => (KINDS.find(([pattern]) => pattern.test(kind)) || [null, "read"])[1];

  function grant(report) {
    const { grant: row, events } = report;
    const state = $("grant-state");
    state.textContent = row.state === "active" ? `active · generation ${row.generation}` : row.state;
    state.className = `pill ${row.state === "active" ? "good" : "bad"}`;
    const facts = [
      ["Grant", el("code", {}, row.id)],
      ["In the database", "one row, however often it is renewed"],
      ["Renewed", row.renewed_at ? clock(row.renewed_at) : "not yet"],
      ["Ends at the latest", row.expires_at ? day(row.expires_at) : "with its code"],
      ["Ends if unused", row.idle_expires_at ? day(row.idle_expires_at) : "no idle limit"],
    ];
    if (row.revoked_reason) facts.push(["Ended because", el("strong", {}, row.revoked_reason)]);
    $("grant-facts").replaceChildren(...facts.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
    const lines = events.map((event) => {
      const line = entry(colour(`${event.kind} ${event.reason || ""}`), event.at, event.kind, event.text || event.reason);
      if (event.correlation_id) line.append(el("code", {}, `evergrant explain ${event.correlation_id}`));
      return line;
    });
    $("events").replaceChildren(...(lines.length ? lines : [el("li", {}, "Nothing yet.")]));
  }

  // ---- tokens --------------------------------------------------------------------------------------------------
  const MEANING = {
    iss: "who issued it", sub: "you", aud: "who may accept it", azp: "who asked for it", client_id: "who asked for it",
    scope: "what it may do", roles: "as they are right now", jti: "its own number", gid: "the grant it hangs on",
    nonce: "echoes this page's question", at_hash: "ties it to the access token", sid: "your session",
    amr: "how you signed in", acr: "how strongly you signed in",
  };
  const TIMES = new Set(["exp", "iat", "nbf", "auth_time"]);

  function claim([name, value]) {
    const shown = typeof value === "string" ? value : JSON.stringify(value);
    let meaning = MEANING[name] || null;
    if (TIMES.has(name)) meaning = name === "exp" ? el("span", { "data-until": value * 1000 }, left(value * 1000 - Date.now())) : clock(value * 1000);
    return [el("dt", {}, el("code", {}, name)), el("dd", {}, el("span", {}, shown), meaning ? el("small", {}, meaning) : null)];
  }

  function card(id, title, about, token, onCopy, ...rest) {
    const copy = el("button", { type: "button", class: "link", id: `${id}-copy`, "aria-label": `Copy the ${title.toLowerCase()}` }, "Copy");
    copy.addEventListener("click", () => onCopy(title, token));
    $(id).replaceChildren(el("div", { class: "split" }, el("h3", {}, title), copy), el("p", { class: "fine" }, about), ...rest);
  }

  function jwt(id, title, about, token, onCopy) {
    const { header, payload } = OAuth.decode(token);
    const seal = el("span", { class: "pill", id: `${id}-seal` }, "checking …");
    const head = el("p", { class: "seal" }, el("code", {}, [header.typ, header.alg].filter(Boolean).join(" · ")), seal);
    card(id, title, about, token, onCopy, head, el("dl", { class: "claims" }, ...Object.entries(payload).flatMap(claim)));
  }

  function seal(id, verified) {
    const words = { true: ["good", "✓ signature verified"], false: ["bad", "✕ signature not verified"], null: ["", "not checked"] };
    const [verdict, label] = words[String(verified)];
    $(`${id}-seal`).className = `pill ${verdict}`;
    $(`${id}-seal`).textContent = label;
  }

  function refreshToken(token, generation, spent, onCopy) {
    card("refresh-token", "Refresh token", "Opaque to the client. The server keeps a digest, never the token.", token, onCopy,
      el("p", { class: "token" }, el("code", {}, short(token))),
      el("dl", { class: "claims" },
        el("dt", {}, "generation"), el("dd", {}, el("span", {}, String(generation)), el("small", {}, "grows by one at every renewal")),
        el("dt", {}, "spent"), el("dd", {}, el("span", {}, String(spent)), el("small", {}, "earlier tokens this page remembers, for the replay"))));
  }

  function tick() {
    for (const element of document.querySelectorAll("[data-until]")) {
      element.textContent = left(Number(element.dataset.until) - Date.now());
    }
  }

  function show(signedIn) {
    $("outside").hidden = signedIn;
    $("inside").hidden = $("tokens").hidden = !signedIn;
  }

  return Object.freeze({ $, el, lane, outcome, steps, grant, jwt, seal, refreshToken, tick, show });
})();
