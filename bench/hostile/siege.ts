/** One attack: what a normal device and the page notice of it, and what it leaves behind. */
import { setTimeout as delay } from 'node:timers/promises';
import { type Child, startChild } from '../child.ts';
import { forgetPeak, peakResidentMb, sockets, threads } from '../proc.ts';
import type { RunContext } from '../run-context.ts';
import type { BesiegedServer } from './besieged.ts';

export interface Siege {
  /** In the attacker's words. */
  readonly did: string;
  readonly isAlive: boolean;
  readonly longestPubackMs: number;
  readonly longestAnswerMs: number;
  readonly peakRssMb: number;
  readonly left: { readonly heldMb: number; readonly sockets: number; readonly threads: number };
  readonly logKb: number;
}

interface Parties {
  readonly name: string;
  readonly besieged: BesiegedServer;
  readonly device: Child;
}

const ATTACK_WITHIN_MS = 30_000;
const END_WITHIN_MS = 5_000;
const QUIET_WITHIN_MS = 10_000;
const LOOK_MS = 500;
const ANSWER_WITHIN_MS = 10_000;
const HOST = '127.0.0.1';

export async function besiege(context: RunContext, { name, besieged, device }: Parties): Promise<Siege> {
  if (!(await besieged.answers())) await revive(besieged, device);
  const server = besieged.server();
  const before = await stateOf(besieged);
  forgetPeak(server.pid);
  await longestOf(device);
  const page = watchPage(server.url);
  const did = await attack(context, { name, mqttPort: server.mqttPort, httpPort: Number(new URL(server.url).port) });
  await delay(LOOK_MS);
  const longestPubackMs = await longestOf(device);
  const longestAnswerMs = await page.stop();
  const isAlive = await besieged.answers();
  const peakRssMb = isAlive ? peakResidentMb(server.pid) : Number.NaN;
  const left = isAlive
    ? await leftBehind(besieged, before)
    : { heldMb: Number.NaN, sockets: Number.NaN, threads: Number.NaN };
  const logKb = (server.logBytes() - before.logBytes) / 1_024;
  if (!isAlive) await revive(besieged, device);
  return { did, isAlive, longestPubackMs, longestAnswerMs, peakRssMb, left, logKb };
}

async function revive(besieged: BesiegedServer, device: Child): Promise<void> {
  await besieged.revive();
  device.tell(`port ${besieged.server().mqttPort}`);
  await delay(2 * LOOK_MS);
}

async function attack(
  context: RunContext,
  { name, ...ports }: { name: string; mqttPort: number; httpPort: number },
): Promise<string> {
  const child = startChild(context, 'attack.ts', { name, target: { host: HOST, ...ports } });
  const done = child.next<string>('done', ATTACK_WITHIN_MS + END_WITHIN_MS).catch((error: Error) => error.message);
  const timer = setTimeout(() => child.tell('end'), ATTACK_WITHIN_MS);
  const did = await done;
  clearTimeout(timer);
  child.process.kill('SIGKILL');
  return did;
}

async function longestOf(device: Child): Promise<number> {
  const answer = device.next<{ longestMs: number; acknowledged: number }>('longest', ANSWER_WITHIN_MS);
  device.tell('longest');
  const { longestMs, acknowledged } = await answer;
  return acknowledged === 0 ? Math.max(longestMs, ANSWER_WITHIN_MS) : longestMs;
}

/** As a page would, again and again; what is not answered counts as long as it was waited for. */
function watchPage(url: string): { stop(): Promise<number> } {
  let longestMs = 0;
  let isOver = false;
  async function look(): Promise<void> {
    while (!isOver) {
      const startedAt = performance.now();
      const isAnswered = await fetch(`${url}/api/live`, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) })
        .then((response) => response.arrayBuffer())
        .then(() => true)
        .catch(() => false);
      longestMs = Math.max(longestMs, isAnswered ? performance.now() - startedAt : ANSWER_WITHIN_MS);
      await delay(LOOK_MS);
    }
  }
  const looking = look();
  return {
    async stop() {
      isOver = true;
      await looking;
      return longestMs;
    },
  };
}

interface State {
  readonly heldMb: number;
  readonly sockets: number;
  readonly threads: number;
  readonly logBytes: number;
}

async function stateOf(besieged: BesiegedServer): Promise<State> {
  const { pid, heap, logBytes } = besieged.server();
  return { heldMb: await heap.usedMb(), sockets: sockets(pid), threads: threads(pid), logBytes: logBytes() };
}

/** What was closed takes a while to be gone. */
async function leftBehind(besieged: BesiegedServer, before: State): Promise<Siege['left']> {
  const until = Date.now() + QUIET_WITHIN_MS;
  for (;;) {
    await delay(LOOK_MS);
    const now = await stateOf(besieged).catch(() => null);
    if (now === null) return { heldMb: Number.NaN, sockets: Number.NaN, threads: Number.NaN };
    const left = {
      heldMb: now.heldMb - before.heldMb,
      sockets: Math.max(0, now.sockets - before.sockets),
      threads: Math.max(0, now.threads - before.threads),
    };
    if ((left.heldMb < 8 && left.sockets === 0 && left.threads === 0) || Date.now() > until) return left;
  }
}
