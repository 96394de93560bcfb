/** What each kind of device measures in the village, with the noise and resolution of a real one. */
import type { Circuit, Device, Plant } from '../model/plant.ts';
import { type Lighting, PHASES, type PhaseLoad } from './lighting.ts';
import { gauss, noiseKeys, uniform, wander } from './noise.ts';
import type { Water } from './water.ts';

const HOUR_MS = 3_600_000;
const BAR_PER_M = 0.0980665;
/** A pump's controller and its contactor. */
const PUMP_STANDBY_W = 14;
/** Of the borehole at rest: water over the pump's intake. */
const WELL_AT_REST_M = 38;

/** A metric's value at a time within the village's present segment. */
export type Read = (atMs: number) => number | boolean;

export interface Village {
  readonly plant: Plant;
  readonly water: Water;
  readonly lighting: Lighting;
  readonly seed: number;
  /** Energy of a cabinet since the village began, kWh. */
  cabinetKwh(cabinet: string, atMs: number): number;
}

/** A fault of the plant file, as the simulator sees it; `code` is stable. */
export class SimulatedDeviceError extends Error {
  readonly code = 'cannot-simulate';
}

type Reads = Readonly<Record<string, Read>>;

/** How to read every metric of the device's profile. */
export function createReads(device: Device, village: Village): ReadonlyMap<string, Read> {
  const kind = KINDS[device.kind];
  if (!kind) throw new SimulatedDeviceError(`${device.id}: the simulator knows no device of kind "${device.kind}"`);
  const reads = kind(device, village);
  return new Map(
    [...device.metrics.keys()].map((metric) => {
      const read = reads[metric];
      if (!read) throw new SimulatedDeviceError(`${device.id}: the simulator has no "${metric}" for a ${device.kind}`);
      return [metric, read];
    }),
  );
}

const KINDS: Readonly<Record<string, (device: Device, village: Village) => Reads>> = {
  reservoir_level: reservoirLevel,
  borehole_level: boreholeLevel,
  pump_controller: pumpController,
  flow_meter: flowMeter,
  pressure_logger: pressureLogger,
  water_quality: waterQuality,
  gateway,
  cabinet_controller: cabinetController,
  cabinet_meter: cabinetMeter,
  circuit_monitor: circuitMonitor,
};

function reservoirLevel(device: Device, { water, seed }: Village): Reads {
  const tank = element(device, 'tank', (id) => water.network.tanks.includes(id));
  const noise = noiseKeys(seed, device.id);
  return { level: (at) => rounded(water.levelM(tank, at) + 0.0015 * gauss(noise('level'), at), 200) };
}

function boreholeLevel(device: Device, { water, seed }: Village): Reads {
  const pump = element(device, 'pump', (id) => water.network.pumps.includes(id));
  const noise = noiseKeys(seed, device.id);
  return {
    well_level(at) {
      const rest = WELL_AT_REST_M + 0.6 * wander(noise('rest'), at, 240 * HOUR_MS);
      return rounded(rest - water.pump(pump, at).drawdownM + 0.01 * gauss(noise('well_level'), at), 100);
    },
  };
}

function pumpController(device: Device, { water, seed }: Village): Reads {
  const pump = element(device, 'pump', (id) => water.network.pumps.includes(id));
  const noise = noiseKeys(seed, device.id);
  const before = (metric: string, most: number): number => Math.round(most * (0.5 + uniform(noise(metric), 0) / 2));
  const hours = before('pump_hours', 4000);
  const starts = before('pump_starts', 1200);
  const kWh = before('energy_total', 48_000);
  return {
    pump_running: () => water.isOpen(pump),
    pump_fault: () => false,
    pump_hours: (at) => rounded(hours + water.pump(pump, at).runS / 3600, 100),
    pump_starts: (at) => starts + water.pump(pump, at).starts,
    active_power(at) {
      const spread = 1 + 0.006 * gauss(noise('active_power'), at);
      return rounded(PUMP_STANDBY_W + water.pumpKw(pump) * 1000 * spread, 1);
    },
    energy_total: (at) => rounded(kWh + water.pump(pump, at).kWh, 100),
  };
}

function flowMeter(device: Device, { water, seed }: Village): Reads {
  const link = element(device, 'link', (id) => water.network.links.has(id));
  const noise = noiseKeys(seed, device.id);
  const before = Math.round(60_000 * (0.5 + uniform(noise('volume_total'), 0)));
  return {
    flow_rate: (at) => rounded(water.flowM3h(link) * (1 + 0.004 * gauss(noise('flow_rate'), at)), 100),
    volume_total: (at) => rounded(before + water.volumeM3(link, at), 100),
  };
}

function pressureLogger(device: Device, { water, seed }: Village): Reads {
  const node = element(device, 'node', (id) => water.network.nodes.has(id));
  const noise = noiseKeys(seed, device.id);
  return {
    pressure: (at) => rounded(water.pressureM(node) * BAR_PER_M + 0.008 * gauss(noise('pressure'), at), 100),
  };
}

