import type { ConditionRaise } from '../../model/condition.ts';
import type { DeviceId, MetricName, SiteId } from '../../model/ids.ts';
import { type Plant, parsePlant } from '../../model/plant.ts';
import { parseProfile } from '../../model/profile.ts';
import type { Reading } from '../../model/reading.ts';

export function reading(device: string, metric: string, ts: number, value: number | null): Reading {
  return {
    device: device as DeviceId,
    metric: metric as MetricName,
    ts,
    value,
    quality: value === null ? 'bad' : 'good',
  };
}

/** One site with a level sensor (every 60 s), a pump controller and a device without profile. */
export function smallPlant(): Plant {
  const profiles = new Map(
    [
      { id: 'level', kind: 'reservoir_level', everyS: 60, metrics: { level: { min: 0, max: 10 } } },
      {
        id: 'pump',
        kind: 'pump_controller',
        everyS: 60,
        metrics: { pump_running: { reporting: 'on-change' }, active_power: {} },
      },
    ].map((raw) => {
      const parsed = parseProfile(raw);
      if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
      return [parsed.value.id, parsed.value];
    }),
  );
  const parsed = parsePlant(
    {
      sites: [{ id: 'toru', lat: 42.4, lon: 76.4, timeZone: 'Asia/Bishkek' }],
      assets: [
        {
          id: 'tank-1',
          site: 'toru',
          kind: 'reservoir',
          levelVolume: [
            [0, 0],
            [4, 300],
          ],
          overflowM: 3.8,
        },
      ],
      devices: [
        { id: 'tank-1-level', site: 'toru', profile: 'level', asset: 'tank-1' },
        { id: 'pump-1', site: 'toru', profile: 'pump' },
        { id: 'plain', site: 'toru' },
      ],
    },
    profiles,
  );
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.value;
}

export const silentLog = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** The level of tank 1 falls below its limit at 1 s. */
export const tankLow: ConditionRaise = {
  kind: 'raise',
  key: 'tank-low.tank-1-level',
  at: 1000,
  rule: 'tank-low',
  detector: 'limit',
  priority: 'critical',
  isHistorical: false,
  latches: false,
  settleS: 300,
  values: {},
  site: 'toru' as SiteId,
  asset: null,
  device: 'tank-1-level' as DeviceId,
  metric: 'level' as MetricName,
  value: 0.7,
  limit: 0.8,
};
