/** `notify.db` that is garbled under a running server. */
import { closeSync, existsSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openLastingLedgerFile } from '../../../ingest/alarms/notify/lasting-ledger-file.ts';
import type { Message } from '../../../ingest/alarms/notify/ledger.ts';
import { openLedgerFile } from '../../../ingest/alarms/notify/ledger-file.ts';
import { temporaryFolder } from '../../harness/server.ts';

const PAGE = 4096;

function message(id: string): Message {
  const facts = {
    id,
    person: 'aida',
    kind: 'first',
    at: 1,
    isUrgent: true,
    state: 'sent',
    tries: 1,
    nextAt: 1,
  } as const;
  return { ...facts, sentAt: 1, channel: 'sms', reason: null, refused: [], content: {} } as unknown as Message;
}

/** All but the first page, which SQLite has in its cache. */
function garble(file: string): void {
  const handle = openSync(file, 'r+');
  for (let at = PAGE; at < statSync(file).size; at += PAGE) writeSync(handle, Buffer.alloc(PAGE, 0x5a), 0, PAGE, at);
  closeSync(handle);
}

it('sets it aside, begins another, and goes on', async () => {
  const path = join(temporaryFolder(), 'notify.db');
  const before = openLedgerFile(path);
  before.save([{ message: message('a'), pages: [] }]);
  await before.close();
  const reasons: string[] = [];
  const file = openLastingLedgerFile(path, (reason) => {
    reasons.push(reason);
    renameSync(path, `${path}.aside`);
    for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, { force: true });
  });
  garble(path);
  expect(file.message('a')).toBeUndefined();
  expect(reasons).toEqual([expect.stringMatching(/malformed/)]);
  expect(existsSync(`${path}.aside`)).toBe(true);
  file.save([{ message: message('b'), pages: [] }]);
  file.saveRun({ from: 1, to: 2 });
  file.forgetBefore(0);
  await file.close();
  const after = openLedgerFile(path);
  expect(after.message('b')?.id).toBe('b');
  expect(after.runs()).toEqual([{ from: 1, to: 2 }]);
  await after.close();
  expect(reasons).toHaveLength(1);
});

it('passes on what is no damage', async () => {
  const path = join(temporaryFolder(), 'notify.db');
  const file = openLastingLedgerFile(path, () => expect.fail('nothing is damaged'));
  await file.close();
  expect(() => file.message('a')).toThrow(/not open|finalized|closed/);
});
