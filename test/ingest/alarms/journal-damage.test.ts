/** What becomes of a damaged `alarms.db`: nothing of it is served as true, nothing is overwritten, and it is told. */
import { copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAlarmDesk } from '../../../ingest/alarms/desk.ts';
import { EVERYTHING } from '../../harness/alarms.ts';
import { silentLog, smallPlant, tankLow } from '../../harness/readings.ts';
import { temporaryFolder } from '../../harness/server.ts';
import { alarmNo, change, entry, filled, open, STAYS, work } from './damaged-world.ts';

const ids = (alarms: readonly { id: string }[]): string[] => alarms.map(({ id }) => id).toSorted();

describe('a damaged row of the alarm journal', () => {
  const SECOND = alarmNo(1).id;

  it.each([
    ['a body that is no JSON', `UPDATE alarm SET body = 'x' || body WHERE id = '${SECOND}'`],
    ['a body of zeros', `UPDATE alarm SET body = CAST(zeroblob(200) AS TEXT) WHERE id = '${SECOND}'`],
    [
      'another value in the body',
      `UPDATE alarm SET body = replace(body, '"value":0.7', '"value":2.7') WHERE id = '${SECOND}'`,
    ],
    [
      'another state in body and column',
      `UPDATE alarm SET is_active = 0, body = replace(body, 'unacknowledged', 'normal') WHERE id = '${SECOND}'`,
    ],
    ['another time', `UPDATE alarm SET raised_at = 5 WHERE id = '${SECOND}'`],
    ['a time that no number can tell', `UPDATE alarm SET raised_at = 9223372036854775807 WHERE id = '${SECOND}'`],
    ['another id', `UPDATE alarm SET id = 'other' WHERE id = '${SECOND}'`],
    ['no checksum', `UPDATE alarm SET checksum = NULL WHERE id = '${SECOND}'`],
  ])('with %s is not served, the rest is, and it is told', async (_, sql) => {
    const file = await filled(3);
    change(file, sql);
    const { journal, faults } = open(file);
    expect(ids(journal.open())).toEqual(ids([alarmNo(0), alarmNo(2)]));
    expect(journal.list({ ...EVERYTHING, to: 9e18 })).toEqual([alarmNo(2), alarmNo(0)]);
    expect(journal.get(SECOND)).toBeUndefined();
    expect(faults.counts().first).toMatchObject([{ file: 'alarms.db', kind: 'damaged' }]);
    expect(faults.counts().first[0]?.detail).toContain('npm start -- repair alarms.db');
    await journal.close();
  });

  it('is kept with its bytes, and told again at the next start', async () => {
    const file = await filled(3);
    change(file, `UPDATE alarm SET body = CAST(x'7bff00fe7d' AS TEXT) WHERE id = '${SECOND}'`);
    const first = open(file);
    first.journal.open();
    await first.journal.close();
    const { journal, faults } = open(file);
    expect(faults.files()).toEqual(['alarms.db']);
    expect(ids(journal.open())).toHaveLength(2);
    await journal.close();
    const db = new DatabaseSync(file);
    expect(db.prepare('SELECT id, hex(CAST(body AS BLOB)) AS body FROM damaged_alarm').all()).toMatchObject([
      { id: SECOND, body: '7BFF00FE7D' },
    ]);
    db.close();
  });

  it('of an event, a work or a memory is left out, and the rest served', async () => {
    const file = await filled(3);
    change(file, `${STAYS} UPDATE event SET told = 'cleared' WHERE alarm = '${SECOND}'`);
    change(file, `UPDATE work SET body = replace(body, '"to":5000', '"to":9000'), until = 9000`);
    change(file, `UPDATE detector_memory SET body = replace(body, '1', '2')`);
    const { journal, faults } = open(file);
    expect(journal.entriesOf(SECOND)).toEqual([]);
    expect(journal.entriesOf(alarmNo(0).id)).toEqual([entry(alarmNo(0))]);
    expect(journal.announced(0, 1e13)).toHaveLength(2);
    expect(journal.works(0)).toEqual([]);
    expect(journal.memory('detectors')).toBeNull();
    expect(faults.files()).toEqual(['alarms.db']);
    await journal.close();
  });

  it('that nobody asks for is found by looking at a few rows a second', async () => {
    const file = await filled(350);
    change(file, `${STAYS} UPDATE event SET seen_at = 3 WHERE alarm = '${alarmNo(320).id}'`);
    const { journal, faults } = open(file);
    for (let s = 0; s < 3; s++) journal.scrub();
    expect(faults.files()).toEqual([]);
    journal.scrub();
    expect(faults.files()).toEqual(['alarms.db']);
    await journal.close();
  });

  it('is never served as true, whichever byte of a column it is', async () => {
    const whole = await filled(4);
    const truth = new Map([0, 1, 2, 3].map((n) => [alarmNo(n).id, alarmNo(n)]));
    const bytes = readFileSync(whole);
    const first = bytes.indexOf('"key":"tank-low.tank-');
    await fc.assert(
      fc.asyncProperty(fc.nat(1_600), fc.integer({ min: 1, max: 255 }), async (offset, mask) => {
        const file = join(temporaryFolder(), 'alarms.db');
        const damaged = Buffer.from(bytes);
        damaged[first + offset] = (damaged[first + offset] ?? 0) ^ mask;
        writeFileSync(file, damaged);
        try {
          const { journal } = open(file);
          const served = [...journal.open(), ...journal.list(EVERYTHING)];
          for (const alarm of served) expect(alarm).toEqual(truth.get(alarm.id));
          await journal.close();
        } catch (error) {
          expect((error as Error).name).toBe('StoreError');
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('pages of alarms.db that SQLite cannot read', () => {
  it('at the start: one sentence with file and remedy, and no byte is changed', async () => {
    const file = await filled(200);
    const bytes = readFileSync(file);
    bytes.fill(0xa5, 4096 * 3, 4096 * 4);
    writeFileSync(file, bytes);
    expect(() => open(file)).toThrow(/alarms\.db is damaged .*npm start -- repair alarms\.db/);
    expect(readFileSync(file).equals(bytes)).toBe(true);
  });

  it('a file that is no database: the same', async () => {
    const file = join(temporaryFolder(), 'alarms.db');
    writeFileSync(file, Buffer.alloc(8192, 7));
    expect(() => open(file)).toThrow(/alarms\.db is damaged .*npm start -- repair alarms\.db/);
    expect(readFileSync(file).every((byte) => byte === 7)).toBe(true);
  });

  it('that the power has cut in the first steps of the file are rolled back, and the file is used', async () => {
    const file = join(temporaryFolder(), 'alarms.db');
    const db = new DatabaseSync(file);
    db.exec('CREATE TABLE other (a); PRAGMA cache_size = 1; BEGIN IMMEDIATE; PRAGMA cache_spill = 1;');
    const insert = db.prepare('INSERT INTO other VALUES (?)');
    for (let i = 0; i < 100; i++) insert.run('x'.repeat(3_000));
    // As the disk has it in the middle of a transaction: pages in the file, and the journal that takes them back.
    const young = join(temporaryFolder(), 'alarms.db');
    for (const suffix of ['', '-journal']) copyFileSync(file + suffix, young + suffix);
    db.close();
    const { journal } = open(young);
    expect(journal.open()).toEqual([]);
    await journal.close();
  });

  it('a folder in its place: one sentence with the file', () => {
    const file = join(temporaryFolder(), 'alarms.db');
    mkdirSync(file);
    expect(() => open(file)).toThrow(/alarms\.db cannot be opened .*that the account of the server may read and write/);
  });

  it('while it runs: alarms are told and kept in memory, the rest is told as damage', async () => {
    const file = await filled(400);
    const { journal, faults } = open(file);
    const desk = createAlarmDesk(journal, { plant: smallPlant(), rules: [], log: silentLog, now: () => 5000 });
    const told: string[] = [];
    desk.onAnnounce((announcements) => told.push(...announcements.map(({ alarm }) => alarm.key)));
    // Another connection's commit makes SQLite read its pages anew.
    change(file, "INSERT INTO detector_memory VALUES ('other', 1, '{}', 0); PRAGMA wal_checkpoint(TRUNCATE)");
    const bytes = readFileSync(file);
    bytes.fill(0xa5, 4096);
    writeFileSync(file, bytes, { flag: 'r+' });

    desk.apply({ ...tankLow, key: 'burst.dma-1', at: 6000, settleS: 0 });
    expect(told).toEqual(['burst.dma-1']);
    expect(desk.list({ ...EVERYTHING, activeOnly: true })).toHaveLength(401);
    expect(desk.get('burst.dma-1.6000')).toMatchObject({ state: 'unacknowledged' });
    expect(desk.act('burst.dma-1.6000', { kind: 'acknowledge', by: 'aida', note: null }).ok).toBe(true);
    expect(desk.list(EVERYTHING)).toMatchObject([{ key: 'burst.dma-1' }]);
    expect(desk.entriesOf(alarmNo(0).id)).toEqual([]);
    expect(desk.health().unsaved).toBe(1);
    expect(desk.works(0)).toEqual([]);
    desk.tick();
    journal.forget(1e14);
    journal.scrub();
    expect(faults.counts().first).toMatchObject([{ file: 'alarms.db', kind: 'damaged' }]);
    await journal.close();
  });
});

describe('a file of before there were checksums', () => {
  it('gets them, and what is impossible in it is set aside', async () => {
    const file = await filled(3);
    change(
      file,
      `${STAYS} UPDATE alarm SET body = replace(body, '"state":"unacknowledged"', '"state":"unacknowlmdged"') WHERE id = '${alarmNo(1).id}';
       ALTER TABLE alarm DROP COLUMN checksum; ALTER TABLE event DROP COLUMN checksum;
       ALTER TABLE work DROP COLUMN checksum; ALTER TABLE detector_memory DROP COLUMN checksum;
       DROP TABLE damaged_alarm; DROP TABLE damaged_event; DROP TABLE damaged_work; DROP TABLE damaged_detector_memory;
       CREATE TRIGGER event_stays BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'the journal is never changed'); END;
       PRAGMA user_version = 2`,
    );
    const { journal, faults } = open(file);
    expect(ids(journal.open())).toEqual(ids([alarmNo(0), alarmNo(2)]));
    expect(journal.entriesOf(alarmNo(0).id)).toEqual([entry(alarmNo(0))]);
    expect(journal.works(0)).toEqual([work]);
    expect(journal.memory('detectors')).not.toBeNull();
    expect(faults.files()).toEqual(['alarms.db']);
    await journal.close();
    const db = new DatabaseSync(file);
    expect(() => db.exec("UPDATE event SET kind = 'nothing'")).toThrow('never changed');
    db.close();
    expect(statSync(file).size).toBeGreaterThan(0);
  });
});
