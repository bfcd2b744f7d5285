// One relay asked for what it knows: its roster and, signed, who it is.
import {
  decodeDescriptor,
  DESCRIPTOR_PATH,
  descriptorText,
  type SignedDescriptor,
} from '@relay-swarm/protocol/descriptor';
import { decodeRoster, ROSTER_CHARS_MAX, type Roster as RosterAnswer } from '@relay-swarm/protocol/roster';
import { ClientError } from './errors.ts';
import { verifyEd25519 } from './signatures.ts';

/** A relay that did not answer by now is taken for dead: another one is asked anyway. */
const ANSWER_MS_MAX = 4_000;

export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

export interface SourceAnswer {
  readonly roster: RosterAnswer;
  /** Whether the relay has proven by a signature that it is the one that it says. */
  readonly isVerified: boolean;
  /** How old the roster was when it was sent; undefined where that was not told. */
  readonly ageMs: number | undefined;
}

/** The base of a relay's HTTP addresses, from any URL of it: `wss://a.example/announce` → `https://a.example`. */
export function httpBase(url: string): string {
  if (URL.canParse(url)) {
    const { protocol, host } = new URL(url);
    const scheme = { 'wss:': 'https:', 'https:': 'https:', 'ws:': 'http:', 'http:': 'http:' }[protocol];
    if (scheme !== undefined && host !== '') return `${scheme}//${host}`;
  }
  throw new ClientError('BAD_ARGUMENT', `Cannot use "${url}" as a relay: wanted an https: or wss: URL`);
}

/** Asks for the roster (with this query) and the descriptor at once. Rejects with a ClientError, or AbortError. */
export async function askSource(
  fetch: Fetch,
  base: string,
  nowMs: number,
  query: string,
  signal?: AbortSignal,
): Promise<SourceAnswer> {
  const readRoster = (text: string, headers: Headers): Pick<SourceAnswer, 'roster' | 'ageMs'> => ({
    roster: decodeRoster(text),
    ageMs: fileAgeMs(headers),
  });
  const [answer, descriptor] = await Promise.all([
    readAnswer(fetch, `${base}/relays.json${query}`, ROSTER_CHARS_MAX, readRoster, signal),
    // A relay outside of any swarm has no descriptor: its word is then as good as its TLS certificate.
    readAnswer(fetch, base + DESCRIPTOR_PATH, 16_384, decodeDescriptor, signal).catch(() => undefined),
  ]);
  if (descriptor === undefined) return { ...answer, isVerified: false };
  return { ...answer, isVerified: await checkDescriptor(descriptor, answer.roster.self, nowMs) };
}

/** nginx serves the roster as a file, also when the tracker that wrote it is gone. Both times are of one clock (RFC 9110 §8.8.2.1). */
function fileAgeMs(headers: Headers): number | undefined {
  const [sentAtMs, writtenAtMs] = ['date', 'last-modified'].map((name) =>
    Date.parse(headers.get(name) ?? ''),
  );
  const ageMs = sentAtMs! - writtenAtMs!;
  return Number.isNaN(ageMs) ? undefined : Math.max(0, ageMs);
}

const CLOCK_MS_TOLERANCE = 86_400_000; // pages run on clocks that nobody sets

async function checkDescriptor(descriptor: SignedDescriptor, self: string, nowMs: number): Promise<boolean> {
  if (descriptor.id !== self)
    throw new ClientError(
      'BAD_SIGNATURE',
      'Cannot use this roster: it is of another relay than the descriptor beside it',
    );
  if (descriptor.expiresAt < nowMs - CLOCK_MS_TOLERANCE)
    throw new ClientError('BAD_SIGNATURE', `Cannot use the descriptor of ${descriptor.url}: it has expired`);
  const isRight = await verifyEd25519(descriptor.id, descriptor.signature, descriptorText(descriptor));
  if (isRight === false)
    throw new ClientError(
      'BAD_SIGNATURE',
      `Cannot use the descriptor of ${descriptor.url}: its signature is wrong`,
    );
  return isRight === true;
}

/** GET, with a time-out, at most so many characters, through `read`. */
export async function readAnswer<T>(
  fetch: Fetch,
  url: string,
  charsMax: number,
  read: (text: string, headers: Headers) => T,
  signal?: AbortSignal,
): Promise<T> {
  const timeout = AbortSignal.timeout(ANSWER_MS_MAX);
  const response = await fetch(url, {
    signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    credentials: 'omit',
    referrerPolicy: 'no-referrer',
    cache: 'no-store',
  });
  if (!response.ok) throw new ClientError('REFUSED', `Cannot read ${url}: it answered ${response.status}`);
  const text = await response.text();
  if (text.length > charsMax)
    throw new ClientError('BAD_ANSWER', `Cannot read ${url}: more than ${charsMax} characters`);
  try {
    return read(text, response.headers);
  } catch (error) {
    throw new ClientError('BAD_ANSWER', `Cannot read ${url}: ${(error as Error).message}`, error);
  }
}
