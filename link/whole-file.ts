/** Files that are written whole or not at all: a power cut, or whoever reads meanwhile, finds the old one or the new one. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

export function writeWhole(file: string, text: string, mode = 0o666): void {
  const temporary = `${file}.new`;
  // One that a killed process left behind would keep its mode.
  rmSync(temporary, { force: true });
  writeFileSync(temporary, text, { mode, flag: 'wx', flush: true });
  renameSync(temporary, file);
  syncFolder(dirname(file));
}

/** What was written to a file outlives the end of the power only after this. */
export function syncFile(file: string): void {
  syncAt(file, 'r+');
}

/** What was made, renamed or deleted in a folder outlives the end of the power only after this. */
export function syncFolder(dir: string): void {
  // Windows has no such thing, and needs none.
  if (process.platform === 'win32') return;
  syncAt(dir, 'r');
}

function syncAt(path: string, mode: 'r' | 'r+'): void {
  const handle = openSync(path, mode);
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
