import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startNotifyWatch } from '../../app/notify-watch.ts';
import { ACTIVE, openDesk } from '../harness/alarms.ts';
import { silentLog } from '../harness/readings.ts';

const MINUTE = 60;
const NOTHING = { retrying: 0, sent: 0, failed: 0 };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function watched(file?: string) {
  const opened = openDesk({ now: Date.now, ...(file !== undefined && { file }) });
  let counts = NOTHING;
  const stop = startNotifyWatch(() => counts, { alarms: opened.desk, now: Date.now, log: silentLog });
  return {
    ...opened,
    stop,
    /** Whether the alarm holds after so many seconds of this. */
    after(seconds: number, now: Partial<typeof NOTHING>) {
      counts = { ...NOTHING, ...now };
      vi.advanceTimersByTime(seconds * 1_000);
      return opened.desk.isActive('notify-failing');
    },
  };
}

it('opens an alarm when no message went out for an hour while some were tried, and closes it when one has', () => {
  const watch = watched();
  expect(watch.after(120 * MINUTE, {})).toBe(false);
  expect(watch.after(59 * MINUTE, { retrying: 1 })).toBe(false);
  expect(watch.after(2 * MINUTE, { retrying: 1 })).toBe(true);
  expect(watch.desk.list(ACTIVE)).toMatchObject([{ rule: 'notify-failing', priority: 'high', site: null }]);
  expect(watch.after(15, { sent: 1 })).toBe(false);
  watch.stop();
});

it('takes those that no way will ever take for failed too', () => {
  const watch = watched();
  watch.after(MINUTE, { failed: 3 });
  expect(watch.after(60 * MINUTE, { failed: 4 })).toBe(true);
  watch.stop();
});

it('says nothing while messages go out, though one of them waits', () => {
  const watch = watched();
  for (let sent = 0; sent < 5; sent++) expect(watch.after(30 * MINUTE, { retrying: 1, failed: 1, sent })).toBe(false);
  watch.stop();
});

it('goes on over a restart while messages still wait, and is over where none does', () => {
  const before = watched();
  before.after(61 * MINUTE, { retrying: 1 });
  before.stop();
  before.journal.close();
  const watch = watched(before.file);
  expect(watch.after(MINUTE, { retrying: 1 })).toBe(true);
  expect(watch.after(15, {})).toBe(false);
  watch.stop();
});
