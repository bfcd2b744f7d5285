// Settings from a file named .env beside the bundle, for runs without Docker. The only importer of dotenv.
import { config } from 'dotenv';
import { existsSync } from 'node:fs';
import { SettingsError, type Environment } from './settings.ts';

/** The environment, completed by the file's lines; what the environment already says wins. No file is fine. */
export function completeFromFile(file: string, env: Environment): Environment {
  if (!existsSync(file)) return env;
  const fromFile: Record<string, string> = {};
  const { error } = config({ path: file, processEnv: fromFile, quiet: true });
  if (error) throw new SettingsError(`Cannot read ${file}: ${error.message}`);
  return { ...fromFile, ...env };
}
