import { SwarmTable } from '../../src/swarm/swarm-table.ts';
import { NaiveStore } from '../support/naive-store.ts';
import { describeSwarmStore } from '../support/swarm-store-contract.ts';

describeSwarmStore('SwarmTable', (limits) => new SwarmTable(limits));
describeSwarmStore('a list that is searched', (limits) => new NaiveStore(limits));
