import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startChild } from './child.ts';
import type { Past } from './past.ts';
import type { RunContext } from './run-context.ts';

const FILL_WITHIN_MS = 30 * 60_000;

/** A data folder whose store holds that past. */
export async function fillWithPast(context: RunContext, name: string, past: Past): Promise<string> {
  const folder = join(context.folder, name);
  mkdirSync(folder);
  const readings = past.readings * past.devices.length * past.metrics.length;
  context.say(`filling a store with ${readings} readings`);
  const startedAt = Date.now();
  const child = startChild(context, 'past-fill.ts', { file: join(folder, 'readings.db'), past });
  await child.next('filled', FILL_WITHIN_MS);
  context.say(`filled in ${Math.round((Date.now() - startedAt) / 1000)} s`);
  return folder;
}
