/** The simulated village from the command line: to a file, and with faults while it runs. */
import { once } from 'node:events';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runFault } from '../../app/fault-command.ts';
import { runSim } from '../../app/simulate.ts';
import type { SimDetailWire } from '../../dashboard/wire.ts';
import { parseDeviceTopic } from '../../model/topic.ts';
import { freePort } from '../harness/free-port.ts';
import {
  eventually,
  ROOT,
  runAimak,
  spawnAimak,
  startServer,
  type TestServer,
  temporaryFolder,
} from '../harness/server.ts';

const SCENARIO = `version: 1
faults:
  - {at: day 1 01:00, fault: burst, target: up04, flowM3h: 12, for: 1h}
  - {at: day 1 01:00, fault: link-late, target: gw-tank-1, byS: 120, for: 30m}
`;

describe('a village that is written to a file', () => {
  const folder = temporaryFolder();
  const scenario = join(folder, 'scenario.yaml');
  writeFileSync(scenario, SCENARIO);
  let runs = 0;

  async function simulate(...args: string[]): Promise<{ telemetry: string; truth: string }> {
    const [out, truth] = [join(folder, `${++runs}.jsonl`), join(folder, `${runs}.truth.jsonl`)];
    const common = ['--from', '2026-11-01', '--until', 'day 1 03:00', '--scenario', scenario, '--truth', truth];
    const { code, stderr } = await runAimak(['sim', ...common, '--out', out, ...args]);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    return { telemetry: readFileSync(out, 'utf8'), truth: readFileSync(truth, 'utf8') };
  }

  it('is the same byte for byte with the same seed, scenario and beginning, and another one with another', async () => {
    const [first, second, other] = await Promise.all([simulate(), simulate(), simulate('--seed', '2')]);
    expect(first.telemetry.length).toBeGreaterThan(500_000);
    expect(second).toEqual(first);
    expect(other.telemetry).not.toBe(first.telemetry);
    const without = join(folder, 'nothing.yaml');
    writeFileSync(without, 'version: 1\nfaults: []\n');
    expect((await simulate('--scenario', without)).telemetry).not.toBe(first.telemetry);
  });

  it('has one report a line in the order of arrival, with its topic, and beside it the truth', async () => {
    const { telemetry, truth } = await simulate();
    const lines = telemetry
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const times = lines.map(({ at }) => at);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    const from = Date.parse('2026-11-01T00:00+06:00');
    expect(times.every((at) => at > from && at <= from + 3 * 3_600_000)).toBe(true);
    for (const { topic, payload } of lines) {
      expect(parseDeviceTopic(topic)).toMatchObject({ site: 'toru', kind: 'telemetry' });
      expect(payload).toMatchObject({ ts: expect.any(Number), values: expect.any(Object) });
    }
    const facts = truth
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(facts).toMatchObject([
      {
        id: 'scenario-1',
        kind: 'burst',
        target: 'up04',
        from: '2026-10-31T19:00:00.000Z',
        to: '2026-10-31T20:00:00.000Z',
      },
      { id: 'scenario-2', kind: 'link-late', to: '2026-10-31T19:30:00.000Z' },
    ]);
    expect(facts[0].volumeM3).toBeGreaterThan(11);
    expect(facts[0].volumeM3).toBeLessThan(13);
  });

  it('goes to standard output for a pipe, which may close it', async () => {
    const child = spawnAimak(['sim', '--from', '2026-11-01', '--until', 'day 3', '--out', '-']);
    const [first] = await new Promise<[Buffer]>((resolve) => child.stdout.once('data', (data) => resolve([data])));
    expect(first.toString()).toMatch(/^\{"topic":"aimak\/v1\/toru\//);
    child.stdout.destroy();
    await eventually(
      () => child.exitCode,
      (code) => code !== null,
    );
    expect(child.exitCode).toBe(0);
  });

  it('names what the village cannot have, with file and line, before it begins', async () => {
    const bad = join(folder, 'bad.yaml');
    writeFileSync(
      bad,
      `version: 1
faults:
  - {at: day 1 01:00, fault: burst, target: up4, flowM3h: 12}
  - at: day 1 01:00
    fault: burst
    target: up04
    flowM3h: 4000
  - {at: day 1 01:00, fault: drift, target: pressure-3, metric: presure, perDay: 1}
`,
    );
    const out = join(folder, 'none.jsonl');
    const args = ['--from', '2026-11-01', '--until', 'day 2', '--scenario', bad];
    const { code, stderr } = await runAimak(['sim', ...args, '--out', out]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/bad\.yaml:3 faults\[0\]\.target: .*"up4".*up04/);
    expect(stderr).toMatch(/bad\.yaml:6 faults\[1\]\.target: .*m3\/h/);
    expect(stderr).toMatch(/bad\.yaml:8 faults\[2\]\.target: .*pressure/);
    expect((await runAimak(['check-config', '--scenario', bad])).stderr).toContain('bad.yaml:3');
  });

  it.each([
    [
      'a device that measures nothing',
      'asset: pressure-3}',
      'asset: pressure-3, element: nowhere}',
      'no node named "nowhere"',
    ],
    ['a device of no kind', 'profile: pressure-logger, asset: pressure-3}', 'asset: pressure-3}', 'no device of kind'],
  ])('names %s, with file and line', async (_, found, replaced, message) => {
    const own = temporaryFolder();
    cpSync(join(ROOT, 'config/demo'), own, { recursive: true });
    const plant = join(own, 'plant.yaml');
    const text = readFileSync(plant, 'utf8');
    const at = text.split('\n').findIndex((line) => line.includes('id: pressure-3,') && line.includes(found)) + 1;
    writeFileSync(plant, text.replace(found, replaced));
    const { code, stderr } = await runAimak(['check-config', '--config', join(own, 'aimak.yaml')]);
    expect(code).toBe(2);
    expect(stderr).toContain(`plant.yaml:${at} devices[`);
    expect(stderr).toContain(`pressure-3: the `);
    expect(stderr).toContain(message);
  });

  it.each([
    [['--until', 'day 2', '--out', '-'], '--from: expected'],
    [['--from', 'yesterday', '--until', 'day 2', '--out', '-'], '--from'],
    [['--from', '2026-11-01', '--until', 'day 2'], '--out: expected a file'],
    [['--from', '2026-11-01', '--until', '2026-10-01', '--out', '-'], '--until: expected a time after --from'],
    [['--from', '2026-11-01', '--out', '-'], '--until: expected a time'],
    [['--from', '2026-11-01', '--until', 'day 2', '--out', '-', '--speed', 'slow'], '--speed: expected how many times'],
    [['--from', '2026-11-01', '--until', 'day 2', '--out', '-', '--scenario', 'nowhere.yaml'], 'no such file'],
    [['--from', '2026-11-01', '--until', 'day 2', '--out', '-', 'broker'], 'broker: with --until'],
  ])('refuses %j', async (args, message) => {
    await expect(runSim(args, {})).rejects.toThrow(message);
  });

  it('says in one sentence that its file cannot be written', async () => {
    const args = ['--from', '2026-11-01', '--until', 'day 1 01:00', '--out', join(folder, 'no/such/folder.jsonl')];
    const { code, stderr } = await runAimak(['sim', ...args]);
    expect(code).toBe(1);
    expect(stderr).toContain('cannot be written (ENOENT)');
  });
});

describe('faults of a village that runs', () => {
  let server: TestServer;
  let modbusPort: number;
  const pace = async (body: object): Promise<SimDetailWire> => {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${server.url}/api/sim/pace`, { method: 'POST', headers, body: JSON.stringify(body) });
    return (await response.json()) as SimDetailWire;
  };
  const fault = (...args: string[]) => runAimak(['fault', ...args, '--data-dir', server.dataDir]);

  beforeAll(async () => {
    modbusPort = await freePort();
    const bridge = join(temporaryFolder(), 'bridge.yaml');
    const unit = '{unit: 1, device: meter-upper, profile: mag-6000}';
    const bus = `{id: tcp, tcp: {host: 127.0.0.1, port: ${modbusPort}}, units: [${unit}]}`;
    writeFileSync(bridge, `site: toru\ngateway: bridge\nbuses:\n  - ${bus}\n`);
    const args = ['--backfill-days', '0.05', '--modbus', bridge];
    server = await startServer({ config: 'config/demo/aimak.yaml', args });
    await eventually(
      () => server.get<SimDetailWire>('/api/sim'),
      ({ phase }) => phase === 'live',
      60_000,
    );
  });
  afterAll(async () => {
    // What catches up has much on its way.
    await pace({ isPaused: true });
    await eventually(
      () => server.health(),
      ({ ingest }) => ingest.inFlight === 0,
    );
    expect(await server.stop()).toBe(0);
  });

  it('are added, listed and ended from the command line', async () => {
    expect((await fault('list')).stdout).toBe('no fault acts\n');
    const added = await fault('add', 'burst', 'up04', '--flow-m3h', '12', '--for', '6h');
    expect(added.stdout).toMatch(/^fault-1 {2}burst up04 {2}flowM3h 12 {2}\d{4}-\d\d-\d\d \d\d:\d\d:\d\d to \d{4}-/);
    expect((await fault('list')).stdout).toBe(added.stdout);
    const ended = await fault('end', 'fault-1');
    expect(ended.stdout).toContain('fault-1  burst up04  flowM3h 12');
    expect(ended.stdout).not.toBe(added.stdout);
  });

  it('take a metric, negative sizes, and local times', async () => {
    const args = ['--metric', 'pressure', '--per-day', '-0.5', '--at', '2036-01-01T06:00', '--until', '2036-01-02'];
    const { stdout, stderr } = await fault('add', 'drift', 'pressure-3', ...args);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/drift pressure-3\.pressure {2}perDay -0\.5 {2}2036-01-01 06:00:00 to 2036-01-02 00:00:00/);
    const id = stdout.split(' ')[0] ?? '';
    await fault('end', id);
    expect((await fault('list')).stdout).not.toContain(id);
  });

  it.each([
    [['add', 'burst', 'up4', '--flow-m3h', '12'], 'up04'],
    [['add', 'bursts', 'up04'], 'did you mean burst?'],
    [['add', 'burst', 'up04', '--flow-m3h', 'much'], '--flow-m3h: expected a number'],
    [['add', 'silent', 'pressure-3', '--for', 'long'], '--for: expected a span'],
    [['add', 'silent', 'pressure-3', '--at', 'soon'], '--at: expected a time'],
    [['add', 'silent'], 'expected add KIND TARGET'],
    [['end', 'fault-77'], 'no fault "fault-77"'],
  ])('are refused in one sentence: %j', async (args, message) => {
    await expect(runFault([...args, '--data-dir', server.dataDir], {})).rejects.toThrow(message);
  });

  it('can be those of the Modbus units that it also answers as', async () => {
    const { kinds } = await server.get<SimDetailWire>('/api/sim');
    expect(kinds.map(({ domain }) => domain)).toContain('modbus');
    const line = connect(modbusPort, '127.0.0.1');
    // Read 2 holding registers from 3002 of unit 1, over TCP.
    line.write(Buffer.from('00010000000601030bba0002', 'hex'));
    const [answer] = (await once(line, 'data')) as [Buffer];
    line.destroy();
    expect(answer.subarray(0, 9).toString('hex')).toBe('000100000007010304');
    const flowM3h = answer.readFloatBE(9) * 3600;
    expect(flowM3h).toBeGreaterThan(0);
    expect(flowM3h).toBeLessThan(40);
  });

  it('are refused where no server runs', async () => {
    const { code, stderr } = await runAimak(['fault', 'list', '--data-dir', '/nowhere']);
    expect(stderr).toContain('no server runs on /nowhere');
    expect(code).toBe(1);
  });

  it('pauses, steps and goes on', async () => {
    const paused = await pace({ isPaused: true });
    expect(paused.isPaused).toBe(true);
    await eventually(
      () => Date.now(),
      (now) => now > paused.villageMs + 3000,
    );
    const stepped = await pace({ stepS: 1 });
    expect(stepped.villageMs).toBeGreaterThanOrEqual(paused.villageMs + 1000);
    expect(stepped.villageMs).toBeLessThan(paused.villageMs + 3000);
    expect((await pace({ isPaused: false })).isPaused).toBe(false);
  });
});
