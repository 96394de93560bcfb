/** How often the bridge has been started on this data folder, and how often it had not ended by its own will before. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { RunRecord } from '../firmware-bridge/status.ts';
import { RELEASE } from './release.ts';

interface RunFile {
  readonly starts: number;
  readonly crashes: number;
  readonly isRunning: boolean;
}

export interface BridgeRun {
  readonly record: RunRecord;
  /** By its own will. */
  end(): void;
}

export function beginRun(file: string): BridgeRun {
  const before = read(file);
  const counts = { starts: before.starts + 1, crashes: before.crashes + (before.isRunning ? 1 : 0) };
  write(file, { ...counts, isRunning: true });
  return {
    record: { ...counts, version: RELEASE.version, startedAtMs: Date.now() },
    end: () => write(file, { ...counts, isRunning: false }),
  };
}

/** A count is not worth a refusal to start: where it cannot be read it begins anew. */
function read(file: string): RunFile {
  const none = { starts: 0, crashes: 0, isRunning: false };
  try {
    return existsSync(file) ? { ...none, ...(JSON.parse(readFileSync(file, 'utf8')) as Partial<RunFile>) } : none;
  } catch {
    return none;
  }
}

/** Whole or not at all, where the power goes meanwhile. */
function write(file: string, run: RunFile): void {
  writeFileSync(`${file}.new`, `${JSON.stringify(run)}\n`);
  renameSync(`${file}.new`, file);
}
