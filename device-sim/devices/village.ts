/** What devices see of the village, and how each finds its place in it. */
import type { Device, Plant } from '../../model/plant.ts';
import type { Counters } from '../counters.ts';
import type { Faults } from '../faults.ts';
import type { Lighting } from '../lighting/lighting.ts';
import type { Power } from '../power.ts';
import type { Water } from '../water/water.ts';

/** What there is to measure at a time within the village's present segment; null: nothing that could be measured. */
export type Read = (atMs: number) => number | boolean | null;

/** By metric. */
export type Reads = Readonly<Record<string, Read>>;

export interface Village {
  readonly plant: Plant;
  readonly water: Water;
  readonly lighting: Lighting;
  readonly faults: Faults;
  readonly power: Power;
  readonly seed: number;
  readonly counters: Pick<Counters, 'cabinetKwh' | 'burnHours'>;
}

/** A fault of the plant file, as the simulator sees it; `code` is stable. */
export class SimulatedDeviceError extends Error {
  readonly code = 'cannot-simulate';
  /** Whose entry it is. */
  readonly device: string | null;

  constructor(sentence: string, device?: Pick<Device, 'id'>) {
    super(device ? `${device.id}: ${sentence}` : sentence);
    this.device = device?.id ?? null;
  }
}

/** The network element that the device names, or that bears its id, or else its asset's. */
export function elementOf(device: Device, what: string, has: (id: string) => boolean): string {
  const names = device.element === undefined ? [device.id, device.asset] : [device.element];
  const found = names.find((id) => id !== undefined && has(id));
  if (found !== undefined) return found;
  const wanted = names.filter((id) => id !== undefined).map((id) => `"${id}"`);
  throw new SimulatedDeviceError(`the network file has no ${what} named ${wanted.join(' or ')}`, device);
}

export function assetOf(device: Device): string {
  if (device.asset === undefined) throw new SimulatedDeviceError(`a ${device.kind} needs its asset`, device);
  return device.asset;
}
