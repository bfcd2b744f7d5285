// STUN and TURN servers for RTCPeerConnection, from the relays that answer fastest, with credentials that are still good for a while.
import { Fields } from '@relay-swarm/protocol/fields';
import { ICE_SERVERS_CHARS_MAX } from '@relay-swarm/protocol/ice-servers';
import { ClientError } from './errors.ts';
import { readAnswer, type Fetch } from './relay-source.ts';

/** Where to ask, and how far that is: a round trip to its relay, where one was measured. */
export interface IceOffer {
  readonly url: string;
  readonly roundTripMs: number | undefined;
}

export interface IceAnswer {
  readonly iceServers: RTCIceServer[];
  /** By the page's own clock. */
  readonly expiresAtMs: number;
}

/** Asked at most; browsers grow slow with more servers than a few. */
const ASKED_MAX = 4;
const TAKEN_MAX = 2;
/** A first answer takes several round trips (name, TCP, TLS, the question itself). One round trip is about this part of that time. */
const ROUND_TRIP_PART = 1 / 3;
/** Once the first has answered, the others have so long. */
const OTHERS_MS = 400;
/** New credentials are fetched when less than this part of their life is left. */
const RENEW_PART = 0.25;

export class IceServers {
  readonly #fetch: Fetch;
  readonly #now: () => number;
  #kept?: { answer: IceAnswer; renewAtMs: number };
  #asking: Promise<IceAnswer> | undefined;

  constructor(fetch: Fetch, now: () => number) {
    this.#fetch = fetch;
    this.#now = now;
  }

  /** Servers of the nearest of these. Rejects with NO_SERVICE where none answers and none are left. */
  async get(offers: readonly IceOffer[]): Promise<IceAnswer> {
    const kept = this.#kept;
    if (kept !== undefined && this.#now() < kept.renewAtMs) return kept.answer;
    this.#asking ??= this.#ask(offers).finally(() => (this.#asking = undefined));
    try {
      return await this.#asking;
    } catch (error) {
      // The relays are away for the moment: old credentials serve while they last.
      if (kept !== undefined && this.#now() < kept.answer.expiresAtMs) return kept.answer;
      throw error;
    }
  }

  /** When `get()` will ask anew; undefined before it has answered. */
  get renewAtMs(): number | undefined {
    return this.#kept?.renewAtMs;
  }

  /** All are asked at the same moment; where no round trip was measured before, the time to the answer tells it. */
  async #ask(offers: readonly IceOffer[]): Promise<IceAnswer> {
    const answers: (IceAnswer & { roundTripMs: number })[] = [];
    const nearest = [...offers].sort(
      (a, b) => (a.roundTripMs ?? Infinity) - (b.roundTripMs ?? Infinity) || 0,
    );
    const startedAtMs = performance.now();
    const asked = nearest.slice(0, ASKED_MAX).map(async ({ url, roundTripMs }) => {
      const { iceServers, ttlMs } = await readAnswer(this.#fetch, url, ICE_SERVERS_CHARS_MAX, readIceServers);
      answers.push({
        iceServers,
        expiresAtMs: this.#now() + ttlMs,
        roundTripMs: roundTripMs ?? (performance.now() - startedAtMs) * ROUND_TRIP_PART,
      });
    });
    await Promise.any(asked).catch((error: unknown) => {
      throw new ClientError(
        'NO_SERVICE',
        'Cannot get ICE servers: no relay that offers them has answered',
        error,
      );
    });
    const rest = new Promise((resolve) => setTimeout(resolve, OTHERS_MS));
    await Promise.race([rest, Promise.allSettled(asked)]);
    const taken = answers.sort((a, b) => a.roundTripMs - b.roundTripMs).slice(0, TAKEN_MAX);
    const answer = {
      iceServers: taken.flatMap(({ iceServers }) => iceServers),
      expiresAtMs: Math.min(...taken.map(({ expiresAtMs }) => expiresAtMs)),
    };
    const lifeMs = answer.expiresAtMs - this.#now();
    this.#kept = { answer, renewAtMs: answer.expiresAtMs - lifeMs * RENEW_PART };
    return answer;
  }
}

/** The answer of `/ice-servers`. Throws ProtocolError. */
export function readIceServers(text: string): { iceServers: RTCIceServer[]; ttlMs: number } {
  const fields = Fields.fromJson(text, ICE_SERVERS_CHARS_MAX);
  const iceServers = fields.objects('iceServers', 16, (server) => ({
    urls: server.words('urls', 16, /^(stuns?|turns?):[^\s]{1,256}$/),
    ...(server.has('username') && {
      username: server.text('username', { charsMax: 512 }),
      credential: server.text('credential', { charsMax: 512 }),
    }),
  }));
  // Counted from now: the page's clock may be wrong, and `expiresAt` is the relay's.
  const ttlMs = fields.has('ttlSeconds') ? fields.integer('ttlSeconds', 1, 31_536_000) * 1000 : 3_600_000;
  return { iceServers, ttlMs };
}
