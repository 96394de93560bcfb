/** A device of the village: when it reports, whether it can, and what it says. */
import type { Device } from '../../model/plant.ts';
import type { ProfileMetric } from '../../model/profile.ts';
import { noiseKey, noiseKeys, uniform } from '../noise.ts';
import { createBattery } from './battery.ts';
import { createDeviceClock, type DeviceClock } from './device-clock.ts';
import { createDisturbances, type Disturbances, type Samples, type Value } from './disturbances.ts';
import { createReads } from './reads.ts';
import { createRounding, withNoise } from './sensor.ts';
import type { Read, Village } from './village.ts';

/** By metric. */
export type Values = Readonly<Record<string, Value>>;

/** `mute`: it lives and is not heard; `off`: without power, and begins anew when that is back. */
type Voice = 'speaks' | 'mute' | 'off';

export interface SimDevice {
  readonly device: Device;
  /** Its place among all: the order of reports of one instant. */
  readonly index: number;
  /** The device and its gateways, the nearest first. */
  readonly path: readonly string[];
  readonly everyMs: number;
  /** Its reports fall on this and every `everyMs` after. */
  readonly phaseMs: number;
  readonly clock: DeviceClock;
  voice(atMs: number): Voice;
  /** Whether whoever asks it on its bus is answered. */
  isAnswering(atMs: number): boolean;
  /** All that it measures at a time of the village's present segment. */
  measure(atMs: number): Values;
  /** Of that, what it tells at once when it changes. */
  measureOnChange(atMs: number): Values;
}

/** They feed themselves from the phases that they measure: without mains they are dark, whoever reads them lives on. */
const SELF_FED: ReadonlySet<string> = new Set(['cabinet_meter']);

/** Loggers with a battery of their own. Whatever else has no gateway hangs on mains alone. */
const LOGGERS: ReadonlySet<string> = new Set(['pressure_logger', 'flow_meter', 'reservoir_level', 'borehole_level']);

export function createSimDevice(device: Device, index: number, village: Village & { samples: Samples }): SimDevice {
  const { plant, faults, power, seed } = village;
  const path = pathOf(device, plant.devices);
  const series = createSeries(device, village);
  const onChange = series.filter(({ metric }) => metric.reporting === 'on-change');
  const hasPower = createSupply(device, path, village);
  const everyMs = device.everyS * 1000;
  return {
    device,
    index,
    path,
    everyMs,
    phaseMs: Math.floor(uniform(noiseKey(seed, `phase/${device.id}`), 0) * device.everyS) * 1000,
    clock: createDeviceClock(faults, path),
    voice(atMs) {
      if (!hasPower(atMs)) return 'off';
      return path.some((id) => faults.acting('silent', id, atMs)) ? 'mute' : 'speaks';
    },
    isAnswering: (atMs) => hasPower(atMs) && (!SELF_FED.has(device.kind) || power.isOn(device.asset, atMs)),
    measure: (atMs) => measureAll(series, atMs),
    measureOnChange: (atMs) => measureAll(onChange, atMs),
  };
}

interface Series {
  readonly metric: ProfileMetric;
  readonly measure: (atMs: number) => Value;
}

function createSeries(device: Device, village: Village & { samples: Samples }): Series[] {
  const { seed, faults, samples } = village;
  const keys = noiseKeys(seed, device.id);
  return [...createReads(device, village)].map(([name, read]) => {
    const metric = device.metrics.get(name) as ProfileMetric;
    const sensor = { metric, read, key: keys(name), round: createRounding(metric) };
    let known: Disturbances | undefined;
    let revision = Number.NaN;
    const disturbances = (): Disturbances => {
      if (known === undefined || revision !== faults.revision) {
        known = createDisturbances(faults.all(), { device, metric, seed, samples });
        revision = faults.revision;
      }
      return known;
    };
    return { metric, measure: (atMs) => measureOne(sensor, disturbances(), atMs) };
  });
}

interface Sensor {
  readonly metric: ProfileMetric;
  readonly read: Read;
  readonly key: number;
  readonly round: (value: number) => number;
}

function measureOne({ metric, read, key, round }: Sensor, { sensor, said }: Disturbances, atMs: number): Value {
  let value: Value = read(atMs);
  if (typeof value === 'number') value = withNoise(metric, value, { key, atMs });
  for (const disturbance of sensor) value = disturbance.apply(value, atMs);
  if (typeof value === 'number') value = round(value);
  for (const disturbance of said) {
    value = disturbance.apply(value, atMs);
    if (typeof value === 'number') value = round(value);
  }
  return value;
}

function measureAll(series: readonly Series[], atMs: number): Values {
  const values: Record<string, Value> = {};
  for (const { metric, measure } of series) values[metric.name] = measure(atMs);
  return values;
}

function pathOf(device: Device, devices: ReadonlyMap<string, Device>): string[] {
  const path: string[] = [];
  for (let at: Device | undefined = device; at && !path.includes(at.id); at = at.via && devices.get(at.via)) {
    path.push(at.id);
  }
  return path;
}

/** A gateway's battery feeds it and what speaks through it; it reads its meters as long as it lives. */
function createSupply(device: Device, path: readonly string[], { plant, power }: Village): (atMs: number) => boolean {
  const gateways = path
    .map((id) => plant.devices.get(id))
    .filter((each) => each !== undefined && (each.id !== device.id || each.kind === 'gateway'))
    .map((each) => createBattery(power, each?.asset));
  if (gateways.length > 0) return (atMs) => gateways.every((battery) => battery.isAlive(atMs));
  if (LOGGERS.has(device.kind)) return () => true;
  return (atMs) => power.isOn(device.asset, atMs);
}
