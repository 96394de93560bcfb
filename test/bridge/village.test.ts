/** The shipped profiles, end to end: simulated units, the bridge, the broker, ingest and the API. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { parse, stringify } from 'yaml';
import { loadProfilesBeside } from '../../app/config/profile-files.ts';
import type { LiveWire } from '../../dashboard/wire.ts';
import { startModbusUnits } from '../../device-sim/modbus/modbus-units.ts';
import { type BridgeFile, parseBridgeFile } from '../../model/bridge-file.ts';
import { METRICS } from '../../model/metric.ts';
import type { FieldValue } from '../../model/modbus-codec.ts';
import { freePort } from '../harness/free-port.ts';
import { silentLog } from '../harness/readings.ts';
import { eventually, ROOT, spawnAimak, startServer, temporaryFolder } from '../harness/server.ts';

/** The shipped example, on ports of our own. */
async function writeExample(folder: string): Promise<{ config: string; bridge: string; file: BridgeFile }> {
  const raw = parse(readFileSync(join(ROOT, 'config/bridge/bridge.yaml'), 'utf8'));
  const [station, cabinet] = raw.buses;
  const buses = [
    { id: station.id, rtuOverTcp: { host: '127.0.0.1', port: await freePort() }, units: station.units },
    { id: cabinet.id, tcp: { host: '127.0.0.1', port: await freePort() }, units: cabinet.units },
  ];
  const content = { ...raw, buses };
  const units = buses.flatMap((bus) => bus.units) as { device: string; profile: string }[];
  const plant = {
    sites: [{ id: 'toru', lat: 42.4, lon: 76.4, timeZone: 'Asia/Bishkek' }],
    devices: units.map(({ device, profile }) => ({ id: device, site: 'toru', profile })),
  };
  writeFileSync(join(folder, 'bridge.yaml'), stringify(content));
  writeFileSync(join(folder, 'plant.yaml'), stringify(plant));
  writeFileSync(join(folder, 'aimak.yaml'), stringify({ version: 1, plant: 'plant.yaml' }));
  const parsed = parseBridgeFile(content, loadProfilesBeside(join(folder, 'bridge.yaml')).profiles);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return { config: join(folder, 'aimak.yaml'), bridge: join(folder, 'bridge.yaml'), file: parsed.value };
}

/** Something of its own for every field, which its registers can hold. */
function valuesOf(file: BridgeFile): Map<string, Record<string, FieldValue>> {
  let n = 0;
  return new Map(
    file.buses
      .flatMap(({ units }) => units)
      .map(({ device, fields }) => [
        device,
        Object.fromEntries(
          fields.map(({ metric }) => {
            n++;
            if (METRICS.get(metric)?.type === 'boolean') return [metric, n % 2 === 0];
            return [metric, metric === 'power_factor' ? 0.5 : 2 + n / 4];
          }),
        ),
      ]),
  );
}

it('shows on the API what the registers of simulated units hold, by every shipped kind of profile', async () => {
  const { config, bridge, file } = await writeExample(temporaryFolder());
  const wanted = valuesOf(file);
  const units = await startModbusUnits(
    { bridgeFile: file, values: (device) => wanted.get(device) ?? {} },
    { log: silentLog },
  );
  onTestFinished(() => units.stop());
  const server = await startServer({ config: relative(ROOT, config) });
  const child = spawnAimak([
    'bridge',
    '--config',
    bridge,
    '--mqtt-url',
    server.mqttUrl,
    '--data-dir',
    temporaryFolder(),
  ]);
  const series = [...wanted].flatMap(([device, values]) =>
    Object.entries(values).map(([metric, value]) => ({ device, metric, value: Number(value) })),
  );
  const live = await eventually(
    () => server.get<LiveWire[]>('/api/live'),
    (values) =>
      series.every(({ device, metric }) => values.some((each) => each.device === device && each.metric === metric)),
    20_000,
  );
  const found = series.map(({ device, metric }) => {
    const value = live.find((each) => each.device === device && each.metric === metric);
    expect(value).toMatchObject({ quality: 'good', site: 'toru' });
    return { device, metric, value: Number(Number(value?.value).toFixed(3)) };
  });
  expect(found).toEqual(series.map((each) => ({ ...each, value: expect.closeTo(each.value, 2) })));
  expect((await server.health()).ingest.rejected).toEqual({});
  child.kill('SIGTERM');
  expect(await server.stop()).toBe(0);
});
