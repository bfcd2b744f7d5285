// Everything that the bundle offers, tried from this browser, in words.
import { diagnose, type Check, type Finding } from '@relay-swarm/client';
import { meshOfThree, peerJsPair, trackerPair, type PairTest } from './pairs.ts';

export interface TestFinding extends Omit<Finding, 'check'> {
  readonly title: string;
}

const TITLES: Readonly<Record<Check, string>> = {
  'secure-context': 'Secure page',
  roster: 'List of relays',
  websocket: 'WebSocket to the relays',
  stun: 'STUN',
  nat: 'Your router (NAT)',
  'turn-udp': 'TURN over UDP',
  'turn-tcp': 'TURN over TCP',
  'turn-tls': 'TURN over TLS',
  ed25519: 'Signatures',
  storage: 'Storage',
};
const PAIRS = ['Two peers by the tracker', 'Two peers by PeerJS', 'A mesh of three'] as const;
const ORDER: readonly string[] = [...Object.values(TITLES), ...PAIRS];

/** Findings come in any order. They are shown in one order, so that two tests of a relay are easy to compare. */
export const inOrder = (findings: readonly TestFinding[]): TestFinding[] =>
  [...findings].sort((a, b) => ORDER.indexOf(a.title) - ORDER.indexOf(b.title));

export interface SelfTestOf {
  /** The origin of the relay that is tested. */
  readonly site: string;
  /** The tracker's WebSocket, PeerJS's base and the mesh's WebSocket. */
  readonly tracker: string;
  readonly peerJs: string;
  readonly mesh: string;
  readonly iceServers: () => Promise<RTCIceServer[]>;
  readonly found: (finding: TestFinding) => void;
  readonly signal: AbortSignal;
}

/** Resolves when all has been tried; whatever does not work is a finding. */
export async function runSelfTest({ site, signal, found, ...of }: SelfTestOf): Promise<void> {
  const ice = await of.iceServers();
  const pair = async (
    title: (typeof PAIRS)[number],
    test: PairTest,
    works: string,
    help: string,
  ): Promise<void> => {
    try {
      found({ title, result: 'ok', text: works, ms: await test(ice, signal) });
    } catch (error) {
      if (signal.aborted) return;
      const words = error instanceof Error ? error.message : String(error);
      found({ title, result: 'failed', text: `${words.replace(/\.?$/, '.')} ${help}` });
    }
  };
  await diagnose([site], {
    signal,
    onFinding: ({ check, ...finding }) => found({ title: TITLES[check], ...finding }),
  }).catch(() => undefined); // stopped
  // One after the other: each would make the others' times longer.
  await pair(
    'Two peers by the tracker',
    trackerPair(of.tracker),
    'Two peers found each other, and were connected.',
    'If STUN works above, the tracker is at fault, or something between that lets no WebSockets through.',
  );
  await pair(
    'Two peers by PeerJS',
    peerJsPair(of.peerJs),
    'Two PeerJS clients found each other, and were connected.',
    `PeerJS is expected at ${of.peerJs}.`,
  );
  await pair(
    'A mesh of three',
    meshOfThree(of.mesh),
    'Three members of a room heard each other.',
    `Its signaling is expected at ${of.mesh}.`,
  );
}

const MARKS: Readonly<Record<Finding['result'], string>> = {
  ok: 'works',
  warning: 'partly',
  failed: 'fails',
  skipped: 'not here',
};
export const markOf = ({ result }: Pick<Finding, 'result'>): string => MARKS[result];
export const timeOf = ({ ms }: Pick<Finding, 'ms'>): string =>
  ms === undefined ? '' : `${Math.round(ms)} ms`;

/** For a report to somebody who knows more. */
export function asText(
  findings: readonly TestFinding[],
  facts: { site: string; browser: string; at: Date },
): string {
  const lines = findings.map(({ title, text, ...finding }) =>
    [markOf(finding).padEnd(9), `${title}: ${text}`, finding.ms === undefined ? '' : `(${timeOf(finding)})`]
      .join(' ')
      .trim(),
  );
  return [`relay-swarm self-test of ${facts.site}`, facts.at.toISOString(), facts.browser, '', ...lines].join(
    '\n',
  );
}
