/** What there is to measure in a lighting cabinet. Noise and resolution are the profile's. */
import type { Circuit } from '../../model/circuit.ts';
import type { Device } from '../../model/plant.ts';
import { PHASES } from '../lighting/mains.ts';
import type { PhaseLoad } from '../lighting/supply.ts';
import { noiseKeys, uniform, wander } from '../noise.ts';
import { assetOf, type Read, type Reads, SimulatedDeviceError, type Village } from './village.ts';

const MINUTE_MS = 60_000;
/** Below this a phase is dead, and a current cannot be told from the apparent power. */
const DEAD_V = 1;

export function cabinetController(device: Device, { plant, lighting }: Village): Reads {
  const cabinet = assetOf(device);
  const circuits = plant.circuits.filter((circuit) => circuit.cabinet === cabinet);
  if (circuits.length === 0) throw new SimulatedDeviceError(`no circuit has the cabinet "${cabinet}"`, device);
  return {
    light_command: (at) => circuits.some((circuit) => lighting.isCommanded(circuit, at)),
    door_open: (at) => lighting.isDoorOpen(cabinet, at),
  };
}

/** Without mains the meter is dark, and the gateway, which lives on its battery, says 0 V and 0 A of it. */
export function cabinetMeter(device: Device, { lighting, power, seed, counters }: Village): Reads {
  const cabinet = assetOf(device);
  const noise = noiseKeys(seed, device.id);
  const before = Math.round(9000 * (0.5 + uniform(noise('energy_total'), 0)));
  const kWh = counters.cabinetKwh(cabinet);
  const total = (at: number, of: (load: PhaseLoad) => number): number =>
    PHASES.reduce((sum: number, phase) => sum + of(lighting.phaseLoad(cabinet, phase, at)), 0);
  const reads: Record<string, Read> = {
    active_power: (at) => total(at, ({ watt }) => watt),
    apparent_power: (at) => total(at, ({ voltAmpere }) => voltAmpere),
    reactive_power: (at) => total(at, reactiveVar),
    energy_total: (at) => before + kWh(at),
    energy_export: () => 0,
    frequency: (at) => (power.isOn(cabinet, at) ? 50 + 0.02 * wander(noise('frequency'), at, 5 * MINUTE_MS) : null),
    leakage_current: (at) => lighting.leakageMa(cabinet, at),
    power_factor: (at) =>
      factor(
        total(at, ({ watt }) => watt),
        total(at, ({ voltAmpere }) => voltAmpere),
      ),
  };
  for (const phase of PHASES) {
    const load = (at: number): PhaseLoad => lighting.phaseLoad(cabinet, phase, at);
    reads[`active_power_l${phase + 1}`] = (at) => load(at).watt;
    reads[`voltage_l${phase + 1}`] = (at) => load(at).volt;
    reads[`current_l${phase + 1}`] = (at) => ampere(load(at));
  }
  return reads;
}

/** Its contacts and transducer live on the gateway's battery. A lamp controller speaks for the lamps of its circuit. */
export function circuitMonitor(device: Device, { plant, lighting, seed, counters }: Village): Reads {
  const circuit = plant.circuits.find((c) => isOf(device, c));
  if (!circuit) throw new SimulatedDeviceError('no circuit names it as its meter or contactor', device);
  const reads: Reads = {
    contactor_on: (at) => lighting.isContactorOn(circuit, at),
    breaker_closed: (at) => lighting.isBreakerClosed(circuit, at),
    lamp_on: (at) => lighting.isLit(circuit, at),
    dimming: (at) => lighting.dimming(circuit, at),
    active_power: (at) => lighting.circuitW(circuit, at),
  };
  if (!device.metrics.has('burn_hours')) return reads;
  const before = Math.round(12_000 * uniform(noiseKeys(seed, device.id)('burn_hours'), 0));
  const hours = counters.burnHours(circuit);
  return { ...reads, burn_hours: (at) => before + hours(at) };
}

function isOf(device: Device, { id, meter, contactor }: Circuit): boolean {
  return device.element === id || [meter, contactor].some((ref) => ref?.startsWith(`${device.id}.`));
}

/** Of no load at all there is none. */
function factor(watt: number, voltAmpere: number): number | null {
  return voltAmpere > 0 ? watt / voltAmpere : null;
}

function reactiveVar({ watt, voltAmpere }: PhaseLoad): number {
  return Math.sqrt(Math.max(0, voltAmpere ** 2 - watt ** 2));
}

function ampere({ voltAmpere, volt }: PhaseLoad): number {
  return volt < DEAD_V ? 0 : voltAmpere / volt;
}
