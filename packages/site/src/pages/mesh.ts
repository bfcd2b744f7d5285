// A room with several members in this page, and whoever else opens its link.
import { Members, type Step } from '../mesh/members.ts';
import { graphPicture, labelOf, matrixPicture } from '../mesh/pictures.ts';
import { newRoomName, readRoomLink, signalingUrl } from '../mesh/room-link.ts';
import { byId, formatBytes, wireCopyButtons } from '../page.ts';
import { relaysOf } from '../relays.ts';
import { readRelays } from '../status-source.ts';
import { html, render } from '../view.ts';

const STEP_MS = 450;
const REFRESH_MS = 1_000;
const BETWEEN_JOINS_MS = 120;

const link = readRoomLink(location.hash);
const name = link.room ?? newRoomName();
const [roster, iceServers] = await Promise.all([readRelays(), relaysOf(location.origin).iceServers()]);
const signaling = link.signaling ?? signalingUrl(new URL(location.href), roster);
const shared = new URLSearchParams({ room: name, ...(link.signaling && { signaling }) });
history.replaceState(
  null,
  '',
  `#${shared.toString()}${link.members === 8 ? '' : `&members=${link.members}`}`,
);

let chosen: string | undefined;
let lit: Step[] = [];
let isDue = false;
const members = new Members({ name, signaling, iceServers, changed: showSoon });

function showSoon(): void {
  if (isDue) return;
  isDue = true;
  setTimeout(() => {
    isDue = false;
    show();
  }, 60);
}

function show(): void {
  const room = members.find(chosen) ?? members.rooms[0];
  chosen = room?.id;
  for (const id of ['trace', 'kill', 'island']) byId(id, HTMLButtonElement).disabled = room === undefined;
  if (!room) {
    byId('said').textContent = 'No member is left in this page. Add one.';
    return;
  }
  const { view, stats, servers } = room;
  const parts = new Set(view.components).size;
  const isIsland = (id: string): boolean => members.island.has(id);
  byId('island').textContent = isIsland(room.id) ? 'Back from the island' : 'To the island';
  render(
    graphPicture({
      view,
      chosen,
      lit,
      isIsland,
      isHere: (id) => members.find(id) !== undefined,
      choose: (id) => {
        chosen = id;
        lit = [];
        show();
      },
    }),
    byId('graph'),
  );
  render(matrixPicture(view, chosen), byId('matrix'));
  const copies = stats.packets === 0 ? 1 : (stats.packets + stats.duplicates) / stats.packets;
  const facts: readonly (readonly [string, string])[] = [
    ['Member', labelOf(room.id)],
    ['In the room', String(view.members.length)],
    ['Its links', String(stats.links.length)],
    ['Parts of the room', String(parts)],
    ['Messages had', String(stats.delivered)],
    ['Copies of each packet', copies.toFixed(2)],
    ['Asked for again', String(stats.repairsAsked)],
    ['Through the server', formatBytes(stats.fallbackBytes)],
    ['Server', servers.some(({ isJoined }) => isJoined) ? 'connected' : 'not connected'],
  ];
  render(
    facts.map(
      ([label, value]) =>
        html`<div>
          <dt>${label}</dt>
          <dd>${value}</dd>
        </div>`,
    ),
    byId('numbers'),
  );
  render(
    html`<table>
      <thead>
        <tr>
          <th scope="col">To</th>
          <th scope="col" class="number">Round trip</th>
          <th scope="col" class="number">Sent</th>
          <th scope="col" class="number">Received</th>
        </tr>
      </thead>
      <tbody>
        ${stats.links.map(
          ({ peer, rttMs, sentBytes, receivedBytes }) =>
            html`<tr>
              <td>${labelOf(peer)}</td>
              <td class="number">${rttMs.toFixed(0)} ms</td>
              <td class="number">${formatBytes(sentBytes)}</td>
              <td class="number">${formatBytes(receivedBytes)}</td>
            </tr>`,
        )}
      </tbody>
    </table>`,
    byId('links'),
  );
}

/** Slower than it was, hop by hop, so that it can be seen. */
async function trace(): Promise<void> {
  if (chosen === undefined) return;
  const source = chosen;
  lit = [];
  const steps = await members.trace(source);
  const hopsMax = Math.max(0, ...steps.map(({ hops }) => hops));
  for (let hops = 1; hops <= hopsMax; hops++) {
    lit = steps.filter((step) => step.hops <= hops);
    show();
    await new Promise((resolve) => setTimeout(resolve, STEP_MS));
  }
  const others = members.rooms.length - 1;
  byId('said').textContent =
    `The trace of ${labelOf(source)} reached ${steps.length} of the ${others} other members in this page, over ${hopsMax} hops at most.`;
}

const press = (id: string, act: () => unknown): void =>
  byId(id, HTMLButtonElement).addEventListener('click', () => void act());
press('add', () => members.add());
press('trace', trace);
press('kill', () => {
  if (chosen !== undefined) members.kill(chosen);
});
press('island', () => {
  if (chosen !== undefined) members.toggleIsland(chosen);
});
press('new-room', () => {
  location.hash = `#room=${newRoomName()}${link.signaling === undefined ? '' : `&signaling=${link.signaling}`}`;
  location.reload();
});
byId('room-link').textContent = `${location.origin}${location.pathname}#${shared.toString()}`;
wireCopyButtons();
addEventListener('pagehide', () => members.stop());
setInterval(() => {
  if (!document.hidden) show();
}, REFRESH_MS);

for (let i = 0; i < link.members; i++) {
  await members.add();
  await new Promise((resolve) => setTimeout(resolve, BETWEEN_JOINS_MS));
}
byId('said').textContent = `${link.members} members of this page are in the room.`;
