import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { startHeartbeat } from '../../../ingest/alarms/notify/heartbeat.ts';
import { createLedger } from '../../../ingest/alarms/notify/ledger.ts';
import { openLedgerFile } from '../../../ingest/alarms/notify/ledger-file.ts';
import { silentLog } from '../../harness/readings.ts';
import { temporaryFolder } from '../../harness/server.ts';

const HOUR = 3_600_000;

function openLedger(file = join(temporaryFolder(), 'notify.db'), now = 0) {
  return { file, ledger: createLedger(openLedgerFile(file), { log: silentLog, now }) };
}
const content = { subject: 's', text: 't', facts: {} };
const page = (episode: string, step = 0) => ({ episode, round: 1, step, person: 'aida' });
const message = (episode: string, at = 0) =>
  ({ person: 'aida', kind: 'page', at, isUrgent: false, content, pages: [page(episode)] }) as const;

it('The ledger takes one step of one episode to one person once, also after a restart', () => {
  const { file, ledger } = openLedger();
  ledger.add(message('a'));
  ledger.add(message('a'));
  expect(ledger.due(0)).toHaveLength(1);
  ledger.close();
  const again = openLedger(file).ledger;
  again.add(message('a'));
  expect(again.due(0)).toHaveLength(1);
});

it('The ledger goes on in memory while the disk takes nothing, and saves all of it once it can', () => {
  const { file, ledger } = openLedger();
  const other = new DatabaseSync(file);
  other.exec('BEGIN IMMEDIATE');
  ledger.add(message('a'));
  ledger.add(message('a'));
  const [waiting] = ledger.due(0);
  ledger.change(waiting?.id ?? '', { state: 'sent', sentAt: 5 });
  expect(ledger.counts()).toEqual({ queued: 0, retrying: 0, sent: 1, failed: 0, dropped: 0, unsaved: 1 });
  ledger.forget(() => false, HOUR * 2);
  expect(ledger.pagesOf('a')).toMatchObject([{ state: 'sent', at: 5 }]);
  other.close();
  ledger.saveUnsaved();
  expect(ledger.counts().unsaved).toBe(0);
  ledger.close();
  expect(openLedger(file).ledger.pagesOf('a')).toMatchObject([{ state: 'sent', at: 5 }]);
});

it('The ledger lets go of what is settled, finds it again on disk, and keeps what stands', () => {
  const { ledger } = openLedger();
  ledger.add(message('over'));
  ledger.add(message('stands'));
  for (const { id } of ledger.due(0)) ledger.change(id, { state: 'sent', sentAt: 1 });
  ledger.add(message('waits'));
  ledger.forget((episode) => episode === 'stands', 2 * HOUR);
  expect(ledger.due(2 * HOUR)).toHaveLength(1);
  expect(ledger.pagesOf('over')).toMatchObject([{ state: 'sent' }]);
  ledger.forget(() => false, 100 * 24 * HOUR);
  expect(ledger.pagesOf('over')).toEqual([]);
});

it('The ledger keeps a thousand messages on their way, and gives up the oldest that are not urgent', () => {
  const { ledger } = openLedger();
  ledger.add({ ...message('urgent'), isUrgent: true });
  for (let i = 0; i < 1_001; i++) ledger.add(message(`k${i}`, i));
  expect(ledger.counts()).toMatchObject({ queued: 1_000, dropped: 2 });
  expect(ledger.due(5_000)[0]?.isUrgent).toBe(true);
});

it('The ledger refuses a file of a newer version', () => {
  const { file, ledger } = openLedger();
  ledger.close();
  const db = new DatabaseSync(file);
  db.exec('PRAGMA user_version = 99');
  db.close();
  expect(() => openLedgerFile(file)).toThrow('version 99');
});

it('A sign of life comes at once and again and again, over failures, until it is stopped', async () => {
  let calls = 0;
  const warnings: object[] = [];
  const server = createServer((_request, response) => {
    calls++;
    if (calls === 1) response.writeHead(500).end();
    else if (calls === 2) response.destroy();
    else response.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/ping/SECRET`;
  const log = { ...silentLog, warn: (facts: object) => warnings.push(facts) };
  const stop = startHeartbeat({ url, everyMs: 10, timeoutMs: 1_000 }, log);
  await expect.poll(() => calls).toBeGreaterThan(3);
  stop();
  server.closeAllConnections();
  server.close();
  expect(warnings).toHaveLength(1);
  expect(JSON.stringify(warnings)).not.toContain('SECRET');
});
