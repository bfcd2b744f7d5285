// A room with several members in this page, and whoever else opens its link, here or on another relay.
import { RelayChoice, Roster } from '@relay-swarm/client';
import { keepRoom, type Room } from '@relay-swarm/mesh';
import { Members, type Step } from '../mesh/members.ts';
import { graphPicture, labelOf, matrixPicture } from '../mesh/pictures.ts';
import { newRoomName, readRoomLink, roomLink, signalingUrl } from '../mesh/room-link.ts';
import { byId, formatBytes, wireCopyButtons } from '../page.ts';
import { relaysOf } from '../relays.ts';
import { readRelays } from '../status-source.ts';
import { html, nothing, render } from '../view.ts';

const STEP_MS = 450;
const REFRESH_MS = 1_000;
const BETWEEN_JOINS_MS = 120;

const link = readRoomLink(location.hash);
const name = link.room ?? newRoomName();
const hasSignaling = ({ peerjs }: { peerjs?: string }): boolean => peerjs !== undefined;
const [swarm, roster, iceServers] = await Promise.all([
  Roster.load([location.origin]).catch(() => undefined), // the numbers on the page show it, as they show every other loss of servers
  readRelays(),
  relaysOf(location.origin).iceServers(),
]);
/** The relays of the room's ranking, the same wherever the page was opened; one server where the link names it, or nothing else is known. */
const relays = link.signaling === undefined && swarm?.relays.some(hasSignaling) ? swarm : undefined;
const signaling = relays ? [] : [link.signaling ?? signalingUrl(new URL(location.href), roster)];
const shared = { room: name, ...(link.signaling && { signaling: link.signaling }) };
const own = { ...shared, ...(link.members !== 8 && { members: String(link.members) }) };
history.replaceState(null, '', roomLink(new URL(location.href), own));

let chosen: string | undefined;
/** The one that is drawn while its member is chosen, hop by hop. */
let trace: { readonly source: string; steps: Step[] } | undefined;
let isDue = false;
const members = new Members({
  name,
  signaling,
  iceServers,
  changed: showSoon,
  entered: (room: Room) => {
    if (relays) keepRoom(room, new RelayChoice(relays, room.address, { offers: hasSignaling }));
  },
});

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
  byId('island').textContent = isIsland(room.id) ? 'Rejoin' : 'Cut off';
  render(
    graphPicture({
      view,
      chosen,
      lit: trace && trace.source === chosen ? trace.steps : [],
      isIsland,
      isHere: (id) => members.find(id) !== undefined,
      choose: (id) => {
        chosen = id;
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
    ['Messages received', String(stats.delivered)],
    ['Copies of each packet', copies.toFixed(2)],
    ['Asked for again', String(stats.repairsAsked)],
    ['Through the server', formatBytes(stats.fallbackBytes)],
    ['Servers', `${servers.filter(({ isJoined }) => isJoined).length} of ${servers.length}`],
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
        ${
          stats.links.length === 0
            ? html`<tr>
                <td colspan="4" class="quiet">None at the moment</td>
              </tr>`
            : nothing
        }
      </tbody>
    </table>`,
    byId('links'),
  );
}

/** Slower than it was, hop by hop, so that it can be seen. */
async function sendTrace(): Promise<void> {
  if (chosen === undefined) return;
  const source = chosen;
  const own = (trace = { source, steps: [] as Step[] });
  const isOver = (): boolean => trace !== own; // by the next one, a kill, an island
  byId('said').textContent = `The trace of ${labelOf(source)} is on its way.`;
  show();
  const steps = await members.trace(source);
  const hopsMax = Math.max(0, ...steps.map(({ hops }) => hops));
  for (let hops = 1; hops <= hopsMax && !isOver(); hops++) {
    own.steps = steps.filter((step) => step.hops <= hops);
    show();
    await new Promise((resolve) => setTimeout(resolve, STEP_MS));
  }
  if (isOver()) return;
  const others = members.rooms.length - 1;
  byId('said').textContent =
    `The trace of ${labelOf(source)} reached ${steps.length} of the ${others} other members in this page, over ${hopsMax === 1 ? 'one hop' : `${hopsMax} hops at most`}.`;
}

const press = (id: string, act: () => unknown): void =>
  byId(id, HTMLButtonElement).addEventListener('click', () => void act());
press('add', () => members.add());
press('trace', sendTrace);
press('kill', () => {
  if (chosen === undefined) return;
  byId('said').textContent =
    `${labelOf(chosen)} is gone without a word. The others notice within seconds, and mend the mesh.`;
  trace = undefined;
  members.kill(chosen);
});
press('island', () => {
  if (chosen === undefined) return;
  byId('said').textContent = members.island.has(chosen)
    ? `${labelOf(chosen)} is back, and will soon be linked to the others again.`
    : `${labelOf(chosen)} is cut off. Once the others have noticed, the server carries its messages.`;
  trace = undefined;
  members.toggleIsland(chosen);
});
press('new-room', () => {
  location.hash = `#room=${newRoomName()}${link.signaling === undefined ? '' : `&signaling=${link.signaling}`}`;
  location.reload();
});
byId('room-link').textContent = roomLink(new URL(location.href), shared);
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
