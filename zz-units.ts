import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { loadProfilesBeside } from '/work/main/app/config/profile-files.ts';
import { startModbusUnits } from '/work/main/device-sim/modbus/modbus-units.ts';
import { parseBridgeFile } from '/work/main/model/bridge-file.ts';

const f = parseBridgeFile(
  parse(readFileSync('/tmp/rss/bridge.yaml', 'utf8')),
  loadProfilesBeside('/tmp/x').profiles,
) as any;
const m = Object.fromEntries(f.value.buses[0].units[0].fields.map((x: any, i: number) => [x.metric, i + 1]));
await startModbusUnits(
  { bridgeFile: f.value, values: () => m },
  { log: { info() {}, warn: console.log, error: console.log } },
);
setTimeout(() => process.exit(), 100000);
