/** Many villages in one process, before a server that was given their plant. */
import { writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type Configuration, loadConfiguration } from '../../app/config/check-config.ts';
import { loadVillageFiles, type VillageFiles } from '../../app/config/village-files.ts';
import type { ConnectBy } from '../../app/villages/connections.ts';
import { writeCopiedPlant } from '../../app/villages/copied-plant.ts';
import { startVillages } from '../../app/villages/start-villages.ts';
import { createTally } from '../../app/villages/tally.ts';
import type { HistoryWire, LiveWire, PlantWire } from '../../dashboard/wire.ts';
import { createTown } from '../../device-sim/town.ts';
import type { DeviceId } from '../../model/ids.ts';
import { encodeTelemetry } from '../../model/telemetry.ts';
import { silentLog } from '../harness/readings.ts';
import { eventually, ROOT, runAimak, startServer, type TestServer, temporaryFolder } from '../harness/server.ts';

const HOUR_MS = 3_600_000;
const FRESH_MS = 120_000;

const folder = temporaryFolder();
const config = join(folder, 'plant/aimak.yaml');
const fromMs = (Math.floor(Date.now() / HOUR_MS) - 2) * HOUR_MS;

beforeAll(async () => {
  const args = ['sim', '--villages', '2', '--write-plant', join(folder, 'plant')];
  expect(await runAimak(args)).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining(config) });
});

describe('two villages', () => {
  const configuration = (): Configuration => {
    const from = new Date(fromMs).toISOString();
    return loadConfiguration(['--from', from, '--seed', '7', '--data-dir', temporaryFolder()], {}) as Configuration;
  };

  function start(server: TestServer, connectBy: ConnectBy) {
    const { settings, plant } = configuration();
    const files = loadVillageFiles(settings, plant, Date.now()).value as VillageFiles;
    const villages = startVillages({ settings, plant, files, count: 2, connectBy }, { url: server.mqttUrl }, silentLog);
    onTestFinished(villages.stop);
    return { ...villages, plant, network: files.network };
  }

  /** All have caught up with the clock. */
  const live = (server: TestServer): Promise<LiveWire[]> =>
    eventually(
      () => server.get<LiveWire[]>('/api/live'),
      (values) =>
        new Set(values.filter(({ ts }) => Date.now() - ts < FRESH_MS).map(({ device }) => device)).size === 80,
      30_000,
    );

  it('report under ids of their own, each with another seed, and every reading is stored', async () => {
    const server = await startServer({ config: relative(ROOT, config) });
    const villages = start(server, 'device');
    const devices = new Set((await live(server)).map(({ device }) => device));
    const ids = [...villages.plant.devices.keys()];
    expect([...devices].sort()).toEqual(['toru-001', 'toru-002'].flatMap((v) => ids.map((id) => `${v}-${id}`)).sort());
    const { broker } = await server.get<{ broker: { clients: number } }>('/api/health');
    expect(broker.clients).toBe(80);

    await villages.stop();
    const { sent, waiting } = villages.status();
    const { ingest } = await server.health();
    expect(ingest).toMatchObject({ stored: sent, duplicates: 0, rejected: {} });
    expect(waiting).toBe(0);

    const { plant, network } = villages;
    for (const [village, seed] of [['toru-001', 7] as const, ['toru-002', 8] as const]) {
      const town = await createTown({ plant, network, site: 'toru', seed, fromMs });
      const wanted = town
        .step(fromMs + HOUR_MS)
        .filter(({ device }) => device === 'pressure-1')
        .map(({ frame: { ts, values } }) => [ts, values.pressure]);
      const query = `device=${village}-pressure-1&metric=pressure&from=${fromMs}&to=${fromMs + HOUR_MS + 1}&points=1000`;
      const { points } = await server.get<HistoryWire>(`/api/history?${query}`);
      expect(wanted.length).toBeGreaterThanOrEqual(59);
      expect(points).toEqual(wanted);
    }
    expect(await server.stop()).toBe(0);
  });

  it('speak through one connection each behind a gateway', async () => {
    const server = await startServer({ config: relative(ROOT, config) });
    const villages = start(server, 'gateway');
    await live(server);
    const { broker } = await server.get<{ broker: { clients: number } }>('/api/health');
    expect(broker.clients).toBe(2);
    expect(villages.status()).toMatchObject({ villages: 2, connections: 2, connected: 2, faults: 0 });
    await villages.stop();
    expect((await server.health()).ingest.stored).toBe(villages.status().sent);
    expect(await server.stop()).toBe(0);
  });
});

