/** The bridge as a process, on serial lines and with what people do wrong. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { connect } from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { loadProfilesBeside } from '../../app/config/profile-files.ts';
import type { LiveWire } from '../../dashboard/wire.ts';
import { startModbusUnits } from '../../device-sim/modbus/modbus-units.ts';
import { type BridgeFile, parseBridgeFile } from '../../model/bridge-file.ts';
import { freePort } from '../harness/free-port.ts';
import { spawnAimak as spawnWrapped } from '../harness/process.ts';
import { NO_SOCAT, startPtyPair } from '../harness/pty.ts';
import { silentLog } from '../harness/readings.ts';
import { eventually, ROOT, runAimak, spawnAimak, startServer, temporaryFolder } from '../harness/server.ts';
import { rightAnswer, startUnit } from './hand-made-unit.ts';
import { writeSite } from './site-files.ts';

const NOWHERE = 'mqtt://127.0.0.1:1';
const FIELDS = { fields: { level: { table: 'holding', address: 0, type: 'int16' } } };

/** Who may open everything is told to be somebody else. */
const AS_SOMEBODY =
  process.getuid?.() === 0 ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--'] : [];
const [TRY = '', ...TO_READ] = [...AS_SOMEBODY, 'test', '-r', join(ROOT, 'app/main.ts')];
const NOT_SOMEBODY = spawnSync(TRY, TO_READ).status === 0 ? null : 'none but root can run the program here';

const bridgeArgs = (config: string, mqttUrl: string, dataDir: string): string[] => [
  ...['bridge', '--config', config, '--mqtt-url', mqttUrl, '--data-dir', dataDir],
];

function startBridge(config: string, mqttUrl = NOWHERE, dataDir = temporaryFolder()) {
  return watch(spawnAimak(bridgeArgs(config, mqttUrl, dataDir)));
}

function watch(child: ReturnType<typeof spawnAimak>) {
  onTestFinished(() => void child.kill('SIGKILL'));
  let text = '';
  child.stdout.on('data', (bytes: Buffer) => {
    text += bytes.toString();
  });
  return {
    child,
    /** Resolves once it has said so. */
    says: (part: string) =>
      eventually(
        () => text,
        () => text.includes(part),
        20_000,
      ),
    async stop(): Promise<number | null> {
      child.kill('SIGTERM');
      await once(child, 'exit');
      return child.exitCode;
    },
  };
}

describe('the bridge and a serial port', () => {
  it.skipIf(NO_SOCAT)(
    'says that there is none, polls by itself when it appears, and when it is plugged in again',
    async () => {
      const folder = temporaryFolder();
      const path = join(folder, 'ttyA');
      const site = writeSite({
        devices: ['tank-1'],
        everyS: 1,
        bus: { rtu: { path, simPath: join(folder, 'ttyB') } },
        modbus: FIELDS,
      });
      const server = await startServer({ config: relative(ROOT, site.config) });
      const bridge = startBridge(site.bridge, server.mqttUrl);
      await bridge.says(`${path}: no such port`);
      const level = (is: (live: LiveWire | undefined) => boolean) =>
        eventually(
          () => server.get<LiveWire[]>('/api/live'),
          ([live]) => is(live),
          20_000,
        );
      await level((live) => live?.value === null && live.quality === 'bad');
      for (const value of [3, 4]) {
        const pair = await startPtyPair(folder);
        onTestFinished(pair.stop);
        const units = await startModbusUnits(
          { bridgeFile: parsed(site.bridge), values: () => ({ level: value }) },
          { log: silentLog },
        );
        await level((live) => live?.value === value && live.quality === 'good');
        await units.stop();
        await pair.stop();
        await level((live) => live?.value === null);
      }
      expect(await bridge.stop()).toBe(0);
      expect(await server.stop()).toBe(0);
    },
  );

  it.skipIf(NO_SOCAT)('leaves a port alone that another bridge has', async () => {
    const pair = await startPtyPair(temporaryFolder());
    onTestFinished(pair.stop);
    const site = writeSite({ devices: ['tank-1'], everyS: 1, bus: { rtu: { path: pair.ends[0] } }, modbus: FIELDS });
    const first = startBridge(site.bridge);
    await first.says('the bus is open');
    const second = startBridge(site.bridge);
    await second.says(`${pair.ends[0]}: another program has it open`);
    expect(await first.stop()).toBe(0);
    await second.says('the bus is open');
    expect(await second.stop()).toBe(0);
  });

  it('says that it may not open one, and polls by itself when it may', async ({ skip }) => {
    const whyNot = NO_SOCAT ?? NOT_SOMEBODY;
    if (whyNot) skip(whyNot);
    const pair = await startPtyPair(temporaryFolder());
    onTestFinished(pair.stop);
    const [path] = pair.ends;
    const site = writeSite({ devices: ['tank-1'], everyS: 1, bus: { rtu: { path } }, modbus: FIELDS });
    const dataDir = temporaryFolder();
    for (const folder of [dirname(path), site.folder, dataDir]) chmodSync(folder, 0o777);
    chmodSync(path, 0o000);
    const bridge = watch(spawnWrapped(bridgeArgs(site.bridge, NOWHERE, dataDir), { wrap: AS_SOMEBODY }));
    await bridge.says(`${path}: no permission to open it; the user needs the group that owns it`);
    chmodSync(path, 0o666);
    await bridge.says('the bus is open');
    expect(await bridge.stop()).toBe(0);
  });

  it('leaves a data folder alone that another bridge works on', async () => {
    const site = writeSite({ devices: ['tank-1'], everyS: 1, bus: { rtu: { path: '/dev/nowhere' } }, modbus: FIELDS });
    const dataDir = temporaryFolder();
    const first = startBridge(site.bridge, NOWHERE, dataDir);
    await first.says('polls 1 devices');
    const { code, stderr } = await runAimak([
      'bridge',
      '--config',
      site.bridge,
      '--mqtt-url',
      NOWHERE,
      '--data-dir',
      dataDir,
    ]);
    expect([code, stderr]).toEqual([1, expect.stringContaining('another Aimak Watch is running on it')]);
    expect(await first.stop()).toBe(0);
  });
});

