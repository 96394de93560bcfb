/** kill -9 at random moments under load: every acknowledged reading is in the store, once and with its value. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { telemetryTopic } from '../model/topic.ts';
import { FIRST_DEVICE, startBenchServer } from './bench-server.ts';
import { above, exactly, type Figure, figure } from './figure.ts';
import { readAcknowledged, startLoad } from './load/driver.ts';
import type { MessagePlan } from './load/message-plan.ts';
import type { RunContext } from './run-context.ts';
import { checkStored, type StoredCheck } from './stored.ts';

const ROUNDS = 20;
const RATE_PER_S = 5_000;
/** A round lives between these, from the first message on. */
const [SHORTEST_MS, LONGEST_MS] = [300, 2_000];
/** Distance of the rounds' times: no two rounds send the same reading. */
const ROUND_TS = 1_000_000;
const PAST_MS = 30 * 86_400_000;

interface Round {
  readonly plan: MessagePlan;
  readonly untilTs: number;
  readonly acknowledged: Float64Array;
}

export async function killRounds(context: RunContext): Promise<readonly Figure[]> {
  const count = context.rounds ?? ROUNDS;
  const options = { config: FIRST_DEVICE, dataDir: join(context.folder, 'data') };
  const firstTs = Date.now() - PAST_MS;
  const rounds: Round[] = [];
  for (let i = 0; i < count; i++) {
    const server = await startBenchServer(context, options);
    rounds.push(await loadUntilKilled(context, server, firstTs + i * ROUND_TS));
    context.say(`round ${i + 1} of ${count}: ${rounds.at(-1)?.acknowledged.length} acknowledged`);
  }
  const server = await startBenchServer(context, options);
  const checks: StoredCheck[] = [];
  for (const round of rounds) checks.push(await checkStored(server.url, round, round.acknowledged));
  await server.stop();
  return judge(checks);
}

async function loadUntilKilled(
  context: RunContext,
  server: { mqttPort: number; kill(): Promise<void> },
  firstTs: number,
): Promise<Round> {
  const plan: MessagePlan = {
    connections: 50,
    topics: [telemetryTopic('my-village', 'tank-1-level')],
    metrics: ['level'],
    payloadBytes: 0,
    firstTs,
    stepMs: 1,
  };
  const ackFile = join(context.folder, 'acknowledged');
  const load = startLoad(context, { port: server.mqttPort, plan, ratePerS: RATE_PER_S, ackFile });
  await load.ready;
  await delay(SHORTEST_MS + Math.random() * (LONGEST_MS - SHORTEST_MS));
  await server.kill();
  await load.report;
  return { plan, untilTs: firstTs + ROUND_TS, acknowledged: readAcknowledged(ackFile) };
}

function judge(checks: readonly StoredCheck[]): Figure[] {
  const sum = (field: keyof StoredCheck): number => checks.reduce((all, check) => all + check[field], 0);
  return [
    figure([`acknowledged in ${checks.length} rounds`, 'readings'], above(0), sum('acknowledged')),
    figure(['acknowledged and not stored', 'readings'], exactly(0), sum('missing')),
    figure(['stored twice', 'readings'], exactly(0), sum('twice')),
    figure(['stored with another value', 'readings'], exactly(0), sum('wrong')),
  ];
}
