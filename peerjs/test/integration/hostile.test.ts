// Random and mutated frames against a server whose other clients must not notice.
import { ENGINES } from '../../src/engines.ts';
import { disconnectAll, open, until } from '../support/client.ts';
import { startService } from '../support/service.ts';

const FRAMES = Number(process.env['PEERJS_HOSTILE_FRAMES'] ?? 20_000);
const PER_CLIENT = 500;

/** Numerical Recipes' generator: the same frames in every run. */
function createDice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const seeds = [
  '{"type":"OFFER","dst":"victim","payload":{"sdp":{"type":"offer","sdp":"v=0"},"connectionId":"dc_1"}}',
  '{"type":"CANDIDATE","dst":"absent","payload":{"candidate":{"candidate":"x","sdpMLineIndex":0}}}',
  '{"type":"LEAVE","dst":"victim"}',
  '{"type":"LEAVE"}',
  '{"type":"HEARTBEAT"}',
  '{"type":"__proto__","dst":"constructor","payload":{"__proto__":{"toJSON":1}}}',
  `{"type":"ANSWER","dst":"victim","payload":${'['.repeat(6_000)}${']'.repeat(6_000)}}`,
  '[]',
  'null',
  '"OFFER"',
  '1e999',
  '',
  '\u0000',
];

function mutate(text: string, dice: (below: number) => number): string {
  const at = dice(text.length + 1);
  switch (dice(5)) {
    case 0:
      return text;
    case 1:
      return text.slice(0, at);
    case 2:
      return text.slice(0, at) + String.fromCharCode(dice(0x300)) + text.slice(at + 1);
    case 3:
      return text.slice(0, at) + text.slice(dice(text.length + 1));
    default:
      return text.replaceAll('victim', ['absent', 'vic tim', '', '../x', 'x'.repeat(dice(300))][dice(5)]!);
  }
}

afterEach(disconnectAll);

it.each(ENGINES)(
  `%s survives ${FRAMES} hostile frames, and a bystander's messages arrive meanwhile`,
  async (engine) => {
    const service = await startService({
      PEERJS_ENGINE: engine,
      PEERJS_MESSAGES_BURST: '1000000',
      PEERJS_MESSAGES_PER_ADDRESS_BURST: '10000000',
      PEERJS_REQUESTS_BURST: '1000000',
      PEERJS_FAULTS_MAX: '1000000',
      PEERJS_EXPIRE_SECONDS: '1',
    });
    try {
      const dice = createDice(5);
      const [victim, friend] = [await open(service.port, 'victim'), await open(service.port, 'friend')];
      let greetings = 0;
      for (let sent = 0; sent < FRAMES; sent += PER_CLIENT) {
        const attacker = await open(service.port, `attacker${sent}`);
        for (let i = 0; i < PER_CLIENT; i++) {
          const frame = mutate(seeds[dice(seeds.length)]!, dice);
          attacker.socket.send(frame, { binary: dice(20) === 0 });
        }
        friend.send({ type: 'OFFER', dst: 'victim', payload: { greeting: ++greetings } });
        await attacker.settled();
        attacker.socket.terminate();
      }
      const fromFriend = () =>
        victim.messages.filter(({ src, type }) => src === 'friend' && type === 'OFFER').length;
      await until('the friend to be heard', () => fromFriend() === greetings);
      expect(victim.closeCode).toBeUndefined();
      // Nothing forged: who speaks is who is connected, and nothing but what clients may say.
      const others = victim.messages.filter(({ src }) => src !== undefined && src !== 'friend');
      expect(others.every(({ src }) => /^attacker\d+$/.test(src!))).toBe(true);
      const types = new Set(others.map(({ type }) => type));
      expect([...types].filter((type) => !['OFFER', 'ANSWER', 'CANDIDATE', 'LEAVE'].includes(type))).toEqual(
        [],
      );
      await until('the attackers to be gone', () => service.signaling.clients === 2);
    } finally {
      disconnectAll();
      await service.stop();
    }
  },
  120_000,
);
