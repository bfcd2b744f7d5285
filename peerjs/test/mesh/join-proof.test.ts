import { meshJoinText } from '@relay-swarm/protocol/mesh-member';
import { generateKeyPairSync, sign } from 'node:crypto';
import { isJoinProven } from '../../src/mesh/join-proof.ts';

const ROOM = 'ab'.repeat(32);
const HOST = 'peerjs.example';
const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const id = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex');
const signatureOf = (text: string): string => sign(null, Buffer.from(text), privateKey).toString('hex');
const join = (member: string, signature: string) =>
  ({ action: 'join', id: member, room: ROOM, signature }) as Parameters<typeof isJoinProven>[0];

it.each(['wss', 'ws'])('takes what the key of the id has signed for this server, over %s', (scheme) => {
  const signature = signatureOf(meshJoinText('challenge', ROOM, `${scheme}://${HOST}`));
  expect(isJoinProven(join(id, signature), 'challenge', 'PeerJS.example')).toBe(true);
  expect(isJoinProven(join(id, signature), 'another', HOST)).toBe(false);
  expect(isJoinProven(join(id, signature), 'challenge', 'other.example')).toBe(false);
});

it('refuses an id of small order, for which one signature is valid for every text', () => {
  const neutral = `01${'00'.repeat(31)}`;
  expect(isJoinProven(join(neutral, neutral + '00'.repeat(32)), 'challenge', HOST)).toBe(false);
});
