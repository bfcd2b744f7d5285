// A tracker client that is kept at the relays of two rosters, which have some of them in common.
import type { RosterRelay } from '@relay-swarm/protocol/roster';
import { keepTracker } from '../src/keep-tracker.ts';
import type { RelaySockets } from '../src/relay-sockets.ts';
import type { Roster } from '../src/roster.ts';
import { TypedEvents } from '../src/typed-events.ts';

class FakeTracker {
  readonly announceUrl: string;
  destroyed = false;
  client: unknown;
  constructor(announceUrl: string) {
    this.announceUrl = announceUrl;
  }
  announce(): void {}
  setInterval(): void {}
  destroy(): void {
    this.destroyed = true;
  }
}
class FakeClient {
  readonly infoHash = 'ab'.repeat(20);
  readonly destroyed = false;
  _trackers: FakeTracker[];
  constructor({ announce = [] }: { announce?: readonly string[] } = {}) {
    this._trackers = announce.map((url) => new FakeTracker(url));
  }
  _defaultAnnounceOpts = (): object => ({});
}

/** One that uses these relays, by their letters, until it is told others. */
class FakeRoster extends TypedEvents<{ change: undefined }> {
  readonly signal = new AbortController().signal;
  readonly isPartial = false;
  #relays: readonly RosterRelay[];
  constructor(letters: string) {
    super();
    this.#relays = relaysOf(letters);
  }
  ranked = (): readonly RosterRelay[] => this.#relays;
  ranking = (): readonly RosterRelay[] => this.#relays;
  isUsable = (): boolean => true;
  change(letters: string): void {
    this.#relays = relaysOf(letters);
    this.emit('change', undefined);
  }
}
const relaysOf = (letters: string): readonly RosterRelay[] =>
  [...letters].map((letter) => ({ id: letter, url: `wss://${letter}.example` }) as RosterRelay);
const sockets = {
  hold: () => undefined,
  release: () => undefined,
  reasonOf: () => undefined,
} as unknown as RelaySockets;

const keep = (client: FakeClient, roster: FakeRoster) =>
  keepTracker(client, roster as unknown as Roster, { sockets });
const lettersOf = (client: FakeClient): string =>
  client._trackers
    .map(({ announceUrl }) => announceUrl[6])
    .sort()
    .join('');

it('stays at a relay that one roster leaves for as long as the other wants it', () => {
  const client = new FakeClient();
  const [one, other] = [new FakeRoster('ab'), new FakeRoster('bc')];
  keep(client, one);
  keep(client, other);
  expect(lettersOf(client)).toBe('abc');
  one.change('ad');
  expect(lettersOf(client)).toBe('abcd');
  other.change('ce');
  expect(lettersOf(client)).toBe('acde');
});

it('holds nothing for a choice that was closed', () => {
  const client = new FakeClient();
  const [one, other] = [new FakeRoster('a'), new FakeRoster('a')];
  keep(client, one).close();
  keep(client, other);
  other.change('b');
  expect(lettersOf(client)).toBe('b');
});
