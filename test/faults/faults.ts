// Everything that can happen to a bundle on one machine, and what its users may notice.
import { pause, until, type Service } from './bundle.ts';
import { USER_KINDS, type Fault, type UserKind } from './fault.ts';

const HOUR_SECONDS = 3_600;
const FROZEN_MS = 8_000;
/** Whoever waits for a silent service gives up after five seconds and tries again. */
const AGAIN_MS = 6_500;
/** Docker starts it again, and Node takes its time on a busy machine. */
const STARTED_MS = 8_000;

/** Whom the loss of a service concerns. A mesh goes on without its server, and a call without nginx. */
const CONCERNED: Readonly<Record<Exclude<Service, 'neighbour'>, readonly UserKind[]>> = {
  nginx: ['pages', 'tracker', 'peerjs', 'gun'],
  tracker: ['tracker'],
  peerjs: ['peerjs'],
  stun: ['turn'],
  gun: ['gun'],
};
const services = Object.keys(CONCERNED) as (keyof typeof CONCERNED)[];
const away = (kinds: readonly UserKind[], ms: number): Fault['awayMsMax'] =>
  Object.fromEntries(kinds.map((kind) => [kind, ms]));

const killed = services.map((service): Fault => ({
  id: `kill-${service}`,
  what: `${service} crashes`,
  awayMsMax: away(CONCERNED[service], STARTED_MS),
  ends: [service],
  isShort: service === 'tracker',
  run: (bundle) => bundle.crash(service),
  after: async (bundle) => {
    if ((await bundle.restartsOf(service)) === 0) throw new Error(`${service} was not started again`);
  },
}));

const frozen = services.map((service): Fault => ({
  id: `freeze-${service}`,
  what: `${service} stands still for ${FROZEN_MS / 1_000} s`,
  awayMsMax: away(CONCERNED[service], AGAIN_MS),
  isShort: service === 'peerjs',
  run: (bundle) => bundle.freeze(service, FROZEN_MS),
}));

const cutOff = services.map((service): Fault => ({
  id: `cut-${service}`,
  what: `${service} is off the services' network for ${FROZEN_MS / 1_000} s`,
  // Calls come in by another network.
  awayMsMax: away(service === 'stun' ? [] : CONCERNED[service].filter((kind) => kind !== 'pages'), AGAIN_MS),
  cuts: [service],
  run: (bundle) => bundle.cutOff(service, FROZEN_MS),
}));

const restarted = services.map((service): Fault => ({
  id: `restart-${service}`,
  what: `${service} is restarted`,
  awayMsMax: away(CONCERNED[service], STARTED_MS),
  ends: [service],
  run: (bundle) => bundle.restart(service),
}));

const outOfMemory = services.map((service): Fault => ({
  id: `memory-${service}`,
  what: `${service} reaches its memory limit, and the kernel ends it`,
  awayMsMax: away(CONCERNED[service], STARTED_MS),
  ends: [service],
  run: (bundle) => bundle.takeMemory(service),
}));

const others: readonly Fault[] = [
  {
    id: 'disk',
    what: 'the shared volume is full for 15 s',
    awayMsMax: {},
    run: (bundle) => bundle.fillDisk(15_000),
    after: async (bundle) => {
      // Health and roster are written again.
      await until(
        'a roster that is written again',
        20,
        () => bundle.roster(),
        (relays) => relays.length === 2,
      );
    },
  },
  {
    id: 'names',
    what: 'no name is answered inside the bundle for 15 s',
    awayMsMax: {},
    run: (bundle) => bundle.loseNames(services, 15_000),
  },
  {
    id: 'clock',
    what: 'the clock of tracker, peerjs, stun and gun jumps an hour ahead for 10 s, and back',
    awayMsMax: {},
    missing: ({ hasClock }) => (hasClock ? undefined : 'needs libfaketime (Debian package libfaketime)'),
    run: async (bundle) => {
      await bundle.jumpClock(HOUR_SECONDS, 10_000);
      await pause(2_000);
    },
  },
  {
    id: 'reload',
    what: 'nginx takes a new certificate (a reload, as after a renewal)',
    awayMsMax: {},
    isShort: true,
    run: async (bundle) => {
      await bundle.compose('exec', '-T', 'nginx', '/opt/nginx/reload.sh');
      await pause(3_000);
    },
  },
  {
    id: 'neighbour',
    what: 'another relay of the swarm is killed, and comes back later',
    awayMsMax: {},
    run: async (bundle) => {
      await until(
        'a roster of two',
        30,
        () => bundle.roster(),
        (relays) => relays.length === 2,
      );
      await bundle.compose('kill', 'neighbour');
      await until(
        'a roster without it',
        30,
        () => bundle.roster(),
        (relays) => relays.length === 1,
      );
      await bundle.compose('up', '--detach', '--no-build', 'neighbour');
      await until(
        'a roster with it again',
        60,
        () => bundle.roster(),
        (relays) => relays.length === 2,
      );
    },
  },
  {
    id: 'machine',
    what: 'the whole bundle is restarted',
    awayMsMax: away(
      USER_KINDS.filter((kind) => kind !== 'mesh'),
      15_000,
    ),
    ends: services,
    run: async (bundle) => {
      await bundle.compose('restart');
    },
  },
];

export const faults: readonly Fault[] = [
  ...killed,
  ...frozen,
  ...cutOff,
  ...restarted,
  ...outOfMemory,
  ...others,
];
