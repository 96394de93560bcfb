import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRowReader } from '../../app/replay/rows.ts';
import { parseTime } from '../../app/time.ts';
import type { HistoryWire } from '../../dashboard/wire.ts';
import { expectClosed, ROOT, runAimak, startServer, type TestServer, temporaryFolder } from '../harness/server.ts';

const SHARED = process.env.AIMAK_SHARED ?? join(ROOT, '../shared');
const BATTLEDIM = join(SHARED, 'data/battledim-2019/flows_level_2019H1.csv.gz');

describe('times in files', () => {
  it.each([
    ['2019-01-01 00:05', 'UTC', '2019-01-01T00:05:00Z'],
    ['2019-01-01 00:05', '+02:00', '2018-12-31T22:05:00Z'],
    ['2019-01-01 00:05:30', 'Asia/Bishkek', '2018-12-31T18:05:30Z'],
    ['2019-01-01T00:05:00+06:00', 'UTC', '2018-12-31T18:05:00Z'],
    ['1546300800', 'UTC', '2019-01-01T00:00:00Z'],
    ['1546300800123', 'UTC', '2019-01-01T00:00:00.123Z'],
  ])('%s in %s is %s', (text, zone, iso) => {
    expect(parseTime(text, zone)).toBe(Date.parse(iso));
  });

  it('names no instant that the clock change skips or repeats', () => {
    expect(parseTime('2019-03-31 03:30', 'Asia/Nicosia')).toBeNull();
    expect(parseTime('2019-10-27 03:30', 'Asia/Nicosia')).toBeNull();
    expect(parseTime('soon', 'UTC')).toBeNull();
  });
});

describe('rows', () => {
  const mapping = {
    site: 's',
    time: { zone: 'UTC' },
    columns: { a: 'd.level', b: 'd.pressure', c: 'pump.pump_running' },
  };

  it('become one frame per device, gaps left out and faults named by line', () => {
    const read = createRowReader(['t', 'a', 'b', 'c'], mapping);
    if (typeof read !== 'function') throw new Error(read.join());
    const { frames, readings, faults } = read(['2019-01-01', '2.5', '', 'true'], 2);
    expect([...frames]).toEqual([
      ['d', { ts: Date.UTC(2019, 0, 1), values: { level: 2.5 } }],
      ['pump', { ts: Date.UTC(2019, 0, 1), values: { pump_running: true } }],
    ]);
    expect([readings, faults.length]).toEqual([2, 0]);
    expect(read(['2019-01-01', 'n/a', '1', '0'], 3).faults).toEqual([
      { line: 3, column: 'a', text: 'n/a', expected: 'a number' },
    ]);
    expect(read(['whenever', '1', '1', '1'], 4)).toMatchObject({ readings: 0, faults: [{ line: 4, column: 't' }] });
  });

  it('need every mapped column', () => {
    expect(createRowReader(['t', 'a'], mapping)).toEqual([
      'no column "b"; the file has t, a',
      'no column "c"; the file has t, a',
    ]);
  });
});

