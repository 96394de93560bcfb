import { describe, expect, test } from 'vitest';
import { createDataFaults, createDataFaultWatch } from '../../ingest/data-faults.ts';
import type { ConditionChange } from '../../model/condition.ts';
import type { DataFault } from '../../model/data-fault.ts';

const chunk = (n: number): DataFault => {
  return {
    file: 'readings.db',
    kind: 'damaged',
    detail: 'checksum',
    at: 1,
    device: 'd',
    metric: 'level',
    fromTs: n,
    toTs: n,
  };
};

describe('the list of what is wrong with the data folder', () => {
  test('counts a fault that is found again once', () => {
    const faults = createDataFaults();
    faults.note(chunk(1));
    faults.note(chunk(1));
    expect(faults.counts()).toEqual({ total: 1, first: [chunk(1)] });
  });

  test('lists the first hundred and counts the rest, and has a sentence for each file', () => {
    const faults = createDataFaults();
    for (let n = 0; n < 250; n++) faults.note(chunk(n));
    faults.note({ file: 'people.db', kind: 'lost', detail: 'gone', at: 1 });
    expect(faults.counts().total).toBe(251);
    expect(faults.counts().first).toHaveLength(101);
    expect(faults.files()).toEqual(['readings.db', 'people.db']);
  });

  test('of a loss that is accepted, other damage of the same file stays told', () => {
    const faults = createDataFaults();
    faults.note(chunk(1));
    faults.note({ file: 'readings.db', kind: 'lost', detail: 'gone', at: 1 });
    faults.clear('readings.db', ['lost', 'set-aside']);
    expect(faults.counts()).toEqual({ total: 1, first: [chunk(1)] });
  });

  test('a file that a person has dealt with is well', () => {
    const faults = createDataFaults();
    for (let n = 0; n < 250; n++) faults.note(chunk(n));
    faults.clear('readings.db');
    expect(faults.counts()).toEqual({ total: 0, first: [] });
  });
});

test('one alarm for each file with a fault, ended when it is well again', () => {
  const faults = createDataFaults();
  const active = new Set<string>();
  const changes: ConditionChange[] = [];
  const apply = (change: ConditionChange): void => {
    changes.push(change);
    if (change.kind === 'raise') active.add(change.key);
    else active.delete(change.key);
  };
  const alarms = { apply, isActive: (key: string) => active.has(key), activeKeys: () => [...active] };
  const look = createDataFaultWatch({ faults, alarms: alarms as never, now: () => 5 });
  active.add('disk-low');
  faults.note(chunk(1));
  faults.note(chunk(2));
  look();
  look();
  expect([...active]).toEqual(['disk-low', 'data-damaged:readings.db']);
  expect(changes).toMatchObject([{ kind: 'raise', rule: 'data-damaged', values: { part: 'readings.db' } }]);
  faults.clear('readings.db');
  look();
  expect([...active]).toEqual(['disk-low']);
});
