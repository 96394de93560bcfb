/** Each attack over HTTP, for a few seconds, on a real server: it goes on, nothing is left behind, and it stops in time. */
import { readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { httpQuestions } from '../../bench/hostile/http-questions.ts';
import { httpSignIn } from '../../bench/hostile/http-sign-in.ts';
import { httpSlowBodies } from '../../bench/hostile/http-slow-bodies.ts';
import { httpSubscribes } from '../../bench/hostile/http-subscribes.ts';
import { httpUpgrades } from '../../bench/hostile/http-upgrades.ts';
import { eventually, startServer, type TestServer } from '../harness/server.ts';

const FOR_MS = 4_000;
const isLinux = process.platform === 'linux';
let server: TestServer;

beforeAll(async () => {
  server = await startServer({ env: { NODE_OPTIONS: '--max-old-space-size=256' } });
});
afterAll(async () => {
  expect(await server.stop(), server.log().slice(-3_000)).toBe(0);
});

const openFiles = (): number => (isLinux ? readdirSync(`/proc/${server.process.pid}/fd`).length : 0);

it.each([httpSubscribes, httpUpgrades, httpSlowBodies, httpSignIn, httpQuestions])(
  'goes on under $name, and is rid of them after',
  async ({ run }) => {
    const before = openFiles();
    const target = { host: '127.0.0.1', httpPort: Number(new URL(server.url).port), mqttPort: server.mqttPort };
    let isOver = false;
    const attack = run(target, AbortSignal.timeout(FOR_MS)).finally(() => {
      isOver = true;
    });
    for (let asked = 0; !isOver || asked === 0; asked++) {
      expect((await server.health()).status).toBe('ok');
      await delay(50);
    }
    expect(await attack).not.toBe('');
    // Some a deadline has to end, and what this test has asked on is kept for a while.
    await eventually(openFiles, (count) => count <= before + 5, 25_000);
    expect((await server.health()).status).toBe('ok');
  },
);
