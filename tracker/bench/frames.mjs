// The frames of the load, built once: what a WebTorrent page sends, masked, with the few bytes that differ patched in place.
// Pure: no sockets, no clock.
import { createHash } from 'node:crypto';

/** Four equal bytes: a masked frame may then be patched at any place. The server has to unmask it as any other. */
const MASK = 0x5a;
const HEADER_BYTES = 8;
/** Every id of the load carries a connection's index in this many digits. */
export const INDEX_DIGITS = 5;
export const OFFER_ID_KEY = '"offer_id":"';

/** 20 bytes as WebTorrent's are: no two spelled alike, half of them not ASCII. One string character per byte. */
function hash(text) {
  return createHash('sha1').update(text).digest('binary');
}
const spelled = (id) => JSON.stringify(id).slice(1, -1);
const digits = (index) => String(index).padStart(INDEX_DIGITS, '0');

export const infoHash = (swarm) => hash(`swarm ${swarm}`);
export const peerId = (index) => `-WW0208-bench+/${digits(index)}`;

/** Offer ids: 12 bytes as they come, then the connection and a running number, so that an answer finds its asker. */
const OFFER_ID_HEAD = hash('offer').slice(0, 12);
export const OFFER_ID_HEAD_BYTES = Buffer.byteLength(spelled(OFFER_ID_HEAD));
const OFFER_NUMBER_DIGITS = 3;
const OFFER_ID_BYTES = OFFER_ID_HEAD_BYTES + INDEX_DIGITS + OFFER_NUMBER_DIGITS;
const offerId = (index, number) =>
  OFFER_ID_HEAD + digits(index) + String(number).padStart(OFFER_NUMBER_DIGITS, '0');

/** What Chromium writes for one data channel with three host, two reflexive and one relayed candidate: 1.3 KB as JSON. */
export function description(type) {
  const candidate = (n, kind, address, port) =>
    `a=candidate:${2_113_937_151 - n * 7_919} 1 udp ${2_113_937_151 - n * 256} ${address} ${port} typ ${kind} generation 0 network-cost 999`;
  const lines = [
    'v=0',
    'o=- 4962303333179871722 2 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    'a=group:BUNDLE 0',
    'a=extmap-allow-mixed',
    'a=msid-semantic: WMS',
    'm=application 54400 UDP/DTLS/SCTP webrtc-datachannel',
    'c=IN IP4 203.0.113.77',
    candidate(0, 'host', 'b1a7fdd2-0a2c-4d5e-9a50-3f8a3b8f8d71.local', 54_400),
    candidate(1, 'host', '5d0f2c69-a8b4-4a7b-b2a6-5e6c4b1f7a02.local', 60_769),
    candidate(2, 'srflx', '203.0.113.77 raddr 0.0.0.0 rport 0', 54_400),
    candidate(3, 'srflx', '198.51.100.12 raddr 0.0.0.0 rport 0', 60_769),
    candidate(4, 'relay', '192.0.2.200 raddr 203.0.113.77 rport 54400', 49_203),
    'a=ice-ufrag:zOFd',
    'a=ice-pwd:mrTgTGVkUTQBl5SfBVrXAGvx',
    'a=ice-options:trickle',
    'a=fingerprint:sha-256 5C:27:9B:1F:33:E0:9A:64:7A:0B:6D:31:6E:1E:5F:AA:9D:40:71:5B:C3:7A:0C:52:0E:71:49:0B:6B:2A:5E:99',
    `a=setup:${type === 'offer' ? 'actpass' : 'active'}`,
    'a=mid:0',
    'a=sctp-port:5000',
    'a=max-message-size:262144',
  ];
  return { type, sdp: lines.map((line) => `${line}\r\n`).join('') };
}

/** A complete text frame as a client sends it. */
export function clientFrame(text) {
  const payload = Buffer.from(text);
  const header =
    payload.length < 126
      ? [0x81, 0x80 | payload.length]
      : [0x81, 0x80 | 126, payload.length >> 8, payload.length & 255];
  return Buffer.concat([
    Buffer.from([...header, MASK, MASK, MASK, MASK]),
    payload.map((byte) => byte ^ MASK),
  ]);
}

/** An announce as bittorrent-tracker's client spells it. */
export function announceFrame(index, swarm, offersCount, event) {
  const offers = Array.from({ length: offersCount }, (_, number) => ({
    offer: description('offer'),
    offer_id: offerId(index, number),
  }));
  return clientFrame(
    JSON.stringify({
      numwant: offersCount,
      uploaded: 0,
      downloaded: 0,
      left: 300_000,
      event,
      action: 'announce',
      info_hash: infoHash(swarm),
      peer_id: peerId(index),
      offers,
    }),
  );
}

/** Gives the offers of an announce new running numbers, so that no two announces share an offer id. */
export function renumberOffers(frame, places, number) {
  const text = String(number % 100).padStart(2, '0');
  for (const at of places) {
    frame[at] = text.charCodeAt(0) ^ MASK;
    frame[at + 1] = text.charCodeAt(1) ^ MASK;
  }
}

/** Where in an announce frame the running numbers of its offers start; the last digit, the offer's own, stays. */
export function offerNumberPlaces(frame) {
  const key = Buffer.from(OFFER_ID_KEY).map((byte) => byte ^ MASK);
  const places = [];
  for (let at = frame.indexOf(key); at >= 0; at = frame.indexOf(key, at + 1)) {
    places.push(at + key.length + OFFER_ID_HEAD_BYTES + INDEX_DIGITS);
  }
  return places;
}

/** An answer's frame with the places of what differs from answer to answer. */
export function answerTemplate(index, swarm) {
  const frame = clientFrame(
    JSON.stringify({
      action: 'announce',
      info_hash: infoHash(swarm),
      peer_id: peerId(index),
      to_peer_id: peerId(0),
      answer: description('answer'),
      offer_id: offerId(0, 0),
    }),
  );
  const plain = frame.map((byte) => byte ^ MASK);
  const find = (text) => plain.indexOf(text, HEADER_BYTES) + text.length;
  return {
    frame,
    toPeerIndexAt: find('"to_peer_id":"') + peerId(0).length - INDEX_DIGITS,
    offerIdAt: find(OFFER_ID_KEY),
  };
}

/** Writes the answer to the offer whose id lies in `from` at `offerIdAt` into `target` at `at`; gives the end. */
export function writeAnswer(template, target, at, from, offerIdAt) {
  template.frame.copy(target, at);
  for (let i = 0; i < OFFER_ID_BYTES; i++) target[at + template.offerIdAt + i] = from[offerIdAt + i] ^ MASK;
  for (let i = 0; i < INDEX_DIGITS; i++) {
    target[at + template.toPeerIndexAt + i] = from[offerIdAt + OFFER_ID_HEAD_BYTES + i] ^ MASK;
  }
  return at + template.frame.length;
}
