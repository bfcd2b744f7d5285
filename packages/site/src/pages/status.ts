// The relays and this one's numbers, refreshed while somebody looks, and a test of everything from this browser.
import type { RelayHistory } from '@relay-swarm/protocol/history';
import type { Roster, RosterRelay } from '@relay-swarm/protocol/roster';
import { signalingUrl } from '../mesh/room-link.ts';
import { byId, copyText, ownTracker } from '../page.ts';
import { relaysOf } from '../relays.ts';
import { readHistory, readRelays, readStats } from '../status-source.ts';
import { Plot } from '../status/plots.ts';
import { ringPicture } from '../status/ring.ts';
import { RoundTrips } from '../status/round-trips.ts';
import { asText, inOrder, markOf, runSelfTest, timeOf, type TestFinding } from '../status/self-test.ts';
import { hostOf, stateOf, summary } from '../status/words.ts';
import { html, nothing, render, svg } from '../view.ts';

const EVERY_MS = 5_000;
const HISTORY_EVERY = 3;
const LABELS = {
  peersAll: 'Peers',
  peersSeederOnly: 'only seeding',
  peersLeecherOnly: 'only downloading',
  peersSeederAndLeecher: 'doing both',
  activeTorrents: 'Torrents with peers',
} as const;
const PLOTS = {
  peers: 'Peers',
  swarms: 'Swarms',
  signalingClients: 'Signaling clients',
  allocations: 'TURN allocations',
} as const;

let roster: Roster | undefined;
let history: RelayHistory | undefined;
const roundTrips = new RoundTrips(drawRelays);
const plots = Object.entries(PLOTS).map(([name, label]) => {
  const figure = document.querySelector<HTMLElement>(`[data-plot=${name}]`)!;
  const [caption, root] = [figure.querySelector('figcaption')!, figure.querySelector<HTMLElement>('.plot')!];
  root.setAttribute('role', 'img');
  return { name: name as keyof typeof PLOTS, label, caption, root, plot: new Plot(root, label) };
});

function drawRelays(): void {
  const relays = [...(roster?.relays ?? [])].sort((a, b) => a.url.localeCompare(b.url));
  for (const panel of document.querySelectorAll<HTMLElement>('.status-relays'))
    panel.hidden = relays.length === 0;
  if (relays.length === 0) return;
  render(ringPicture({ relays, self: roster?.self, roundTrip: (url) => roundTrips.of(url) }), byId('ring'));
  render(
    html`<table>
      <thead>
        <tr>
          <th scope="col">Relay</th>
          <th scope="col">State</th>
          <th scope="col" class="number">Load</th>
          <th scope="col">Last hour</th>
          <th scope="col" class="number">Round trip</th>
          <th scope="col" class="number">Peers</th>
          <th scope="col" class="number">Seen</th>
        </tr>
      </thead>
      <tbody>
        ${relays.map((relay) => row(relay, relay.id === roster?.self))}
      </tbody>
    </table>`,
    byId('relays'),
  );
}

function row(relay: RosterRelay, isSelf: boolean) {
  const { words, look } = stateOf(relay);
  const time = roundTrips.of(relay.url);
  return html`<tr>
    <td>
      ${relay.site === undefined ? hostOf(relay.url) : html`<a href=${relay.site}>${hostOf(relay.url)}</a>`}
      ${isSelf ? html`<span class="quiet">this one</span>` : nothing}
    </td>
    <td class="state ${look}">${words}</td>
    <td class="number">${Math.round(relay.load * 100)} %</td>
    <td>${sparkline(history?.relays.get(relay.id) ?? [])}</td>
    <td class="number ${time === 'failed' ? 'bad-text' : ''}">
      ${time === 'failed' ? 'no answer' : time === undefined ? '…' : `${time < 10 ? time.toFixed(1) : Math.round(time)} ms`}
    </td>
    <td class="number">${relay.peers.toLocaleString('en')}</td>
    <td class="number">${relay.ageSeconds} s ago</td>
  </tr>`;
}