describe('the plant of many villages', () => {
  it('is in order, with the rules that watch the site, and says that it is simulated', async () => {
    const { plant, rules } = loadConfiguration(['--config', config], {}) as Configuration;
    expect([...plant.sites.values()]).toMatchObject([
      { id: 'toru-001', simulated: 'elsewhere', name: { en: 'Toru-Aygyr 001 (simulated)' } },
      { id: 'toru-002', simulated: 'elsewhere', name: { en: 'Toru-Aygyr 002 (simulated)' } },
    ]);
    expect(plant.devices.get('toru-002-tank-1-level')).toMatchObject({
      site: 'toru-002',
      asset: 'toru-002-tank-1',
      via: 'toru-002-gw-tank-1',
      everyS: 60,
    });
    expect([plant.assets.size, plant.zones.length, plant.circuits.length]).toEqual([36, 4, 24]);
    expect(rules).toEqual(loadConfiguration([], {})?.rules);
  });

  it('leaves each village on a supply of its own, and all of them with the operators of the one', () => {
    const { plant } = loadConfiguration([], {}) as Configuration;
    const [site] = [...plant.sites.values()];
    const logger = plant.devices.get('pressure-1' as DeviceId);
    if (!site || !logger) throw new Error('not in the demo');
    const own = { ...site, utilitySupply: 'ts-14', operator: 'Beeline' };
    const devices = new Map([...plant.devices, [logger.id, { ...logger, operator: 'MegaCom' }]]);
    const copied = { plant: { ...plant, devices }, rules: [], profiles: null, site: own, copies: ['a', 'b'] };
    const written = loadConfiguration(['--config', writeCopiedPlant(join(folder, 'fed'), copied)], {}) as Configuration;
    expect([...written.plant.sites.values()]).toMatchObject([
      { id: 'a', utilitySupply: 'a-ts-14', operator: 'Beeline' },
      { id: 'b', utilitySupply: 'b-ts-14', operator: 'Beeline' },
    ]);
    expect(written.plant.devices.get('b-pressure-1' as DeviceId)).toMatchObject({ operator: 'MegaCom' });
    expect(written.plant.devices.get('b-pressure-2' as DeviceId)?.operator).toBeUndefined();
  });

  it('is shown as simulated by a server that simulates nothing', async () => {
    const server = await startServer({ config: relative(ROOT, config) });
    const { sites } = await server.get<PlantWire>('/api/plant');
    expect(sites.map(({ simulated }) => simulated)).toEqual([true, true]);
    expect((await fetch(`${server.url}/api/sim`)).status).toBe(404);
    expect(await server.stop()).toBe(0);
  });

  it('is written over nothing', async () => {
    const occupied = temporaryFolder();
    writeFileSync(join(occupied, 'plant.yaml'), 'mine');
    const { code, stderr } = await runAimak(['sim', '--villages', '2', '--write-plant', occupied]);
    expect(stderr).toBe(`aimak: --write-plant: ${occupied} holds plant.yaml already; expected a new folder\n`);
    expect(code).toBe(1);
  });
});

it('names every fault of its options', async () => {
  const { code, stderr } = await runAimak(['sim', '--villages', '0', '--connect', 'pigeon', '--from', '2126-01-01']);
  expect(code).toBe(2);
  expect(stderr).toBe(
    [
      'aimak: cannot start with this configuration:',
      '  --villages: expected a number from 1 to 1000',
      '  --connect: expected device or gateway',
      '  --villages: expected --mqtt-url, the broker that they publish to',
      '  --from, sim.from: lies in the future; villages live up to now\n',
    ].join('\n'),
  );
});

it('counts a reading as late that is acknowledged more than 5 s after its time, the past left out', async () => {
  let nowMs = 100_000;
  const tally = createTally(90_000, () => nowMs);
  const acknowledged = Promise.withResolvers<void>();
  const frames = [80_000, 95_000, 95_001].map((ts) => ({ ts, values: { level: 1, pressure: 2 } }));
  const tracked = tally.track(encodeTelemetry(frames), acknowledged.promise);
  expect(tally.counts()).toEqual({ sent: 0, waiting: 6, late: 0, latestMs: 0 });
  nowMs = 100_001;
  acknowledged.resolve();
  await tracked;
  expect(tally.counts()).toEqual({ sent: 6, waiting: 0, late: 2, latestMs: 5001 });
});
