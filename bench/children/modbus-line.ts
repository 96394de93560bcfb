/** Modbus units on one serial line, as slow as it is; some are without power, until told otherwise. */
import { loadProfilesBeside } from '../../app/config/profile-files.ts';
import { startModbusUnits } from '../../device-sim/modbus/modbus-units.ts';
import { parseBridgeFile } from '../../model/bridge-file.ts';
import { readOptions, tellParent } from './parent.ts';

export interface ModbusLineOptions {
  /** Its content. */
  readonly bridge: unknown;
  /** Devices that say nothing. */
  readonly dead: readonly string[];
}

const { bridge, dead } = await readOptions<ModbusLineOptions>();
const parsed = parseBridgeFile(bridge, loadProfilesBeside('/nowhere').profiles);
if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
const metrics = [...(parsed.value.buses[0]?.units[0]?.fields ?? [])].map(({ metric }) => metric);
const alive = Object.fromEntries(metrics.map((metric, i) => [metric, 10 + i]));
const off = Object.fromEntries(metrics.map((metric) => [metric, null]));
let deadNow = new Set(dead);
const values = (device: string) => (deadNow.has(device) ? off : alive);
const log = { info: () => undefined, warn: () => undefined, error: console.error };
await startModbusUnits({ bridgeFile: parsed.value, values }, { log });
process.on('message', (word) => {
  if (word === 'revive') deadNow = new Set();
});
await tellParent('listening', null);
