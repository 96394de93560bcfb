/** InfluxDB killed and away for a while, and our process killed -9 meanwhile: what was acknowledged is in InfluxDB, once. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { telemetryTopic } from '../model/topic.ts';
import type { Influxd } from '../test/ingest/store/influxd.ts';
import { type BenchServer, FIRST_DEVICE } from './bench-server.ts';
import { above, exactly, type Figure, figure } from './figure.ts';
import { cannotRun, startOnInflux, startOwnInfluxd, storeHealth, whenDrained } from './influx-servers.ts';
import { readAcknowledged, startLoad } from './load/driver.ts';
import type { MessagePlan } from './load/message-plan.ts';
import type { RunContext, Skipped } from './run-context.ts';
import { checkStored, type StoredCheck } from './stored.ts';

const ROUNDS = 10;
const AWAY_S = 60;
const RATE_PER_S = 1_000;
/** With both up, before and after. */
const QUIET_MS = 1_000;
const DRAIN_WITHIN_MS = 120_000;
/** Distance of the loads' times: no two send the same reading. */
const LOAD_TS = 1_000_000;
const PAST_MS = 30 * 86_400_000;

interface Sent {
  readonly plan: MessagePlan;
  readonly untilTs: number;
  readonly acknowledged: Float64Array;
}

interface Round {
  readonly checks: readonly StoredCheck[];
  readonly deadLetters: number;
}

export async function measureInfluxFaults(context: RunContext): Promise<readonly Figure[] | Skipped> {
  if (cannotRun) return cannotRun;
  const influxd = await startOwnInfluxd(context);
  const rounds: Round[] = [];
  const count = context.rounds ?? ROUNDS;
  for (let i = 0; i < count; i++) {
    rounds.push(await playRound(context, influxd, Date.now() - PAST_MS + i * 2 * LOAD_TS));
    const acknowledged = rounds.at(-1)?.checks.reduce((sum, check) => sum + check.acknowledged, 0);
    context.say(`round ${i + 1} of ${count}: ${acknowledged} acknowledged`);
  }
  return judge(rounds);
}

async function playRound(context: RunContext, influxd: Influxd, firstTs: number): Promise<Round> {
  const options = { config: FIRST_DEVICE, dataDir: join(context.folder, 'data') };
  const awayMs = (context.seconds ?? AWAY_S) * 1_000;
  const server = await startOnInflux(context, influxd, options);
  const outage = breakInfluxd(influxd, awayMs);
  // Also while InfluxDB is still up, and when it is back and the outbox is drained.
  const killAfterMs = Math.random() * (QUIET_MS + awayMs + QUIET_MS);
  const before = await loadUntil(context, server, { firstTs, end: () => delay(killAfterMs).then(server.kill) });
  const again = await startOnInflux(context, influxd, options);
  const end = (): Promise<unknown> => outage.then(() => delay(QUIET_MS));
  const after = await loadUntil(context, again, { firstTs: firstTs + LOAD_TS, end });
  await whenDrained(again, DRAIN_WITHIN_MS);
  const checks: StoredCheck[] = [];
  for (const sent of [before, after]) checks.push(await checkStored(again.url, sent, sent.acknowledged));
  const { deadLetters } = await storeHealth(again);
  await again.stop();
  return { checks, deadLetters };
}

async function breakInfluxd(influxd: Influxd, awayMs: number): Promise<void> {
  await delay(QUIET_MS);
  await influxd.kill();
  await delay(awayMs);
  await influxd.start();
}

async function loadUntil(
  context: RunContext,
  server: BenchServer,
  { firstTs, end }: { firstTs: number; end: () => Promise<unknown> },
): Promise<Sent> {
  const topics = [telemetryTopic('my-village', 'tank-1-level')];
  const plan: MessagePlan = { connections: 50, topics, metrics: ['level'], payloadBytes: 0, firstTs, stepMs: 1 };
  const ackFile = join(context.folder, 'acknowledged');
  const load = startLoad(context, { port: server.mqttPort, plan, ratePerS: RATE_PER_S, ackFile });
  await load.ready;
  await end();
  await load.stop();
  return { plan, untilTs: firstTs + LOAD_TS, acknowledged: readAcknowledged(ackFile) };
}

function judge(rounds: readonly Round[]): Figure[] {
  const checks = rounds.flatMap((round) => round.checks);
  const sum = (field: keyof StoredCheck): number => checks.reduce((all, check) => all + check[field], 0);
  const deadLetters = rounds.reduce((all, round) => all + round.deadLetters, 0);
  return [
    figure([`acknowledged in ${rounds.length} rounds`, 'readings'], above(0), sum('acknowledged')),
    figure(['acknowledged and not in InfluxDB', 'readings'], exactly(0), sum('missing')),
    figure(['in InfluxDB twice', 'readings'], exactly(0), sum('twice')),
    figure(['in InfluxDB with another value', 'readings'], exactly(0), sum('wrong')),
    figure(['dead letters', 'points'], exactly(0), deadLetters),
  ];
}
