/** The bridge and its broker, when one of them is gone: nothing is lost, and nothing is there twice. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import type { HistoryWire, LiveWire } from '../../dashboard/wire.ts';
import { decodeEntry } from '../../firmware-bridge/send/entry.ts';
import { startMqttLink } from '../../link/mqtt-link.ts';
import { encodeWords } from '../../model/modbus-codec.ts';
import { silentLog } from '../harness/readings.ts';
import { eventually, ROOT, startServer, type TestServer, temporaryFolder } from '../harness/server.ts';
import { bridgeFile, createHandClock, createMemoryBus, startWorld, TOTAL_AND_FLOW } from './bridge-world.ts';
import type { HurriedOptions, Told } from './children/hurried-bridge.ts';
import { writeSite } from './site-files.ts';

const MINUTE = 60_000;
const words = (count: number) => encodeWords(count, { type: 'uint32', order: 'ABCD', mask: null });

/** A port that leads to a broker as soon as there is one. */
async function startDoor(): Promise<{ readonly url: string; lead(port: number): void }> {
  let target = 0;
  const door = createServer((socket) => {
    socket.on('error', () => undefined);
    if (target === 0) return void socket.destroy();
    const behind = connect(target, '127.0.0.1');
    behind.on('error', () => socket.destroy());
    socket.on('close', () => behind.destroy());
    behind.on('close', () => socket.destroy());
    socket.pipe(behind).pipe(socket);
  });
  door.listen(0, '127.0.0.1');
  await once(door, 'listening');
  onTestFinished(() => void door.close());
  const { port } = door.address() as { port: number };
  return {
    url: `mqtt://127.0.0.1:${port}`,
    lead: (to) => {
      target = to;
    },
  };
}

/** All raw points of a series. */
async function historyOf(server: TestServer, device: string, metric: string): Promise<[number, number | null][]> {
  const points: [number, number | null][] = [];
  for (let from: number | undefined = 0; from !== undefined; ) {
    const query: string = `/api/history?device=${device}&metric=${metric}&from=${from}&to=${Date.now() + MINUTE}&points=10000`;
    const page: HistoryWire & { next?: number } = await server.get(query);
    points.push(...(page.points as [number, number | null][]));
    from = page.next;
  }
  return points;
}

describe('a bridge whose broker is away', () => {
  it('delivers six hours of readings when it is back, each once with its own time, and the newest at once', async () => {
    const devices = ['meter-1', 'meter-2', 'meter-3'];
    const site = writeSite({
      devices,
      everyS: 60,
      bus: { tcp: { host: '127.0.0.1', port: 1 } },
      modbus: TOTAL_AND_FLOW,
    });
    const door = await startDoor();
    const link = startMqttLink({ url: door.url, clientId: 'bridge-gw-1' }, silentLog);
    onTestFinished(() => link.stop());
    const beginMs = Date.now() - 6 * 60 * MINUTE;
    const clock = createHandClock(beginMs);
    const bus = createMemoryBus(({ address, count, unit }) => {
      const cells = [...words(Math.round((clock.now() - beginMs) / MINUTE) + 1000 * unit), 0x3fc0, 0];
      return { ok: true, cells: cells.slice(address, address + count) };
    });
    const world = await startWorld({ file: bridgeFile(TOTAL_AND_FLOW, { devices }), clock, bus, link });
    await clock.advance(6 * 60 * MINUTE);
    await eventually(
      () => world.outbox.counts().items,
      (items) => items === devices.length * 361 * 2,
    );

    const server = await startServer({ config: relative(ROOT, site.config) });
    door.lead(server.mqttPort);
    await eventually(
      () => server.get<LiveWire[]>('/api/live'),
      (live) => live.some(({ ts }) => ts === beginMs + 360 * MINUTE),
      20_000,
    );
    await eventually(
      () => world.outbox.counts().entries,
      (left) => left === 0,
      30_000,
    );
    for (const [i, device] of devices.entries()) {
      const minutes = Array.from({ length: 361 }, (_, minute) => minute);
      expect(await historyOf(server, device, 'volume_total')).toEqual(
        minutes.map((minute) => [beginMs + minute * MINUTE, minute + 1000 * (i + 1)]),
      );
    }
    expect((await server.health()).ingest).toMatchObject({ stored: devices.length * 361 * 2, duplicates: 0 });
    expect(await server.stop()).toBe(0);
  });
});

