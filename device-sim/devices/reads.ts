/** What each kind of device measures. A profile of a known kind may have any of its metrics. */
import type { Device } from '../../model/plant.ts';
import { anyDevice, gateway } from './common-kinds.ts';
import { cabinetController, cabinetMeter, circuitMonitor } from './light-kinds.ts';
import { type Read, type Reads, SimulatedDeviceError, type Village } from './village.ts';
import {
  boreholeLevel,
  flowMeter,
  pressureLogger,
  pumpController,
  reservoirLevel,
  waterQuality,
} from './water-kinds.ts';

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
  lamp_controller: circuitMonitor,
};

/** How to read every metric of the device's profile, as there is something to measure: before any sensor. */
export function createReads(device: Device, village: Village): ReadonlyMap<string, Read> {
  const kind = KINDS[device.kind];
  if (!kind) throw new SimulatedDeviceError(`the simulator knows no device of kind "${device.kind}"`, device);
  const reads = { ...anyDevice(device, village), ...kind(device, village) };
  return new Map(
    [...device.metrics.keys()].map((metric) => {
      const read = reads[metric];
      if (!read) throw new SimulatedDeviceError(`the simulator has no "${metric}" for a ${device.kind}`, device);
      return [metric, read];
    }),
  );
}
