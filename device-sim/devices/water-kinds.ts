/** What there is to measure at tanks, pumps, pipes and in the water itself. Noise and resolution are the profile's. */
import type { Device } from '../../model/plant.ts';
import { noiseKeys, uniform, wander } from '../noise.ts';
import { assetOf, elementOf, type Reads, type Village } from './village.ts';

const HOUR_MS = 3_600_000;
const BAR_PER_M = 0.0980665;
/** A pump's controller and its contactor. */
const PUMP_STANDBY_W = 14;
/** Of the borehole at rest: water over the pump's intake. */
const WELL_AT_REST_M = 38;
/** Meters of such villages are DN 100. */
const METER_AREA_M2 = (Math.PI / 4) * 0.1 ** 2;
/** Dirt comes within minutes and is flushed out within hours. */
const TURBID_AFTER_MS = 10 * 60_000;
const CLEAR_AFTER_MS = HOUR_MS;
/** Where the plant says nothing of it, a float switch hangs here. */
const LOW_FLOAT_M = 0.5;

export function reservoirLevel(device: Device, { water, plant }: Village): Reads {
  const tank = elementOf(device, 'tank', (id) => water.network.tanks.includes(id));
  const asset = device.asset === undefined ? undefined : plant.assets.get(device.asset);
  const { overflowM = Number.POSITIVE_INFINITY, fireReserveM = LOW_FLOAT_M } = asset?.kind === 'reservoir' ? asset : {};
  return {
    level: (at) => water.levelM(tank, at),
    level_high: (at) => water.levelM(tank, at) >= overflowM,
    level_low: (at) => water.levelM(tank, at) <= fireReserveM,
  };
}

export function boreholeLevel(device: Device, { water, faults, seed }: Village): Reads {
  const pump = elementOf(device, 'pump', (id) => water.network.pumps.includes(id));
  const noise = noiseKeys(seed, device.id);
  return {
    well_level(at) {
      const rest = WELL_AT_REST_M + 0.6 * wander(noise('rest'), at, 240 * HOUR_MS);
      const fallenM = faults.acting('well-falls', pump, at)?.sizes.byM ?? 0;
      return rest - fallenM - water.pump(pump, at).drawdownM;
    },
  };
}

/** Without mains the pump stands, and the gateway's battery feeds the controller that says so. */
export function pumpController(device: Device, { water, faults, power, seed }: Village): Reads {
  const pump = elementOf(device, 'pump', (id) => water.network.pumps.includes(id));
  const noise = noiseKeys(seed, device.id);
  const before = (metric: string, most: number): number => Math.round(most * (0.5 + uniform(noise(metric), 0) / 2));
  const hours = before('pump_hours', 4000);
  const starts = before('pump_starts', 1200);
  const kWh = before('energy_total', 48_000);
  const hasPower = (at: number): boolean => power.isOn(device.asset, at);
  return {
    pump_running: (at) => water.isOpen(pump) && hasPower(at),
    pump_fault: (at) => faults.acting('pump-failure', pump, at) !== undefined,
    pump_hours: (at) => hours + water.pump(pump, at).runS / 3600,
    pump_starts: (at) => starts + water.pump(pump, at).starts,
    active_power: (at) => (hasPower(at) ? PUMP_STANDBY_W + water.pumpKw(pump) * 1000 : 0),
    energy_total: (at) => kWh + water.pump(pump, at).kWh,
  };
}

export function flowMeter(device: Device, { water, seed }: Village): Reads {
  const link = elementOf(device, 'link', (id) => water.network.links.has(id));
  const noise = noiseKeys(seed, device.id);
  const before = Math.round(60_000 * (0.5 + uniform(noise('volume_total'), 0)));
  return {
    flow_rate: () => water.flowM3h(link),
    flow_velocity: () => water.flowM3h(link) / 3600 / METER_AREA_M2,
    signal_quality: (at) => 86 + 2 * wander(noise('signal_quality'), at, HOUR_MS),
    volume_total: (at) => before + water.volumeM3(link, at),
  };
}

export function pressureLogger(device: Device, { water }: Village): Reads {
  const node = elementOf(device, 'node', (id) => water.network.nodes.has(id));
  return { pressure: () => water.pressureM(node) * BAR_PER_M };
}

/** The probes live on the gateway's battery; the UV lamp does not. */
export function waterQuality(device: Device, { water, faults, power, seed }: Village): Reads {
  const node = elementOf(device, 'node', (id) => water.network.nodes.has(id));
  const treatment = assetOf(device);
  const noise = noiseKeys(seed, device.id);
  return {
    chlorine: (at) => water.chlorineMgL(node) * (1 + 0.07 * wander(noise('chlorine'), at, 6 * HOUR_MS)),
    turbidity: (at) => 0.35 + 0.06 * wander(noise('turbidity'), at, 8 * HOUR_MS) + dirtNtu({ faults }, treatment, at),
    uv_ok: (at) => power.isOn(treatment, at) && faults.acting('uv-failure', treatment, at) === undefined,
  };
}

function dirtNtu({ faults }: Pick<Village, 'faults'>, treatment: string, atMs: number): number {
  let sumNtu = 0;
  for (const { kind, target, fromMs, toMs, sizes } of faults.all()) {
    if (kind !== 'turbidity' || target !== treatment || atMs < fromMs) continue;
    const endMs = Math.min(toMs ?? atMs, atMs);
    const risen = 1 - Math.exp((fromMs - endMs) / TURBID_AFTER_MS);
    sumNtu += (sizes.ntu ?? 0) * risen * Math.exp((endMs - atMs) / CLEAR_AFTER_MS);
  }
  return sumNtu;
}
