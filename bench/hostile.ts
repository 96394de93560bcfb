/**
 * Hostile clients one after the other, against a server with a heap of 256 MB: a normal device is acknowledged within a second
 * throughout, the page answers, and nothing is left behind.
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Child, startChild } from './child.ts';
import { atMost, below, exactly, type Figure, figure, noBar } from './figure.ts';
import { allAttacks } from './hostile/all-attacks.ts';
import { type BesiegedServer, startBesieged } from './hostile/besieged.ts';
import { besiege, type Siege } from './hostile/siege.ts';
import type { RunContext } from './run-context.ts';

const DEVICE = { site: 'my-village', device: 'tank-1-level' };
const MAX_PUBACK_MS = 1_000;
const MAX_ANSWER_MS = 2_000;
/** Connections that are just closing, of the bench itself. */
const MAX_SOCKETS_LEFT = 3;
/** Retained messages, sessions and what they are owed are kept, within their bounds; caches fill once. */
const MAX_LEFT_MB = 96;
/** All of them, behind all attacks. */
const MAX_KEPT_MB = 200;
const MAX_LOG_KB = 32;
/** In broker.db: retained messages, what is owed, sessions. With its log. */
const MAX_FILES_MB = 256;
const MAX_START_S = 5;
const MIB = 1024 * 1024;

export async function measureHostile(context: RunContext): Promise<readonly Figure[]> {
  const dataDir = join(context.folder, 'data');
  const besieged = await startBesieged(context, dataDir);
  const first = { startS: besieged.server().startS, heldMb: await besieged.server().heap.usedMb() };
  const device = startChild(context, 'steady-device.ts', { port: besieged.server().mqttPort, ...DEVICE });
  const figures: Figure[] = [];
  for (const { name } of await allAttacks()) {
    const siege = await besiege(context, { name, besieged, device });
    context.say(`${name}: ${siege.did}`);
    figures.push(...figuresOf(name, siege));
  }
  return [...figures, ...(await afterwards({ besieged, device, dataDir, first }))];
}

function figuresOf(name: string, siege: Siege): Figure[] {
  return [
    figure([`${name}: server alive`, ''], exactly(1), Number(siege.isAlive)),
    figure([`${name}: longest to PUBACK of the device`, 'ms'], below(MAX_PUBACK_MS), siege.longestPubackMs),
    figure([`${name}: longest answer to the page`, 'ms'], below(MAX_ANSWER_MS), siege.longestAnswerMs),
    figure([`${name}: resident memory, the most`, 'MB'], noBar, siege.peakRssMb),
    figure([`${name}: memory in use left behind`, 'MB'], atMost(MAX_LEFT_MB), siege.left.heldMb),
    figure([`${name}: sockets left behind`, ''], atMost(MAX_SOCKETS_LEFT), siege.left.sockets),
    figure([`${name}: threads left behind`, ''], atMost(0), siege.left.threads),
    figure([`${name}: log`, 'KB'], atMost(MAX_LOG_KB), siege.logKb),
  ];
}

interface Afterwards {
  readonly besieged: BesiegedServer;
  readonly device: Child;
  readonly dataDir: string;
  readonly first: { readonly startS: number; readonly heldMb: number };
}

/** On the same folder it starts as it did, and what it has kept is within bounds. */
async function afterwards({ besieged, device, dataDir, first }: Afterwards): Promise<readonly Figure[]> {
  const heldMb = await besieged.server().heap.usedMb();
  device.process.kill();
  await besieged.stop();
  const filesMb = readdirSync(dataDir)
    .filter((file) => file.startsWith('broker.db'))
    .reduce((sum, file) => sum + statSync(join(dataDir, file)).size / MIB, 0);
  await besieged.start();
  const again = besieged.server();
  const againMb = await again.heap.usedMb();
  const isAlive = again.process.exitCode === null;
  await besieged.stop();
  return [
    figure(['times the server had to be started again', ''], exactly(0), besieged.deaths()),
    figure(['times it did not start on what it had kept', ''], exactly(0), besieged.lostStarts()),
    figure(['memory in use: before the first attack', 'MB'], noBar, first.heldMb),
    figure(['memory in use: kept after the last', 'MB'], atMost(MAX_KEPT_MB), heldMb - first.heldMb),
    figure(['broker.db', 'MB'], atMost(MAX_FILES_MB), filesMb),
    figure(['first start', 's'], noBar, first.startS),
    figure(['start behind all attacks', 's'], atMost(MAX_START_S), isAlive ? again.startS : Number.NaN),
    figure(['memory in use: behind that start', 'MB'], atMost(first.heldMb + MAX_KEPT_MB), againMb),
  ];
}
