// An identity provider (oidc-provider, certified by the OpenID Foundation) with one program, one person and a
// desk where the lane says what happens: keys change, a person approves, tokens are made that are wrong.
//
//   node provider.mjs ISSUER_PORT DESK_PORT CERTIFICATE KEY KEYS_FILE
//
// KEYS_FILE outlives it. At the desk: POST /rotate, POST /approve?code=…&login=…, GET /token?…, GET /asked.

import { createHmac, createPublicKey } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { generateKeyPair, exportJWK, importJWK, SignJWT } from 'jose';
import Provider from 'oidc-provider';

const [port, desk, certificate, key, keysFile] = process.argv.slice(2);
const issuer = `https://localhost:${port}`;
const RESOURCE = 'https://house.example/api';
const GROUPS = { hana: ['staff', 'telephony-admins'], minsu: ['staff'], guest: ['guests'] };

let asked = 0;
let turn = 0;
let keys = existsSync(keysFile) ? JSON.parse(readFileSync(keysFile)) : await make();
let provider = serve();

async function make() {
  turn = Date.now();
  const kinds = [['RS256', {}], ['PS256', {}], ['ES256', {}], ['Ed25519', {}]];
  const all = [];
  for (const [alg, options] of kinds) {
    const pair = await generateKeyPair(alg, { extractable: true, ...options });
    all.push({ ...(await exportJWK(pair.privateKey)), kid: `${alg.toLowerCase()}-${turn}`, alg, use: 'sig' });
  }
  writeFileSync(keysFile, JSON.stringify(all), { mode: 0o600 });
  return all;
}

function serve() {
  return new Provider(issuer, {
    jwks: { keys },
    clients: [
      {
        client_id: 'tandem-cli',
        token_endpoint_auth_method: 'none',
        application_type: 'native',
        grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
        response_types: [],
        redirect_uris: [],
        id_token_signed_response_alg: 'ES256',
      },
      {
        client_id: 'deploy',
        client_secret: 'a-secret-of-the-program-that-deploys',
        grant_types: ['client_credentials'],
        response_types: [],
        redirect_uris: [],
      },
    ],
    scopes: ['openid', 'profile', 'offline_access', 'tandem.operate'],
    claims: { openid: ['sub', 'groups'], profile: ['preferred_username', 'name'] },
    conformIdTokenClaims: false,
    ttl: { AccessToken: 120, ClientCredentials: 120, IdToken: 120, RefreshToken: 3600, DeviceCode: 600 },
    cookies: { keys: ['of no matter here'] },
    features: {
      deviceFlow: { enabled: true },
      clientCredentials: { enabled: true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: (ctx) => (ctx.oidc.client?.clientId === 'deploy' ? RESOURCE : undefined),
        getResourceServerInfo: () => ({
          scope: 'tandem.operate',
          audience: 'tandem-cli',
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
    extraTokenClaims: (ctx, token) => (token.kind === 'ClientCredentials' ? { groups: ['machines'] } : undefined),
    findAccount: (ctx, id) => ({
      accountId: id,
      claims: () => ({ sub: id, preferred_username: id, name: `${id} of Contoso`, groups: GROUPS[id] ?? [] }),
    }),
  });
}

https
  .createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (request, response) => {
    if (request.url === '/jwks') asked += 1;
    provider.callback()(request, response);
  })
  .listen(Number(port), '127.0.0.1');

/// A browser, as far as the pages of the provider need one.
async function approve(code, login) {
  const jar = new Map();
  const visit = async (url, form) => {
    for (let step = 0; step < 20; step += 1) {
      const answer = await page(url, form, jar);
      if (![301, 302, 303, 307].includes(answer.status)) return { url, text: answer.text };
      url = new URL(answer.location, url).href;
      form = undefined;
    }
    throw new Error('it leads on and on');
  };
  let now = await visit(`${issuer}/device?user_code=${encodeURIComponent(code)}`);
  for (let step = 0; step < 6 && now.text.includes('<form'); step += 1) {
    const action = /<form[^>]*action="([^"]*)"/.exec(now.text)?.[1]?.replaceAll('&amp;', '&');
    const fields = {};
    for (const [input] of now.text.matchAll(/<input[^>]*>/g)) {
      const name = /name="([^"]*)"/.exec(input)?.[1];
      if (name) fields[name] = /value="([^"]*)"/.exec(input)?.[1] ?? '';
    }
    if ('login' in fields) Object.assign(fields, { login, password: 'any' });
    if ('user_code' in fields) fields.confirm = 'yes';
    now = await visit(new URL(action, now.url).href, new URLSearchParams(fields).toString());
  }
  return now.text;
}

function page(url, form, jar) {
  const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
  const headers = form ? { 'content-type': 'application/x-www-form-urlencoded' } : {};
  const options = { method: form ? 'POST' : 'GET', headers: { ...headers, cookie }, rejectUnauthorized: false };
  return new Promise((resolve, reject) => {
    const sent = https.request(url, options, (answer) => {
      for (const line of answer.headers['set-cookie'] ?? []) {
        const [pair] = line.split(';');
        const [name, ...value] = pair.split('=');
        jar.set(name, value.join('='));
      }
      let text = '';
      answer.on('data', (piece) => (text += piece));
      answer.on('end', () => resolve({ status: answer.statusCode, location: answer.headers.location, text }));
    });
    sent.on('error', reject).end(form);
  });
}

/// A token as the provider would sign it, but for what is asked for.
async function token(asks) {
  const alg = asks.get('alg') ?? 'ES256';
  const claims = {
    iss: asks.get('iss') ?? issuer,
    aud: asks.get('aud') ?? 'tandem-cli',
    sub: 'hana',
    groups: GROUPS.hana,
    iat: Math.floor(Date.now() / 1000),
    exp: Math.floor(Date.now() / 1000) + Number(asks.get('holds') ?? 300),
  };
  if (asks.get('begins')) claims.nbf = claims.iat + Number(asks.get('begins'));
  if (asks.get('azp')) claims.azp = asks.get('azp');
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const own = keys.find((one) => one.alg === alg);
  const kid = asks.get('kid') ?? own?.kid ?? keys[0].kid;
  const header = { alg, kid, typ: asks.get('typ') ?? 'JWT' };
  const signed = `${part(header)}.${part(claims)}`;
  if (alg === 'none') return `${signed}.`;
  if (alg === 'HS256') {
    const { kty, n, e } = keys.find((one) => one.alg === 'RS256');
    const shared = createPublicKey({ key: { kty, n, e }, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
    return `${signed}.${createHmac('sha256', shared).update(signed).digest('base64url')}`;
  }
  const signer = asks.get('forged') ? (await generateKeyPair(alg)).privateKey : await importJWK(own, alg);
  return new SignJWT(claims).setProtectedHeader(header).sign(signer);
}

http
  .createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://desk');
    try {
      if (pathname === '/rotate') {
        keys = await make();
        provider = serve();
        response.end('rotated');
      } else if (pathname === '/approve') {
        response.end(await approve(searchParams.get('code'), searchParams.get('login')));
      } else if (pathname === '/token') {
        response.end(await token(searchParams));
      } else if (pathname === '/asked') {
        response.end(String(asked));
      } else {
        response.writeHead(404).end();
      }
    } catch (fault) {
      console.error(fault);
      response.writeHead(500).end(String(fault));
    }
  })
  .listen(Number(desk), '127.0.0.1', () => console.log('provider is ready'));
