// The relays that this one knows, and the tracker's own numbers, refreshed while somebody looks.
import type { RosterRelay } from '@relay-swarm/protocol/roster';
import { byId } from '../page.ts';
import { readRelays, readStats } from '../status-source.ts';
import { html, nothing, render } from '../view.ts';

const EVERY_MS = 5_000;
const STATES = { ok: 'well', busy: 'busy', full: 'full', draining: 'stopping' } as const;
const LABELS = {
  peersAll: 'Peers',
  peersSeederOnly: 'only seeding',
  peersLeecherOnly: 'only downloading',
  peersSeederAndLeecher: 'doing both',
  activeTorrents: 'Torrents with peers',
  torrents: 'Torrents',
} as const;

async function show(): Promise<void> {
  const [roster, stats] = await Promise.all([readRelays(), readStats()]);
  const relays = [...(roster?.relays ?? [])].sort((a, b) => a.url.localeCompare(b.url));
  render(
    relays.length === 0
      ? html`<p class="notice ${roster ? '' : 'bad'}" role="status">
          ${
            roster
              ? 'This relay knows no others yet, and does not offer itself: it has no public address (TRACKER_PUBLIC_URL).'
              : 'This relay does not answer at the moment. Trying again every few seconds.'
          }
        </p>`
      : html`<section class="panel scroll" tabindex="0" aria-label="Relays">
          <table>
            <thead>
              <tr>
                <th scope="col">Relay</th>
                <th scope="col">State</th>
                <th scope="col" class="number">Load</th>
                <th scope="col" class="number">Peers</th>
                <th scope="col" class="number">Seen</th>
              </tr>
            </thead>
            <tbody>
              ${relays.map((relay) => row(relay, relay.id === roster?.self))}
            </tbody>
          </table>
        </section>`,
    byId('relays'),
  );
  render(
    stats === undefined
      ? html`<div>
          <dt>Numbers</dt>
          <dd>not shown here</dd>
        </div>`
      : Object.entries(LABELS).map(
          ([name, label]) =>
            html`<div>
              <dt>${label}</dt>
              <dd>${stats[name as keyof typeof LABELS].toLocaleString('en')}</dd>
            </div>`,
        ),
    byId('numbers'),
  );
}

const row = (relay: RosterRelay, isSelf: boolean) => html`
  <tr>
    <td>
      ${relay.site === undefined ? relay.url : html`<a href=${relay.site}>${relay.url}</a>`}
      ${isSelf ? html`<span class="quiet"> this one</span>` : nothing}
    </td>
    <td class=${relay.state === 'ok' ? 'good' : 'bad-text'}>${STATES[relay.state]}</td>
    <td class="number">${Math.round(relay.load * 100)} %</td>
    <td class="number">${relay.peers.toLocaleString('en')}</td>
    <td class="number">${relay.ageSeconds} s ago</td>
  </tr>
`;

for (;;) {
  if (!document.hidden) await show();
  await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
}
