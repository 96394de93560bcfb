/** What a person sees who starts it wrongly: one sentence per fault, all at once, and the right exit code. */
import { once } from 'node:events';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT, runAimak, startServer, temporaryFolder } from '../harness/server.ts';

const FIRST_DEVICE = ['--config', 'config/first-device/aimak.yaml'];

describe('starting with a faulty configuration', () => {
  it('lists every fault of the rules with its line, by check-config', async () => {
    const folder = temporaryFolder();
    const lines = [
      '- {id: chlorine-low, below: 0.2 g/L}',
      '- {id: tank-low, exceptions: [{asset: tank-9, below: 1 m}]}',
      '- {id: own, on: {metric: levl}, below: 1, priority: low}',
      '- {id: pressure-low, below: 500 bar}',
    ];
    writeFileSync(join(folder, 'aimak.yaml'), 'version: 1\nplant: plant.yaml\nrules: rules.yaml\n');
    copyFileSync(join(ROOT, 'config/demo/plant.yaml'), join(folder, 'plant.yaml'));
    copyFileSync(join(ROOT, 'config/demo/village.inp'), join(folder, 'village.inp'));
    writeFileSync(join(folder, 'rules.yaml'), lines.join('\n'));
    const { code, stderr } = await runAimak(['check-config', '--config', join(folder, 'aimak.yaml')]);
    expect(code).toBe(2);
    for (const fault of [
      'rules.yaml:1 [0].below: expected mg/L (got g/L)',
      'rules.yaml:2 [1].exceptions[0].asset: "tank-9" is not in the plant',
      'rules.yaml:3 [2].on.metric: no such metric (got "levl")',
      'rules.yaml:4 [3].below: would always hold: pressure is -1 to 100 bar',
      'rules.yaml:3 [2].action: expected a text in each of ky, ru and en',
    ])
      expect(stderr).toContain(fault);
  });

  it('names every fault of options, environment, configuration, plant and rules, and exits 2', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'aimak.yaml'), 'version: 1\nplant: plant.yaml\nrules: rules.yaml\n');
    writeFileSync(join(folder, 'plant.yaml'), 'sites: []\ndevices:\n  - {id: A, site: nowhere}\n');
    writeFileSync(join(folder, 'rules.yaml'), '- {id: r, on: {metric: levl}, below: 1, priority: urgent}\n');
    const { code, stderr } = await runAimak(['--config', join(folder, 'aimak.yaml')]);
    expect(code).toBe(2);
    expect(stderr).toContain('plant.yaml:1 sites');
    expect(stderr).toContain('plant.yaml:3 devices[0].id: expected an id');
    expect(stderr).toContain('rules.yaml:1 [0].on.metric: no such metric (got "levl")');
    expect(stderr).toContain('rules.yaml:1 [0].priority');

    const wrong = await runAimak(
      ['--htp-port', '1', '--http-port', '99999', '--config', join(folder, 'none.yaml'), '--host'],
      {
        AIMAK_HTTP_PROT: '1',
        AIMAK_MQTT_PORT: 'abc',
      },
    );
    expect(wrong.code).toBe(2);
    for (const sentence of [
      '--htp-port: unknown option; did you mean --http-port?',
      '--host: expected a value',
      '--http-port: expected a port from 0 to 65535 (got 99999)',
      'AIMAK_HTTP_PROT: unknown environment variable; did you mean AIMAK_HTTP_PORT?',
      'AIMAK_MQTT_PORT: expected a port from 0 to 65535 (got "abc")',
      'none.yaml: no such file',
    ]) {
      expect(wrong.stderr).toContain(sentence);
    }
  });

  it('names the line of broken YAML', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'aimak.yaml'), 'version: 1\nplant: [\n');
    const { code, stderr } = await runAimak(['check-config', '--config', join(folder, 'aimak.yaml')]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/aimak\.yaml:\d/);
  });

  it('says what is wrong with the retention', async () => {
    const folder = temporaryFolder();
    const plant = join(ROOT, 'config/first-device/plant.yaml');
    const retention = '{rawDays: 0, diskBytes: 20e3}';
    writeFileSync(join(folder, 'aimak.yaml'), `version: 1\nplant: ${plant}\nstore: {retention: ${retention}}\n`);
    const { code, stderr } = await runAimak(['check-config', '--config', join(folder, 'aimak.yaml')]);
    expect(code).toBe(2);
    expect(stderr).toContain('store.retention.rawDays: expected days, more than 0, or null');
    expect(stderr).toContain('store.retention.diskBytes: expected at least 50e6 bytes (got 20000)');
  });

  it('says which folder of profiles is missing', async () => {
    const folder = temporaryFolder();
    const plant = join(ROOT, 'config/first-device/plant.yaml');
    writeFileSync(join(folder, 'aimak.yaml'), `version: 1\nplant: ${plant}\nprofiles: nowhere\n`);
    const { code, stderr } = await runAimak(['check-config', '--config', join(folder, 'aimak.yaml')]);
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining('nowhere: the folder of profiles cannot be read (ENOENT)'),
    ]);
  });

  it('refuses parts that cannot run apart, and words it does not know', async () => {
    expect(await runAimak(['ingest', 'dashboard'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('missing: broker'),
    });
    expect(await runAimak(['sim'])).toMatchObject({ code: 2, stderr: expect.stringContaining('expected --mqtt-url') });
    expect(await runAimak(['broker', 'ingest', 'dashboard', '--mqtt-url', 'mqtt://127.0.0.1:1'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('leave out the word broker'),
    });
    expect(await runAimak(['constructor'])).toMatchObject({ code: 2, stderr: expect.stringContaining('no such part') });
    expect(await runAimak(['bridg'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('bridg: no such part or tool'),
    });
  });

  it.each(['config/demo/aimak.yaml', 'config/first-device/aimak.yaml', 'config/battledim/aimak.yaml'])(
    'finds %s in order',
    async (config) => {
      expect(await runAimak(['check-config', '--config', config])).toMatchObject({ code: 0, stderr: '' });
    },
  );
});

describe('starting where it cannot', () => {
  it.each(['--http-port', '--mqtt-port'])(
    'says in a sentence that the port of %s is taken, and exits 1',
    async (flag) => {
      const holder = createServer().listen(0, '127.0.0.1');
      await once(holder, 'listening');
      const port = (holder.address() as { port: number }).port;
      const ports = ['--http-port', '0', '--mqtt-port', '0', flag, String(port)];
      const { code, stderr } = await runAimak([...FIRST_DEVICE, '--data-dir', temporaryFolder(), ...ports]);
      holder.close();
      expect([code, stderr]).toEqual([
        1,
        `aimak: port ${port} on 127.0.0.1 is taken by another program; choose one with ${flag}\n`,
      ]);
    },
  );

  it('says that the data folder cannot be written, and exits 1', async () => {
    const file = join(temporaryFolder(), 'a-file');
    writeFileSync(file, '');
    const { code, stderr } = await runAimak([...FIRST_DEVICE, '--data-dir', join(file, 'data')]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^aimak: data folder .* cannot be written: ENOTDIR/);
  });

  it('says so too where a folder cannot be made', async ({ skip }) => {
    if (process.platform !== 'linux') skip('needs /proc, in which nobody can make a folder');
    const { code, stderr } = await runAimak([...FIRST_DEVICE, '--data-dir', '/proc/aimak/data']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^aimak: data folder \/proc\/aimak\/data cannot be written: ENOENT/);
  });

  it('says that another one runs on the same data folder, and leaves that one alone', async () => {
    const server = await startServer();
    const ports = ['--http-port', '0', '--mqtt-port', '0'];
    const { code, stderr } = await runAimak([...FIRST_DEVICE, '--data-dir', server.dataDir, ...ports]);
    expect([code, stderr]).toEqual([1, expect.stringContaining('another Aimak Watch is running on it')]);
    expect(await server.stop()).toBe(0);
  });
});

describe('starting on what it cannot use', () => {
  it('says that the data are damaged, and changes nothing', async () => {
    const dataDir = temporaryFolder();
    const file = join(dataDir, 'readings.db');
    const text = 'not a database, but long enough to be looked at as one'.repeat(100);
    writeFileSync(file, text);
    const ports = ['--http-port', '0', '--mqtt-port', '0'];
    const { code, stderr } = await runAimak([...FIRST_DEVICE, '--data-dir', dataDir, ...ports]);
    const sentence = `${file}: file is not a database; put a backup back, or save what can be read: npm start -- repair readings.db`;
    expect([code, stderr]).toEqual([1, expect.stringContaining(sentence)]);
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  it('says that there is no such host', async () => {
    const where = ['--host', 'no-such-host.invalid', '--data-dir', temporaryFolder()];
    const { code, stderr } = await runAimak([...FIRST_DEVICE, ...where]);
    expect([code, stderr]).toEqual([1, expect.stringContaining('cannot listen on no-such-host.invalid')]);
  });
});

describe('the command', () => {
  it('helps', async () => {
    for (const args of [['--help'], ['help'], ['replay', '--help'], ['check-config', '--help']]) {
      expect(await runAimak(args)).toMatchObject({ code: 0, stderr: '' });
    }
  });
});
