// oidc-provider in one process: node server.mjs PORT ADAPTER CLIENT_ID CLIENT_SECRET
// ADAPTER is "builtin" or "map" (see README.md). Once it listens it prints "ready"; for each line N on standard input it makes N grants
// and prints N refresh tokens. It ends with its input.

import { Console } from 'node:console';
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';

import Provider from 'oidc-provider';

import { MapAdapter } from './map_adapter.mjs';

// Standard output is for answers alone; oidc-provider writes its notices there too.
globalThis.console = new Console(process.stderr);
const answer = (line) => process.stdout.write(`${line}\n`);

const [port, adapter, clientId, clientSecret] = process.argv.slice(2);
const RESOURCE = 'https://api.example.com';
const SCOPE = 'offline_access api:read';

const es256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
const rs256 = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });

const provider = new Provider(`http://127.0.0.1:${port}`, {
  ...(adapter === 'map' ? { adapter: MapAdapter } : {}),
  clients: [{
    client_id: clientId,
    client_secret: clientSecret,
    grant_types: ['authorization_code', 'refresh_token'],
    redirect_uris: ['https://client.example.com/callback'],
    token_endpoint_auth_method: 'client_secret_post',
  }],
  cookies: { keys: ['not used by the token endpoint'] },
  features: {
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: () => ({
        audience: RESOURCE,
        scope: 'api:read',
        accessTokenFormat: 'jwt',
        accessTokenTTL: 3600,
        jwt: { sign: { alg: 'ES256' } },
      }),
      useGrantedResource: () => true,
    },
  },
  findAccount: (context, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  jwks: { keys: [{ ...es256, alg: 'ES256', use: 'sig' }, { ...rs256, alg: 'RS256', use: 'sig' }] },
  rotateRefreshToken: true,
  ttl: { AccessToken: 3600, Grant: 1209600, RefreshToken: 1209600 },
});

async function chain(number) {
  const accountId = `subject-${number}`;
  const grant = new provider.Grant({ accountId, clientId });
  grant.addOIDCScope('offline_access');
  grant.addResourceScope(RESOURCE, 'api:read');
  const token = new provider.RefreshToken({
    accountId,
    client: await provider.Client.find(clientId),
    grantId: await grant.save(),
    gty: 'authorization_code',
    resource: RESOURCE,
    scope: SCOPE,
  });
  return token.save();
}

createServer(provider.callback()).listen(Number(port), '127.0.0.1', () => answer('ready'));

const orders = createInterface({ input: process.stdin });
orders.on('line', async (line) => {
  for (let number = 0; number < Number(line); number += 1) {
    answer(await chain(number));
  }
});
orders.on('close', () => process.exit(0));
