import { describe, expect, it } from 'vitest';
import { heldUntil, indexParents, suppressorsOf } from '../../../ingest/alarms/suppress.ts';
import { createTopology } from '../../../ingest/alarms/topology.ts';
import type { Alarm } from '../../../model/alarm.ts';
import type { ConditionRaise } from '../../../model/condition.ts';
import type { AssetId, DeviceId, MetricName } from '../../../model/ids.ts';
import { raiseOfServer } from '../../../model/server-condition.ts';
import type { Work } from '../../../model/work.ts';
import { raisedAlarm } from '../../harness/alarms.ts';
import { tankLow } from '../../harness/readings.ts';
import { MINUTE, villagePlant } from './village-world.ts';

const NOW = 1.7e12;
const plant = villagePlant();
const topology = createTopology(plant);

function condition(
  device: string,
  metric: string | null,
  detector: ConditionRaise['detector'] = 'limit',
): ConditionRaise {
  const { site, asset = null } = plant.devices.get(device) ?? { site: null };
  const key = `${detector}.${device}.${metric}`;
  return {
    ...tankLow,
    key,
    rule: 'r',
    detector,
    site,
    asset,
    device: device as DeviceId,
    metric: metric as MetricName | null,
    at: NOW,
  };
}

const silence = (device: string) => condition(device, null, 'silence');
const mains = (device: string) => condition(device, 'mains_ok');
const breaker = (device: string) => condition(device, 'breaker_closed');
const link = raiseOfServer('own-link', NOW);
const operator = raiseOfServer('operator-away', NOW, { part: 'Beeline' });
const power = raiseOfServer('power-outage', NOW, { part: 'ts-14' });

/** At the cabinet of the gateway, as its meter sees it. */
const phases = (l1: number, l2: number, l3: number, metric = 'voltage_l1'): ConditionRaise => {
  const facts = { value: null, limit: null, values: { l1, l2, l3 } };
  return { ...condition('upper-gw-1-meter', metric, 'phases'), asset: 'asset-upper-gw-1' as AssetId, ...facts };
};
const dead = phases(0, 1, 2);
const lostPhase = phases(0, 228, 231);
const brokenNeutral = { ...phases(290, 150, 231), priority: 'critical' } as const;
const unevenCurrents = phases(5, 7, 6, 'current_l1');

const level = condition('upper-gw-1-level', 'level');
const levelSilent = silence('upper-gw-1-level');
const voltage = condition('upper-gw-1-meter', 'voltage_l1');
const overvoltage = { ...voltage, priority: 'high', value: 290, limit: 253 } as const;
const leakage = {
  ...condition('upper-gw-1-meter', 'leakage_current'),
  priority: 'high',
  value: 400,
  limit: 300,
} as const;
const feeder = breaker('upper-gw-1-meter');

/** In the order of alarm semantics 3c: what stands, the alarm, which of those explains it. */
const FIRST_MATCH: readonly [string, readonly ConditionRaise[], ConditionRaise, ConditionRaise | null][] = [
  ['own link over operator', [operator, link], levelSilent, link],
  ['operator over power', [power, operator], levelSilent, operator],
  ['power over gateway', [silence('upper-gw-1'), power], levelSilent, power],
  ['a silent gateway over what speaks through it', [silence('upper-gw-1')], levelSilent, silence('upper-gw-1')],
  ['no gateway over others', [silence('upper-gw-2')], levelSilent, null],
  ['a silent device over its series', [levelSilent], condition('upper-gw-1-level', 'level', 'silence'), levelSilent],
  ['no silence over a measurement', [link, silence('upper-gw-1')], level, null],
  ['power over mains', [power], mains('upper-gw-1'), power],
  ['no power of another supply', [power], mains('far-gw-1'), null],
  ['power over voltage', [mains('upper-gw-1'), power], voltage, power],
  ['no power over a level', [power], level, null],
  ['mains of the gateway over voltage', [feeder, mains('upper-gw-1')], voltage, mains('upper-gw-1')],
  ['a dead supply over what hangs on it', [dead], voltage, dead],
  ['a dead supply over the feeder', [dead], feeder, dead],
  ['mains of the gateway over a dead supply', [mains('upper-gw-1')], dead, mains('upper-gw-1')],
  ['mains of the gateway over a phase that is lost', [mains('upper-gw-1')], lostPhase, mains('upper-gw-1')],
  ['no mains over a broken neutral', [mains('upper-gw-1'), power, feeder], brokenNeutral, null],
  ['no mains over an overvoltage', [mains('upper-gw-1'), power, feeder], overvoltage, null],
  ['no mains over current that leaks', [mains('upper-gw-1'), power, feeder], leakage, null],
  ['no uneven currents over voltages', [unevenCurrents], voltage, null],
  ['no dead supply over mains', [dead], mains('upper-gw-1'), null],
  ['a tripped feeder over its power', [feeder], condition('upper-gw-1-meter', 'active_power'), feeder],
  ['nothing over itself', [feeder], feeder, null],
  ['no mains over mains', [mains('upper-gw-2')], mains('upper-gw-1'), null],
];

const surroundings = (alarms: readonly Alarm[], works: readonly Work[] = [], now = NOW) => {
  return { topology, parents: indexParents(alarms), works, now };
};

