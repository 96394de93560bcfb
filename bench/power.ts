/**
 * The power goes at random moments under load: of what was not synced the disk has some, none, or something else. Every
 * acknowledged reading is in the store, once and with its value; alarms stay acknowledged, users sign in, nothing is damaged.
 */
import { once } from 'node:events';
import { mkdirSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { compilePreload, NO_PRELOAD } from '../test/harness/preload.ts';
import { serverArgs, spawnAimak } from '../test/harness/process.ts';
import { type BenchServer, FIRST_DEVICE, startBenchServer } from './bench-server.ts';
import { above, exactly, type Figure, figure, noBar } from './figure.ts';
import { readAcknowledged, startLoad } from './load/driver.ts';
import type { MessagePlan } from './load/message-plan.ts';
import { createOperator, type Operator, writePowerPlant } from './power/operator.ts';
import { type CutCounts, type CutFolders, playPowerCut } from './power/power-cut.ts';
import type { RunContext, Skipped } from './run-context.ts';
import { checkStored, type StoredCheck } from './stored.ts';

const ROUNDS = 50;
const RATE_PER_S = 3_000;
/** A round lives between these, from the first message on. */
const [SHORTEST_MS, LONGEST_MS] = [200, 2_500];
/** Distance of the rounds' times: no two rounds send the same reading. */
const ROUND_TS = 1_000_000;
const PAST_MS = 30 * 86_400_000;
/** Before half of the rounds the power goes while the server starts, too: when it has done so much to its files. */
const START_LOG_BYTES = 60_000;
/** As much is done to a new folder. */
const FIRST_LOG_BYTES = 280_000;
const START_WITHIN_MS = 10_000;
/** Every so many rounds the demo, with its village, has its power cut too: it saves its state as a whole file. */
const DEMO_EVERY = 5;
const DEMO_LIVES_MS = 3_000;

interface Round {
  readonly plan: MessagePlan;
  readonly untilTs: number;
  readonly acknowledged: Float64Array;
}

/** What was found after the cuts, over all rounds. */
interface Findings {
  readonly cuts: CutCounts[];
  readonly checks: StoredCheck[];
  /** Starts that were not as if nothing had happened, with what was wrong. */
  readonly unsound: string[];
  starts: number;
  alarms: number;
  forgottenAlarms: number;
}

export async function measurePower(context: RunContext): Promise<readonly Figure[] | Skipped> {
  if (NO_PRELOAD !== null) return { skipped: NO_PRELOAD };
  const preload = compilePreload('powercut', context.folder);
  const { config, dataDir } = await writePowerPlant(context);
  const operator = createOperator();
  const findings: Findings = { cuts: [], checks: [], unsound: [], starts: 0, alarms: 0, forgottenAlarms: 0 };
  const firstTs = Date.now() - PAST_MS;
  const rounds: Round[] = [];
  const count = context.rounds ?? ROUNDS;
  for (let i = 0; i < count; i++) {
    const live = (server: BenchServer): Promise<Round> =>
      liveOneRound(context, server, { operator, firstTs: firstTs + i * ROUND_TS });
    const look = (server: BenchServer): Promise<void> =>
      lookAfterCut(server, { operator, round: rounds.at(-1), findings });
    const place: Place = { config, dataDir, preload, findings };
    if (i % 2 === 1) await cutWhileStarting(context, place, START_LOG_BYTES);
    rounds.push(await untilCut(context, { ...place, look, live }));
    if (i % DEMO_EVERY === 0) await cutOthers(context, place);
    context.say(`round ${i + 1} of ${count}: ${rounds.at(-1)?.acknowledged.length} acknowledged, ${told(findings)}`);
  }
  // All that any round acknowledged, over all cuts after it.
  const server = await startBenchServer(context, { config, dataDir });
  await lookAfterCut(server, { operator, round: undefined, findings });
  for (const round of rounds) findings.checks.push(await checkStored(server.url, round, round.acknowledged));
  await server.stop();
  for (const text of findings.unsound) console.error(text);
  return judge(findings, rounds);
}

interface Place {
  readonly config: string | null;
  readonly dataDir: string;
  readonly preload: string;
  readonly findings: Findings;
}

interface Life<T> extends Place {
  /** At what the cut before has left. */
  readonly look: (server: BenchServer) => Promise<void>;
  /** Ends with the server's end. */
  readonly live: (server: BenchServer) => Promise<T>;
}

/** One life of a server, and what the disk makes of it. */
async function untilCut<T>(context: RunContext, life: Life<T>): Promise<T> {
  const { config, dataDir, look, live } = life;
  const { env, folders, play } = prepareCut(context, life);
  const server = await startBenchServer(context, { config, dataDir, env });
  await look(server);
  const checkSeen = watchBytes(server.pid, folders);
  const result = await live(server);
  checkSeen();
  play();
  return result;
}

/** The power comes back for a moment only. */
async function cutWhileStarting(context: RunContext, place: Place, mostLogBytes: number): Promise<void> {
  const { env, folders, play } = prepareCut(context, place);
  const child = context.own(spawnAimak(serverArgs(place.config, place.dataDir), { env }));
  child.stdout.resume();
  child.stderr.resume();
  const ended = once(child, 'exit');
  const [logBytes, until] = [Math.random() * mostLogBytes, Date.now() + START_WITHIN_MS];
  const done = (): number => statSync(join(folders.undo, 'log'), { throwIfNoEntry: false })?.size ?? 0;
  while (done() < logBytes && Date.now() < until) await delay(1);
  child.kill('SIGKILL');
  await ended;
  play();
}

function prepareCut({ folder }: RunContext, { dataDir, preload, findings }: Place) {
  const undo = join(folder, 'undo');
  rmSync(undo, { recursive: true, force: true });
  for (const dir of [undo, dataDir]) mkdirSync(dir, { recursive: true });
  const folders = { data: realpathSync(dataDir), undo: realpathSync(undo) };
  // What does not go through the C library is not seen.
  const env = { LD_PRELOAD: preload, PC_DATA: folders.data, PC_UNDO: folders.undo, UV_USE_IO_URING: '0' };
  return { env, folders, play: () => void findings.cuts.push(playPowerCut(folders, Math.random)) };
}

/** Throws where the process has written more than the preloaded library knows of: then a cut would undo too little. */
function watchBytes(pid: number, { undo, data }: CutFolders): () => void {
  let [written, known] = [0, 0];
  let mapped: readonly string[] = [];
  const look = (): void => {
    try {
      const io = readFileSync(`/proc/${pid}/io`, 'utf8');
      mapped = readFileSync(`/proc/${pid}/maps`, 'utf8')
        .split('\n')
        .filter((line) => line.includes(' rw-s ') && line.includes(data) && !line.endsWith('-shm'));
      // In this order: what is written meanwhile is known.
      written = Number(/wchar: (\d+)/.exec(io)?.[1]);
      known = Number(readFileSync(join(undo, 'seen')).readBigUInt64LE());
    } catch {
      // It has gone.
    }
  };
  look();
  const looking = setInterval(look, 50);
  return () => {
    clearInterval(looking);
    if (written === 0 || known < written * 0.99)
      throw new Error(`the process wrote ${written} bytes, the preloaded library saw ${known}`);
    if (mapped.length > 0) throw new Error(`the process writes to files that it has mapped: ${mapped.join(', ')}`);
  };
}

async function liveOneRound(
  context: RunContext,
  server: BenchServer,
  { operator, firstTs }: { operator: Operator; firstTs: number },
): Promise<Round> {
  const topics = ['aimak/v1/my-village/tank-1-level/telemetry'];
  const plan: MessagePlan = { connections: 20, topics, metrics: ['level'], payloadBytes: 0, firstTs, stepMs: 1 };
  const ackFile = join(context.folder, 'acknowledged');
  const load = startLoad(context, { port: server.mqttPort, plan, ratePerS: RATE_PER_S, ackFile });
  await load.ready;
  const acting = operator.act(server);
  await delay(SHORTEST_MS + Math.random() * (LONGEST_MS - SHORTEST_MS));
  await server.kill();
  await acting;
  await load.report;
  return { plan, untilTs: firstTs + ROUND_TS, acknowledged: readAcknowledged(ackFile) };
}

async function lookAfterCut(
  server: BenchServer,
  { operator, round, findings }: { operator: Operator; round: Round | undefined; findings: Findings },
): Promise<void> {
  await noteUnsound(server, findings);
  if (!(await operator.signIn(server))) findings.unsound.push(`nobody can sign in:\n${server.log()}`);
  const { kept, forgotten } = await operator.check(server);
  findings.alarms = kept + forgotten;
  findings.forgottenAlarms += forgotten;
  if (round) findings.checks.push(await checkStored(server.url, round, round.acknowledged));
}

/** A power cut damages nothing that was synced: health says so, and the log has no stack. */
async function noteUnsound(server: BenchServer, findings: Findings): Promise<void> {
  findings.starts++;
  const health = await server.health();
  const log = server.log();
  if (health.status !== 'ok') findings.unsound.push(`degraded after a cut: ${JSON.stringify(health)}\n${log}`);
  if (/\n\s+at /.test(log) || log.includes('"level":50')) findings.unsound.push(`said after a cut:\n${log}`);
}

/** The demo, each time it has lived for a moment; and a new data folder in its first moments. */
async function cutOthers(context: RunContext, { preload, findings }: Omit<Place, 'config' | 'dataDir'>): Promise<void> {
  const young = { config: FIRST_DEVICE, dataDir: join(context.folder, `young-${findings.starts}`), preload, findings };
  await cutWhileStarting(context, young, FIRST_LOG_BYTES);
  const server = await startBenchServer(context, young);
  await noteUnsound(server, findings);
  await server.stop();
  await untilCut(context, {
    ...{ config: null, dataDir: join(context.folder, 'demo'), preload, findings },
    look: (server) => noteUnsound(server, findings),
    async live(server) {
      await delay(Math.random() * DEMO_LIVES_MS);
      await server.kill();
    },
  });
}

function told({ checks, unsound, forgottenAlarms }: Findings): string {
  const sum = (field: keyof StoredCheck): number => checks.reduce((all, check) => all + check[field], 0);
  return `${sum('missing')} lost, ${sum('wrong')} wrong, ${forgottenAlarms} alarms forgotten, ${unsound.length} unsound`;
}

function judge(
  { cuts, checks, unsound, starts, alarms, forgottenAlarms }: Findings,
  rounds: readonly Round[],
): Figure[] {
  const sum = (field: keyof StoredCheck): number => checks.reduce((all, check) => all + check[field], 0);
  const acknowledged = rounds.reduce((all, round) => all + round.acknowledged.length, 0);
  const played = (field: keyof CutCounts): number => cuts.reduce((all, cut) => all + cut[field], 0);
  return [
    figure([`acknowledged in ${rounds.length} rounds`, 'readings'], above(0), acknowledged),
    figure(['unsynced writes kept', 'writes'], noBar, played('kept')),
    figure(['unsynced writes undone', 'writes'], above(0), played('undone')),
    figure(['unsynced writes torn', 'writes'], above(0), played('torn')),
    figure(['unsynced writes garbled', 'writes'], above(0), played('garbled')),
    figure(['entries of the folder undone', 'entries'], above(0), played('entriesUndone')),
    figure(['acknowledged and not stored', 'readings'], exactly(0), sum('missing')),
    figure(['stored twice', 'readings'], exactly(0), sum('twice')),
    figure(['stored with another value', 'readings'], exactly(0), sum('wrong')),
    figure(['alarms acknowledged', 'alarms'], above(0), alarms),
    figure(['alarms acknowledged and forgotten', 'alarms'], exactly(0), forgottenAlarms),
    figure([`of ${starts} starts not sound`, 'starts'], exactly(0), unsound.length),
  ];
}
