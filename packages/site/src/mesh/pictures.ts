// The room drawn: a circle of members with their links, and the matrix of who is linked to whom.
import type { RoomView } from '@relay-swarm/mesh';
import { html, nothing, svg, type TemplateResult } from '../view.ts';
import type { Step } from './members.ts';

export interface Shown {
  readonly view: RoomView;
  readonly chosen: string | undefined;
  readonly isHere: (id: string) => boolean;
  readonly isIsland: (id: string) => boolean;
  /** Steps of a trace that have been shown so far. */
  readonly lit: readonly Step[];
  readonly choose: (id: string) => void;
}

const SIZE = 420;
const RADIUS = 184;
export const labelOf = (id: string): string => id.slice(0, 4);

export function graphPicture({ view, chosen, isHere, isIsland, lit, choose }: Shown): TemplateResult {
  const order = view.members.map((_, i) => i).sort((a, b) => (view.members[a]! < view.members[b]! ? -1 : 1));
  const places = new Map(
    order.map((member, at) => {
      const angle = (2 * Math.PI * at) / order.length - Math.PI / 2;
      return [member, { x: SIZE / 2 + RADIUS * Math.cos(angle), y: SIZE / 2 + RADIUS * Math.sin(angle) }];
    }),
  );
  const litEdges = new Set(lit.map(({ member, from }) => [member, from].sort().join()));
  const litMembers = new Set(lit.map(({ member }) => member));
  const dot = order.length > 24 ? 12 : 18;
  const edges = view.edges.map(({ a, b, rttMs, isTree }) => {
    const [from, to] = [places.get(a)!, places.get(b)!];
    const isLit = litEdges.has([view.members[a]!, view.members[b]!].sort().join());
    const kind = isLit ? 'lit' : isTree ? 'tree' : '';
    return svg`<line class=${kind} x1=${from.x} y1=${from.y} x2=${to.x} y2=${to.y}><title>${Math.round(rttMs)} ms</title></line>`;
  });
  const members = order.map((member) => {
    const id = view.members[member]!;
    const { x, y } = places.get(member)!;
    const here = isHere(id);
    const kinds = [
      here ? 'here' : 'elsewhere',
      id === chosen ? 'chosen' : '',
      litMembers.has(id) ? 'lit' : '',
      isIsland(id) ? 'island' : '',
    ];
    const name = `Member ${labelOf(id)}${here ? '' : ', elsewhere'}${isIsland(id) ? ', cut off' : ''}`;
    const take = (): void => {
      if (here) choose(id);
    };
    const press = (event: KeyboardEvent): void => {
      if (event.key !== 'Enter' && event.key !== ' ') return;
      event.preventDefault();
      take();
    };
    return svg`<g class=${kinds.join(' ')} transform="translate(${x} ${y})" role="button" tabindex=${here ? 0 : -1}
      aria-label=${name} aria-pressed=${id === chosen} aria-disabled=${!here} @click=${take} @keydown=${press}>
      <circle r=${dot}></circle><text dy="0.35em">${labelOf(id)}</text></g>`;
  });
  return html`<svg
    class="mesh-graph"
    viewBox="0 0 ${SIZE} ${SIZE}"
    role="group"
    aria-label="${order.length} members, ${view.edges.length} links"
  >
    <g class="edges">${edges}</g>
    <g class="members">${members}</g>
  </svg>`;
}

const SHOWN_MAX = 40;

export function matrixPicture(view: RoomView, chosen: string | undefined): TemplateResult {
  const order = view.members.map((_, i) => i).sort((a, b) => (view.members[a]! < view.members[b]! ? -1 : 1));
  const shown = order.slice(0, SHOWN_MAX);
  const matrix = view.matrix();
  const tree = new Set(
    view.edges.filter(({ isTree }) => isTree).flatMap(({ a, b }) => [`${a} ${b}`, `${b} ${a}`]),
  );
  const label = (i: number): string => labelOf(view.members[i]!);
  return html`<table class="matrix">
      <thead>
        <tr>
          <td></td>
          ${shown.map((i) => html`<th scope="col"><span>${label(i)}</span></th>`)}
        </tr>
      </thead>
      <tbody>
        ${shown.map(
          (i) =>
            html`<tr class=${view.members[i] === chosen ? 'chosen' : ''}>
              <th scope="row">${label(i)}</th>
              ${shown.map((j) => {
                const rttMs = matrix[i * view.members.length + j]!;
                const kind = rttMs === 0 ? (i === j ? 'self' : '') : tree.has(`${i} ${j}`) ? 'tree' : 'edge';
                return html`<td class=${kind}>${rttMs > 0 ? Math.round(rttMs) : nothing}</td>`;
              })}
            </tr>`,
        )}
      </tbody>
    </table>
    <p class="hint">
      Round-trip times in milliseconds; red: the tree of the chosen member's messages.
      ${order.length > SHOWN_MAX ? html`The first ${SHOWN_MAX} of ${order.length} members.` : nothing}
    </p>`;
}