describe('suppression by parent', () => {
  it.each(FIRST_MATCH)('%s', (_, standing, alarm, parent) => {
    const explained = suppressorsOf(alarm, surroundings(standing.map(raisedAlarm)));
    expect(explained).toEqual(parent ? [raisedAlarm(parent).id] : []);
  });

  it('goes on for the settle time of the child after the parent is over', () => {
    const over = { ...raisedAlarm(power), clearedAt: NOW };
    expect(suppressorsOf(voltage, surroundings([over], [], NOW + 299_999))).toEqual([over.id]);
    expect(suppressorsOf(voltage, surroundings([over], [], NOW + 300_000))).toEqual([]);
    expect(suppressorsOf({ ...voltage, settleS: 600 }, surroundings([over], [], NOW + 599_999))).toEqual([over.id]);
  });

  it('explains nothing by a parent that a clock which was ahead saw end in the future', () => {
    const over = { ...raisedAlarm(power), clearedAt: NOW + 12 * 365 * 24 * 60 * MINUTE };
    expect(suppressorsOf(voltage, surroundings([over], [], NOW))).toEqual([]);
  });
});

const NOWHERE = { site: null, asset: null, circuit: null, zone: null };
const work = (kind: Work['kind'], scope: Partial<Work['scope']>): Work => {
  const times = { from: NOW, to: NOW + 60 * MINUTE, at: NOW, cancelled: null };
  return { id: 'work-1', kind, scope: { ...NOWHERE, ...scope }, reason: 'new pump', by: 'bek', ...times };
};
const beyond = (metric: string, value: number, detector?: ConditionRaise['detector']): ConditionRaise => {
  return { ...condition('upper-gw-1-level', metric, detector), value, limit: 10 };
};
const flow = beyond('flow_rate', 30);
const pumpWithoutFlow: ConditionRaise = { ...beyond('flow_rate', 0, 'mismatch'), limit: 0.5, priority: 'critical' };

describe('works and excuses', () => {
  it.each<[string, Work, ConditionRaise, boolean]>([
    ['works on a site: all of it', work('work', { site: 'upper' }), level, true],
    ['works on a site: nothing elsewhere', work('work', { site: 'far' }), level, false],
    [
      'works on a site: the outage of its power',
      work('work', { site: 'toru' }),
      { ...power, site: 'toru' as never },
      true,
    ],
    ['works on an asset: what stands at it', work('work', { asset: 'asset-upper-gw-1' }), mains('upper-gw-1'), true],
    ['works on an asset: what speaks through it', work('work', { asset: 'asset-upper-gw-1' }), levelSilent, true],
    ['works on an asset: not its neighbour', work('work', { asset: 'asset-upper-gw-2' }), levelSilent, false],
    ['works on a circuit: its meter', work('work', { circuit: 'circuit-upper' }), voltage, true],
    ['works on a circuit: no other meter', work('work', { circuit: 'circuit-far' }), voltage, false],
    ['flushing in a zone: its flow', work('flushing', { zone: 'zone-upper' }), flow, true],
    ['flushing in a zone: not its level', work('flushing', { zone: 'zone-upper' }), level, false],
    ['flushing in another zone', work('flushing', { zone: 'zone-far' }), flow, false],
    [
      'flushing: a flow that changes fast',
      work('flushing', { zone: 'zone-upper' }),
      beyond('flow_rate', 3, 'rate'),
      true,
    ],
    ['flushing: no flow that is too small', work('flushing', { zone: 'zone-upper' }), beyond('flow_rate', 3), false],
    ['flushing: no pump without flow', work('flushing', { site: 'upper' }), pumpWithoutFlow, false],
    ...(['silence', 'frozen', 'counter'] as const).map((detector): [string, Work, ConditionRaise, boolean] => {
      const subject = beyond(detector === 'counter' ? 'volume_total' : 'flow_rate', 30, detector);
      return [`flushing: no meter with a fault: ${detector}`, work('flushing', { site: 'upper' }), subject, false];
    }),
    ['an open hydrant: low pressure', work('hydrant-open', { site: 'upper' }), beyond('pressure', 3), true],
    ['an open hydrant: no high pressure', work('hydrant-open', { site: 'upper' }), beyond('pressure', 30), false],
    [
      'works that are called off',
      { ...work('work', { site: 'upper' }), cancelled: { by: 'a', at: NOW } },
      level,
      false,
    ],
    [
      'works on a site: the server itself never',
      work('work', { site: 'upper' }),
      raiseOfServer('disk-low', NOW),
      false,
    ],
  ])('%s', (_, planned, alarm, isExplained) => {
    expect(suppressorsOf(alarm, surroundings([], [planned]))).toEqual(isExplained ? ['work-1'] : []);
  });

  it('hold from their beginning to their end and the settle time after it', () => {
    const works = [work('work', { site: 'upper' })];
    const at = (now: number) => suppressorsOf(level, surroundings([], works, now)).length;
    expect([NOW - 1, NOW, NOW + 64 * MINUTE, NOW + 65 * MINUTE].map(at)).toEqual([0, 1, 1, 0]);
  });
});

describe('what is not told at once, since its cause may show', () => {
  const minutes = (alarm: ConditionRaise): number | null => {
    const until = heldUntil(alarm, surroundings([]));
    return until === null ? null : (until - NOW) / MINUTE;
  };

  it('waits two minutes for silence and for what hangs on the mains, and not for anything else', () => {
    expect([levelSilent, mains('upper-gw-1'), voltage, level].map((c) => minutes({ ...c, priority: 'high' }))).toEqual([
      2,
      2,
      2,
      null,
    ]);
    expect([{ ...voltage, priority: 'critical' as const }, overvoltage, leakage].map(minutes)).toEqual([
      null,
      null,
      null,
    ]);
  });

  it('waits for a gateway that speaks so seldom that its silence shows later', () => {
    const devices = [...plant.devices.values()].map(
      (d) => [d.id, d.id === 'upper-gw-1' ? { ...d, everyS: 600 } : d] as const,
    );
    const slow = createTopology({ ...plant, devices: new Map(devices) });
    expect(heldUntil({ ...levelSilent, priority: 'high' }, { ...surroundings([]), topology: slow })).toBe(
      NOW + 22 * MINUTE,
    );
  });
});
