// Prints this relay's id: the public key that the other relays know it by. Makes the key where there is none yet.
import { completeFromFile, readSettings, SettingsError } from '@relay-swarm/kit';
import { loadIdentity, relaySettings } from '@relay-swarm/relay-swarm';

try {
  const { identityDir } = readSettings(completeFromFile('.env', process.env), {
    identityDir: relaySettings.identityDir,
  });
  process.stdout.write(`${(await loadIdentity(identityDir)).id}\n`);
} catch (error) {
  if (!(error instanceof SettingsError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
