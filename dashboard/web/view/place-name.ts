import { nameOf } from '../i18n/language.ts';
import { assetOf, deviceOf, plant } from '../live/plant-store.ts';

/** `Upper tank` or `Central street`: what a device watches; its own name where that is nothing the plant knows. */
export function placeName(deviceId: string): string {
  const device = deviceOf(deviceId);
  const isItsOwn = (ref: string | null) => ref?.startsWith(`${deviceId}.`);
  const circuit = plant.value?.circuits.find((c) => isItsOwn(c.contactor) || isItsOwn(c.meter));
  if (circuit) return nameOf(circuit.name, circuit.id);
  const asset = assetOf(device?.asset ?? null);
  return asset ? nameOf(asset.name, asset.id) : nameOf(device?.name, deviceId);
}
