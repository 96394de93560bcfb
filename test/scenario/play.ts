/** A day of the demo village with one fault, and the same day without it: what differs is what the fault does. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadScenario } from '../../app/config/scenario.ts';
import { makeTown } from '../../app/make-town.ts';
import type { Town, TownMessage } from '../../device-sim/town.ts';
import type { Plant, Site } from '../../model/plant.ts';
import { plant as demoPlant, rules } from '../device-sim/village.ts';
import { startDetectBench } from '../harness/detect.ts';
import { ROOT } from '../harness/server.ts';

export const FAULTS = join(import.meta.dirname, 'faults');

const HOUR_MS = 3_600_000;
const TIME_ZONE = 'Asia/Bishkek';
/** Monday, midnight in the village: day 1. */
const BEGIN_MS = Date.parse('2026-11-02T00:00+06:00');
/** In the middle of most faults. */
export const HALF_PAST_ONE_MS = BEGIN_MS + 1.5 * HOUR_MS;

/** The demo's, and one circuit that is dimmed at night, since none of the demo's is. */
const plant: Plant = {
  ...demoPlant,
  circuits: demoPlant.circuits.map((circuit) =>
    circuit.id === 'c2' ? { ...circuit, dim: [{ from: '22:00', to: '05:00', percent: 50 }] } : circuit,
  ),
};

type Value = number | boolean | null;

/** One value as it arrived; hours since midnight of day 1. */
interface Heard {
  readonly arrivedH: number;
  /** By the device's clock; where it names none, its arrival. */
  readonly measuredH: number;
  readonly value: Value;
}

export interface Day {
  readonly messages: readonly TownMessage[];
  /** Of `device.metric`, in the order of arrival. */
  heard(series: string): readonly Heard[];
  /** What was measured between two hours, by the device's clock. */
  values(series: string, fromH: number, toH: number): readonly Value[];
  numbers(series: string, fromH: number, toH: number): readonly number[];
  mean(series: string, fromH: number, toH: number): number;
}

/** The village of `faults/<kind>.yaml`, at midnight. */
export async function begin(kind: string | null): Promise<Town> {
  const calendar = { beginMs: BEGIN_MS, timeZone: TIME_ZONE };
  const loaded = kind === null ? null : loadScenario(join(FAULTS, `${kind}.yaml`), calendar);
  if (loaded && loaded.faults.length > 0) throw new Error(loaded.faults.join('\n'));
  const networkName = 'config/demo/village.inp';
  const network = readFileSync(join(ROOT, networkName), 'utf8');
  const site = [...plant.sites.values()][0] as Site;
  return makeTown({
    files: {
      ...{ site, network, networkName, beginMs: BEGIN_MS, bridge: null },
      scenario: loaded?.value ?? null,
      describeDevice: (_, message) => message,
    },
    plant,
    seed: 1,
  });
}

export async function play(kind: string, hours: number): Promise<Day> {
  return live(await begin(kind), hours);
}

let calmDay: Promise<Day> | undefined;

/** The whole day without a fault. */
export function calm(): Promise<Day> {
  calmDay ??= begin(null).then((town) => live(town, 24));
  return calmDay;
}

function live(town: Town, hours: number): Day {
  const messages: TownMessage[] = [];
  for (let hour = 1; hour <= hours; hour++) messages.push(...town.step(BEGIN_MS + hour * HOUR_MS));
  return asDay(messages);
}

function asDay(messages: readonly TownMessage[]): Day {
  const byDevice = Map.groupBy(messages, ({ device }) => device);
  const hourOf = (ms: number): number => (ms - BEGIN_MS) / HOUR_MS;
  function heard(series: string): readonly Heard[] {
    const [device = '', metric = ''] = series.split('.');
    return (byDevice.get(device) ?? []).flatMap(({ atMs, frame: { ts, values } }) => {
      const value = values[metric];
      return value === undefined ? [] : [{ arrivedH: hourOf(atMs), measuredH: hourOf(ts ?? atMs), value }];
    });
  }
  function values(series: string, fromH: number, toH: number): readonly Value[] {
    const within = heard(series).filter(({ measuredH }) => measuredH >= fromH && measuredH < toH);
    if (within.length === 0) throw new Error(`${series} was not heard between ${fromH} and ${toH} h`);
    return within.map(({ value }) => value);
  }
  const numbers: Day['numbers'] = (...asked) => values(...asked).filter((value) => typeof value === 'number');
  const mean: Day['mean'] = (...asked) => {
    const all = numbers(...asked);
    return all.reduce((sum, value) => sum + value, 0) / all.length;
  };
  return { messages, heard, values, numbers, mean };
}

/** How much more a series shows with the fault than without it, on average between two hours. */
export async function change(day: Day, series: string, [fromH, toH]: readonly [number, number]): Promise<number> {
  return day.mean(series, fromH, toH) - (await calm()).mean(series, fromH, toH);
}

/** What the demo's rules find in it, as keys of conditions. */
export function conditions({ messages }: Day): readonly string[] {
  const bench = startDetectBench({ plant, rules, fromMs: BEGIN_MS });
  for (const { device, atMs, frame } of messages) bench.send(device, frame.ts ?? atMs, frame.values, atMs);
  return bench.raises().map(({ key }) => key);
}
