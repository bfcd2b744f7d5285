// Uses a running bundle the way browsers do, once, and says what works. Runs inside the tracker's container (scripts/smoke), which
// has Node and ws: the server itself needs neither. CHECKS names the parts to use, all of them when it is not set. NGINX_AT (a URL) and TURN_AT
// (an address) are where nginx and TURN are asked instead of where their names lead: many a server cannot reach its own public names.
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { connect } from 'node:tls';
import { WebSocket } from 'ws';

const ANSWER_MS_MAX = 10_000;
const { TRACKER_URL, PEERJS_URL, ICE_SERVERS_URL, NGINX_AT, TURN_AT } = process.env;

const withoutSlash = (url) => url.replace(/\/$/, '');
const asHttp = (url) => withoutSlash(url).replace(/^ws/, 'http');
const asWs = (url) => withoutSlash(url).replace(/^http/, 'ws');

/** Rejects when the promise takes too long.
 * @template T
 * @param {Promise<T>} promise
 * @param {string} what
 * @returns {Promise<T>} */
function inTime(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no ${what} after ${ANSWER_MS_MAX / 1000} s`)), ANSWER_MS_MAX);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Where a URL is asked, under its own name: at NGINX_AT, or where the name leads. */
function wayTo(url, where = NGINX_AT) {
  const { host, hostname, pathname, search } = new URL(url);
  const at = new URL(where ?? asHttp(url));
  const servername = isIP(hostname) ? undefined : hostname;
  return { isSecure: at.protocol === 'https:', at: at.host, path: pathname + search, host, servername };
}

async function getJson(url, where = NGINX_AT) {
  const { isSecure, at, path, host, servername } = wayTo(url, where);
  const { hostname, port } = new URL(`http://${at}`);
  const options = {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port || (isSecure ? 443 : 80),
    path,
    servername,
    headers: { host },
    agent: false,
  };
  const answered = new Promise((resolve, reject) => {
    const sent = isSecure ? httpsRequest(options) : httpRequest(options);
    sent.on('error', reject).on('response', (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (part) => (body += part));
      response.on('end', () => resolve({ status: response.statusCode, body }));
    });
    sent.end();
  });
  const { status, body } = await inTime(answered, `answer of ${url}`);
  if (status !== 200) throw new Error(`${url} answered ${status}`);
  return JSON.parse(body);
}

/** A WebSocket whose JSON messages can be waited for. */
async function open(url) {
  const { isSecure, at, path, host, servername } = wayTo(url);
  const socket = new WebSocket(`${isSecure ? 'wss' : 'ws'}://${at}${path}`, {
    headers: { host },
    ...(servername && { servername }),
  });
  const inbox = [];
  let wake = (/** @type {unknown} */ _) => {};
  socket.on('message', (data) => {
    inbox.push(JSON.parse(String(data)));
    wake(undefined);
  });
  await inTime(
    new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject)),
    `connection to ${new URL(url).host}`,
  );
  const take = async (is) => {
    for (;;) {
      const at = inbox.findIndex(is);
      if (at >= 0) return inbox.splice(at, 1)[0];
      await new Promise((resolve) => (wake = resolve));
    }
  };
  return {
    send: (message) => socket.send(JSON.stringify(message)),
    next: (what, is) => inTime(take(is), what),
    close: () => socket.terminate(),
  };
}

async function announcePair() {
  const id = () => randomBytes(20).toString('latin1');
  const [infoHash, offerId, firstId, secondId] = [id(), id(), id(), id()];
  const [first, second] = [await open(asWs(TRACKER_URL)), await open(asWs(TRACKER_URL))];
  const base = { action: 'announce', info_hash: infoHash, uploaded: 0, downloaded: 0, left: 1 };
  try {
    first.send({ ...base, peer_id: firstId, event: 'started', numwant: 0, offers: [] });
    await first.next('answer to an announce', (message) => 'interval' in message);
    const offers = [{ offer_id: offerId, offer: { type: 'offer', sdp: 'smoke' } }];
    second.send({ ...base, peer_id: secondId, event: 'started', numwant: 1, offers });
    await first.next('offer', (message) => 'offer' in message);
    first.send({
      ...base,
      peer_id: firstId,
      to_peer_id: secondId,
      offer_id: offerId,
      answer: { type: 'answer', sdp: 'smoke' },
    });
    await second.next('answer', (message) => 'answer' in message);
    first.send({ ...base, peer_id: firstId, event: 'stopped' });
    second.send({ ...base, peer_id: secondId, event: 'stopped' });
  } finally {
    first.close();
    second.close();
  }
  return 'two clients found each other';
}

