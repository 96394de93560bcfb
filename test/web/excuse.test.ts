import { describe, expect, it } from 'vitest';
import { endOf } from '../../dashboard/web/view/end-of.ts';
import { excusePlaceOf } from '../../dashboard/web/view/excuse.ts';
import type { AlarmWire, ZoneWire } from '../../dashboard/wire.ts';

const zones = [
  { id: 'lower', inlets: ['meter-2.flow_rate'], outlets: [], storage: [] },
  { id: 'upper', inlets: ['meter-1.flow_rate'], outlets: ['meter-2.flow_rate'], storage: ['tank-1.level'] },
] as unknown as ZoneWire[];
const alarm = (facts: Partial<AlarmWire>): AlarmWire =>
  ({ site: 'toru', device: 'meter-1', metric: 'flow_rate', detector: 'limit', ...facts }) as AlarmWire;

describe('water drawn on purpose', () => {
  it.each([
    ['in the zone whose balance names its meter', {}, { zone: 'upper' }],
    ['also by the meter’s total', { metric: 'volume_total', detector: 'rate' }, { zone: 'upper' }],
    ['at the site, of a device that no balance names', { device: 'meter-12', metric: 'pressure' }, { site: 'toru' }],
    ['nowhere, of another metric', { device: 'tank-1', metric: 'level' }, null],
    ['nowhere, of a value that is missing or frozen', { detector: 'silence' }, null],
    ['nowhere, of the server', { device: null, metric: null, site: null, detector: 'server' }, null],
  ] as const)('explains an alarm %s', (_, facts, place) => {
    expect(excusePlaceOf(alarm(facts), zones)).toEqual(place);
  });

  it.each([1, 2, 4])('ends at a whole minute, never later than %i h', (hours) => {
    const now = 1_795_443_769_565;
    const end = endOf(now, hours);
    expect(end % 60_000).toBe(0);
    expect(now + hours * 3_600_000 - end).toBeGreaterThanOrEqual(0);
    expect(now + hours * 3_600_000 - end).toBeLessThan(60_000);
  });
});
