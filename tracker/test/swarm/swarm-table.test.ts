import { SwarmTable } from '../../src/swarm/swarm-table.ts';
import { describeSwarmStore } from '../support/swarm-store-contract.ts';

describeSwarmStore('SwarmTable', (limits) => new SwarmTable(limits));