async function roster() {
  const body = await getJson(`${asHttp(TRACKER_URL)}/relays.json`);
  const relays = Array.isArray(body) ? body : body.relays;
  if (!Array.isArray(relays)) throw new Error('/relays.json has no list of relays');
  return `${relays.length} relays in the roster`;
}

async function peerjsOpen() {
  const id = `smoke-${randomBytes(8).toString('hex')}`;
  const client = await open(
    `${asWs(PEERJS_URL)}/peerjs?key=peerjs&id=${id}&token=${randomBytes(8).toString('hex')}&version=1.5.5`,
  );
  try {
    await client.next('OPEN', ({ type }) => type === 'OPEN');
  } finally {
    client.close();
  }
  return 'a PeerJS client is let in';
}

// --- STUN and TURN (RFC 8489, 8656), as little as an allocation needs ---

const MAGIC = 0x2112a442;
const [BINDING, ALLOCATE, REFRESH] = [0x0001, 0x0003, 0x0004];
const [USERNAME, INTEGRITY, ERROR, LIFETIME, REALM, NONCE, RELAYED, TRANSPORT] = [
  0x0006, 0x0008, 0x0009, 0x000d, 0x0014, 0x0015, 0x0016, 0x0019,
];

function attribute(type, value) {
  const padded = Buffer.alloc(4 + Math.ceil(value.length / 4) * 4);
  padded.writeUInt16BE(type, 0);
  padded.writeUInt16BE(value.length, 2);
  value.copy(padded, 4);
  return padded;
}

function message(type, attributes, key) {
  const head = Buffer.alloc(20);
  head.writeUInt16BE(type, 0);
  head.writeUInt32BE(MAGIC, 4);
  randomBytes(12).copy(head, 8);
  const body = Buffer.concat(attributes);
  // The length covers the integrity attribute when it is computed (RFC 8489 §14.5).
  head.writeUInt16BE(body.length + (key ? 24 : 0), 2);
  if (!key) return Buffer.concat([head, body]);
  const digest = createHmac('sha1', key).update(head).update(body).digest();
  return Buffer.concat([head, body, attribute(INTEGRITY, digest)]);
}

function attributesOf(packet) {
  const found = new Map();
  for (let at = 20; at + 4 <= packet.length;) {
    const length = packet.readUInt16BE(at + 2);
    found.set(packet.readUInt16BE(at), packet.subarray(at + 4, at + 4 + length));
    at += 4 + Math.ceil(length / 4) * 4;
  }
  return found;
}

/** Asks over UDP, again every half second, since a datagram may be lost. */
function ask(socket, { host, port }, packet, what) {
  const answered = new Promise((resolve) => {
    socket.on('message', (answer) => {
      if (answer.length >= 20 && answer.subarray(8, 20).equals(packet.subarray(8, 20))) resolve(answer);
    });
  });
  const send = () => socket.send(packet, port, host);
  send();
  const timer = setInterval(send, 500);
  return inTime(answered, what).finally(() => clearInterval(timer));
}

function readIceUrl(url) {
  const [, scheme, host, port] = /^(stun|turns?):([^:?]+)(?::(\d+))?/.exec(url) ?? [];
  return { host, port: Number(port ?? (scheme === 'turns' ? 5349 : 3478)) };
}

/** An XOR'ed IPv4 address; of IPv6 only that it is one. */
function readAddress(value) {
  if (value[1] !== 1) return 'an IPv6 address';
  const number = (value.readUInt32BE(4) ^ MAGIC) >>> 0;
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.');
}

/** Every address of a name. One family may have no way out of the container: then it is not asked. */
const addressesOf = async (host) =>
  isIP(host) ? [{ address: host, family: isIP(host) }] : lookup(host, { all: true });
