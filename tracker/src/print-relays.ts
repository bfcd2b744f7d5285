// Prints what the tracker has written of the relays that it knows: scripts/relays.
import { completeFromFile, readJsonFile, readSettings, SettingsError } from '@relay-swarm/kit';
import { formatRelayTable, RELAY_TABLE_FILE } from '@relay-swarm/relay-swarm';
import { join } from 'node:path';
import { trackerSettings } from './settings.ts';

try {
  const { dataDir } = readSettings(completeFromFile('.env', process.env), {
    dataDir: trackerSettings.dataDir,
  });
  const table = await readJsonFile(join(dataDir, RELAY_TABLE_FILE));
  process.stdout.write(formatRelayTable(table, process.argv[2], Date.now()));
} catch (error) {
  if (!(error instanceof SettingsError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