describe('replaying a file', () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await startServer({ config: 'config/battledim/aimak.yaml' });
  });
  afterEach(async () => {
    expect(await server.stop()).toBe(0);
  });

  const replay = (...args: string[]) => runAimak(['replay', ...args, '--data-dir', server.dataDir]);

  it('stores each reading of BattLeDIM 2019 once, and the second time as a duplicate', async ({ skip }) => {
    if (!existsSync(BATTLEDIM)) skip(`${BATTLEDIM} is not there (set AIMAK_SHARED)`);
    const args = [BATTLEDIM, '--mapping', 'config/battledim/mapping.yaml'] as const;
    const first = await replay(...args);
    expect(first).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^52128 rows: 208512 readings published and acknowledged\n/),
    });
    expect((await server.health()).ingest).toMatchObject({
      received: 208512,
      stored: 208512,
      duplicates: 0,
      rejected: {},
      inFlight: 0,
    });
    await replay(...args);
    expect((await server.health()).ingest).toMatchObject({
      received: 417024,
      stored: 208512,
      duplicates: 208512,
      rejected: {},
    });

    const [, ...rows] = gunzipSync(readFileSync(BATTLEDIM)).toString().trim().split('\n');
    const columns = ['inlet-227.flow_rate', 'inlet-235.flow_rate', 'pump-1.flow_rate', 't1-level.level'];
    for (const [i, series] of columns.entries()) {
      const values = rows.map((row) => Number(row.split(',')[i + 1]));
      const [device, metric] = series.split('.');
      const path = `/api/history?device=${device}&metric=${metric}&from=2018-12-01&to=2019-08-01&points=1&aggregate=minmax`;
      const [point = []] = (await server.get<HistoryWire>(path)).points;
      expect(point[1]).toBe(values.reduce((a, b) => Math.min(a, b)));
      expect(point[2]).toBe(values.reduce((a, b) => Math.max(a, b)));
      expect(point[3]).toBeCloseTo(values.reduce((a, b) => a + b) / values.length, 8);
    }
  });

  it('names the cells it had to leave out, and replays the rest', async () => {
    const file = join(temporaryFolder(), 'flows.csv');
    writeFileSync(
      file,
      'time,flow\n2026-01-01 00:00,1.5\n2026-01-01 00:05,broken\n2026-01-01 00:10,\n2026-01-01 00:15,2.5\n',
    );
    const result = await replay(file, '--site', 'l-town', '--map', 'flow=inlet-227.flow_rate');
    expect(result).toMatchObject({ code: 1, stdout: expect.stringMatching(/^4 rows: 2 readings published/) });
    expect(result.stderr).toContain('1 cells left out:\n  line 3, flow: expected a number, got "broken"');
    expect((await server.health()).ingest.stored).toBe(2);
  });

  it('keeps every reading of a device with many metrics', async () => {
    const wide = await startServer({ config: 'config/demo/aimak.yaml', args: ['broker', 'ingest', 'dashboard'] });
    const metrics = [
      'active_power',
      'energy_total',
      'voltage_l1',
      'voltage_l2',
      'voltage_l3',
      'current_l1',
      'current_l2',
    ];
    const file = join(temporaryFolder(), 'meter.csv');
    const rows = Array.from({ length: 1_000 }, (_, i) => [
      new Date(1.6e12 + i * 60_000).toISOString(),
      ...metrics.map((_, m) => 100 + m + i / 1e9),
    ]);
    writeFileSync(file, [['time', ...metrics], ...rows].map((row) => row.join(',')).join('\n'));
    const maps = metrics.flatMap((metric) => ['--map', `${metric}=cab-1-meter.${metric}`]);
    const result = await runAimak(['replay', file, '--site', 'toru', ...maps, '--data-dir', wide.dataDir]);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect((await wide.health()).ingest).toMatchObject({ stored: 7_000, rejected: {} });
    expect(await wide.stop()).toBe(0);
  });

  it('says that a file is empty', async () => {
    const file = join(temporaryFolder(), 'empty.csv');
    writeFileSync(file, '');
    const result = await replay(file, '--site', 'l-town', '--map', 'flow=inlet-227.flow_rate');
    expect(result).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('is empty; expected a line of column names'),
    });
  });

  it('says of a torn archive how far it came, and keeps what it published', async () => {
    const file = join(temporaryFolder(), 'flows.csv.gz');
    const rows = Array.from(
      { length: 20_000 },
      (_, i) => `${new Date(i * 60_000 + 1.6e12).toISOString()},${Math.sin(i)}`,
    );
    const whole = gzipSync(['time,flow', ...rows].join('\n'));
    writeFileSync(file, whole.subarray(0, whole.length / 2));
    const result = await replay(file, '--site', 'l-town', '--map', 'flow=inlet-227.flow_rate');
    expect(result).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('cannot be read to its end: unexpected end of file'),
    });
    expectClosed(await server.health());
  });

  it('names every fault of its own options', async () => {
    const result = await replay('nothing.csv', '--site', 'L Town', '--map', 'flow', '--time-zone', 'Mars/Base');
    expect(result.code).toBe(2);
    for (const part of [
      'nothing.csv: no such file',
      'site: expected an id',
      'time.zone: expected a time zone',
      'expected device.metric',
    ]) {
      expect(result.stderr).toContain(part);
    }
  });

  it('says within seconds that no broker answers', async () => {
    const file = join(temporaryFolder(), 'flows.csv');
    writeFileSync(file, 'time,flow\n2026-01-01 00:00,1.5\n');
    const result = await replay(
      file,
      '--site',
      'l-town',
      '--map',
      'flow=inlet-227.flow_rate',
      '--mqtt-url',
      'mqtt://127.0.0.1:1',
    );
    expect(result).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no broker answers at mqtt://127.0.0.1:1'),
    });
  });
});
