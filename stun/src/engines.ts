// Which engine: the one place that knows both.
import type { TurnEngine, TurnEngineOptions } from './engine.ts';
import { createNativeEngine } from './native-engine.ts';
import { createNodeTurnEngine } from './node-turn/engine.ts';

export const engines = {
  native: createNativeEngine,
  'node-turn': createNodeTurnEngine,
} as const satisfies Record<string, (options: TurnEngineOptions) => TurnEngine>;