const hasNoWay = ({ code }) => ['ENETUNREACH', 'EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes(code);

/** A STUN binding at each address of the name, since clients take any of them; throws where one is silent. How many answered. */
async function bindings({ host, port }) {
  const found = await addressesOf(host);
  let answered = 0;
  for (const { address, family } of found) {
    const socket = createSocket(family === 6 ? 'udp6' : 'udp4').unref();
    try {
      const failed = new Promise((_, reject) => socket.once('error', reject));
      await Promise.race([
        ask(socket, { host: address, port }, message(BINDING, []), 'STUN binding'),
        failed,
      ]);
      answered += 1;
    } catch (error) {
      if (family === 6 && hasNoWay(error)) continue;
      throw found.length === 1
        ? error
        : new Error(`${error.message} at ${address}, one of the addresses of ${host}`);
    } finally {
      socket.close();
    }
  }
  return answered;
}

/** `/ice-servers` under both names, at each of their addresses. */
async function everyAddress() {
  const asked = [];
  for (const url of [asHttp(TRACKER_URL), asHttp(PEERJS_URL)]) {
    const { hostname, protocol, port } = new URL(url);
    for (const { address, family } of await addressesOf(hostname)) {
      const at = `${protocol}//${family === 6 ? `[${address}]` : address}${port && `:${port}`}`;
      try {
        await getJson(`${url}/ice-servers`, at);
        asked.push(`${hostname} at ${address}`);
      } catch (error) {
        if (!(family === 6 && hasNoWay(error)))
          throw new Error(`${hostname} at ${address}: ${error.message}`);
      }
    }
  }
  return asked.join(', ');
}

async function turn() {
  const { iceServers } = await getJson(ICE_SERVERS_URL);
  const server = iceServers.find(({ credential }) => credential);
  if (!server) throw new Error('/ice-servers names no TURN server');
  const url = [server.urls].flat().find((one) => one.startsWith('turn:') && !one.includes('transport=tcp'));
  if (!url) throw new Error('/ice-servers names no turn: URL over UDP');
  const named = readIceUrl(url);
  const at = { ...named, host: TURN_AT ?? named.host };
  const socket = createSocket(isIP(at.host) === 6 ? 'udp6' : 'udp4').unref();
  try {
    await bindings(at);
    const udp = attribute(TRANSPORT, Buffer.from([17, 0, 0, 0]));
    const challenge = attributesOf(
      await ask(socket, at, message(ALLOCATE, [udp]), 'answer to an allocation'),
    );
    const [realm, nonce] = [challenge.get(REALM), challenge.get(NONCE)];
    const key = createHash('md5').update(`${server.username}:${realm}:${server.credential}`).digest();
    const who = [
      attribute(USERNAME, Buffer.from(server.username)),
      attribute(REALM, realm),
      attribute(NONCE, nonce),
    ];
    const answer = attributesOf(await ask(socket, at, message(ALLOCATE, [udp, ...who], key), 'allocation'));
    if (answer.has(ERROR)) throw new Error(`no allocation: ${answer.get(ERROR).subarray(4).toString()}`);
    const relayed = readAddress(answer.get(RELAYED));
    const over = attribute(LIFETIME, Buffer.alloc(4));
    await ask(socket, at, message(REFRESH, [over, ...who], key), 'end of the allocation');
    return `${url} relays from ${relayed}`;
  } finally {
    socket.close();
  }
}

/** A STUN binding over TLS, at the first address that browsers are given for it. */
async function turns() {
  const { iceServers } = await getJson(ICE_SERVERS_URL);
  const url = iceServers.flatMap(({ urls }) => urls).find((one) => one.startsWith('turns:'));
  if (!url) return 'none is offered';
  const at = readIceUrl(url);
  const socket = connect({
    ...at,
    host: TURN_AT ?? at.host,
    ...(isIP(at.host) ? {} : { servername: at.host }),
  });
  try {
    await inTime(
      new Promise((resolve, reject) => {
        socket.on('error', reject).once('data', resolve).write(message(BINDING, []));
      }),
      `STUN binding from ${at.host}:${at.port} over TLS`,
    );
    return `${url} answers with certificate ${socket.getPeerCertificate().serialNumber}`;
  } finally {
    socket.destroy();
  }
}

const checks = {
  ...{ tracker: announcePair, roster, peerjs: peerjsOpen, turn, turns },
  ...(NGINX_AT === undefined ? { addresses: everyAddress } : {}),
};
const wanted = process.env.CHECKS?.split(',') ?? Object.keys(checks);
let failed = 0;
for (const [name, check] of Object.entries(checks)) {
  if (!wanted.includes(name)) continue;
  try {
    console.log(`OK    ${name}: ${await check()}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL  ${name}: ${error.cause?.message ?? error.message}`);
  }
}
process.exit(failed === 0 ? 0 : 1);
