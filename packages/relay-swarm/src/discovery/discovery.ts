// Finds candidates in the BitTorrent DHT and announces this relay there. The only importer of bittorrent-dht.
// IPv4 only: the library opens one udp4 socket and writes six-byte peers. Relays with IPv6 alone are found by bootstrap and roster.
import { explainListenError, type Log, type Part } from '@relay-swarm/kit';
import { isPublicAddress, newBucket, takeToken } from '@relay-swarm/net';
import { Client, type DhtNode } from 'bittorrent-dht';
import { createHash, randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { isIP } from 'node:net';
import { resolveBootstrap, resolveIpv4, type ResolveIpv4 } from './bootstrap-nodes.ts';
import { sample } from './candidates.ts';
import { dhtNodeId } from './dht-node-id.ts';
import { explainDhtError, readDhtError } from './dht-refusals.ts';

export interface DiscoveryOptions {
  readonly swarm: string;
  readonly dhtPort: number;
  readonly bootstrap: readonly DhtNode[];
  /** Nodes remembered from before the restart. */
  readonly nodes: readonly DhtNode[];
  /** Where our /.well-known/relay-swarm answers over plain HTTP. */
  readonly announcedPort: () => number;
  readonly lookupMs: number;
  readonly lookupMsMax?: number;
  readonly candidatesPerLookupMax: number;
  readonly allowPrivate: boolean;
  /** This relay's public IPv4 address, where it is known: its node id follows from it. */
  readonly publicIpv4?: () => Promise<string | undefined>;
  readonly resolve?: ResolveIpv4;
  readonly found: (candidate: DhtNode) => void;
  readonly random: () => number;
  readonly log: Log;
}

export interface Discovery extends Part {
  /** What is going on, and where nothing is found, why. */
  state(): string;
  nodes(): DhtNode[];
  readonly counters: {
    lookups: number;
    candidates: number;
    datagramsDropped: number;
    faults: number;
    restarts: number;
  };
}

/** The rendezvous of a swarm. */
export const infoHashOf = (swarm: string): Buffer => createHash('sha1').update(swarm).digest();

/** Time between the first lookups; it then grows up to the setting. */
const FIRST_LOOKUP_MS = 2_000;
/** A lookup takes seconds. One that takes longer has met a node whose answer broke the library, or that keeps naming further nodes. */
const LOOKUP_MS_MAX = 30_000;
const NODES_SAVED_MAX = 100;
const PEERS_PER_NODE_MAX = 1_000;
/** Far above what mainline sends to one node. */
const DATAGRAMS = { perSecond: 1_000, burst: 4_000 } as const;
/** Few peers: the library answers with all it has in one datagram, which must not serve to flood a forged source address. */
const LIBRARY = { maxTables: 16, maxValues: 100, maxPeers: 150, maxAge: 2_400_000 } as const;

export function createDiscovery(options: DiscoveryOptions): Discovery {
  const { dhtPort, bootstrap, allowPrivate, log, random, lookupMsMax = LOOKUP_MS_MAX } = options;
  const resolve = options.resolve ?? resolveIpv4;
  const infoHash = infoHashOf(options.swarm);
  const counters = { lookups: 0, candidates: 0, datagramsDropped: 0, faults: 0, restarts: 0 };
  let dht: Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  let state = 'not started';
  let round = 0;
  /** Peers by the node that named them. */
  let heard = new Map<string, DhtNode[]>();
  let nodes = options.nodes;
  /** The last error that a node answered with since the last lookup began. */
  let refusal: ReturnType<typeof readDhtError>;
  /** Names of bootstrap nodes that led nowhere. */
  let failed: readonly string[] = [];

  const open = async (): Promise<void> => {
    const [publicIpv4, found] = await Promise.all([
      options.publicIpv4?.(),
      resolveBootstrap(bootstrap, resolve),
    ]);
    failed = found.failed;
    const nodeId =
      publicIpv4 === undefined ? randomBytes(20) : Buffer.from(dhtNodeId(publicIpv4, randomBytes(20)));
    return listen(nodeId, found.nodes);
  };

  const listen = (nodeId: Buffer, bootstrapNodes: readonly DhtNode[]): Promise<void> =>
    new Promise((resolve, reject) => {
      const refused = (message: Buffer): void => void (refusal = readDhtError(message) ?? refusal);
      const socket = guardSocket(createSocket('udp4'), { allowPrivate, counters, refused });
      const client = new Client({
        ...LIBRARY,
        nodeId,
        bootstrap: bootstrapNodes.length > 0 && bootstrapNodes,
        socket,
      });
      dht = client;
      client.on('error', (error: NodeJS.ErrnoException) => {
        state = `cannot use UDP port ${dhtPort}: ${error.message}`;
        reject(explainListenError(error, 'the DHT', dhtPort, 'TRACKER_DHT_PORT'));
      });
      client.on('warning', () => counters.faults++);
      client.on(
        'peer',
        (peer: DhtNode, _infoHash: unknown, from: { address?: string; port?: number } | null) => {
          const node = `${from?.address}:${from?.port}`;
          const named = heard.get(node);
          if (named === undefined) heard.set(node, [peer]);
          else if (named.length < PEERS_PER_NODE_MAX) named.push(peer);
        },
      );
      client.listen(dhtPort, () => {
        // Not before: the first ping would bind the socket to another port
        for (const node of nodes) client.addNode({ ...node });
        resolve();
      });
    });

  const close = (): Promise<void> =>
    new Promise((resolve) => {
      if (dht === undefined) resolve();
      else dht.destroy(resolve);
      dht = undefined;
    });

  /** Passes on a fair sample of the peers that this lookup has found; returns how many. */
  const yieldCandidates = (): number => {
    const candidates = chooseFairly([...heard.values()], options.candidatesPerLookupMax, random);
    counters.candidates += candidates.length;
    candidates.forEach(options.found);
    return candidates.length;
  };

  const look = (): void => {
    const client = dht;
    if (client === undefined) return;
    counters.lookups++;
    heard = new Map();
    refusal = undefined;
    const deadline = setTimeout(() => {
      yieldCandidates(); // a node that keeps naming further nodes must not hold back what the others have answered
      void restart();
    }, lookupMsMax);
    const abort = client.lookup(infoHash, (_error, answers = 0) => {
      clearTimeout(deadline);
      abort();
      if (dht !== client) return;
      tell(describe({ answers, candidates: yieldCandidates(), port: dhtPort, refusal, failed }));
      if (answers === 0) void startOver(client);
      if (answers > 0) client.announce(infoHash, options.announcedPort(), () => undefined); // no node took it: the next lookup says so
      schedule();
    });
    deadline.unref();
  };

  /** Resolves the names again: they may have new addresses, or could not be resolved when this machine started. */
  const startOver = async (client: Client): Promise<void> => {
    const found = await resolveBootstrap(bootstrap, resolve);
    failed = found.failed;
    if (dht === client) for (const node of found.nodes) client.addNode({ ...node });
  };

  const schedule = (): void => {
    const waitMs = Math.min(options.lookupMs, FIRST_LOOKUP_MS * 2 ** Math.min(round++, 20));
    timer = setTimeout(look, waitMs * (0.75 + random() / 2));
    timer.unref();
  };

  const restart = async (): Promise<void> => {
    if (dht === undefined) return;
    counters.restarts++;
    nodes = savedNodes(dht);
    await close();
    await open().catch((error: unknown) => log.warn('cannot open the DHT again', { error }));
    schedule();
  };

  const tell = (words: string): void => {
    if (words !== state) log.info('discovery', { state: words });
    state = words;
  };

  return {
    name: 'discovery',
    counters,
    state: () => state,
    nodes: () => (dht === undefined ? [...nodes] : savedNodes(dht)),
    start: async () => {
      state = 'starting';
      await open();
      look();
    },
    stop: async () => {
      clearTimeout(timer);
      if (dht !== undefined) nodes = savedNodes(dht);
      await close();
      state = 'stopped';
    },
  };
}

/** Takes equally many peers from each node, so that one that names a thousand does not crowd out one that names three. */
export function chooseFairly(lists: readonly DhtNode[][], countMax: number, random: () => number): DhtNode[] {
  const shuffled = lists.map((list) => sample(list, list.length, random));
  const longest = Math.max(0, ...shuffled.map(({ length }) => length));
  const chosen = new Map<string, DhtNode>();
  for (let i = 0; i < longest; i++) {
    for (const peer of sample(shuffled, shuffled.length, random).flatMap((list) => list.slice(i, i + 1))) {
      if (chosen.size >= countMax) return [...chosen.values()];
      chosen.set(`${peer.host}:${peer.port}`, peer);
    }
  }
  return [...chosen.values()];
}

const savedNodes = (dht: Client): DhtNode[] => dht.toJSON().nodes.slice(0, NODES_SAVED_MAX);

interface Looked {
  readonly answers: number;
  readonly candidates: number;
  readonly port: number;
  readonly refusal: ReturnType<typeof readDhtError>;
  readonly failed: readonly string[];
}

function describe({ answers, candidates, port, refusal, failed }: Looked): string {
  if (answers === 0) {
    if (refusal !== undefined) return explainDhtError(refusal);
    const names = failed.length === 0 ? '' : `. These names have no IPv4 address here: ${failed.join(', ')}`;
    return `no DHT node answers: is UDP blocked? Port ${port}/udp must be open in both directions, and one of TRACKER_DHT_BOOTSTRAP must be alive${names}`;
  }
  if (candidates === 0) return 'the DHT answers, but knows nobody else of this swarm yet';
  return 'the DHT answers and knows candidates of this swarm';
}

/**
 * The library trusts the shape of what it decodes: a token or an id that is no buffer throws out of its message handler, which
 * would end the process. So its handlers run under a guard, a flood is cut, and nothing is sent where a stranger must not make us send.
 */
function guardSocket(
  socket: Socket,
  {
    allowPrivate,
    counters,
    refused,
  }: { allowPrivate: boolean; counters: Discovery['counters']; refused: (message: Buffer) => void },
): Socket {
  const bucket = newBucket(DATAGRAMS, performance.now());
  const emit = socket.emit.bind(socket) as (event: string, ...args: unknown[]) => boolean;
  const guardedEmit = (event: string, ...args: unknown[]): boolean => {
    if (event !== 'message') return emit(event, ...args);
    if (!takeToken(bucket, DATAGRAMS, performance.now())) {
      counters.datagramsDropped++;
      return true;
    }
    refused(args[0] as Buffer);
    try {
      return emit(event, ...args);
    } catch {
      counters.faults++; // the sender's fault; whom it was about runs into its time-out
      return true;
    }
  };
  const send = socket.send.bind(socket) as (...args: unknown[]) => void;
  const guardedSend = (
    message: unknown,
    offset: number,
    length: number,
    port: number,
    host: string,
    done: unknown,
  ): void => {
    const isPort = Number.isInteger(port) && port > 0 && port < 65_536;
    if (isPort && isIP(host) === 4 && (allowPrivate || isPublicAddress(host))) {
      send(message, offset, length, port, host, done);
    }
  };
  return Object.assign(socket, { emit: guardedEmit, send: guardedSend });
}
