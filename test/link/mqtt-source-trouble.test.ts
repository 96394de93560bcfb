/** What can be wrong with a broker, or with another ingest, and how it is said. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { missingBroker, type OutsideBroker } from '../harness/outside-broker.ts';
import { eventually } from '../harness/process.ts';
import { temporaryFolder } from '../harness/server.ts';
import { anyBroker, type TestSource, testDevice, testSource } from './mqtt-source-harness.ts';

async function brokerForTest(...options: Parameters<typeof anyBroker>): Promise<OutsideBroker> {
  const broker = await anyBroker(...options);
  onTestFinished(broker.kill);
  return broker;
}

const reason = (source: TestSource) => () => source.health().reason;
const taking = (source: TestSource, sites: readonly string[]) =>
  eventually(
    () => source.health().sites,
    (held) => held.join() === sites.join(),
  );

describe('a source whose broker does not let it in', () => {
  beforeEach(({ skip }) => {
    const missing = missingBroker('mosquitto');
    if (missing !== null) skip(missing);
  });

  it('says once that nothing listens there, and comes in when something does', async () => {
    const broker = await brokerForTest('mosquitto');
    await broker.stop();
    const source = testSource(broker.url);
    await eventually(
      () => source.health(),
      ({ lost, connected }) => lost > 2 && !connected,
    );
    expect(source.lines.filter((line) => line.includes('nothing listens there (ECONNREFUSED)'))).toHaveLength(1);
    await broker.start();
    await eventually(
      () => source.health(),
      ({ connected, reason: why }) => connected && why === null,
    );
  });

  it('says that name or password is wrong, and takes readings once both are right', async () => {
    const folder = temporaryFolder();
    spawnSync('mosquitto_passwd', ['-b', '-c', join(folder, 'passwords'), 'ingest', 'right']);
    const broker = await brokerForTest('mosquitto', {
      replace: (config) => config.replace('allow_anonymous true', 'allow_anonymous false'),
      extra: `password_file ${folder}/passwords\n`,
      isReady: false,
    });
    const wrong = testSource(broker.url, { user: 'ingest', password: 'wrong' });
    expect(await eventually(reason(wrong), (why) => why !== 'not connected yet')).toMatch(
      /refuses the login: (wrong user name or password|this user is not allowed in)/,
    );
    const right = testSource(broker.url, { user: 'ingest', password: 'right' });
    await taking(right, ['toru']);
  });

  it('says that it does not trust a certificate, and does with the authority’s', async () => {
    const { key, cert } = certificate();
    const broker = await brokerForTest('mosquitto', { extra: `certfile ${cert}\nkeyfile ${key}\n`, isReady: false });
    const url = broker.url.replace('mqtt:', 'mqtts:').replace('127.0.0.1', 'localhost');
    const trusting = testSource(url, { ca: readFileSync(cert, 'utf8') });
    await taking(trusting, ['toru']);
    const strict = testSource(url);
    const why = await eventually(reason(strict), (said) => said !== 'not connected yet');
    expect(why).toContain('certificate is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT); name its authority: --mqtt-ca');
  });

  it('says that what listens there is no broker', async () => {
    const server = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const { port } = server.address() as { port: number };
    const source = testSource(`mqtt://127.0.0.1:${port}`);
    await eventually(
      () => source.health(),
      ({ lost, reason: why }) => lost > 1 && why !== null,
    );
  });
});

describe('a source whose broker delivers nothing', () => {
  it('notices that what was granted brings nothing, and that it is over', async ({ skip }) => {
    const missing = missingBroker('mosquitto');
    if (missing !== null) skip(missing);
    const acl = join(temporaryFolder(), 'acl');
    // Mosquitto grants any subscription, and then delivers only what may be read.
    writeFileSync(acl, 'topic write aimak/v1/#\ntopic read aimak/v1/+/aimak-ingest/status\n');
    const broker = await brokerForTest('mosquitto', { extra: `acl_file ${acl}\n` });
    const source = testSource(broker.url);
    const device = await testDevice(broker.url);
    await device.send(1);
    expect(await eventually(reason(source), (why) => why !== null)).toContain(
      'granted aimak/v1/+/+/telemetry and delivers nothing, not even our own probe',
    );
    expect(source.health().silent).toEqual(['aimak/v1/+/+/telemetry']);
    writeFileSync(acl, 'topic readwrite aimak/v1/#\n');
    await broker.stop();
    await broker.start();
    await eventually(
      () => source.health(),
      ({ connected, silent, sites }) => connected && silent.length === 0 && sites.length === 1,
    );
    expect(source.taken).toEqual([]);
  });

  it('hears its own probe in silence, and is content', async ({ skip }) => {
    const missing = missingBroker('mosquitto');
    if (missing !== null) skip(missing);
    const broker = await brokerForTest('mosquitto');
    const source = testSource(broker.url, { times: { probeMs: 30 } });
    const probes = await testDevice(broker.url);
    let heard = 0;
    probes.on('message', () => heard++);
    await probes.subscribeAsync('aimak/v1/toru/aimak-ingest/telemetry');
    await eventually(
      () => heard,
      (count) => count > 5,
    );
    expect(source.health()).toMatchObject({ reason: null, silent: [], received: 0 });
  });

  it('says that a subscription is refused', async ({ skip }) => {
    const missing = missingBroker('nats');
    if (missing !== null) skip(missing);
    const users =
      'authorization { users: [{user: any, password: any, permissions: {subscribe: {deny: ["aimak.v1.*.*.telemetry"]}}}] }';
    const broker = await brokerForTest('nats', {
      replace: (config) => config.replace('mqtt {', 'no_auth_user: any\nmqtt {'),
      extra: users,
    });
    const source = testSource(broker.url);
    expect(await eventually(reason(source), (why) => why?.includes('grant') ?? false)).toBe(
      'the broker does not grant aimak/v1/+/+/telemetry with QoS 1; look at its access rules',
    );
  });
});

describe.each(['embedded', 'mosquitto', 'nats', 'rabbitmq'] as const)('two ingests at %s', (kind) => {
  const missing = kind === 'embedded' ? null : missingBroker(kind);
  let broker: OutsideBroker;
  beforeAll(async () => {
    if (missing === null) broker = await anyBroker(kind);
  });
  beforeEach(({ skip }) => {
    if (missing !== null) skip(missing);
  });
  afterAll(() => broker?.kill());

  it('of one site: lets the second wait and say so, until the first has been silent for long enough', async () => {
    const first = testSource(broker.url, { clientId: 'first', isBySite: true });
    await taking(first, ['toru']);
    first.commitAll();
    const second = testSource(broker.url, { clientId: 'second', isBySite: true, sites: ['naryn', 'toru'] });
    second.commitAll();
    await taking(second, ['naryn']);
    expect(second.health().reason).toBe(
      'site toru is taken by another ingest, first, and is not taken here; see mqtt.sites',
    );
    expect(first.health().reason).toBeNull();
    const device = await testDevice(broker.url);
    await device.send(1);
    await eventually(
      () => first.taken,
      (taken) => taken.includes('1'),
    );
    expect(second.taken).toEqual([]);
    await first.stop();
    await taking(second, ['naryn', 'toru']);
    await eventually(
      async () => {
        await device.send(2);
        return second.taken;
      },
      (taken) => taken.includes('2'),
    );
    expect(second.health().reason).toBeNull();
  });

  it('unsubscribes, in the session that lives at the broker, what is no longer its own', async () => {
    const filters = ['chuy', 'kant'].map((site) => `aimak/v1/${site}/+/telemetry`);
    const options = { clientId: 'shrinking', isBySite: true, formerFilters: filters };
    const before = testSource(broker.url, { ...options, sites: ['chuy', 'kant'] });
    before.commitAll();
    await taking(before, ['chuy', 'kant']);
    const device = await testDevice(broker.url);
    const both = () =>
      Promise.all(['chuy', 'kant'].map((s) => device.publishAsync(`aimak/v1/${s}/d/telemetry`, s, { qos: 1 })));
    const takes = (source: TestSource, ...sites: string[]) =>
      eventually(
        async () => {
          await both();
          return sites.every((site) => source.taken.includes(site));
        },
        (isTaken) => isTaken,
      );
    await takes(before, 'chuy', 'kant');
    await before.stop();
    const after = testSource(broker.url, { ...options, sites: ['kant'] });
    after.commitAll();
    await takes(after, 'kant');
    const count = (site: string) => after.taken.filter((taken) => taken === site).length;
    // What was queued before is ours still; once the broker has unsubscribed, a round brings only our own.
    await eventually(
      async () => {
        const [chuy, kant] = [count('chuy'), count('kant')];
        for (let i = 0; i < 5; i++) await both();
        await eventually(
          () => count('kant'),
          (now) => now >= kant + 5,
        );
        return count('chuy') - chuy;
      },
      (strangers) => strangers === 0,
    );
  });

  it('tells the others of a site whose ingest has fallen silent, and that it is back', async () => {
    const options = { clientId: 'other', isBySite: true, sites: ['talas'] };
    const other = testSource(broker.url, options);
    const watcher = testSource(broker.url, {
      clientId: 'watcher',
      isBySite: true,
      sites: ['osh'],
      otherSites: ['talas', 'batken'],
    });
    await taking(other, ['talas']);
    await taking(watcher, ['osh']);
    await other.stop();
    const gone = (sites: readonly string[]) =>
      eventually(
        () => watcher.health().gone,
        (found) => found.join() === sites.join(),
      );
    await gone(['talas']);
    testSource(broker.url, options);
    await gone([]);
  });
});

/** For localhost, signed by itself. */
function certificate(): { key: string; cert: string } {
  const folder = temporaryFolder();
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', ...subject];
  const { status, stderr } = spawnSync('openssl', [...made, '-keyout', key, '-out', cert, '-days', '2']);
  if (status !== 0) throw new Error(stderr.toString());
  return { key, cert };
}