describe('a bridge that is killed', () => {
  it('loses nothing that was on its disk, wherever it is killed: without a broker, in a commit, and while it sends', async () => {
    const world = writeHurriedSite();
    const door = await startDoor();
    const told: Told[] = [];
    const start = (more: { killIn?: string } = {}) => startHurried({ ...world, mqttUrl: door.url, told, ...more });
    const { dataDir } = world;

    // Six hours on its clock, and no broker.
    expect(await start({ killIn: 'insert:150' }).ended).toEqual(KILLED);
    for (let round = 0; round < 2; round++) await start().killAfter(600);
    expect(await start({ killIn: 'insert:400' }).ended).toEqual(KILLED);
    const times = told.map(({ ts }) => ts);
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(6 * 60 * MINUTE);
    const waited = entriesIn(dataDir);
    expect(waited.length).toBeGreaterThan(1_000);
    expect(without(savedOf(told), waited)).toEqual([]);

    const server = await startServer({ config: relative(ROOT, world.site.config) });
    door.lead(server.mqttPort);
    expect(await start({ killIn: 'before-commit:1' }).ended).toEqual(KILLED);
    // Some have arrived, and all of them are still there.
    expect((await server.health()).ingest.stored).toBeGreaterThan(0);
    expect(without(waited, entriesIn(dataDir))).toEqual([]);
    expect(await start({ killIn: 'after-commit:1' }).ended).toEqual(KILLED);
    expect(await start({ killIn: 'before-commit:2' }).ended).toEqual(KILLED);
    await start().killAfter(50);
    const last = start();
    await eventually(
      () => entriesIn(dataDir).length,
      (waiting) => waiting < 20,
      20_000,
    );
    await last.kill();

    const stored = await storedOf(server);
    // No value twice, none with another time than that it was read at, and all that was on the disk or still is.
    expect(new Set(stored.map(([, , value]) => value)).size).toBe(stored.length);
    expect(without(stored, told.map(toReading))).toEqual([]);
    expect(without(savedOf(told), [...stored, ...entriesIn(dataDir)])).toEqual([]);
    expect((await server.health()).ingest.rejected).toEqual({});
    expect(await server.stop()).toBe(0);
  }, 60_000);

  type Reading = [device: string, ts: number, value: number];
  const KILLED = [null, 'SIGKILL'];
  const DEVICES = ['meter-1', 'meter-2', 'meter-3'];
  const toReading = ({ device, ts, value }: Told): Reading => [device, ts, value];
  const savedOf = (told: readonly Told[]): Reading[] => told.filter(({ what }) => what === 'saved').map(toReading);

  function without(readings: readonly Reading[], others: readonly Reading[]): Reading[] {
    const known = new Set(others.map((other) => other.join()));
    return readings.filter((reading) => !known.has(reading.join()));
  }

  function writeHurriedSite() {
    const fields = { volume_total: TOTAL_AND_FLOW.fields.volume_total };
    const bus = { tcp: { host: '127.0.0.1', port: 1 } };
    const site = writeSite({ devices: DEVICES, everyS: 60, bus, modbus: { fields } });
    return { site, dataDir: temporaryFolder(), realBeginMs: Date.now() };
  }

  interface Hurried extends ReturnType<typeof writeHurriedSite> {
    readonly mqttUrl: string;
    readonly told: Told[];
    readonly killIn?: string;
  }

  /** An hour is a second to it. It goes on counting where the one before it was killed. */
  function startHurried({ site, dataDir, realBeginMs, mqttUrl, told, killIn = '' }: Hurried) {
    const load = (name: string): unknown => parse(readFileSync(join(site.folder, name), 'utf8'));
    const options: HurriedOptions = {
      ...{ bridge: load('bridge.yaml'), profile: load('profiles/test-meter.yaml'), mqttUrl, dataDir },
      ...{ beginMs: realBeginMs - 7 * 24 * 60 * MINUTE, realBeginMs, speed: 3_600, firstValue: told.length },
    };
    const file = (name: string): string => join(import.meta.dirname, 'children', name);
    const args = ['--import', file('kill-in-commit.ts'), file('hurried-bridge.ts'), JSON.stringify(options)];
    const env = { ...process.env, KILL_IN: killIn };
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    createInterface({ input: child.stdout }).on('line', (line) => void told.push(JSON.parse(line)));
    const ended = once(child, 'close');
    const kill = async (): Promise<void> => {
      child.kill('SIGKILL');
      await ended;
    };
    return {
      ended,
      kill,
      /** At any moment after it has told so much. */
      async killAfter(lines: number): Promise<void> {
        const from = told.length;
        await eventually(
          () => told.length,
          (count) => count > from + lines,
          20_000,
        );
        await delay(Math.random() * 20);
        await kill();
      },
    };
  }

  async function storedOf(server: TestServer): Promise<Reading[]> {
    const stored: Reading[] = [];
    for (const device of DEVICES) {
      const points = await historyOf(server, device, 'volume_total');
      stored.push(...points.map(([ts, value]): Reading => [device, ts, Number(value)]));
    }
    return stored;
  }

  /** What waits on the disk. */
  function entriesIn(dataDir: string): Reading[] {
    const db = new DatabaseSync(join(dataDir, 'bridge.db'));
    const rows = db.prepare('SELECT data FROM entry ORDER BY id').all() as { data: Uint8Array }[];
    db.close();
    return rows.map(({ data }) => {
      const { device, time, values } = decodeEntry(data);
      return [device, Number(time), Number(values.volume_total)];
    });
  }
});
