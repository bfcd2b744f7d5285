// This machine's addresses, and UDP listeners on each of them. A UDP socket on the wildcard answers from the address that the kernel
// prefers, so a client that asked another address hears nothing. With one socket per address, the asked address answers.
import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';

/** Addresses of this machine beyond this are left out, so that no machine opens thousands of sockets. */
const LISTENED_ADDRESSES_MAX = 256;
const LOOK_MS = 5_000;
/** How long an address that disappears (DHCP, a VPN that reconnects) keeps its socket, and with it its clients' state. */
const GONE_MS = 300_000;
const PORT_TRIES_MAX = 16;

/** The addresses on this machine's interfaces, without zones ("fe80::1%eth0"). */
export const interfaceAddresses = (): string[] =>
  Object.values(networkInterfaces()).flatMap((all) =>
    (all ?? []).map(({ address }) => address.split('%')[0]!),
  );

const isLinkLocalIPv6 = (address: string): boolean => /^fe[89ab]/i.test(address);

/**
 * The addresses to listen on: each host, and in place of 0.0.0.0 or :: all own addresses of that family. Link-local IPv6 is
 * left out of these: it needs a zone, which no URL can carry. Pure.
 */
export function listenedAddresses(hosts: readonly string[], own: readonly string[]): string[] {
  const expand = (host: string): readonly string[] => {
    if (host === '0.0.0.0') return own.filter((address) => !isIPv6(address));
    if (host === '::') return own.filter((address) => isIPv6(address) && !isLinkLocalIPv6(address));
    return [host];
  };
  return [...new Set(hosts.flatMap(expand))].slice(0, LISTENED_ADDRESSES_MAX);
}

/** What stands on one address. */
export interface AddressListener {
  readonly port: number;
  close(): void | Promise<void>;
}

export interface AddressListenersOptions<T extends AddressListener> {
  /** 0.0.0.0 and :: mean every own address of that family. */
  readonly hosts: readonly string[];
  /** 0: any that is free on all of them. */
  readonly port: number;
  /** Binds; throws or rejects with the system's error where that fails. */
  readonly open: (host: string, port: number) => T | Promise<T>;
  readonly own?: () => readonly string[];
  readonly lookMs?: number;
  /** Milliseconds that only grow. */
  readonly monotonicMs: () => number;
  /** Called once for each address and fault, while it lasts. */
  readonly onFault: (host: string, error: Error) => void;
  readonly onChange?: (what: { readonly opened?: string; readonly closed?: string }) => void;
}

/** One listener for each address, looked at again every few seconds: addresses come (SLAAC, a second cloud address) and go. */
export class AddressListeners<T extends AddressListener> {
  readonly #options: AddressListenersOptions<T>;
  readonly #open = new Map<string, T>();
  readonly #goneSinceMs = new Map<string, number>();
  readonly #faults = new Map<string, string>();
  #port: number;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(options: AddressListenersOptions<T>) {
    this.#options = options;
    this.#port = options.port;
  }

  /** In the order of the hosts; own addresses in the system's. */
  get all(): readonly T[] {
    return [...this.#open.values()];
  }

  /** Rejects where no address can be bound, or one that was named cannot; an own address that is not ready yet is tried again later. */
  async start(): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        await this.#openAll();
        break;
      } catch (error) {
        await this.#closeAll();
        // Free on the first address, and taken on another
        const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
        if (this.#options.port !== 0 || !isTaken || tries === PORT_TRIES_MAX) throw error;
        this.#port = 0;
      }
    }
    this.#timer = setInterval(() => void this.look(), this.#options.lookMs ?? LOOK_MS);
    this.#timer.unref();
  }

  /** Opens what is missing and closes what is long gone. Never rejects. */
  look(): Promise<void> {
    return (this.#looking = this.#looking.then(() => this.#look()));
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#timer);
    await this.#looking;
    await this.#closeAll();
  }

  #wanted(): string[] {
    return listenedAddresses(this.#options.hosts, (this.#options.own ?? interfaceAddresses)());
  }

  async #openAll(): Promise<void> {
    let failure: Error | undefined;
    for (const host of this.#wanted()) {
      try {
        await this.#openAt(host);
      } catch (error) {
        // EADDRNOTAVAIL: an IPv6 address that is still being checked for duplicates
        const isLater =
          (error as NodeJS.ErrnoException).code === 'EADDRNOTAVAIL' && !this.#options.hosts.includes(host);
        if (!isLater) throw error;
        failure = error as Error;
      }
    }
    if (this.#open.size === 0) {
      throw failure ?? new Error(`Cannot listen on ${this.#options.hosts.join(', ')}: found no own address`);
    }
  }

  async #openAt(host: string): Promise<void> {
    const listener = await this.#options.open(host, this.#port);
    this.#open.set(host, listener);
    this.#port = listener.port;
  }

  async #look(): Promise<void> {
    if (this.#isStopped) return;
    const wanted = this.#wanted();
    const nowMs = this.#options.monotonicMs();
    for (const host of wanted) {
      this.#goneSinceMs.delete(host);
      if (this.#open.has(host)) continue;
      try {
        await this.#openAt(host);
        this.#faults.delete(host);
        this.#options.onChange?.({ opened: host });
      } catch (error) {
        const fault = String(error);
        if (this.#faults.get(host) !== fault) this.#options.onFault(host, error as Error);
        this.#faults.set(host, fault);
      }
    }
    for (const [host, listener] of this.#open) {
      if (wanted.includes(host)) continue;
      const since = this.#goneSinceMs.get(host) ?? nowMs;
      this.#goneSinceMs.set(host, since);
      if (nowMs - since < GONE_MS) continue;
      this.#goneSinceMs.delete(host);
      this.#open.delete(host);
      await listener.close();
      this.#options.onChange?.({ closed: host });
    }
    for (const host of this.#faults.keys()) if (!wanted.includes(host)) this.#faults.delete(host);
  }

  async #closeAll(): Promise<void> {
    const open = [...this.#open.values()];
    this.#open.clear();
    await Promise.all(open.map(async (listener) => listener.close()));
  }
}
