// oidc-provider as an issuer of somebody else's: node oidc_provider.mjs SECRET
// It takes a free loopback port and prints "ready PORT"; it ends with its standard input. Whoever comes is signed in and allows what is
// asked, so that following redirects is enough to get a code. GET /_counts tells how many token requests arrived, by grant type.

import { Console } from 'node:console';
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';

import Provider, { errors } from 'oidc-provider';

// Standard output is for one line; oidc-provider writes its notices there too.
globalThis.console = new Console(process.stderr);

const [secret] = process.argv.slice(2);
const DAY = 86400; // seconds, as all lifetimes here
const API = 'https://api.example.com';
const OPAQUE_API = 'https://opaque.example.com';
const REDIRECT_URIS = ['http://127.0.0.1/callback', 'http://localhost/callback'];
const PEOPLE = { ada: { name: 'Ada', email: 'ada@example.com', email_verified: true } };

const signingKey = (alg, type, options) =>
  ({ ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }), alg, use: 'sig' });

function resourceServer(context, resource) {
  const found = {
    [API]: { accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } },
    [OPAQUE_API]: { accessTokenFormat: 'opaque' },
  }[resource];
  if (!found) throw new errors.InvalidTarget();
  return { audience: resource, scope: 'api:read api:write', accessTokenTTL: 300, ...found };
}

// An application type of "native" is what makes any port of a loopback redirect URI right (RFC 8252 §7.3).
const client = (more) => ({
  application_type: 'native',
  redirect_uris: REDIRECT_URIS,
  grant_types: ['authorization_code', 'refresh_token'],
  ...more,
});

const configuration = {
  claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'] },
  clientBasedCORS: () => true,
  clients: [
    client({ client_id: 'public', token_endpoint_auth_method: 'none' }),
    client({
      client_id: 'confidential',
      client_secret: secret,
      grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
      token_endpoint_auth_method: 'client_secret_basic',
    }),
  ],
  cookies: { keys: [secret] },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    introspection: { enabled: true, allowedPolicy: (context, asking) => asking.clientAuthMethod !== 'none' },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: resourceServer,
      // Tokens are for the resource that was asked for at first, as those of most servers are.
      useGrantedResource: () => true,
    },
    revocation: { enabled: true, allowedPolicy: (context, asking, token) => token.clientId === asking.clientId },
  },
  findAccount: (context, id) => ({ accountId: id, claims: () => ({ sub: id, ...PEOPLE[id] }) }),
  interactions: { url: (context, interaction) => `/interaction/${interaction.uid}` },
  jwks: {
    keys: [
      signingKey('ES256', 'ec', { namedCurve: 'P-256' }),
      signingKey('RS256', 'rsa', { modulusLength: 2048 }),
    ],
  },
  pkce: { required: () => true },
  rotateRefreshToken: true,
  ttl: {
    AccessToken: 300,
    AuthorizationCode: 60,
    ClientCredentials: 300,
    Grant: DAY,
    IdToken: 300,
    Interaction: 600,
    RefreshToken: DAY,
    Session: DAY,
  },
};

// Answers for the person: signs in as whoever login_hint names, and allows all that is asked.
async function answer(context, provider) {
  const { prompt, params, session } = await provider.interactionDetails(context.req, context.res);
  if (prompt.name === 'login') {
    return provider.interactionResult(context.req, context.res, { login: { accountId: params.login_hint ?? 'ada' } });
  }
  const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  for (const resource of [params.resource ?? []].flat()) grant.addResourceScope(resource, params.scope);
  return provider.interactionResult(context.req, context.res, { consent: { grantId: await grant.save() } });
}

function provide(issuer) {
  const provider = new Provider(issuer, configuration);
  const counts = {};
  provider.use(async (context, next) => {
    if (context.path === '/_counts') {
      context.body = counts;
    } else if (context.path.startsWith('/interaction/')) {
      context.redirect(await answer(context, provider));
    } else {
      await next();
      if (context.oidc?.route === 'token') {
        const kind = context.oidc.params?.grant_type ?? 'none';
        counts[kind] = (counts[kind] ?? 0) + 1;
      }
    }
  });
  return provider;
}

// The port first, then the issuer that has it in its name: nobody can take it in between.
const http = createServer();
http.listen(0, '127.0.0.1', () => {
  const { port } = http.address();
  http.on('request', provide(`http://127.0.0.1:${port}`).callback());
  process.stdout.write(`ready ${port}\n`);
});

process.stdin.resume().on('end', () => process.exit(0));