const SPARK_MINUTES = 60;
/** Load in percent, one a minute; gaps where it was not listed. */
function sparkline(loads: readonly number[]) {
  if (loads.length < 2) return html`<span class="quiet">not yet</span>`;
  const first = SPARK_MINUTES - loads.length;
  const path = loads
    .map((load, at) =>
      load < 0 ? '' : `${at > 0 && loads[at - 1]! >= 0 ? 'L' : 'M'}${first + at} ${100 - load}`,
    )
    .join('');
  const listed = loads.filter((load) => load >= 0);
  const words = `Load in the last hour: at most ${Math.max(...listed)} %${listed.length < loads.length ? ', and at times not listed' : ''}`;
  return html`<svg
    class="spark"
    viewBox="0 -4 ${SPARK_MINUTES} 108"
    preserveAspectRatio="none"
    role="img"
    aria-label=${words}
  >
    ${svg`<line x1="0" y1="100" x2=${SPARK_MINUTES} y2="100"></line><path d=${path}></path>`}
  </svg>`;
}

function drawHistory(): void {
  byId('plots').hidden = history === undefined;
  byId('no-history').hidden = history !== undefined;
  if (history === undefined) return;
  for (const { name, label, caption, root, plot } of plots) {
    const values = history[name];
    const now = (values.at(-1) ?? 0).toLocaleString('en');
    const most = Math.max(0, ...values).toLocaleString('en');
    render(html`${label} <span class="quiet">${now} now, at most ${most}</span>`, caption);
    root.setAttribute('aria-label', `${label} in the last hour: ${now} now, at most ${most}`);
    if (values.length > 0) plot.show({ values }, history);
  }
}

async function drawNumbers(): Promise<void> {
  const stats = await readStats();
  byId('tracker-now').hidden = stats === undefined;
  if (stats === undefined) return;
  render(
    Object.entries(LABELS).map(
      ([name, label]) =>
        html`<div>
          <dt>${label}</dt>
          <dd>${stats[name as keyof typeof LABELS].toLocaleString('en')}</dd>
        </div>`,
    ),
    byId('numbers'),
  );
}

let findings: TestFinding[] = [];
function drawFindings(): void {
  render(
    findings.map(
      ({ title, text, ...finding }) =>
        html`<li class=${finding.result}>
          <span class="result">${markOf(finding)}</span>
          <strong>${title} <span class="quiet">${timeOf(finding)}</span></strong>
          <p>${text}</p>
        </li>`,
    ),
    byId('findings'),
  );
}

const testButton = byId('test', HTMLButtonElement);
const copyButton = byId('copy-test', HTMLButtonElement);
testButton.addEventListener('click', () => void test());
async function test(): Promise<void> {
  findings = [];
  testButton.disabled = true;
  copyButton.hidden = true;
  byId('test-said').textContent = 'Testing…';
  const mesh = signalingUrl(new URL(location.href), roster);
  await runSelfTest({
    site: location.origin,
    tracker: ownTracker(),
    mesh,
    peerJs: new URL(mesh).origin.replace(/^ws/, 'http'),
    iceServers: () => relaysOf(location.origin).iceServers(),
    found: (finding) => {
      findings = inOrder([...findings, finding]);
      drawFindings();
    },
    signal: AbortSignal.timeout(120_000),
  });
  const failed = findings.filter(({ result }) => result === 'failed').length;
  byId('test-said').textContent =
    failed > 0
      ? `${failed} of ${findings.length} do not work from here.`
      : findings.some(({ result }) => result === 'skipped')
        ? 'All that is offered here works.'
        : 'Everything works from here.';
  testButton.disabled = false;
  copyButton.hidden = false;
}
copyButton.addEventListener('click', () => {
  const facts = { site: location.origin, browser: navigator.userAgent, at: new Date() };
  void copyText(asText(findings, facts), copyButton);
});

for (let round = 0; ; round++) {
  if (!document.hidden) {
    [roster, history] = await Promise.all([
      readRelays(),
      round % HISTORY_EVERY === 0 ? readHistory() : Promise.resolve(history),
      drawNumbers(),
    ]);
    const { words } = summary(roster?.relays);
    if (byId('summary').textContent !== words) byId('summary').textContent = words; // what is rewritten is read aloud again
    roundTrips.watch((roster?.relays ?? []).map(({ url }) => url));
    drawRelays();
    drawHistory();
  }
  await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
}
