/** How a profile says how its sensors measure, and what the village makes of it. */
import { describe, expect, it } from 'vitest';
import { parseProfile } from '../../model/profile.ts';
import { HOUR_MS, NOVEMBER, newTown, plant } from './village.ts';

function parse(level: object) {
  return parseProfile({ id: 'tank', kind: 'reservoir_level', everyS: 60, metrics: { level } });
}

describe('the sensors of a profile', () => {
  it.each([
    [{}, { resolution: 0, noise: 0, noiseShare: 0 }],
    [
      { resolution: 0.005, noise: 0.0015 },
      { resolution: 0.005, noise: 0.0015, noiseShare: 0 },
    ],
    [{ noise: '0.4 %' }, { resolution: 0, noise: 0, noiseShare: 0.004 }],
  ])('are read from %o', (written, sensor) => {
    const parsed = parse(written);
    expect(parsed.ok && parsed.value.metrics.get('level')).toMatchObject(sensor);
  });

  it.each([{ noise: 'much' }, { noise: -1 }, { noise: '-1 %' }, { resolution: 0 }, { resolution: -1 }])(
    'are refused as %o',
    (written) => {
      const parsed = parse(written);
      expect(!parsed.ok && parsed.faults[0]?.path.slice(0, 2)).toEqual(['metrics', 'level']);
    },
  );

  it('say whole steps of their resolution, without stray digits', async () => {
    const town = await newTown();
    for (const { device, frame } of town.step(NOVEMBER + HOUR_MS)) {
      for (const [name, value] of Object.entries(frame.values)) {
        const resolution = plant.devices.get(device)?.metrics.get(name)?.resolution ?? 0;
        if (typeof value !== 'number' || resolution === 0) continue;
        expect(Math.abs(value / resolution - Math.round(value / resolution))).toBeLessThan(1e-6);
        expect(String(value).length).toBeLessThan(12);
      }
    }
  });
});
