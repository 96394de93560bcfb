/** 2,000 conditions at once: the journal is whole, the API answers meanwhile, and after kill -9 too; two people are told. */
import { once } from 'node:events';
import { appendFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import mqtt from 'mqtt';
import { openPeople } from '../ingest/people/people.ts';
import { parsePerson } from '../model/person.ts';
import { eventually } from '../test/harness/process.ts';
import { type BenchServer, startBenchServer } from './bench-server.ts';
import { startChild } from './child.ts';
import { below, exactly, type Figure, figure, noBar } from './figure.ts';
import { type LargePlant, writeLargePlant } from './large-plant.ts';
import type { RunContext } from './run-context.ts';
import { median } from './statistics.ts';

const DEVICES = 2_000;
const [NORMAL_M3H, HIGH_M3H] = [100, 900];
/** Reports of everyday life before the storm: it does not find a server that has just been started. */
const ROUNDS_BEFORE = 5;
const TEXT = '{ky: a, ru: a, en: a}';
const RULE = `- {id: storm, on: {metric: flow_rate}, above: 500, priority: high, title: ${TEXT}, cause: ${TEXT}, consequence: ${TEXT}, action: ${TEXT}}\n`;
const ANSWER_WITHIN_MS = 30_000;
const MAX_ANSWER_MS = 100;
const PEOPLE = ['aida', 'bek'];
const MAX_MESSAGES = 10;
const ACTIVE = '/api/alarms?limit=1000';

interface Journal {
  readonly alarms: number;
  readonly raises: number;
  readonly acknowledged: number;
}

export async function measureAlarmStorm(context: RunContext): Promise<readonly Figure[]> {
  const plant = writeLargePlant(context.folder, DEVICES);
  writeFileSync(join(context.folder, 'rules.yaml'), RULE);
  const options = { config: plant.config, dataDir: join(context.folder, 'data') };
  const phones = await startPhones(context);
  letNotify(context.folder, plant.config);
  const server = await startBenchServer(context, options);
  await addPeople(options.dataDir, phones.url);
  for (let round = ROUNDS_BEFORE; round > 0; round--) await sendAll(server, plant, NORMAL_M3H);
  const asker = startChild(context, 'asker.ts', { url: `${server.url}/api/alarms` });
  await asker.next('asking', ANSWER_WITHIN_MS);
  await sendAll(server, plant, HIGH_M3H);
  await whenJournal(options.dataDir, ({ raises }) => raises >= DEVICES);
  context.say(`${DEVICES} raised`);
  await eventually(phones.counts, (counts) => counts.length > 0, ANSWER_WITHIN_MS);
  const acknowledged = await acknowledgeSome(server);
  const answers = asker.next<readonly number[]>('answers', ANSWER_WITHIN_MS);
  asker.tell('answers');
  const answerMs = await answers;
  asker.process.kill();
  await server.kill();

  const again = await startBenchServer(context, options);
  const open = await again.get<unknown[]>(ACTIVE);
  const journal = readJournal(options.dataDir);
  await again.stop();
  return [
    figure(['alarms in the journal', 'alarms'], exactly(DEVICES), journal.alarms),
    figure(['raised twice or not at all', 'alarms'], exactly(0), Math.abs(journal.raises - DEVICES)),
    figure(['acknowledged before kill -9 and not after it', 'alarms'], exactly(0), acknowledged - journal.acknowledged),
    figure(['open after kill -9, of the first 1,000', 'alarms'], exactly(1_000), open.length),
    figure(['messages to a person, most', 'messages'], below(MAX_MESSAGES), Math.max(...phones.counts())),
    figure(['answer of /api/alarms meanwhile, median', 'ms'], noBar, median(answerMs)),
    figure(['answer of /api/alarms meanwhile, longest', 'ms'], below(MAX_ANSWER_MS), Math.max(...answerMs)),
  ];
}

function letNotify(folder: string, config: string): void {
  writeFileSync(join(folder, 'secret.txt'), 'shared');
  appendFileSync(config, 'notify: {webhook: {secretFile: secret.txt}}\n');
}

/** Each has a path of their own at the receiver. */
async function addPeople(dataDir: string, url: string): Promise<void> {
  const people = openPeople(join(dataDir, 'people.db'), Date.now);
  for (const [i, name] of PEOPLE.entries()) {
    const addresses = { webhook: `${url}/${name}` };
    const parsed = parsePerson({ name, role: 'operator', turn: i + 1, addresses });
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
    await people.put(parsed.value, null);
  }
  people.close();
}

/** Takes what people are told; `counts`: how many messages to each who got any, but for those of the morning. */
async function startPhones(context: RunContext) {
  const messages: { readonly kind: string; readonly person: string }[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    response.end();
    messages.push(JSON.parse(Buffer.concat(chunks).toString()).facts);
  }).listen(0, '127.0.0.1');
  context.finally(() => server.closeAllConnections());
  context.finally(() => server.close());
  await once(server, 'listening');
  const pages = () => messages.filter(({ kind }) => kind !== 'morning');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    counts: () => [...Map.groupBy(pages(), ({ person }) => person).values()].map(({ length }) => length),
  };
}

async function sendAll({ mqttPort }: BenchServer, { topics }: LargePlant, m3h: number): Promise<void> {
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${mqttPort}`);
  const payload = JSON.stringify({ ts: Date.now(), values: { flow_rate: m3h } });
  await Promise.all(topics.map((topic) => client.publishAsync(topic, payload, { qos: 1 })));
  await client.endAsync();
}

async function acknowledgeSome({ url, get }: BenchServer): Promise<number> {
  const open = await get<{ id: string }[]>('/api/alarms?limit=100');
  for (const { id } of open) await fetch(`${url}/api/alarms/${id}/acknowledge`, { method: 'POST' });
  return open.length;
}

const whenJournal = (dataDir: string, isComplete: (journal: Journal) => boolean): Promise<Journal> =>
  eventually(() => readJournal(dataDir), isComplete, 60_000);

function readJournal(dataDir: string): Journal {
  const db = new DatabaseSync(join(dataDir, 'alarms.db'), { readOnly: true });
  const count = (sql: string): number => Number(db.prepare(sql).get()?.n);
  const kinds = (kind: string): number => count(`SELECT count(DISTINCT alarm) AS n FROM event WHERE kind = '${kind}'`);
  const journal = {
    alarms: count("SELECT count(*) AS n FROM alarm WHERE body ->> 'rule' = 'storm'"),
    raises: count("SELECT count(*) AS n FROM event WHERE kind = 'raise'"),
    acknowledged: kinds('acknowledge'),
  };
  db.close();
  return journal;
}
