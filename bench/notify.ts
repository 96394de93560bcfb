/** From a reading to the webhook of whoever is told: one alarm after the other, each at a site and to a person of its own. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { openPeople } from '../ingest/people/people.ts';
import { parsePerson } from '../model/person.ts';
import { telemetryTopic } from '../model/topic.ts';
import { startBenchServer } from './bench-server.ts';
import { below, type Figure, figure, noBar } from './figure.ts';
import type { RunContext } from './run-context.ts';
import { median } from './statistics.ts';

const ALARMS = 30;
const MAX_MS = 1_000;
const WITHIN_MS = 20_000;

export async function measureNotify(context: RunContext): Promise<readonly Figure[]> {
  const { folder } = context;
  const sites = Array.from({ length: ALARMS }, (_, i) => `site-${i + 1}`);
  const receiver = await startReceiver(context);
  const config = writePlant(folder, sites);
  const dataDir = join(folder, 'data');
  const server = await startBenchServer(context, { config, dataDir });
  await addPeople(dataDir, sites, receiver.url);
  const device = await mqtt.connectAsync(`mqtt://127.0.0.1:${server.mqttPort}`);
  const tookMs: number[] = [];
  for (const site of sites) {
    const came = receiver.next(site);
    const begin = performance.now();
    const topic = telemetryTopic(site, `${site}-level`);
    await device.publishAsync(topic, JSON.stringify({ ts: Date.now(), values: { level: 0.2 } }), { qos: 1 });
    await came;
    tookMs.push(performance.now() - begin);
  }
  await device.endAsync();
  await server.stop();
  return [
    figure(['reading to webhook, median', 'ms'], noBar, median(tookMs)),
    figure(['reading to webhook, longest', 'ms'], below(MAX_MS), Math.max(...tookMs)),
  ];
}

function writePlant(folder: string, sites: readonly string[]): string {
  const lines = [
    'sites:',
    ...sites.map((id) => `  - {id: ${id}, lat: 42.4, lon: 76.4, timeZone: Asia/Bishkek}`),
    'assets:',
    ...sites.map(
      (id) =>
        `  - {id: ${id}-tank, site: ${id}, kind: reservoir, levelVolume: [[0, 0], [4, 300]], overflowM: 3.8, fireReserveM: 1.0}`,
    ),
    'devices:',
    ...sites.map((id) => `  - {id: ${id}-level, site: ${id}, asset: ${id}-tank, everyS: 300}`),
  ];
  writeFileSync(join(folder, 'plant.yaml'), `${lines.join('\n')}\n`);
  writeFileSync(join(folder, 'secret.txt'), 'shared');
  const config = join(folder, 'aimak.yaml');
  writeFileSync(config, 'plant: plant.yaml\nnotify: {webhook: {secretFile: secret.txt}}\n');
  return config;
}

async function addPeople(dataDir: string, sites: readonly string[], url: string): Promise<void> {
  const people = openPeople(join(dataDir, 'people.db'), Date.now);
  for (const site of sites) {
    const parsed = parsePerson({
      name: `of-${site}`,
      role: 'operator',
      sites: [site],
      turn: 1,
      addresses: { webhook: `${url}/${site}` },
    });
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
    await people.put(parsed.value, null);
  }
  people.close();
}

/** Gives each site's alarms a path of their own; messages of the morning are not waited for. */
async function startReceiver(context: RunContext) {
  const waiting = new Map<string, () => void>();
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    response.end();
    const { facts } = JSON.parse(Buffer.concat(chunks).toString()) as { facts: { kind: string } };
    if (facts.kind === 'alarm') waiting.get(request.url?.slice(1) ?? '')?.();
  }).listen(0, '127.0.0.1');
  context.finally(() => server.closeAllConnections());
  context.finally(() => server.close());
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    next: (site: string): Promise<void> =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no message for ${site} in ${WITHIN_MS} ms`)), WITHIN_MS);
        waiting.set(site, () => {
          clearTimeout(timer);
          resolve();
        });
      }),
  };
}
