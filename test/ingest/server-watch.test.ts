import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createAlarmDesk } from '../../ingest/alarms/desk.ts';
import { openAlarmJournal } from '../../ingest/alarms/journal.ts';
import { createDataFaults } from '../../ingest/data-faults.ts';
import { isDiskLow } from '../../ingest/disk-space.ts';
import { createServerWatch } from '../../ingest/server-watch.ts';
import { silentLog, smallPlant } from '../harness/readings.ts';
import { temporaryFolder } from '../harness/server.ts';

const all = { activeOnly: false, from: 0, to: 1e13, limit: 100 };

/** A server of which each fact can be set; `look` takes a look at so many seconds of uptime. */
function watchedServer(file = join(temporaryFolder(), 'alarms.db')) {
  let uptimeS = 0;
  const journal = openAlarmJournal(file, { faults: createDataFaults(), now: () => 0 });
  const alarms = createAlarmDesk(journal, {
    plant: smallPlant(),
    rules: [],
    log: silentLog,
    now: () => 1e12 + uptimeS * 1000,
  });
  const facts = { isFailing: false, isLow: null as boolean | null };
  const check = createServerWatch(
    { 'server-clock': () => false, 'store-failing': () => facts.isFailing, 'disk-low': () => facts.isLow },
    { alarms, now: () => 1e12 + uptimeS * 1000, uptimeMs: () => uptimeS * 1000, log: silentLog },
  );
  const look = (atS: number) => {
    uptimeS = atS;
    check();
    return alarms.list(all).map(({ rule, state }) => [rule, state]);
  };
  return { file, journal, facts, look };
}

describe('the watch over the server', () => {
  it('opens one alarm for as long as a condition holds, and closes it when it has been over for 10 s', () => {
    const { facts, look } = watchedServer();
    expect(look(0)).toEqual([]);
    facts.isFailing = true;
    look(1);
    expect(look(2)).toEqual([['store-failing', 'unacknowledged']]);
    facts.isFailing = false;
    look(3);
    expect(look(12)).toEqual([['store-failing', 'unacknowledged']]);
    expect(look(13)).toEqual([['store-failing', 'returned-unacknowledged']]);
  });

  it('keeps the one alarm where the condition comes and goes', () => {
    const { facts, look } = watchedServer();
    for (let atS = 0; atS < 60; atS++) {
      facts.isFailing = atS % 8 === 0;
      look(atS);
    }
    expect(look(60)).toEqual([['store-failing', 'unacknowledged']]);
  });

  it('changes nothing while a fact cannot be told', () => {
    const { facts, look } = watchedServer();
    facts.isLow = true;
    look(0);
    facts.isLow = null;
    look(1);
    expect(look(100)).toEqual([['disk-low', 'unacknowledged']]);
  });

  it('goes on with the same alarm after a restart', () => {
    const before = watchedServer();
    before.facts.isLow = true;
    before.look(0);
    before.journal.close();
    const { facts, look } = watchedServer(before.file);
    facts.isLow = true;
    expect(look(1)).toEqual([['disk-low', 'unacknowledged']]);
  });
});

describe('a disk is low', () => {
  const GB = 1e9;
  it.each([
    ['with less than 500 MB free', 0.49, 100, false, true],
    ['not with 500 MB free, however large it is', 0.5, 1000, false, false],
    ['with less than 5 % free', 0.049, 1, false, true],
    ['not with 5 % free, however small it is', 0.05, 1, false, false],
    ['until a fifth more than that is free', 0.59, 100, true, true],
    ['no more once a fifth more is free', 0.6, 100, true, false],
  ])('%s', (_, freeGb, sizeGb, wasLow, isLow) => {
    expect(isDiskLow({ freeBytes: freeGb * GB, sizeBytes: sizeGb * GB }, wasLow)).toBe(isLow);
  });
});