describe('the bridge and a damaged outbox', () => {
  it('goes on polling with a new one, and says so', async () => {
    const line = await startUnit('rtuOverTcp', (asked, reply) => reply(rightAnswer(asked, () => 2)));
    const { kind: _, ...rtuOverTcp } = line;
    const site = writeSite({ devices: ['tank-1'], everyS: 1, bus: { rtuOverTcp }, modbus: FIELDS });
    const dataDir = temporaryFolder();
    writeFileSync(join(dataDir, 'bridge.db'), 'what a power cut has left of a database '.repeat(100));
    const bridge = startBridge(site.bridge, NOWHERE, dataDir);
    await bridge.says('are set aside; a new file is begun');
    await bridge.says('1 of 1 units answer');
    expect(await bridge.stop()).toBe(0);
    const files = readdirSync(dataDir);
    expect(files).toContain('bridge.db');
    expect(files.filter((name) => name.startsWith('bridge.db.damaged-'))).toHaveLength(1);
  });
});

function parsed(file: string): BridgeFile {
  const { profiles } = loadProfilesBeside(file);
  const result = parseBridgeFile(parse(readFileSync(file, 'utf8')), profiles);
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return result.value;
}

describe('the bridge and its broker', () => {
  it('says when it comes, and the broker says when it is gone', async () => {
    const line = await startUnit('rtuOverTcp', (asked, reply) => reply(rightAnswer(asked, () => 2)));
    const { kind: _, ...rtuOverTcp } = line;
    const site = writeSite({ devices: ['tank-1'], everyS: 1, bus: { rtuOverTcp }, modbus: FIELDS });
    const server = await startServer({ config: relative(ROOT, site.config) });
    const statuses: { online: boolean; starts?: number; crashes?: number }[] = [];
    const listener = connect(server.mqttUrl);
    onTestFinished(() => listener.endAsync(true).then(() => undefined));
    listener.on('message', (_topic, payload) => statuses.push(JSON.parse(payload.toString())));
    await listener.subscribeAsync('aimak/v1/toru/gw-1/status', { qos: 1 });
    const dataDir = temporaryFolder();
    const last = (online: boolean) =>
      eventually(
        () => statuses.at(-1),
        (status) => status?.online === online,
        20_000,
      );

    const first = startBridge(site.bridge, server.mqttUrl, dataDir);
    expect(await last(true)).toMatchObject({ starts: 1, crashes: 0, clock: { set: true }, buses: [{ open: true }] });
    first.child.kill('SIGKILL');
    expect(await last(false)).toEqual({ online: false });
    const second = startBridge(site.bridge, server.mqttUrl, dataDir);
    expect(await last(true)).toMatchObject({ starts: 2, crashes: 1 });
    expect(await second.stop()).toBe(0);
    expect(await last(false)).toEqual({ online: false });
    expect(await server.stop()).toBe(0);
  });
});

describe('a bridge file that is wrong', () => {
  it('is refused with a sentence for each fault, and its line', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'bridge.yaml');
    writeFileSync(
      file,
      [
        'site: toru',
        'gateway: gw-1',
        'buses:',
        '  - id: b1',
        '    tcp: {host: 127.0.0.1}',
        '    units:',
        '      - {unit: 1, device: gw-1, profile: sdm630}',
        '      - {unit: 2, device: meter-2, profile: sdm631}',
        '      - {unit: 3, device: tank-1, profile: wb-mcm8-water, channel: 9, litresPerPulse: 10}',
      ].join('\n'),
    );
    const { code, stderr } = await runAimak(['bridge', '--config', file, '--mqtt-url', 'tcp://x', '--http-port', '1']);
    expect(code).toBe(2);
    expect(stderr).toContain('--http-port: is no option of the bridge');
    expect(stderr).toContain('--mqtt-url: expected mqtt://host:port');
    const again = await runAimak(['bridge', '--config', file, '--mqtt-url', NOWHERE]);
    expect(again.code).toBe(2);
    for (const fault of [
      'bridge.yaml:7 buses[0].units[0].device: "gw-1" is the bridge itself',
      'bridge.yaml:8 buses[0].units[1].profile: no profile "sdm631"',
      'bridge.yaml:9 buses[0].units[2].channel: expected a whole number from 1 to 8',
    ]) {
      expect(again.stderr).toContain(fault);
    }
  });

  it('is refused with a profile whose fields overlap', async () => {
    const site = writeSite({
      ...{ devices: ['meter-1'], everyS: 1, bus: { tcp: { host: '127.0.0.1', port: await freePort() } } },
      modbus: {
        fields: {
          flow_rate: { table: 'holding', address: 0, type: 'float32', order: 'ABCD' },
          level: { table: 'holding', address: 1, type: 'int16' },
        },
      },
    });
    const { code, stderr } = await runAimak(['bridge', '--config', site.bridge, '--mqtt-url', NOWHERE]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/test-meter\.yaml:\d+ .*overlap/)]);
  });

  it('leaves no data folder behind', async () => {
    const dataDir = join(temporaryFolder(), 'data');
    const args = ['bridge', '--config', '/nowhere.yaml', '--mqtt-url', NOWHERE, '--data-dir', dataDir];
    expect(await runAimak(args)).toMatchObject({ code: 2, stderr: expect.stringContaining('no such file') });
    expect(existsSync(dataDir)).toBe(false);
  });
});
