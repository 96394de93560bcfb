/** The bridge and its broker, when one of them is gone: nothing is lost, and nothing is there twice. */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { join, relative } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { HistoryWire, LiveWire } from '../../dashboard/wire.ts';
import { startMqttLink } from '../../link/mqtt-link.ts';
import { encodeWords } from '../../model/modbus-codec.ts';
import { silentLog } from '../harness/readings.ts';
import { eventually, ROOT, spawnAimak, startServer, type TestServer, temporaryFolder } from '../harness/server.ts';
import { bridgeFile, createHandClock, createMemoryBus, startWorld, TOTAL_AND_FLOW } from './bridge-world.ts';
import { type Asked, rightAnswer, startUnit, toTcp } from './hand-made-unit.ts';
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
  it('has each reading in the history once, with its own time', async () => {
    /** When each count was said. */
    const saidAt: number[] = [];
    const line = await startUnit('tcp', (asked: Asked, reply) => {
      saidAt.push(Date.now());
      const cells = words(saidAt.length - 1);
      reply(
        toTcp(
          rightAnswer(asked, (at) => cells[at] ?? 0),
          asked.transaction,
        ),
      );
    });
    const fields = { volume_total: TOTAL_AND_FLOW.fields.volume_total };
    const { kind: _, ...tcp } = line;
    const site = writeSite({ devices: ['meter-1'], everyS: 0.02, bus: { tcp }, modbus: { fields } });
    const server = await startServer({ config: relative(ROOT, site.config) });
    const dataDir = temporaryFolder();
    const args = ['bridge', '--config', site.bridge, '--mqtt-url', server.mqttUrl, '--data-dir', dataDir];

    /** Of the readings that were on the disk at a kill. */
    const saved: [number, number][] = [];
    const kills = 6;
    for (let round = 0; round < kills; round++) {
      const before = saidAt.length;
      const child = spawnAimak(args);
      await eventually(
        () => saidAt.length,
        (count) => count > before + 5,
        20_000,
      );
      await delay(Math.random() * 400);
      child.kill('SIGKILL');
      await once(child, 'exit');
      saved.push(...entriesIn(join(dataDir, 'bridge.db')));
    }
    const last = spawnAimak(args);
    const output = gather(last);
    await eventually(
      () => saidAt.length,
      (count) => count > 0 && output().includes('connected to the broker'),
      20_000,
    );
    await delay(500);
    last.kill('SIGTERM');
    await once(last, 'exit');
    expect(last.exitCode).toBe(0);

    const points = await historyOf(server, 'meter-1', 'volume_total');
    const counts = points.map(([, value]) => value);
    expect(new Set(counts).size).toBe(counts.length);
    expect(counts).toEqual([...counts].sort((a, b) => Number(a) - Number(b)));
    for (const [ts, value] of points) expect(Math.abs(ts - (saidAt[value ?? -1] ?? 0))).toBeLessThan(1_000);
    const stored = new Map(points.map(([ts, value]) => [ts, value]));
    for (const [ts, count] of saved) expect(stored.get(ts)).toBe(count);
    // Lost is what had been read and was not yet on the disk, and what waits on it at the end.
    const waiting = entriesIn(join(dataDir, 'bridge.db')).length;
    expect(saidAt.length - counts.length - waiting).toBeLessThanOrEqual(kills * 3 + 3);
    expect((await server.health()).ingest.rejected).toEqual({});
    expect(await server.stop()).toBe(0);
  });

  function gather({ stdout }: ReturnType<typeof spawnAimak>): () => string {
    let text = '';
    stdout.on('data', (bytes: Buffer) => {
      text += bytes.toString();
    });
    return () => text;
  }

  /** Time and count of what waits there. */
  function entriesIn(file: string): [number, number][] {
    const db = new DatabaseSync(file);
    const rows = db.prepare('SELECT data FROM entry').all() as { data: Uint8Array }[];
    db.close();
    return rows.map(({ data }) => {
      const [, , { volume_total: count }, ts] = JSON.parse(Buffer.from(data).toString());
      return [ts, count];
    });
  }
});
