/** The bridge on a small computer: its memory with 32 units, at the very first start and at the next. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { stringify } from 'yaml';
import { startBroker } from '../broker/broker.ts';
import { freePort } from '../test/harness/free-port.ts';
import { eventually, ROOT } from '../test/harness/process.ts';
import { startChild } from './child.ts';
import type { ModbusLineOptions } from './children/modbus-line.ts';
import { atLeast, below, type Figure, figure } from './figure.ts';
import { residentMb } from './proc.ts';
import type { RunContext } from './run-context.ts';

const SECONDS = 60;
const UNITS = 32;
const EVERY_S = 10;
const MAX_RSS_MB = 100;
/** All units are to be read within it. */
const FIRST_READINGS_MS = 30_000;

export async function measureBridge(context: RunContext): Promise<readonly Figure[]> {
  const seconds = context.seconds ?? SECONDS;
  const heard = new Set<string>();
  const broker = await startBroker(
    { host: '127.0.0.1', port: 0 },
    { onTelemetry: async ({ device }) => void heard.add(device), log: { info() {}, warn() {}, error: console.error } },
  );
  context.finally(() => void broker.stop());
  const bridge = await startUnits(context);
  const file = join(context.folder, 'bridge.yaml');
  writeFileSync(file, stringify(bridge));
  const start = async (): Promise<{ rssMb: number; units: number }> => {
    heard.clear();
    const process = startBridge(context, ['--config', file, '--mqtt-url', `mqtt://127.0.0.1:${broker.port}`]);
    await eventually(
      () => heard.size,
      (units) => units === UNITS,
      FIRST_READINGS_MS,
    ).catch(() => undefined);
    await delay(seconds * 1_000);
    const rssMb = residentMb(process.pid ?? 0);
    process.kill('SIGTERM');
    await once(process, 'exit');
    return { rssMb, units: heard.size };
  };
  const first = await start();
  const next = await start();
  return [
    figure(['units whose readings arrived', 'units'], atLeast(UNITS), Math.min(first.units, next.units)),
    figure([`resident memory ${seconds} s after the very first start`, 'MB'], below(MAX_RSS_MB), first.rssMb),
    figure([`resident memory ${seconds} s after the next start`, 'MB'], below(MAX_RSS_MB), next.rssMb),
  ];
}

/** As many meters of 16 values; returns the content of the bridge file. */
async function startUnits(context: RunContext): Promise<unknown> {
  const tcp = { host: '127.0.0.1', port: await freePort() };
  const units = Array.from({ length: UNITS }, (_, i) => ({
    ...{ unit: i + 1, device: `meter-${i + 1}`, profile: 'sdm630', everyS: EVERY_S },
  }));
  const bridge = { site: 'toru', gateway: 'gw-1', buses: [{ id: 'b1', tcp, units }] };
  const options: ModbusLineOptions = { bridge, dead: [] };
  await startChild(context, 'modbus-line.ts', options).next('listening', 20_000);
  return bridge;
}

/** As `npm start -- bridge` does, with a compile cache that is empty at first. */
function startBridge(context: RunContext, args: readonly string[]) {
  const cache = join(context.folder, 'compile-cache');
  const command = [
    'app/start.js',
    'bridge',
    ...args,
    '--data-dir',
    join(context.folder, 'data'),
    '--log-level',
    'warn',
  ];
  const env = { ...process.env, NODE_COMPILE_CACHE: cache };
  return context.own(spawn(process.execPath, command, { cwd: ROOT, env, stdio: ['ignore', 'ignore', 'inherit'] }));
}
