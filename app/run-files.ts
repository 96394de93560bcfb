/** What tells other programs of the server that runs on a data folder: `run.json` and `run.token`. */
import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeWhole } from '../link/whole-file.ts';
import { StartError } from './start-error.ts';

const runSchema = z.object({
  pid: z.number(),
  startedAt: z.string(),
  host: z.string(),
  httpPort: z.number(),
  /** Of the embedded broker; null where there is another. */
  mqttPort: z.number().nullable(),
  mqttUrl: z.string(),
});

export type RunFile = Readonly<z.output<typeof runSchema>>;

const [RUN_FILE, TOKEN_FILE] = ['run.json', 'run.token'];

/** `run.json` tells tools and tests which ports were chosen. Returns how to remove it, as long as it is still ours. */
export function writeRunFile(dir: string, run: RunFile): () => void {
  const file = join(dir, RUN_FILE);
  const text = `${JSON.stringify(run, null, 2)}\n`;
  writeWhole(file, text);
  return () => removeOwn(file, text);
}

/** Null where no server runs. Throws StartError where the file is no such thing. */
export function readRunFile(dir: string): RunFile | null {
  const file = join(dir, RUN_FILE);
  try {
    return runSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    const reason = code ?? 'not what a server writes';
    throw new StartError(`${file} cannot be used (${reason}); start the server again, which writes it anew`);
  }
}

export interface RunToken {
  readonly token: string;
  remove(): void;
}

/** What the command line shows to the server of this run: who can read the data folder may do there what he wants anyway. */
export function writeRunToken(dir: string): RunToken {
  const token = randomBytes(32).toString('base64url');
  const file = join(dir, TOKEN_FILE);
  writeWhole(file, token, 0o600);
  return { token, remove: () => removeOwn(file, token) };
}

/** Null where no server runs, or its folder is another account's. */
export function readRunToken(dir: string): string | null {
  try {
    return readFileSync(join(dir, TOKEN_FILE), 'utf8');
  } catch {
    return null;
  }
}

/** Whatever another has put there in its place stays. */
function removeOwn(file: string, text: string): void {
  try {
    if (readFileSync(file, 'utf8') === text) rmSync(file);
  } catch {
    // It is gone, or no file any more.
  }
}
