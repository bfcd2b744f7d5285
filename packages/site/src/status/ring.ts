// The swarm drawn: its relays on a ring, this browser in the middle, how far away and how loaded each of them is. Pure but for lit.
import type { RosterRelay } from '@relay-swarm/protocol/roster';
import { html, svg, type TemplateResult } from '../view.ts';
import type { RoundTrip } from './round-trips.ts';
import { hostOf, stateOf } from './words.ts';

const SIZE = 440;
const RADIUS = 150;
/** One relay is drawn above the browser, and nothing below it. */
const HEIGHT_ALONE = 265;
const DOT_MIN = 11;
const DOT_MAX = 24;
/** More names would overlap. */
const NAMED_MAX = 12;

export interface RingOf {
  readonly relays: readonly RosterRelay[];
  /** The id of the relay whose page this is. */
  readonly self: string | undefined;
  readonly roundTrip: (url: string) => RoundTrip;
}

export function ringPicture({ relays, self, roundTrip }: RingOf): TemplateResult {
  const order = [...relays].sort((a, b) => (a.id < b.id ? -1 : 1));
  const isAlone = order.length === 1;
  const peersMost = Math.max(1, ...order.map(({ peers }) => peers));
  const placed = order.map((relay, at) => {
    const angle = (2 * Math.PI * at) / order.length - Math.PI / 2;
    return { relay, x: SIZE / 2 + RADIUS * Math.cos(angle), y: SIZE / 2 + RADIUS * Math.sin(angle) };
  });
  const spokes = placed.map(({ relay, x, y }) => {
    const time = roundTrip(relay.url);
    const words = time === 'failed' ? 'no answer' : time === undefined ? '' : `${Math.round(time)} ms`;
    const [midX, midY] = [SIZE / 2 + (x - SIZE / 2) * 0.56, SIZE / 2 + (y - SIZE / 2) * 0.56];
    return svg`<line class=${time === 'failed' ? 'failed' : ''} x1=${SIZE / 2} y1=${SIZE / 2} x2=${x} y2=${y}></line>
      ${order.length > NAMED_MAX ? '' : svg`<text class="time" x=${midX} y=${midY} dy="0.35em">${words}</text>`}`;
  });
  const dots = placed.map(({ relay, x, y }) => {
    const radius = DOT_MIN + (DOT_MAX - DOT_MIN) * Math.sqrt(relay.peers / peersMost);
    const isSelf = relay.id === self;
    const { words, mark } = stateOf(relay);
    const around = 2 * Math.PI * (radius + 5);
    return svg`<g class="relay ${relay.state}" transform="translate(${x} ${y})">
      <title>${hostOf(relay.url)}: ${words}, load ${Math.round(relay.load * 100)} %, ${relay.peers} peers</title>
      <circle class="load" r=${radius + 5} stroke-dasharray="${around * relay.load} ${around}" transform="rotate(-90)"></circle>
      <circle class="dot" r=${radius}></circle>
      <text class="mark" dy="0.35em">${mark}</text>
      ${
        order.length > NAMED_MAX
          ? ''
          : svg`<text y=${y < SIZE / 2 - 1 ? -radius - 14 : radius + 22}>${shortName(relay.url)}${isSelf ? ' (this one)' : ''}</text>`
      }</g>`;
  });
  return html`<svg
    class="ring"
    viewBox="0 0 ${SIZE} ${isAlone ? HEIGHT_ALONE : SIZE}"
    role="img"
    aria-label="${isAlone ? 'One relay beside' : `${order.length} relays on a ring around`} this browser; the table says the same"
  >
    ${isAlone ? '' : svg`<circle class="orbit" cx=${SIZE / 2} cy=${SIZE / 2} r=${RADIUS}></circle>`}
    <g class="spokes">${spokes}</g>
    <g class="browser" transform="translate(${SIZE / 2} ${SIZE / 2})">
      <circle r="30"></circle>
      <text dy="0.35em">you</text>
    </g>
    <g>${dots}</g>
  </svg>`;
}

const NAME_CHARS_MAX = 24;
function shortName(url: string): string {
  const host = hostOf(url).replace(/^tracker\./, '');
  return host.length > NAME_CHARS_MAX ? `${host.slice(0, NAME_CHARS_MAX - 1)}…` : host;
}
