// What works for this page and what does not, in plain words: for a help page, a bug report, or the console. Nothing is sent anywhere but to
// the relays themselves.
import { ClientError } from './errors.ts';
import { checkIce } from './diagnose-ice.ts';
import type { Check, Finding, Found } from './finding.ts';
import type { NatKind } from './nat-kind.ts';
import { Roster } from './roster.ts';
import { pageStore } from './roster-cache.ts';
import { makePeerKey } from './signatures.ts';
import { pingRelay } from './ping-relay.ts';

export type { Check, Finding } from './finding.ts';

export interface Diagnosis {
  readonly findings: readonly Finding[];
  readonly nat: NatKind;
  /** Whether relays are reached, and there is a way to other peers. */
  readonly canConnect: boolean;
}

export interface DiagnoseOptions {
  readonly signal?: AbortSignal;
  /** Called as each check ends. */
  readonly onFinding?: (finding: Finding) => void;
}

const RELAYS_ASKED_MAX = 4;
const ANSWER_MS_MAX = 5_000;

/**
 * Looks at everything that a page needs of the platform, of the network and of the relays. Takes 8 s at most. Rejects with AbortError or
 * BAD_ARGUMENT only: whatever does not work is a finding.
 */
export async function diagnose(
  rosterOrSources: Roster | string | readonly string[],
  { signal, onFinding }: DiagnoseOptions = {},
): Promise<Diagnosis> {
  signal?.throwIfAborted();
  const findings: Finding[] = [];
  const found: Found = (check, result, text, ms) => {
    const finding = { check, result, text, ...(ms !== undefined && Number.isFinite(ms) && { ms }) };
    findings.push(finding);
    onFinding?.(finding);
  };
  let nat: NatKind = 'unknown';
  const isOurs = !(rosterOrSources instanceof Roster);
  let roster: Roster | undefined;
  const withRoster = async (): Promise<void> => {
    roster = await checkRoster(rosterOrSources, found, signal);
    await Promise.all([
      checkSockets(roster, found, signal),
      checkIce(roster, found, signal).then((kind) => (nat = kind)),
    ]);
  };
  try {
    checkContext(found);
    await Promise.all([withRoster(), checkKeys(found), checkStorage(found)]);
  } finally {
    if (isOurs) roster?.close();
  }
  signal?.throwIfAborted();
  const works = (...checks: readonly Check[]): boolean =>
    findings.some(({ check, result }) => checks.includes(check) && (result === 'ok' || result === 'warning'));
  const canConnect = works('websocket') && works('stun', 'turn-udp', 'turn-tcp', 'turn-tls');
  return { findings, nat, canConnect };
}

function checkContext(found: Found): void {
  const { isSecureContext } = globalThis as { isSecureContext?: boolean };
  if (isSecureContext === false)
    found(
      'secure-context',
      'warning',
      'This page did not come over https:, so the browser gives it no cryptography. Serve it over https: (localhost will do as well).',
    );
  else found('secure-context', 'ok', 'The page may use all that browsers keep for secure pages.');
}

async function checkRoster(
  given: Roster | string | readonly string[],
  found: Found,
  signal: AbortSignal | undefined,
): Promise<Roster | undefined> {
  try {
    const roster =
      given instanceof Roster ? given : await Roster.load(given, { store: null, ...(signal && { signal }) });
    const usable = roster.relays.filter((relay) => roster.isUsable(relay)).length;
    const all = roster.relays.length;
    if (usable === 0)
      found(
        'roster',
        'failed',
        `None of ${all} known relays is fit for use at this moment. Try again in a minute.`,
      );
    else if (usable === 1)
      found(
        'roster',
        'warning',
        'One relay can be used. It works, but where that one fails there is no other.',
      );
    else found('roster', 'ok', `${usable} of ${all} known relays can be used.`);
    return roster;
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof ClientError && error.code === 'BAD_ARGUMENT') throw error;
    found(
      'roster',
      'failed',
      `The list of relays cannot be loaded (${(error as Error).message}). Is the address right, and this machine online?`,
    );
    return undefined;
  }
}

async function checkSockets(
  roster: Roster | undefined,
  found: Found,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (roster === undefined) {
    found('websocket', 'skipped', 'No relay is known that a WebSocket could be opened to.');
    return;
  }
  if ((globalThis as { WebSocket?: unknown }).WebSocket === undefined) {
    found('websocket', 'failed', 'This platform has no WebSocket. Node has one from version 22 on.');
    return;
  }
  const asked = roster.relays.slice(0, RELAYS_ASKED_MAX);
  const answers = await Promise.all(asked.map(({ url }) => pingRelay(url, ANSWER_MS_MAX, signal)));
  const times = answers.filter((ms) => ms !== undefined);
  const fastest = Math.min(...times);
  if (times.length === asked.length)
    found(
      'websocket',
      'ok',
      asked.length === 1
        ? `The relay answers over WebSocket, within ${fastest} ms.`
        : `All ${asked.length} relays answer over WebSocket, the fastest within ${fastest} ms.`,
      fastest,
    );
  else if (times.length > 0)
    found(
      'websocket',
      'warning',
      `${times.length} of ${asked.length} relays answer over WebSocket; the others are down, or this network does not let through to them.`,
      fastest,
    );
  else
    found(
      'websocket',
      'failed',
      'No relay answers over WebSocket. A proxy, a firewall or an extension of the browser may be in the way.',
    );
}

async function checkKeys(found: Found): Promise<void> {
  const key = await makePeerKey();
  if (key !== undefined)
    found(
      'ed25519',
      'ok',
      'The platform has Ed25519: signatures of relays are checked, and keys can be made.',
    );
  else
    found(
      'ed25519',
      'warning',
      'The platform has no Ed25519 (or the page is not secure): signatures of relays are not checked, and Graffiti needs a proof instead of a key.',
    );
}

async function checkStorage(found: Found): Promise<void> {
  const store = pageStore();
  const name = 'relay-swarm/diagnose';
  try {
    if (store === undefined) {
      found(
        'storage',
        'warning',
        'Nothing can be kept between visits here: the next one begins with the given addresses of relays.',
      );
      return;
    }
    store.setItem(name, '1');
    if (store.getItem(name) !== '1') throw new Error('what was written is not there');
    (store as Partial<Storage>).removeItem?.(name);
    const { quota = 0, usage = 0 } = await estimate();
    const free =
      quota > usage ? `, and about ${Math.floor((quota - usage) / 1e6)} MB are free for files` : '';
    found('storage', 'ok', `The list of relays is kept between visits${free}.`);
  } catch (error) {
    found(
      'storage',
      'warning',
      `Nothing can be kept between visits (${(error as Error).message}): the next one begins with the given addresses of relays.`,
    );
  }
}

async function estimate(): Promise<StorageEstimate> {
  const { storage } = globalThis.navigator as { storage?: StorageManager }; // only secure pages have one
  return storage === undefined ? {} : storage.estimate();
}
