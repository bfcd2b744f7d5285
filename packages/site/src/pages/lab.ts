// Two peers in one page, each with a roster, sockets and a connection of its own, as two visitors would have them.
import { OfferExchange, Roster, type RelayChange } from '@relay-swarm/client';
import type { RosterRelay } from '@relay-swarm/protocol/roster';
import { LabPeer, type LabPeerState } from '../lab/peer.ts';
import { byId, wireCopyButtons } from '../page.ts';
import { html, nothing, render } from '../view.ts';

const SHOW_MS = 250;
const LOG_MAX = 20;
const REASONS: Readonly<Record<RelayChange['reason'], string>> = {
  closed: 'closed its connections',
  draining: 'is being stopped',
  silent: 'has not answered for too long',
  unreachable: 'cannot be reached',
  roster: 'is said to be out of use',
  back: 'gives way: a better one is back',
};

const log: string[] = [];
/** An info hash and no name: the relays of the lab are reached by plain http:, where browsers do not hash. */
const room = Array.from(crypto.getRandomValues(new Uint8Array(20)), (byte) =>
  byte.toString(16).padStart(2, '0'),
).join('');
const key = await OfferExchange.keyOf(room);
/** The lab's numbers of relays, by their addresses: the ports or addresses count upwards. */
const names = new Map<string, string>();

function nameOf({ id, url }: RosterRelay): string {
  return names.get(id) ?? url.replace(/^wss?:\/\//, '');
}

function say(text: string): void {
  log.unshift(`${new Date().toLocaleTimeString('en-GB')}  ${text}`);
  log.length = Math.min(log.length, LOG_MAX);
}

const loadRoster = (): Promise<Roster> => Roster.load(location.origin, { refreshSeconds: 3 });

async function start(): Promise<void> {
  const [a, b] = await Promise.all(
    ['A', 'B'].map(async (name) => LabPeer.enter(name, await loadRoster(), room)),
  );
  if (a === undefined || b === undefined) return;
  for (const peer of [a, b])
    peer.exchange.choice.on('relaychange', ({ reason, added, removed }) => {
      const from = removed[0] === undefined ? 'The relay' : nameOf(removed[0]);
      const to = added[0] === undefined ? 'nobody is left to go to' : `now at ${nameOf(added[0])}`;
      say(
        `Peer ${peer.name}: ${from} ${REASONS[reason]}; ${to}. Talk goes on: ${peer.state.heard} heard so far.`,
      );
    });
  a.answer();
  void b.call();
  byId('come', HTMLButtonElement).addEventListener('click', () => void letOneCome(a, b));
  say('Peer A and peer B have entered the room.');
  for (;;) {
    show(a, b);
    await new Promise((resolve) => setTimeout(resolve, SHOW_MS));
  }
}

async function letOneCome(a: LabPeer, b: LabPeer): Promise<void> {
  const button = byId('come', HTMLButtonElement);
  button.disabled = true;
  byId('came').textContent = 'Coming…';
  const startedAtMs = performance.now();
  const roster = await loadRoster();
  const newcomer = await LabPeer.enter('newcomer', roster, room);
  b.answer();
  await newcomer.call();
  const text = `A newcomer found the room at ${nameOf(newcomer.exchange.choice.relays[0]!)} after ${Math.round(performance.now() - startedAtMs)} ms.`;
  byId('came').textContent = text;
  say(text);
  newcomer.close();
  roster.close();
  button.disabled = false;
  show(a, b);
}

function show(a: LabPeer, b: LabPeer): void {
  const { roster } = a;
  [...roster.relays]
    .sort((one, two) => one.url.localeCompare(two.url, 'en', { numeric: true }))
    .forEach(({ id }, i) => names.set(id, names.get(id) ?? `relay ${i + 1}`));
  const relays = roster.ranking(key);
  const inUse = a.exchange.choice.relays[0]?.id;
  byId('command').textContent = `scripts/lab kill ${/\d+/.exec(names.get(inUse ?? '') ?? '')?.[0] ?? 1}`;
  render(
    relays.length < 2
      ? html`<p class="notice" role="status">
          This relay knows no other, so there is nobody to go on to. <code>scripts/lab up</code> starts three.
        </p>`
      : html`<table>
          <thead>
            <tr>
              <th scope="col">Relay</th>
              <th scope="col">State</th>
              <th scope="col">Used by</th>
              <th scope="col">Address</th>
            </tr>
          </thead>
          <tbody>
            ${relays.map((relay) => row(relay, roster.isUsable(relay), [a, b]))}
          </tbody>
        </table>`,
    byId('relays'),
  );
  for (const peer of [a, b]) render(facts(peer.state), byId(peer.name.toLowerCase()));
  render(
    log.map((text) => html`<li>${text}</li>`),
    byId('log'),
  );
}

const row = (relay: RosterRelay, isUsable: boolean, peers: readonly LabPeer[]) => {
  const users = peers.filter(({ exchange }) => exchange.choice.relays[0]?.id === relay.id);
  return html`<tr>
    <td>${nameOf(relay)}</td>
    <td class=${isUsable ? 'good' : 'bad-text'}>${isUsable ? relay.state : 'down'}</td>
    <td>${users.length === 0 ? nothing : users.map(({ name }) => `peer ${name}`).join(', ')}</td>
    <td class="quiet">${relay.url}</td>
  </tr>`;
};

const facts = ({ relay, connection, said, heard, longestMs }: LabPeerState) =>
  (
    [
      ['At', relay === undefined ? 'no relay' : nameOf(relay)],
      ['Connection', connection],
      ['Said', String(said)],
      ['Heard', String(heard)],
      ['Longest silence', `${(longestMs / 1000).toFixed(1)} s`],
    ] as const
  ).map(
    ([name, value]) =>
      html`<div>
        <dt>${name}</dt>
        <dd>${value}</dd>
      </div>`,
  );

wireCopyButtons();
start().catch((error: unknown) => {
  render(
    html`<p class="notice bad" role="alert">The lab cannot begin: ${(error as Error).message}</p>`,
    byId('relays'),
  );
});
