// An observer is told of peers that come, change and go, so that statistics need not look at all of them.

export interface PeerObserver {
  came(id: string, isSeeder: boolean, isIPv6: boolean): void;
  changed(id: string, isSeeder: boolean): void;
  left(id: string, isSeeder: boolean): void;
}

export const NO_OBSERVER: PeerObserver = {
  came: () => undefined,
  changed: () => undefined,
  left: () => undefined,
};
