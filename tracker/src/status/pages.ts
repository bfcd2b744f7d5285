// The tracker's two pages for people: `/` and `/stats`.
import type { Stats } from './stats.ts';
import { escapeHtml, numbersTable, page } from './html.ts';

export interface HomeFacts {
  /** What goes into a magnet: `wss://tracker.example.org`. */
  readonly announceUrl: string;
  readonly connections: number;
  readonly torrents: number;
  readonly peers: number;
  readonly hasStats: boolean;
  readonly hasHttpAnnounce: boolean;
}

export function homePage(facts: HomeFacts): string {
  const url = escapeHtml(facts.announceUrl);
  const http = facts.announceUrl.replace(/^ws/, 'http');
  return page(
    'relay-swarm tracker',
    `<h1>A tracker for browsers</h1>
<p>Browsers that want the same torrent, or the same room, find each other here and then talk to each other directly, over WebRTC.
This server introduces them; it sees none of what they exchange.</p>
<h2>Use it</h2>
<p>Announce URL: <code>${url}</code></p>
<p>In a magnet link, behind the info hash: <code>&amp;tr=${escapeHtml(encodeURIComponent(facts.announceUrl))}</code></p>
<p>In WebTorrent: <code>client.add(magnet, { announce: ['${url}'] })</code></p>
${facts.hasHttpAnnounce ? `<p>For clients without WebRTC: <code>${escapeHtml(`${http}/announce`)}</code></p>` : ''}
<p>The same socket speaks the Graffiti tracker protocol.</p>
<h2>Now</h2>
${numbersTable([
  ['Open connections', facts.connections],
  ['Torrents', facts.torrents],
  ['Peers', facts.peers],
])}
<p>${facts.hasStats ? '<a href="/stats">More numbers</a>, <a href="/stats.json">as JSON</a>. ' : ''}<a href="/relays.json">Healthy relays beside this one</a>.</p>`,
  );
}

export function statsPage(stats: Stats): string {
  const clients = Object.entries(stats.clients).flatMap(([name, versions]) =>
    Object.entries(versions).map(([version, peers]) => [`${name} ${version}`, peers] as const),
  );
  return page(
    'relay-swarm tracker: numbers',
    `<h1>Numbers</h1>
${numbersTable([
  ['Torrents', stats.torrents],
  ['Torrents with peers', stats.activeTorrents],
  ['Peers', stats.peersAll],
  ['only seeding', stats.peersSeederOnly],
  ['only downloading', stats.peersLeecherOnly],
  ['doing both', stats.peersSeederAndLeecher],
  ['over IPv4', stats.peersIPv4],
  ['over IPv6', stats.peersIPv6],
])}
${clients.length > 0 ? `<h2>Clients</h2>${numbersTable(clients)}` : ''}
<p><a href="/stats.json">The same as JSON</a>, <a href="/">start page</a></p>`,
  );
}
