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

/** What some devices say otherwise than the village. */
function saying(otherwise: Readonly<Record<string, TownMessage['frame']['values']>>): Change {
  return (message) => {
    const values = { ...message.frame.values, ...otherwise[message.device] };
    return { ...message, frame: { ...message.frame, values } } as TownMessage;
  };
}

describe('the demo village under the shipped rules', () => {
  it('tells that the neutral is broken right after the mains came back, and tells nothing else of them', async () => {
    const { pass, told } = await startWatchedTown(EVENING);
    const volts = (l1: number, l2: number, l3: number) => ({ voltage_l1: l1, voltage_l2: l2, voltage_l3: l3 });
    pass(2);
    pass(10, saying({ 'gw-cab-1': { mains_ok: false }, 'cab-1-meter': volts(0, 0, 0) }));
    expect(told).toEqual(['raised mains-lost.gw-cab-1']);
    pass(5, saying({ 'gw-cab-1': { mains_ok: true }, 'cab-1-meter': volts(290, 150, 231) }));
    expect(told.slice(1).toSorted()).toEqual([
      'cleared-unacknowledged mains-lost.gw-cab-1',
      'raised broken-neutral.cab-1-meter',
    ]);
  });

  it('tells of a pump without flow while somebody flushes', async () => {
    const { pass, told, desk, now } = await startWatchedTown(EVENING);
    const scope = { site: 'toru', asset: null, circuit: null, zone: null };
    desk.addWork({ kind: 'flushing', scope, from: now(), to: now() + 240 * MINUTE, reason: '', by: 'bek' });
    pass(10, saying({ 'borehole-1-pump': { pump_running: true }, 'borehole-1-flow': { flow_rate: 0 } }));
    expect(told).toEqual(['raised pump-without-flow.borehole-1-flow']);
  });

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
