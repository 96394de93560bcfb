/** From a reading to a message, through the whole process and over kill -9. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, relative } from 'node:path';
import mqtt from 'mqtt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AlarmWire } from '../../dashboard/wire.ts';
import { createFakeTime, NO_FAKETIME } from '../harness/fake-time.ts';
import { eventually, ROOT, runAimak, startServer, type TestServer, temporaryFolder } from '../harness/server.ts';

interface Hook {
  readonly id: string;
  readonly subject: string;
  readonly text: string;
  readonly facts: {
    readonly kind: string;
    readonly step: number;
    readonly alarms: readonly { readonly rule: string }[];
  };
}

describe('messages of a running server', () => {
  let receiver: Server;
  let hooks: Hook[];
  let folder: string;
  let config: string;
  /** What the receiver says. */
  let status: number;

  beforeEach(async () => {
    hooks = [];
    status = 200;
    receiver = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      if (status === 200) hooks.push(JSON.parse(Buffer.concat(chunks).toString()));
      response.writeHead(status).end();
    }).listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    const { port } = receiver.address() as AddressInfo;
    folder = temporaryFolder();
    config = join(folder, 'aimak.yaml');
    const first = join(ROOT, 'config/first-device');
    writeFileSync(join(folder, 'secret.txt'), 'shared');
    writeFileSync(join(folder, 'password.txt'), 'a long password');
    writeFileSync(
      config,
      `plant: ${first}/plant.yaml\nrules: ${first}/rules.yaml\ndataDir: data\nnotify: {webhook: {secretFile: secret.txt}}\n`,
    );
    const person = ['--role', 'operator', '--turn', '1', '--webhook', `http://127.0.0.1:${port}/`];
    const added = [
      'user',
      'add',
      'aida',
      ...person,
      '--password-file',
      join(folder, 'password.txt'),
      '--config',
      config,
    ];
    expect(await runAimak(added)).toMatchObject({ code: 0 });
  });
  afterEach(() => receiver.close());

  const start = (env: NodeJS.ProcessEnv = {}): Promise<TestServer> =>
    startServer({ config: relative(ROOT, config), dataDir: join(folder, 'data'), env });

  async function send(server: TestServer, level: number, ts: number): Promise<void> {
    const device = await mqtt.connectAsync(server.mqttUrl);
    const message = JSON.stringify({ ts, values: { level } });
    await device.publishAsync('aimak/v1/my-village/tank-1-level/telemetry', message, { qos: 1 });
    await device.endAsync();
  }
  const pages = (): readonly Hook[] => hooks.filter(({ facts }) => facts.kind === 'alarm');

  it('say what, where and what to do, and can be answered by whoever signs in', async () => {
    const server = await start();
    await send(server, 0.5, Date.now());
    await eventually(pages, ({ length }) => length === 1);
    const [page] = pages();
    expect(page?.subject).toBe('Суу сактагычта суу аз (өтө кооптуу)');
    expect(page?.text.split('\n').slice(0, 3)).toEqual([
      'Кайда: Суу сактагыч, Менин айылым',
      'Эмне кылуу керек: Насосту текшериңиз. Ал иштесе, жарылган жерди издеңиз. Элге суу үнөмдөөнү кабарлаңыз.',
      'Көрсөткүч: 0,5 м (чек: 1 м)',
    ]);
    const [alarm] = await server.get<AlarmWire[]>('/api/alarms');
    const path = `${server.url}/api/alarms/${alarm?.id}/acknowledge`;
    expect((await fetch(path, { method: 'POST' })).status).toBe(401);
    const signIn = await fetch(`${server.url}/api/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ user: 'aida', password: 'a long password' }),
    });
    const cookie = signIn.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    await server.kill();
    const again = await start();
    expect(await (await fetch(`${again.url}/api/session`, { headers: { cookie } })).json()).toMatchObject({
      user: 'aida',
    });
    const answer = await fetch(`${again.url}/api/alarms/${alarm?.id}/acknowledge`, {
      method: 'POST',
      headers: { cookie },
    });
    expect(answer.status).toBe(200);
    expect(await again.stop()).toBe(0);
    expect(pages()).toHaveLength(1);
  });

  it('that are not taken wait over a restart, and go out when they are', async () => {
    status = 503;
    const server = await start();
    await send(server, 0.5, Date.now());
    await eventually(server.log, (log) => log.includes('a message was not taken'));
    await server.kill();
    status = 200;
    const again = await start();
    await eventually(pages, ({ length }) => length === 1, 20_000);
    expect(await again.stop()).toBe(0);
  });

  it('of an escalation that kill -9 cuts in the middle come each once', async ({ skip }) => {
    if (NO_FAKETIME) skip(NO_FAKETIME);
    const time = createFakeTime();
    let server = await start(time.env);
    await send(server, 0.5, Date.now());
    for (let n = 1; n <= 4; n++) {
      await eventually(pages, ({ length }) => length === n);
      await server.kill();
      server = await start(time.env);
      time.set(n * 601);
    }
    time.set(5 * 601);
    await eventually(
      () => server.get<AlarmWire[]>('/api/alarms'),
      (alarms) => alarms.some(({ rule }) => rule === 'tank-low'),
    );
    expect(await server.stop()).toBe(0);
    expect(
      pages()
        .filter(({ facts }) => facts.alarms[0]?.rule === 'tank-low')
        .map(({ facts }) => facts.step),
    ).toEqual([0, 1, 2, 3]);
    expect(new Set(pages().map(({ id }) => id)).size).toBe(pages().length);
  });
});
