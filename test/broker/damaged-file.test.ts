/** `broker.db` that proves to be damaged while the broker runs. */
import { expect, it, vi } from 'vitest';
import type { Row } from '../../broker/sessions/rows.ts';
import type { SessionFile } from '../../broker/sessions/session-file.ts';
import { createWriteBehind } from '../../broker/sessions/write-behind.ts';
import { silentLog } from '../harness/readings.ts';

const row = { table: 'session', isSaved: false, isGone: false } as unknown as Row;

it.each([
  [11, 1],
  [26, 1],
  [13, 0],
])('is told once where SQLite says %i', (errcode, times) => {
  vi.useFakeTimers();
  try {
    const write = vi.fn(() => {
      throw Object.assign(new Error('malformed'), { code: 'ERR_SQLITE_ERROR', errcode });
    });
    const told: string[] = [];
    const file = { write, close: () => undefined } as unknown as SessionFile;
    const changes = createWriteBehind(file, silentLog, (reason) => told.push(reason));
    changes.note(row);
    vi.advanceTimersByTime(10_000);
    expect(write.mock.calls.length).toBeGreaterThan(2);
    expect(told).toHaveLength(times);
    expect(changes.unsaved()).toBe(1);
    changes.close();
  } finally {
    vi.useRealTimers();
  }
});
