"use strict";
// The playground: walks one grant through its life against the real endpoints. Tokens live in this tab's session only.

(() => {
  const { $ } = View;
  const { issuer, clientId, redirectUri, scope, grantUrl, postLogoutUri } = $("playground").dataset;
  const client = { id: clientId, redirectUri, scope };
  const memory = {
    read: (name) => JSON.parse(sessionStorage.getItem(`evergrant.${name}`) || "null"),
    write: (name, value) => sessionStorage.setItem(`evergrant.${name}`, JSON.stringify(value)),
    forget: () => ["pending", "session"].forEach((name) => sessionStorage.removeItem(`evergrant.${name}`)),
  };

  let server = null;
  // access, id: the newest; refresh: [{generation, token}], oldest first; steps: what happened; grant: the server's report
  let session = memory.read("session");
  let busy = false;

  const current = () => session.refresh.at(-1);
  const ended = () => session.grant?.grant.state === "revoked" || session.steps.some((step) => step.kind === "revoked");

  function note(kind, generation, title, detail = "") {
    session.steps.push({ kind, generation, title, detail, at: Date.now() });
  }

  // Takes the tokens of an answer. Tells whether the refresh token is one we did not have.
  function accept(body) {
    session.access = body.access_token;
    if (body.id_token) session.id = body.id_token;
    if (session.refresh.some((held) => held.token === body.refresh_token)) return false;
    const generation = OAuth.generationOf(body.refresh_token) ?? (session.refresh.length ? current().generation + 1 : 1);
    session.refresh.push({ generation, token: body.refresh_token });
    return true;
  }

  const because = ({ status, body }) => `${status} ${body.error || ""}: ${body.error_description || "no more was said."}`;

  function refused(answer, generation) {
    note("failed", generation, "refused", because(answer));
    View.outcome("bad", "Refused.", `${because(answer)} The reason is in the server's log, for the operator only.`);
  }

  // ---- the trials ----------------------------------------------------------------------------------------------
  async function refresh() {
    const { token, generation } = current();
    const answer = await OAuth.refresh(server, client, token);
    if (!answer.ok) return refused(answer, generation);
    const fresh = accept(answer.body);
    note(fresh ? "renewed" : "redelivered", current().generation, fresh ? "renewed" : "kept", `in ${answer.ms} ms`);
    View.outcome("good", `Generation ${current().generation}, in ${answer.ms} ms.`,
      "A new access token that carries the roles of this moment. Nobody typed a password.");
  }

  async function retry() {
    const { token, generation } = current();
    const lost = await OAuth.refresh(server, client, token);
    if (!lost.ok) return refused(lost, generation);
    const second = await OAuth.refresh(server, client, token);
    if (!second.ok) return refused(second, generation);
    accept(second.body);
    note("renewed", current().generation, "renewed", "and the answer was thrown away");
    same(lost, second, "Same successor, nothing lost.",
      "The retry brought the very refresh token of the lost answer, and a fresh access token. The server stored neither.");
  }

  async function twice() {
    const { token, generation } = current();
    const answers = await Promise.all([1, 2].map(() => OAuth.refresh(server, client, token)));
    const failed = answers.find((answer) => !answer.ok);
    if (failed) return refused(failed, generation);
    accept(answers[0].body);
    note("renewed", current().generation, "renewed", "by the one that came first");
    same(...answers, "Two requests, one successor.", "One renewed, the other was given the same refresh token. No fork, no error, nobody signed out.");
  }

  function same(one, other, headline, detail) {
    if (one.body.refresh_token === other.body.refresh_token) {
      note("redelivered", current().generation, "redelivered", "the same refresh token, letter by letter");
      return View.outcome("good", headline, detail);
    }
    accept(other.body);
    note("failed", current().generation, "two successors", "this must not happen");
    View.outcome("bad", "Two different successors.", "The grant forked. This must not happen: please report it.");
  }

  async function replay() {
    const stolen = session.refresh[0];
    while (current().generation - stolen.generation < 3) {
      const answer = await OAuth.refresh(server, client, current().token);
      if (!answer.ok) return refused(answer, current().generation);
      if (!accept(answer.body)) return View.outcome("", "This client keeps its refresh token.", "Its policy never renews, so no old token exists.");
      note("renewed", current().generation, "renewed", "to leave the old token behind");
    }
    const answer = await OAuth.refresh(server, client, stolen.token);
    if (answer.ok) return View.outcome("bad", "The old token was accepted.", "This must not happen: please report it.");
    note("reuse", stolen.generation, `generation ${stolen.generation} replayed`, because(answer));
    const after = await OAuth.call(server.userinfo_endpoint, session.access);
    note("revoked", current().generation, "grant ended", `userinfo with the newest access token: ${after.status}`);
    View.outcome("good", "Theft noticed: the grant has ended.",
      `Generation ${stolen.generation} came back ${current().generation - stolen.generation} generations late. The thief got nothing, and even the newest access token is dead (${after.status}).`);
  }

  async function userinfo() {
    const answer = await OAuth.call(server.userinfo_endpoint, session.access);
    note(answer.ok ? "read" : "failed", current().generation, "userinfo", `${answer.status} in ${answer.ms} ms`);
    if (answer.ok) View.outcome("good", `${answer.status}: the API knows you.`, JSON.stringify(answer.body));
    else View.outcome("bad", `${answer.status}: invalid_token.`, "A client would now refresh; here the grant itself may have ended.");
  }

  async function revoke() {
    const answer = await OAuth.revoke(server, client, current().token);
    if (!answer.ok) return refused(answer, current().generation);
    note("revoked", current().generation, "revoked", `in ${answer.ms} ms`);
    View.outcome("good", "The grant has ended.", "Every token of it is dead at its next use, on every node. Try a refresh, or userinfo.");
  }

  async function signOut() {
    await OAuth.revoke(server, client, current().token);
    // A posted form keeps the ID token out of the address (OpenID Connect RP-Initiated Logout 1.0 §2).
    const fields = { id_token_hint: session.id, client_id: client.id };
    if (postLogoutUri) fields.post_logout_redirect_uri = postLogoutUri;
    memory.forget();
    const inputs = Object.entries(fields).map(([name, value]) => View.el("input", { type: "hidden", name, value }));
    const form = View.el("form", { method: "post", action: server.end_session_endpoint, hidden: true }, ...inputs);
    document.body.append(form);
    form.submit();
  }

  async function signIn() {
    memory.forget();
    const { url, pending } = await OAuth.begin(server, client);
    memory.write("pending", pending);
    location.assign(url);
  }

  // ---- the picture ---------------------------------------------------------------------------------------------
  async function readGrant() {
    const { gid } = OAuth.decode(session.access).payload;
    const answer = await OAuth.call(`${grantUrl}?${new URLSearchParams({ gid })}`, session.access);
    if (!answer.ok) return;
    const known = ended();
    session.grant = answer.body;
    if (!known && ended()) {
      note("revoked", current().generation, "grant ended", `from outside: ${answer.body.grant.revoked_reason || "revoked"}`);
    }
  }

  function generations() {
    const newest = current().generation;
    const dead = ended();
    return Array.from({ length: newest + 1 }, (_, number) => ({
      number,
      state: number < newest || dead ? "spent" : "current",
      label: number === 0 ? "code" : number < newest ? "spent" : dead ? "dead" : "current",
      again: session.steps.filter((step) => step.kind === "redelivered" && step.generation === number).length,
      replayed: session.steps.some((step) => step.kind === "reuse" && step.generation === number),
    }));
  }

  function draw() {
    memory.write("session", session);
    View.show(true);
    View.lane(generations(), ended() ? session.grant?.grant.revoked_reason || "ended" : null);
    View.steps(session.steps);
    if (session.grant) View.grant(session.grant);
    $("pg-again").hidden = !ended();
  }

  function drawTokens() {
    View.jwt("access-token", "Access token", "For APIs. Short-lived, and enough by itself.", session.access, copy);
    View.jwt("id-token", "ID token", "For this page: who signed in, when and how.", session.id, copy);
    View.refreshToken(current().token, current().generation, session.refresh.length - 1, copy);
    for (const [id, token] of [["access-token", session.access], ["id-token", session.id]]) {
      OAuth.verify(token, server).catch(() => null).then((verified) => View.seal(id, verified));
    }
  }

  async function copy(title, token) {
    await navigator.clipboard.writeText(token);
    View.outcome("", `${title} copied.`, "Whoever has it, is you. Paste it only where you mean to.");
  }

  // One trial at a time. The button keeps the focus: it is marked as busy, not disabled.
  const run = (trial) => async (event) => {
    if (busy) return;
    busy = true;
    const button = event.currentTarget;
    button.setAttribute("aria-disabled", "true");
    try {
      await trial();
      if (session && memory.read("session")) {
        await readGrant();
        draw();
        drawTokens();
      }
    } catch (error) {
      View.outcome("bad", "That did not work.", error instanceof TypeError ? "The server did not answer. Is it still running?" : error.message);
    } finally {
      busy = false;
      button.removeAttribute("aria-disabled");
    }
  };

  async function comeBack(query) {
    const pending = memory.read("pending");
    memory.forget();
    history.replaceState(null, "", redirectUri); // the code is used up in a moment; it need not stay in the history
    const code = OAuth.returned(query, pending, server);
    const answer = await OAuth.exchange(server, client, code, pending);
    if (!answer.ok) throw new Error(because(answer));
    session = { access: null, id: null, refresh: [], steps: [], grant: null };
    accept(answer.body);
    note("issued", 1, "issued", `code exchanged in ${answer.ms} ms; state, iss and nonce checked`);
    View.outcome("good", "Signed in.", "The code became an access token, an ID token and a refresh token. Now press something.");
  }

  function stranded(...message) {
    $("elsewhere").replaceChildren(View.el("p", {}, ...message));
    $("elsewhere").hidden = false;
  }

  async function start() {
    if (location.origin !== new URL(redirectUri).origin) {
      return stranded("This page was opened under another name than the issuer's. Open ", View.el("a", { href: redirectUri }, redirectUri), " instead.");
    }
    const trials = { "pg-refresh": refresh, "pg-retry": retry, "pg-twice": twice, "pg-replay": replay, "pg-userinfo": userinfo,
      "pg-revoke": revoke, "pg-sign-out": signOut, "pg-sign-in": signIn, "pg-again": signIn };
    for (const [id, trial] of Object.entries(trials)) $(id).addEventListener("click", run(trial));
    try {
      server = await OAuth.discover(issuer);
      const query = new URLSearchParams(location.search);
      if (query.has("state")) await comeBack(query);
      else if (session) View.outcome("", "Welcome back.", "This tab still holds its tokens. Press something.");
      if (session) {
        await readGrant();
        draw();
        drawTokens();
      }
    } catch (error) {
      session = null;
      memory.forget();
      stranded(error.message);
    }
    if (!session) View.show(false);
    setInterval(View.tick, 1000);
    setInterval(watch, 4000);
  }

  // Somebody may end the grant from outside (`evergrant grant revoke`): the page shows it without being asked.
  async function watch() {
    if (busy || document.hidden || !session || ended()) return;
    const before = JSON.stringify(session.grant);
    await readGrant().catch(() => null);
    if (JSON.stringify(session.grant) !== before) draw();
  }

  start();
})();
