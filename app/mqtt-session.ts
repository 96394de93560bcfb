/** Our session at a broker elsewhere: its name, and every filter it may still hold, outlive the process and its settings. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { syncFolder } from '../link/whole-file.ts';
import { StartError } from './start-error.ts';

export interface MqttSession {
  readonly clientId: string;
  /** Those of now included. */
  readonly formerFilters: readonly string[];
}

const fileSchema = z.object({ clientId: z.string().min(1), filters: z.array(z.string()) });

export function openMqttSession(dataDir: string, filters: readonly string[]): MqttSession {
  const file = join(dataDir, 'mqtt-session.json');
  const known = existsSync(file) ? read(file) : { clientId: newClientId(), filters: [] };
  const session = { clientId: known.clientId, filters: [...new Set([...known.filters, ...filters])] };
  writeFileSync(`${file}.new`, `${JSON.stringify(session, null, 2)}\n`, { flush: true });
  renameSync(`${file}.new`, file);
  syncFolder(dataDir);
  return { clientId: session.clientId, formerFilters: session.filters };
}

/** Not mended behind the operator's back: under another name, what the broker keeps for us would never come. */
function read(file: string): z.output<typeof fileSchema> {
  try {
    return fileSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    throw new StartError(
      `${file} is damaged. It names our session at the broker: mend its clientId, or delete it and lose what the broker still holds for that session`,
    );
  }
}

/** Short, and of plain letters: some brokers take no others. The host is for whoever reads the broker's log. */
function newClientId(): string {
  const host = hostname()
    .replaceAll(/[^a-zA-Z0-9-]/g, '')
    .slice(0, 20);
  return `aimak-${host}-${randomBytes(4).toString('hex')}`;
}
