/** The parts of the InfluxDB store that need no server. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packGroup, unpackGroup } from '../../../ingest/store/influx/group.ts';
import { createLineWriter, parseLine } from '../../../ingest/store/influx/line-protocol.ts';
import { createRecentWindow, WINDOW_READINGS } from '../../../ingest/store/influx/recent-window.ts';
import type { DeviceId, MetricName } from '../../../model/ids.ts';
import type { Reading } from '../../../model/reading.ts';
import { reading } from '../../harness/readings.ts';

const name = fc.string({ minLength: 1, unit: fc.constantFrom('a', 'b', ' ', ',', '=', '\\', '"', 'ы') });
const anyReading = fc
  .record({
    device: name.map((text) => text as DeviceId),
    metric: name.map((text) => text as MetricName),
    ts: fc.integer({ min: 0, max: 4e12 }),
    value: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true })),
    isUncertain: fc.boolean(),
  })
  .map(({ isUncertain, value, ...rest }): Reading => {
    const quality = value === null ? 'bad' : isUncertain ? 'uncertain' : 'good';
    return { ...rest, value: value === 0 ? 0 : value, quality };
  });

describe('a group of readings as lines', () => {
  const toLines = createLineWriter(() => ({ site: 'a, b', kind: 'c =\\d' }));

  it('comes back as it was, whatever the names hold', () => {
    fc.assert(
      fc.property(fc.array(anyReading, { minLength: 1, maxLength: 20 }), (readings) => {
        // Two readings of one series and time cannot come here.
        const once = readings.filter((r, i) => readings.findIndex((o) => o.device === r.device && o.ts === r.ts) === i);
        const lines = unpackGroup(packGroup(toLines(once))).split('\n');
        expect(lines.flatMap(parseLine)).toEqual(once);
      }),
    );
  });

  it('makes one point of what a device says at one time', () => {
    const message = [reading('p', 'flow_rate', 5, 1), reading('p', 'pressure', 5, null), reading('q', 'level', 5, 3)];
    expect(createLineWriter(() => ({ site: 's', kind: 'k' }))(message)).toEqual([
      'k,device=p,site=s flow_rate=1,pressure_q=2 5',
      'k,device=q,site=s level=3 5',
    ]);
  });
});

describe('the window of newest readings', () => {
  const level = (ts: number, value: number) => reading('tank-1-level', 'level', ts, value);

  it('knows the newest of a series, and takes again what is older than they are', () => {
    const recent = createRecentWindow();
    const count = 10 * WINDOW_READINGS;
    for (let ts = 0; ts < count; ts++) expect(recent.take(level(ts, ts))).toBe('stored');
    for (let ts = count - WINDOW_READINGS; ts < count; ts++) {
      expect([recent.take(level(ts, ts)), recent.take(level(ts, -1))]).toEqual(['duplicate', 'conflict']);
    }
    expect(recent.take(level(3, 3))).toBe('stored');
    expect(recent.newest()).toEqual([level(count - 1, count - 1)]);
  });

  it('forgets what is given back', () => {
    const recent = createRecentWindow();
    recent.take(level(1, 1));
    recent.take(level(2, 2));
    recent.giveBack([level(2, 2)]);
    expect(recent.newest()).toEqual([level(1, 1)]);
    expect(recent.take(level(2, 9))).toBe('stored');
  });
});
