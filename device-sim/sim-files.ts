/** What the running simulator writes: its state, whole each time, and the truth, line by line. */
import { appendFile } from 'node:fs/promises';
import type { Log } from '../model/log.ts';
import { type SimState, writeState } from './state-file.ts';
import type { TruthEvent } from './truth.ts';

export interface SimFiles {
  /** After all that was to be saved before. Rejects where the disk refuses. */
  write(state: () => SimState): Promise<void>;
  /** The same; a full disk must not stop the village: the next start then only sends more of it again. */
  save(state: () => SimState): Promise<void>;
  /** What cannot be written now is written with the next. */
  tell(events: readonly TruthEvent[]): Promise<void>;
}

export function createSimFiles(paths: { statePath: string; truthPath?: string | undefined }, log: Log): SimFiles {
  const { statePath, truthPath } = paths;
  let saving: Promise<unknown> = Promise.resolve();
  let untold: readonly TruthEvent[] = [];

  function write(state: () => SimState): Promise<void> {
    const written = saving.then(() => writeState(statePath, state()));
    saving = written.catch(() => undefined);
    return written;
  }

  return {
    write,
    save: (state) =>
      write(state).catch((error: unknown) => {
        log.error({ err: error, statePath }, 'simulator: cannot write its state');
      }),
    async tell(events) {
      if (truthPath === undefined) return;
      untold = [...untold, ...events];
      if (untold.length === 0) return;
      try {
        await appendFile(truthPath, untold.map(({ line }) => `${JSON.stringify(line)}\n`).join(''));
        untold = [];
      } catch (error) {
        log.error({ err: error, truthPath }, 'simulator: cannot write the truth');
      }
    },
  };
}
