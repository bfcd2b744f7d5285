// Which engine: the one place that knows both. `peer` and what it needs are loaded only where it is chosen.
import type { CreateSignalingEngine } from './signaling/engine.ts';
import { createNativeEngine } from './signaling/native-engine.ts';

export const ENGINES = ['native', 'peer'] as const;
export type EngineName = (typeof ENGINES)[number];

export async function loadEngine(name: EngineName): Promise<CreateSignalingEngine> {
  if (name === 'native') return createNativeEngine;
  return (await import('./peer-engine/peer-engine.ts')).createPeerEngine;
}
