/** The village over the API and over Modbus, at one and the same moment of it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { LiveWire, SimDetailWire } from '../../dashboard/wire.ts';
import { freePort } from '../harness/free-port.ts';
import { NO_MBPOLL, poll } from '../harness/mbpoll.ts';
import { NO_SOCAT, type PtyPair, startPtyPair } from '../harness/pty.ts';
import { eventually, spawnAimak, startServer, type TestServer, temporaryFolder } from '../harness/server.ts';
import { shippedProfiles } from '../model/shipped-profiles.ts';

const WHY_NOT = NO_MBPOLL ?? NO_SOCAT;
/** The demo village's reports are a minute apart. */
const EVERY_MS = 60_000;

describe('the village at a moment of it', () => {
  const folder = temporaryFolder();
  let server: TestServer;
  let line: PtyPair;
  let bridge: string;
  let tcp: readonly string[];
  let rtu: readonly string[];

  async function pace(body: object): Promise<SimDetailWire> {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${server.url}/api/sim/pace`, { method: 'POST', headers, body: JSON.stringify(body) });
    expect(response.status).toBe(200);
    return (await response.json()) as SimDetailWire;
  }

  /** What the API shows of a device that has reported at this very moment of the village, which then stands still. */
  async function atItsReport(device: string): Promise<Record<string, number>> {
    const of = async () => (await server.get<LiveWire[]>('/api/live')).filter((value) => value.device === device);
    const [before] = await of();
    if (!before) throw new Error(`${device} has not reported`);
    const { villageMs } = await pace({});
    const next = before.ts + EVERY_MS * Math.ceil((villageMs - before.ts) / EVERY_MS);
    expect((await pace({ stepS: (next - villageMs) / 1000 })).villageMs).toBe(next);
    const values = await eventually(of, (all) => all.every(({ ts }) => ts === next));
    return Object.fromEntries(values.map(({ metric, value }) => [metric, Number(value)]));
  }

  beforeEach(({ skip }) => {
    if (WHY_NOT) skip(WHY_NOT);
  });

  beforeAll(async () => {
    if (WHY_NOT) return;
    line = await startPtyPair(folder);
    const port = await freePort();
    const [near, far] = line.ends;
    bridge = join(folder, 'bridge.yaml');
    writeFileSync(
      bridge,
      `site: toru
gateway: gw-tank-1
buses:
  - id: tcp
    tcp: {host: 127.0.0.1, port: ${port}}
    units:
      - {unit: 1, device: meter-upper, profile: tuf-2000m, everyS: 1}
  - id: rtu
    rtu: {path: ${far}, simPath: ${near}, baud: 19200, parity: even}
    units:
      - {unit: 2, device: cab-1-meter, profile: sdm630, everyS: 1}
`,
    );
    tcp = ['-m', 'tcp', '-p', String(port), '127.0.0.1'];
    rtu = ['-m', 'rtu', '-b', '19200', '-P', 'even', far];
    // An hour behind the clock, so that it can be led on step by step.
    const from = new Date(Date.now() - 3_600_000).toISOString();
    const args = ['--from', from, '--speed', '1', '--modbus', bridge];
    server = await startServer({ config: 'config/demo/aimak.yaml', args });
    await pace({ isPaused: true });
    await pace({ stepS: 2 * 60 });
  });

  afterAll(async () => {
    if (WHY_NOT) return;
    expect(await server.stop()).toBe(0);
    await line.stop();
  });

  it('is over TCP to mbpoll what the API shows', async () => {
    const { flow_rate: flowM3h = 0, volume_total: volumeM3 = 0 } = await atItsReport('meter-upper');
    expect(flowM3h).toBeGreaterThan(0);
    const [flow = 0] = await poll(tcp, 1, '-t 4:float -r 0 -c 1');
    expect(flow).toBeCloseTo(flowM3h, 4);
    expect(await poll(tcp, 1, '-t 4:int -r 8 -c 1')).toEqual([Math.trunc(volumeM3)]);
  });

  it('is over a serial line to mbpoll what the API shows', async () => {
    const shown = await atItsReport('cab-1-meter');
    const metrics = ['voltage_l1', 'voltage_l2', 'voltage_l3', 'current_l1', 'current_l2', 'current_l3'] as const;
    const read = await poll(rtu, 2, '-t 3:float -B -r 0 -c 6');
    expect(read.map((value, i) => [metrics[i], value])).toEqual(
      metrics.map((metric) => [metric, expect.closeTo(shown[metric] ?? Number.NaN, 2)]),
    );
    expect(await poll(rtu, 2, '-t 3:float -B -r 72 -c 1')).toEqual([expect.closeTo(shown.energy_total ?? 0, 1)]);
  });

  it('is the same on the API of another server, over the serial line and the network, bridge and broker', async () => {
    const other = await startServer({ config: 'config/demo/aimak.yaml', args: ['broker', 'ingest', 'dashboard'] });
    const child = spawnAimak([
      'bridge',
      '--config',
      bridge,
      '--mqtt-url',
      other.mqttUrl,
      '--data-dir',
      temporaryFolder(),
    ]);
    onTestFinished(() => void child.kill('SIGKILL'));
    for (const [device, profile] of [
      ['meter-upper', 'tuf-2000m'],
      ['cab-1-meter', 'sdm630'],
    ] as const) {
      const shown = await atItsReport(device);
      const { metrics } = shippedProfiles().get(profile) ?? expect.fail();
      const digits = (metric: string) => -Math.log10(metrics.get(metric)?.resolution ?? expect.fail());
      const expected = Object.entries(shown).map(([metric, value]) => [metric, expect.closeTo(value, digits(metric))]);
      await expect
        .poll(
          async () => {
            const live = await other.get<LiveWire[]>('/api/live');
            return Object.keys(shown).map((metric) => {
              const found = live.find((value) => value.device === device && value.metric === metric);
              return [metric, Number(found?.value)];
            });
          },
          { timeout: 20_000, interval: 200 },
        )
        .toEqual(expected);
    }
    child.kill('SIGTERM');
    await eventually(
      () => other.health(),
      ({ ingest }) => ingest.inFlight === 0,
    );
    expect(await other.stop()).toBe(0);
  });
});
