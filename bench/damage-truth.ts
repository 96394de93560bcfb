/** A data folder with something in every file, and what a server on it says that is true. */
import { appendFileSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { spawnAimak } from '../test/harness/process.ts';
import { type BenchServer, startBenchServer } from './bench-server.ts';
import { signIn } from './damage-ask.ts';
import { KEEPER, type Made, RETAINED, USER } from './damage-made.ts';
import { fillWithPast } from './fill.ts';
import { type LargePlant, writeLargePlant } from './large-plant.ts';
import type { RunContext } from './run-context.ts';

const DEVICES = 6;
const DAY_MS = 86_400_000;
const EVERY_MS = 600_000;
const DAYS = 21;
/** Short of a round of compaction, which begins with 4,096 entries. */
const JOURNAL_ENTRIES = 3_900;
const [NORMAL_M3H, HIGH_M3H] = [100, 900];
const TEXT = '{ky: a, ru: a, en: a}';
const RULE = `- {id: high-flow, on: {metric: flow_rate}, above: 500, priority: critical, title: ${TEXT}, cause: ${TEXT}, consequence: ${TEXT}, action: ${TEXT}}\n`;
const NOBODY = 'http://127.0.0.1:9';

/** Readings in chunks and in the journal, alarms in every state, a work, a person, messages that wait, a session. */
export async function makeVillages(context: RunContext): Promise<{ stopped: Made; killed: Made }> {
  const plant = writeLargePlant(context.folder, DEVICES);
  writeFileSync(join(context.folder, 'rules.yaml'), RULE);
  writeFileSync(join(context.folder, 'secret.txt'), 'shared');
  appendFileSync(plant.config, 'notify: {webhook: {secretFile: secret.txt}}\n');
  const past = { ...plant, readings: (DAYS * DAY_MS) / EVERY_MS, everyMs: EVERY_MS, untilMs: Date.now() - DAY_MS };
  const dataDir = await fillWithPast(context, 'stopped', past);
  await addUser(context, plant.config, dataDir);
  const server = await startBenchServer(context, { config: plant.config, dataDir });
  await live(server, plant);
  const untilMs = Date.now() + 1;
  const killedDir = join(context.folder, 'killed');
  const base = { config: plant.config, plant, args: [], untilMs };
  // What SQLite holds of a log is in memory that all processes share: a copy of the files is what a kill -9 leaves.
  await server.stop();
  const again = await startBenchServer(context, { config: plant.config, dataDir });
  await liveAgain(again, plant);
  await again.kill();
  cpSync(dataDir, killedDir, { recursive: true });
  const last = await startBenchServer(context, { config: plant.config, dataDir });
  await last.stop();
  return {
    stopped: { ...base, name: 'stopped', dataDir, untilMs: Date.now() + 1 },
    killed: { ...base, name: 'killed', dataDir: killedDir, untilMs: Date.now() + 1 },
  };
}

/** What waits for an InfluxDB that is not there. */
export async function makeOutbox(context: RunContext): Promise<Made> {
  const folder = join(context.folder, 'influx');
  mkdirSync(folder);
  const plant = writeLargePlant(folder, DEVICES);
  const dataDir = join(folder, 'data');
  const args = ['--store', 'influx', '--influx-url', NOBODY, '--influx-api', 'v1', '--influx-bucket', 'aimak'];
  const server = await startBenchServer(context, { config: plant.config, dataDir, parts: args });
  await publishEach(server, plant, { count: 300, fromMs: Date.now() - 600_000 });
  await server.stop();
  return { name: 'outbox', config: plant.config, dataDir, args, plant: null, untilMs: 0 };
}

/** Where the simulated village was. */
export async function makeDemo(context: RunContext): Promise<Made> {
  const dataDir = join(context.folder, 'demo');
  const args = ['--backfill-days', '0'];
  const server = await startBenchServer(context, { config: null, dataDir, parts: args });
  await server.stop();
  return { name: 'demo', config: null, dataDir, args, plant: null, untilMs: 0 };
}

export function copyOf(made: Made, folder: string): string {
  cpSync(made.dataDir, folder, { recursive: true });
  return folder;
}

async function addUser(context: RunContext, config: string, dataDir: string): Promise<void> {
  const file = join(context.folder, 'password.txt');
  writeFileSync(file, `${USER.password}\n`);
  const who = ['user', 'add', USER.user, '--role', 'admin', '--turn', '1', '--webhook', `${NOBODY}/aida`];
  const child = context.own(spawnAimak([...who, '--password-file', file, '--config', config, '--data-dir', dataDir]));
  const code = await new Promise((resolve) => child.once('exit', resolve));
  if (code !== 0) throw new Error(`user add ended with ${code}`);
}

/** Alarms in every state, what people did with them, and all that other files hold. */
async function live(server: BenchServer, plant: LargePlant): Promise<void> {
  await publishEach(server, plant, { count: JOURNAL_ENTRIES, fromMs: Date.now() - 7_200_000 });
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${server.mqttPort}`);
  const send = async (device: number, m3h: number): Promise<void> => {
    const payload = JSON.stringify({ ts: Date.now(), values: { flow_rate: m3h } });
    await client.publishAsync(plant.topics[device] ?? '', payload, { qos: 1 });
  };
  for (let device = 0; device < DEVICES; device++) await send(device, HIGH_M3H);
  const act = await actor(server);
  const alarms = await server.get<{ id: string; device: string }[]>('/api/alarms');
  const idOf = (device: number): string => alarms.find((alarm) => alarm.device === plant.devices[device])?.id ?? '';
  await act(`alarms/${idOf(1)}/acknowledge`, { note: 'seen' });
  await act(`alarms/${idOf(2)}/shelve`, { reason: 'cleaning', until: Date.now() + 5 * DAY_MS });
  await act(`alarms/${idOf(3)}/acknowledge`, {});
  await act(`alarms/${idOf(5)}/out-of-service`, { reason: 'broken' });
  await send(3, NORMAL_M3H);
  await send(4, NORMAL_M3H);
  await act('works', { site: 'large', from: Date.now() + DAY_MS, to: Date.now() + 2 * DAY_MS, reason: 'pipe' });
  await client.publishAsync(plant.topics[0] ?? '', JSON.stringify({ nonsense: 1 }), { qos: 1 });
  await client.publishAsync(RETAINED.topic, RETAINED.payload, { qos: 1, retain: true });
  await client.endAsync();
  const keeper = await mqtt.connectAsync(`mqtt://127.0.0.1:${server.mqttPort}`, { clientId: KEEPER, clean: false });
  await keeper.subscribeAsync('note/#', { qos: 1 });
  await keeper.endAsync();
}

/** What only the logs of the databases hold, when the process is killed. */
async function liveAgain(server: BenchServer, plant: LargePlant): Promise<void> {
  await publishEach(server, plant, { count: 50, fromMs: Date.now() - 60_000 });
  const act = await actor(server);
  const [open] = await server.get<{ id: string }[]>('/api/alarms?state=active');
  await act(`alarms/${open?.id}/acknowledge`, { note: 'later' }).catch(() => undefined);
  // The background sync and the broker's, at rest.
  await new Promise((resolve) => setTimeout(resolve, 500));
}

async function actor({ url }: BenchServer) {
  const { cookie } = await signIn(url, USER);
  return async (path: string, body: object): Promise<void> => {
    const headers = { 'content-type': 'application/json', cookie };
    const answer = await fetch(`${url}/api/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  };
}

/** One at a time, each a commit of its own. */
async function publishEach(
  { mqttPort }: { mqttPort: number },
  { topics }: LargePlant,
  { count, fromMs }: { count: number; fromMs: number },
): Promise<void> {
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${mqttPort}`);
  for (let n = 0; n < count; n++) {
    const values = { flow_rate: NORMAL_M3H + (n % 7), pressure: 3 + (n % 11) / 10, temperature: 8 };
    const payload = JSON.stringify({ ts: fromMs + n * 1_000, values });
    await client.publishAsync(topics[n % topics.length] ?? '', payload, { qos: 1 });
  }
  await client.endAsync();
}
