// Files of the shared volume: JSON, one writer each, never torn. Written to a temporary file beside it and renamed.
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { randomBytes } from 'node:crypto';

/** Writes the file whole or not at all; readers see the old or the new content, never a part. Creates the folder. */
export async function writeJsonFile(file: string, value: unknown, mode = 0o644): Promise<void> {
  const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  await mkdir(dirname(file), { recursive: true });
  try {
    await writeFile(temporary, `${JSON.stringify(value)}\n`, { mode });
    await chmod(temporary, mode); // the umask must not keep other services from reading it
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** The file's JSON; undefined where there is no file, where it is larger than `bytesMax`, or where it is no JSON. */
export async function readJsonFile(file: string, bytesMax = 4_194_304): Promise<unknown> {
  try {
    const content = await readFile(file);
    return content.length > bytesMax ? undefined : (JSON.parse(content.toString('utf8')) as unknown);
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
