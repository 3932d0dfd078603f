"use strict";
// What any OAuth client does in a browser: discovery, PKCE, tokens, checks. It knows nothing of the page around it.

const OAuth = (() => {
  const text = new TextEncoder();
  const base64url = (bytes) =>
    btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const bytesOf = (encoded) =>
    Uint8Array.from(atob(encoded.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));
  const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

  async function ask(url, options = {}) {
    const started = performance.now();
    const response = await fetch(url, { credentials: "omit", cache: "no-store", redirect: "error", ...options });
    const body = await response.json().catch(() => ({}));
    return { ok: response.ok, status: response.status, body, ms: Math.round(performance.now() - started) };
  }

  // OpenID Connect Discovery 1.0 §4.3: the issuer in the document is compared character by character.
  async function discover(issuer) {
    const { ok, body } = await ask(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
    if (!ok || body.issuer !== issuer) throw new Error("The discovery document is not this issuer's.");
    return body;
  }

  // RFC 7636 §4.2, OpenID Connect Core §3.1.2.1. What comes back is kept by the page until the redirect returns.
  async function begin(server, client) {
    const pending = { state: random(), nonce: random(), verifier: random() };
    const digest = await crypto.subtle.digest("SHA-256", text.encode(pending.verifier));
    const url = new URL(server.authorization_endpoint);
    const query = {
      response_type: "code", client_id: client.id, redirect_uri: client.redirectUri, scope: client.scope,
      state: pending.state, nonce: pending.nonce,
      code_challenge: base64url(new Uint8Array(digest)), code_challenge_method: "S256",
    };
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    return { url: url.href, pending };
  }

  // RFC 6749 §10.12 and RFC 9207 §2.4: an answer that we did not ask for, or from another server, is not read.
  function returned(query, pending, server) {
    if (!pending || query.get("state") !== pending.state) throw new Error("This answer belongs to no sign-in of this page (state).");
    if (query.get("iss") !== server.issuer) throw new Error("This answer is from another server (iss).");
    if (query.has("error")) throw new Error(query.get("error_description") || query.get("error"));
    return query.get("code");
  }

  const post = (url, fields) => ask(url, { method: "POST", body: new URLSearchParams(fields) });

  async function exchange(server, client, code, pending) {
    const answer = await post(server.token_endpoint, {
      grant_type: "authorization_code", client_id: client.id, redirect_uri: client.redirectUri,
      code, code_verifier: pending.verifier,
    });
    if (answer.ok) checkIdToken(answer.body.id_token, server, client, pending.nonce);
    return answer;
  }

  const refresh = (server, client, token) =>
    post(server.token_endpoint, { grant_type: "refresh_token", client_id: client.id, refresh_token: token });

  const revoke = (server, client, token) =>
    post(server.revocation_endpoint, { client_id: client.id, token, token_type_hint: "refresh_token" });

  const call = (url, accessToken) => ask(url, { headers: { Authorization: `Bearer ${accessToken}` } });

  function decode(jwt) {
    const [header, payload] = jwt.split(".").slice(0, 2).map((part) => JSON.parse(new TextDecoder().decode(bytesOf(part))));
    return { header, payload };
  }

  // OpenID Connect Core §3.1.3.7, for a token that came straight from the token endpoint.
  function checkIdToken(jwt, server, client, nonce) {
    const { payload } = decode(jwt);
    if (payload.iss !== server.issuer) throw new Error("The ID token names another issuer.");
    if (![payload.aud].flat().includes(client.id)) throw new Error("The ID token is for another client.");
    if (payload.nonce !== nonce) throw new Error("The ID token answers another request (nonce).");
    if (payload.exp * 1000 < Date.now() - 60_000) throw new Error("The ID token has expired.");
  }

  const ALGORITHMS = {
    ES256: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
    RS256: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  };

  // Is it signed by a key of this issuer? `null` where this browser cannot tell.
  async function verify(jwt, server) {
    const [header, payload, signature] = jwt.split(".");
    const { alg, kid } = decode(jwt).header;
    const algorithm = ALGORITHMS[alg];
    if (!algorithm) return null;
    const { body } = await ask(server.jwks_uri);
    const jwk = (body.keys || []).find((key) => key.kid === kid);
    if (!jwk) return false;
    const { kty, n, e, crv, x, y } = jwk;
    const key = await crypto.subtle.importKey("jwk", { kty, n, e, crv, x, y }, algorithm, false, ["verify"]);
    return crypto.subtle.verify(algorithm, key, bytesOf(signature), text.encode(`${header}.${payload}`));
  }

  // Clients must treat a refresh token as opaque. This page is the server's own and may show what the token says:
  // 54 bytes, of which four, big-endian, at 34 are the generation.
  function generationOf(token) {
    const body = token.startsWith("eg_rt_") ? bytesOf(token.slice(6)) : [];
    return body.length === 54 ? new DataView(body.buffer).getUint32(34) : null;
  }

  return Object.freeze({ discover, begin, returned, exchange, refresh, revoke, call, decode, verify, generationOf });
})();