function waterQuality(device: Device, { seed }: Village): Reads {
  const noise = noiseKeys(seed, device.id);
  return {
    chlorine(at) {
      const key = noise('chlorine');
      return rounded(0.42 + 0.03 * wander(key, at, 6 * HOUR_MS) + 0.006 * gauss(key, at), 100);
    },
    turbidity(at) {
      const key = noise('turbidity');
      return rounded(0.35 + 0.06 * wander(key, at, 8 * HOUR_MS) + 0.015 * gauss(key, at), 100);
    },
    uv_ok: () => true,
  };
}

function gateway(device: Device, { seed }: Village): Reads {
  const noise = noiseKeys(seed, device.id);
  const usual = -66 - Math.round(18 * uniform(noise('usual'), 0));
  return {
    mains_ok: () => true,
    // A 12 V lead battery on float charge.
    battery: (at) => rounded(13.6 + 0.05 * wander(noise('battery'), at, 6 * HOUR_MS), 100),
    signal(at) {
      const key = noise('signal');
      return rounded(usual + 2 * wander(key, at, 2 * HOUR_MS) + gauss(key, at), 1);
    },
  };
}

function cabinetController(device: Device, { plant, lighting }: Village): Reads {
  const cabinet = assetOf(device);
  const circuits = plant.circuits.filter((circuit) => circuit.cabinet === cabinet);
  if (circuits.length === 0) throw new SimulatedDeviceError(`${device.id}: no circuit has the cabinet "${cabinet}"`);
  return {
    light_command: (at) => circuits.some((circuit) => lighting.isLit(circuit, at)),
    door_open: () => false,
  };
}

function cabinetMeter(device: Device, { lighting, seed, cabinetKwh }: Village): Reads {
  const cabinet = assetOf(device);
  const noise = noiseKeys(seed, device.id);
  const before = Math.round(9000 * (0.5 + uniform(noise('energy_total'), 0)));
  const loads = (at: number): readonly PhaseLoad[] => PHASES.map((phase) => lighting.phaseLoad(cabinet, phase, at));
  const total = (at: number, of: (load: PhaseLoad) => number): number => loads(at).reduce((sum, l) => sum + of(l), 0);
  const reads: Record<string, Read> = {
    active_power: (at) => rounded(total(at, (l) => l.watt) * (1 + 0.001 * gauss(noise('active_power'), at)), 10),
    energy_total: (at) => rounded(before + cabinetKwh(cabinet, at), 100),
    power_factor(at) {
      const factor = total(at, (l) => l.watt) / total(at, (l) => l.voltAmpere);
      return rounded(factor + 0.001 * gauss(noise('power_factor'), at), 1000);
    },
  };
  for (const phase of PHASES) {
    reads[`voltage_l${phase + 1}`] = (at) => rounded(lighting.phaseLoad(cabinet, phase, at).volt, 10);
    reads[`current_l${phase + 1}`] = (at) => {
      const { voltAmpere, volt } = lighting.phaseLoad(cabinet, phase, at);
      return rounded(voltAmpere / volt, 100);
    };
  }
  return reads;
}

function circuitMonitor(device: Device, { plant, lighting, seed }: Village): Reads {
  const circuit = plant.circuits.find((c) => isOf(device, c));
  if (!circuit) throw new SimulatedDeviceError(`${device.id}: no circuit names it as its meter or contactor`);
  const noise = noiseKeys(seed, device.id);
  return {
    contactor_on: (at) => lighting.isLit(circuit, at),
    breaker_closed: () => true,
    active_power: (at) => rounded(lighting.circuitW(circuit, at) * (1 + 0.003 * gauss(noise('active_power'), at)), 10),
  };
}

function isOf(device: Device, { meter, contactor }: Circuit): boolean {
  return [meter, contactor].some((ref) => ref?.startsWith(`${device.id}.`));
}

/** The network element that bears the device's id, or else its asset's. */
function element(device: Device, what: string, has: (id: string) => boolean): string {
  const found = [device.id, device.asset].find((id) => id !== undefined && has(id));
  if (found !== undefined) return found;
  const names = device.asset ? `"${device.id}" or "${device.asset}"` : `"${device.id}"`;
  throw new SimulatedDeviceError(`${device.id}: the network file has no ${what} named ${names}`);
}

function assetOf(device: Device): string {
  if (device.asset === undefined) throw new SimulatedDeviceError(`${device.id}: a ${device.kind} needs its asset`);
  return device.asset;
}

/** To the device's resolution, as parts of one: 200 is 5 mm in m. Adding 0 turns -0 into 0. */
function rounded(value: number, perOne: number): number {
  return Math.round(value * perOne) / perOne + 0;
}
