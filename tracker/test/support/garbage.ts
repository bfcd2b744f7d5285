// Messages that no honest client sends, by the thousand, from a seed: valid ones with damage, right fields with wrong values, and plain noise.
// All of them are valid UTF-8, so that it is not the WebSocket library that refuses them.

import type { Dice } from '../../../test/fuzz/mutate.ts';

const pick = <T>(random: Dice, from: readonly T[]): T => from[random(from.length)]!;

const id = (char: string): string => char.repeat(20);
const offer = { offer: { type: 'offer', sdp: 'v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n' }, offer_id: id('o') };
const announce = { action: 'announce', info_hash: id('h'), peer_id: id('p'), left: 1, numwant: 2 };
const templates = [
  { ...announce, event: 'started', offers: [offer, offer] },
  { ...announce, event: 'stopped' },
  { ...announce, event: 'completed', left: 0 },
  { ...announce, info_hash: '\u0000é\u00ff"\\/'.padEnd(20, '\b'), offers: [offer] },
  { ...announce, to_peer_id: id('q'), answer: { type: 'answer', sdp: 'v=0\r\n' }, offer_id: id('o') },
  { action: 'scrape', info_hash: [id('h'), id('g')] },
  { action: 'scrape', info_hash: id('h') },
  { messageID: 'm', action: 'announce', info_hashes: ['ab'.repeat(32)] },
  { messageID: 'm', action: 'subscribe', infoHashes: ['ab'.repeat(32), 'cd'.repeat(32)] },
  { action: 'hello', publicKey: 'ab'.repeat(32) },
].map((message) => JSON.stringify(message));

const tokens = [
  ...[
    'null',
    'true',
    '[]',
    '{}',
    '""',
    '0',
    '-0',
    '-1',
    '1e999',
    '-1e-999',
    '9'.repeat(400),
    '1.5',
    '"\\u0000"',
  ],
  ...[
    '"\\ud800"',
    '"\\u00ff"',
    '"\u2028"',
    '\u0000',
    '"',
    '\\',
    ',',
    ':',
    '{',
    '}',
    '[',
    ']',
    '\\u',
    '\\"',
    '/*',
  ],
  ...[
    '"__proto__":{"left":0},',
    '"constructor":',
    '"toString":1,',
    '"acti\\u006fn":"announce",',
    '"offers":[null],',
  ],
  ...[
    '[null,1,"x",{}],',
    '{"offer":null}',
    '"left":null,',
    '"info_hash":[',
    '"peer_id":7,',
    ' \n\r\t',
    'é',
    '𝕏',
    'NaN',
  ],
];
const fields = [
  ...[
    'action',
    'info_hash',
    'peer_id',
    'to_peer_id',
    'event',
    'left',
    'numwant',
    'offers',
    'offer',
    'offer_id',
  ],
  ...[
    'answer',
    'relays',
    'messageID',
    'info_hashes',
    'infoHashes',
    'publicKey',
    'signature',
    '__proto__',
    'length',
  ],
];
const values = [
  ...[
    '"announce"',
    '"scrape"',
    '"subscribe"',
    '"unannounce"',
    '"started"',
    '"stopped"',
    `"${id('h')}"`,
    `"${id('p')}"`,
  ],
  ...[
    `["${id('h')}"]`,
    `[${'null,'.repeat(50)}null]`,
    `[${'[],'.repeat(500)}[]]`,
    `"${'x'.repeat(2_000)}"`,
    '{"a":{"b":{}}}',
  ],
  ...[
    `[{"offer":{},"offer_id":"${id('o')}"}]`,
    `"${'ab'.repeat(32)}"`,
    '{"sdp":{"sdp":[]}}',
    `{"toString":null}`,
  ],
];

/** One message that is wrong in some way. */
export function garbage(random: Dice): string {
  const kind = random(10);
  if (kind < 4) return damage(random, pick(random, templates));
  if (kind < 8) return wrongValues(random);
  if (kind === 8) return '['.repeat(random(5_000)) + ']'.repeat(random(50));
  return noise(random);
}

function damage(random: Dice, text: string): string {
  for (let times = 1 + random(6); times > 0; times--) {
    const at = random(text.length + 1);
    const until = Math.min(text.length, at + random(12));
    const [before, part, after] = [text.slice(0, at), text.slice(at, until), text.slice(until)];
    const ways = [
      before + after,
      before + part + part + after,
      before + pick(random, tokens) + after,
      before,
    ];
    text = pick(random, [...ways, before + String.fromCharCode(random(128)) + after]);
  }
  return text;
}

function wrongValues(random: Dice): string {
  const member = (): string =>
    `${JSON.stringify(pick(random, fields))}:${pick(random, random(2) ? values : tokens)}`;
  const base = random(2) ? `${pick(random, templates).slice(1, -1)},` : '';
  return `{${base}${Array.from({ length: 1 + random(6) }, member).join(',')}}`;
}

function noise(random: Dice): string {
  return Array.from({ length: random(200) }, () =>
    String.fromCodePoint(random(random(4) ? 128 : 0xd800)),
  ).join('');
}
