/** Gateways, and what any device may say of itself. */
import type { Device } from '../../model/plant.ts';
import { noiseKeys, uniform, wander } from '../noise.ts';
import { createBattery } from './battery.ts';
import type { Reads, Village } from './village.ts';

const HOUR_MS = 3_600_000;
const YEAR_MS = 365.2425 * 24 * HOUR_MS;
/** A lithium cell of a logger is flat for years and then falls. */
const LOGGER_V = 3.6;
/** Mid-July is the warmest. */
const HIGH_SUMMER = 0.54;

export function gateway(device: Device, { power, seed }: Village): Reads {
  const battery = createBattery(power, device.asset);
  const noise = noiseKeys(seed, device.id);
  return {
    mains_ok: (at) => power.isOn(device.asset, at),
    battery: (at) => battery.volt(at) + 0.05 * wander(noise('battery'), at, 6 * HOUR_MS),
  };
}

/** For every kind that does not say better. */
export function anyDevice(device: Device, { seed }: Village): Reads {
  const noise = noiseKeys(seed, device.id);
  const usualDbm = -66 - Math.round(18 * uniform(noise('usual'), 0));
  return {
    signal: (at) => usualDbm + 2 * wander(noise('signal'), at, 2 * HOUR_MS),
    battery: (at) => LOGGER_V + 0.01 * wander(noise('battery'), at, 6 * HOUR_MS),
    temperature(at) {
      const season = 8 + 14 * Math.cos(2 * Math.PI * (at / YEAR_MS - HIGH_SUMMER));
      return season + 4 * wander(noise('temperature'), at, 12 * HOUR_MS);
    },
  };
}
