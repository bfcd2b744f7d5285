import { engines } from '../../src/engines.ts';
import { describeTurnEngine } from './turn-engine.ts';

for (const [name, create] of Object.entries(engines)) describeTurnEngine(name, create);
