/** `repairAlarms`: what can be read and believed is saved, the rest is said, and the original stays as it was. */
import {
  copyFileSync,
  existsSync,
  linkSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { repairAlarms } from '../../../ingest/alarms/repair.ts';
import { EVERYTHING } from '../../harness/alarms.ts';
import { temporaryFolder } from '../../harness/server.ts';
import { alarmNo, change, entry, filled, open, STAYS, work } from './damaged-world.ts';

const PAGE = 4096;
const COUNT = 120;
const truth = new Map(Array.from({ length: COUNT }, (_, n) => [alarmNo(n).id, alarmNo(n)]));

function namesIn(file: string): string[] {
  return readdirSync(dirname(file)).toSorted();
}

/** Every alarm and event that is served is true; returns how many. */
async function servedTruly(file: string): Promise<{ alarms: number; events: number }> {
  const { journal, faults } = open(file);
  const alarms = journal.list(EVERYTHING);
  for (const alarm of alarms) expect(alarm).toEqual(truth.get(alarm.id));
  const entries = alarms.flatMap((alarm) => {
    const found = journal.entriesOf(alarm.id);
    expect([[], [entry(alarm)]]).toContainEqual(found);
    return found;
  });
  expect(faults.files()).toEqual([]);
  await journal.close();
  return { alarms: alarms.length, events: entries.length };
}

/** A look that is independent of ours: each row that SQLite gives when it is asked for by its number. */
function readable(file: string): { alarm: number; event: number } {
  const copy = join(temporaryFolder(), 'alarms.db');
  copyFileSync(file, copy);
  const db = new DatabaseSync(copy);
  db.enableDefensive(false);
  db.exec('PRAGMA writable_schema = ON');
  const count = (table: string): number => {
    const row = db.prepare(`SELECT body FROM ${table} WHERE rowid = ?`);
    return Array.from({ length: COUNT }, (_, i) => i + 1).filter((id) => {
      try {
        return row.get(id) !== undefined;
      } catch {
        return false;
      }
    }).length;
  };
  const found = { alarm: count('alarm'), event: count('event') };
  db.close();
  return found;
}

describe('the repair of alarms.db', () => {
  it('does nothing where nothing is wrong, also with a log that was left behind', async () => {
    const file = await filled(COUNT);
    const { journal } = open(file);
    journal.putWork({ ...work, id: 'work-2' });
    const killed = join(temporaryFolder(), 'alarms.db');
    for (const suffix of ['', '-wal']) copyFileSync(file + suffix, killed + suffix);
    await journal.close();
    const before = [readFileSync(killed), readFileSync(`${killed}-wal`)];
    expect(await repairAlarms({ file: killed })).toEqual({ file: killed, keptAs: null, saved: [], lost: [] });
    expect(namesIn(killed)).toEqual(['alarms.db', 'alarms.db-wal']);
    expect([readFileSync(killed), readFileSync(`${killed}-wal`)]).toEqual(before);
  });

  it('leaves out rows that are damaged, names them, and ends what is told of them', async () => {
    const file = await filled(COUNT);
    change(file, `UPDATE alarm SET body = replace(body, '"limit":0.8', '"limit":2') WHERE id = '${alarmNo(7).id}'`);
    change(file, `${STAYS} UPDATE event SET kind = 'return' WHERE alarm = '${alarmNo(9).id}'`);
    const bytes = readFileSync(file);
    const report = await repairAlarms({ file });
    expect(report.saved).toEqual([
      `${COUNT - 1} alarms`,
      `${COUNT - 1} events`,
      '1 works',
      '1 memories of the detectors',
    ]);
    expect(report.lost).toEqual([
      `1 alarms that are damaged: alarm "${alarmNo(7).id}"`,
      expect.stringContaining('1 events that are damaged: event 10 of'),
    ]);
    expect(readFileSync(report.keptAs ?? '').equals(bytes)).toBe(true);
    expect(await servedTruly(file)).toEqual({ alarms: COUNT - 1, events: COUNT - 2 });
    expect(await repairAlarms({ file })).toMatchObject({ keptAs: null, lost: [] });
  });

  it('ends what is told of rows that the server had set aside', async () => {
    const file = await filled(COUNT);
    change(file, `UPDATE alarm SET body = 'x' WHERE id = '${alarmNo(7).id}'`);
    const first = open(file);
    first.journal.open();
    await first.journal.close();
    expect(open(file).faults.files()).toEqual(['alarms.db']);
    expect((await repairAlarms({ file })).lost).toEqual(['1 alarms that the server had set aside as damaged']);
    expect((await servedTruly(file)).alarms).toBe(COUNT - 1);
  });

  it('reads around a page that is zeroed or garbled, whichever it is, and keeps the original', async () => {
    const whole = await filled(COUNT);
    const bytes = readFileSync(whole);
    let savedPages = 0;
    for (let page = 1; page < bytes.length / PAGE; page++) {
      for (const fill of [0, 0xa5]) {
        const file = join(temporaryFolder(), 'alarms.db');
        const damaged = Buffer.from(bytes);
        damaged.fill(fill, page * PAGE, (page + 1) * PAGE);
        writeFileSync(file, damaged);
        const { keptAs, lost } = await repairAlarms({ file });
        expect(keptAs && readFileSync(keptAs).equals(damaged)).toBe(true);
        const { alarms, events } = await servedTruly(file);
        if (alarms === COUNT && events === COUNT) savedPages++;
        else expect([page, lost.length]).not.toEqual([page, 0]);
        // Of 120 alarms a leaf holds six or seven, and the page above them all of them.
        expect([page, alarms === 0 || alarms > COUNT - 9]).toEqual([page, true]);
      }
    }
    // All pages of indexes are made anew.
    expect(savedPages).toBeGreaterThan(8);
  });

  it.each([
    ['by a page', (bytes: number) => bytes - PAGE],
    ['in half', (bytes: number) => Math.floor(bytes / 2)],
  ])('saves of a file cut %s exactly what can be read of it', async (_, left) => {
    const file = await filled(COUNT);
    truncateSync(file, left(statSync(file).size));
    const expected = readable(file);
    const { keptAs, saved, lost } = await repairAlarms({ file });
    expect(keptAs).not.toBeNull();
    const told = [`${expected.alarm} alarms`, `${expected.event} events`].filter((line) => !line.startsWith('0 '));
    expect(saved.filter((line) => / (alarms|events)$/.test(line))).toEqual(told);
    expect(lost.length > 0).toBe(expected.alarm + expected.event < 2 * COUNT);
    expect((await servedTruly(file)).alarms).toBe(expected.alarm);
  });

  it.each([0, 0xa5])('saves all of a file whose header is filled with %i', async (byte) => {
    const file = await filled(COUNT);
    writeFileSync(file, readFileSync(file).fill(byte, 0, 100));
    const { keptAs, lost } = await repairAlarms({ file });
    expect([keptAs === null, lost]).toEqual([false, []]);
    expect(await servedTruly(file)).toEqual({ alarms: COUNT, events: COUNT });
  });

  it('lays a file aside of which nothing can be read, and makes none', async () => {
    const file = await filled(3);
    const bytes = readFileSync(file).fill(0, 0, PAGE);
    writeFileSync(file, bytes);
    const { keptAs, lost } = await repairAlarms({ file });
    expect(lost).toMatchObject([/Nothing of it can be read/]);
    expect(existsSync(file)).toBe(false);
    expect(readFileSync(keptAs ?? '').equals(bytes)).toBe(true);
    expect(await repairAlarms({ file })).toMatchObject({ keptAs: null, lost: [] });
  });

  it('keeps the log beside the original, under a name that SQLite finds', async () => {
    const file = await filled(3);
    const { journal } = open(file);
    journal.save([{ alarm: alarmNo(3), entries: [] }]);
    const killed = join(temporaryFolder(), 'alarms.db');
    for (const suffix of ['', '-wal']) copyFileSync(file + suffix, killed + suffix);
    await journal.close();
    const damaged = readFileSync(killed).fill(0xa5, PAGE);
    writeFileSync(killed, damaged);
    const { keptAs } = await repairAlarms({ file: killed });
    expect(namesIn(killed)).toEqual(['alarms.db', keptAs?.split('/').at(-1), `${keptAs?.split('/').at(-1)}-wal`]);
    expect(open(killed).journal.get(alarmNo(3).id)).toEqual(alarmNo(3));
  });

  it('is finished by the next start where it ended before the last rename', async () => {
    const file = await filled(COUNT);
    change(file, `UPDATE alarm SET body = 'x' WHERE id = '${alarmNo(7).id}'`);
    const original = readFileSync(file);
    await repairAlarms({ file });
    // As it was just before: the original in its place, with a log that must not come into the new file.
    renameSync(file, `${file}.repaired`);
    writeFileSync(file, original);
    writeFileSync(`${file}-wal`, 'a log of the original');
    expect((await servedTruly(file)).alarms).toBe(COUNT - 1);
    expect(existsSync(`${file}.repaired`)).toBe(false);
  });

  it('that was not finished leaves a backup in place that a person has put back meanwhile', async () => {
    const file = await filled(COUNT);
    const backup = readFileSync(file);
    change(file, `UPDATE alarm SET body = 'x' WHERE id = '${alarmNo(7).id}'`);
    await repairAlarms({ file });
    const repaired = readFileSync(file);
    renameSync(file, `${file}.repaired`);
    writeFileSync(file, backup);
    expect((await servedTruly(file)).alarms).toBe(COUNT);
    expect(existsSync(`${file}.repaired`)).toBe(false);
    const unused = namesIn(file).filter((name) => name.startsWith('alarms.db.repaired-unused-'));
    expect(unused.map((name) => readFileSync(join(dirname(file), name)).equals(repaired))).toEqual([true]);
    expect(await repairAlarms({ file })).toMatchObject({ keptAs: null, lost: [] });
  });

  it('is finished also where the file is the one laid aside, by its second name, or is gone', async () => {
    for (const put of [linkSync, () => undefined]) {
      const file = await filled(COUNT);
      change(file, `UPDATE alarm SET body = 'x' WHERE id = '${alarmNo(7).id}'`);
      const { keptAs } = await repairAlarms({ file });
      renameSync(file, `${file}.repaired`);
      put(keptAs ?? '', file);
      expect((await servedTruly(file)).alarms).toBe(COUNT - 1);
      expect(existsSync(`${file}.repaired`)).toBe(false);
    }
  });

  it('keeps mode and content of what it saved, and refuses a file of a newer version', async () => {
    const file = await filled(3);
    change(file, `UPDATE alarm SET body = 'x' WHERE id = '${alarmNo(1).id}'; PRAGMA wal_checkpoint(TRUNCATE)`);
    await repairAlarms({ file });
    expect(statSync(file).mode & 0o777).toBe(0o644);
    const db = new DatabaseSync(file);
    db.exec('PRAGMA user_version = 99');
    db.close();
    await expect(repairAlarms({ file })).rejects.toThrow('version 99');
  });
});
