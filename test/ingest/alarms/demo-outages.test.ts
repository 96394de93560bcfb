/** The demo village under the shipped rules, from messages to what people are told. */
import { describe, expect, it } from 'vitest';
import type { TownMessage } from '../../../device-sim/town.ts';
import { NOVEMBER, plant } from '../../device-sim/village.ts';
import { type Change, startWatchedTown } from '../../harness/watched-town.ts';

const MINUTE = 60_000;
/** Lights are on. */
const EVENING = NOVEMBER + 20 * 60 * MINUTE;

/** What a cut does to what a device measures; those without a battery say nothing more. */
function withoutMains({ device, frame }: TownMessage): TownMessage | null {
  if (device.startsWith('pressure-')) return null;
  const dead = Object.entries(frame.values).map(([metric, value]): [string, typeof value] => {
    if (metric === 'mains_ok' || metric === 'uv_ok' || metric === 'contactor_on') return [metric, false];
    return [metric, /^(voltage|current|active_power)/.test(metric) ? 0 : value];
  });
  return { device, frame: { ...frame, values: Object.fromEntries(dead) } } as TownMessage;
}

/** On-change values come when they change: at the first message after the cut. */
function firstSaysSo(): Change {
  const said = new Set<string>();
  return (message) => {
    const changed = withoutMains(message);
    if (!changed || said.has(message.device)) return changed;
    said.add(message.device);
    const { metrics = new Map() } = plant.devices.get(message.device) ?? {};
    const states = ['mains_ok', 'uv_ok', 'contactor_on'].filter((metric) => metrics.has(metric));
    const values = { ...changed.frame.values, ...Object.fromEntries(states.map((metric) => [metric, false])) };
    return { ...changed, frame: { ...changed.frame, values } } as TownMessage;
  };
}

describe('the demo village under the shipped rules', () => {
  it('tells a power cut as one alarm with everything under it', async () => {
    const { pass, told, desk } = await startWatchedTown(EVENING);
    pass(15);
    expect(told).toEqual([]);
    pass(40, firstSaysSo());
    expect(told).toEqual(['raised power-outage:toru']);
    const [outage] = desk.standing().filter(({ rule }) => rule === 'power-outage');
    expect(outage?.childCount).toBeGreaterThan(20);
  });

  it('tells its own dead link as one alarm, and nothing more once it is back', async () => {
    const { pass, told } = await startWatchedTown(EVENING);
    pass(15);
    pass(60, () => null);
    expect(told).toEqual(['raised own-link']);
    pass(20);
    expect(told).toEqual(['raised own-link', 'cleared-unacknowledged own-link']);
  });
});
