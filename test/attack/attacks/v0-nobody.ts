// No attack: what the machine itself and whoever else uses it do to honest clients. The others are to be read beside this one.
import type { Attack, ServiceName } from '../attack.ts';

const attackOn = (id: string, service: ServiceName): Attack => ({
  id,
  title: 'nobody attacks: what this machine does by itself',
  service,
  run: () => new Promise(() => undefined),
});

export const onTracker = attackOn('v0a', 'tracker');
export const onStun = attackOn('v0b', 'stun');
