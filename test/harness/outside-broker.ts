/** Real brokers that others wrote, on free loopback ports, with the configurations we ship. Benches start them too. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { eventually, ROOT } from './process.ts';

export const OUTSIDE_BROKERS = ['mosquitto', 'nats', 'rabbitmq'] as const;
export type BrokerKind = (typeof OUTSIDE_BROKERS)[number];

export interface OutsideBroker {
  readonly url: string;
  readonly port: number;
  /** Also after `stop` or `kill`: on the same port, with what it had kept. */
  start(): Promise<void>;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

export interface OutsideBrokerOptions {
  readonly kind: BrokerKind;
  /** For its configuration and its data. */
  readonly folder: string;
  /** Lines put behind those of the shipped configuration. */
  readonly extra?: string;
  /** Changes the shipped configuration. */
  readonly replace?: (config: string) => string;
  /** False: it will not let just anybody in, so that its port is all there is to wait for. */
  readonly isReady?: boolean;
}

interface Recipe {
  readonly program: string;
  readonly packageName: string;
  /** Puts the shipped configuration onto this port and into this folder. */
  fit(shipped: string, port: number, folder: string): string;
  readonly file: string;
  args(config: string): string[];
  env(folder: string): NodeJS.ProcessEnv;
}

const RECIPES: Readonly<Record<BrokerKind, Recipe>> = {
  mosquitto: {
    program: '/usr/sbin/mosquitto',
    packageName: 'mosquitto',
    file: 'mosquitto.conf',
    fit: (shipped, port, folder) =>
      // Started by root it would become a user that cannot write here.
      `${shipped.replace('listener 1883', `listener ${port}`).replace('/var/lib/mosquitto/', `${folder}/`)}\nuser root\n`,
    args: (config) => ['-c', config],
    env: () => ({}),
  },
  nats: {
    program: '/usr/sbin/nats-server',
    packageName: 'nats-server',
    file: 'nats.conf',
    fit: (shipped, port, folder) =>
      shipped
        .replace('port: 1883', `port: ${port}`)
        .replace('port: 4222', 'port: -1')
        .replace('/var/lib/nats', `${folder}/data`),
    args: (config) => ['-c', config],
    env: () => ({}),
  },
  rabbitmq: {
    program: '/usr/lib/rabbitmq/bin/rabbitmq-server',
    packageName: 'rabbitmq-server',
    file: 'rabbitmq.conf',
    fit: (shipped, port) => shipped.replace('127.0.0.1:1883', `127.0.0.1:${port}`),
    args: () => [],
    env: (folder) => ({
      HOME: folder,
      RABBITMQ_BASE: folder,
      RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq.conf'),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
      RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
      RABBITMQ_LOG_BASE: join(folder, 'log'),
      RABBITMQ_LOGS: '-',
      RABBITMQ_IO_THREAD_POOL_SIZE: '2',
    }),
  },
};

const atExit = new Set<() => void>();
process.once('exit', () => {
  for (const end of atExit) end();
});

/** Null, or why it cannot be used here. */
export function missingBroker(kind: BrokerKind): string | null {
  const { program, packageName } = RECIPES[kind];
  return existsSync(program) ? null : `${kind} (Debian: ${packageName}) is not installed`;
}

export async function startOutsideBroker(options: OutsideBrokerOptions): Promise<OutsideBroker> {
  const { kind, extra = '', replace = (config) => config, isReady = true } = options;
  const folder = join(options.folder, kind);
  mkdirSync(folder, { recursive: true });
  const recipe = RECIPES[kind];
  const port = await freePort();
  const shipped = readFileSync(join(ROOT, 'config/brokers', recipe.file), 'utf8');
  const config = join(folder, recipe.file);
  writeFileSync(config, `${replace(recipe.fit(shipped, port, folder))}\n${extra}`);
  copyFileSync(join(ROOT, 'config/brokers/enabled_plugins'), join(folder, 'enabled_plugins'));
  const names = kind === 'rabbitmq' ? await createErlangNames() : null;
  const env = { ...process.env, ...recipe.env(folder), ...names?.env };
  let child: ChildProcess | null = null;
  const endNow = (): void => {
    if (child) killGroup(child, 'SIGKILL');
  };

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const closed = once(child, 'exit');
    killGroup(child, signal);
    await closed;
    // The shell around RabbitMQ may end before the machine inside it.
    await eventually(() => isGroupGone(child?.pid ?? 0), Boolean, 20_000);
    names?.stop();
    atExit.delete(endNow);
  }

  const broker: OutsideBroker = {
    url: `mqtt://127.0.0.1:${port}`,
    port,
    async start() {
      names?.start();
      // A group of its own: RabbitMQ is a shell with a machine in it.
      child = spawn(recipe.program, recipe.args(config), { env, detached: true, stdio: 'ignore', cwd: folder });
      atExit.add(endNow);
      await eventually(() => answers(port, isReady), Boolean, 60_000);
    },
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  };
  await broker.start();
  return broker;
}

function killGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // Gone already.
  }
}

function isGroupGone(pid: number): boolean {
  try {
    process.kill(-pid, 0);
    return false;
  } catch {
    return true;
  }
}

interface ErlangNames {
  readonly env: NodeJS.ProcessEnv;
  start(): void;
  stop(): void;
}

/** A name server of its own for Erlang, which would otherwise leave one behind on the machine. */
async function createErlangNames(): Promise<ErlangNames> {
  const port = String(await freePort());
  let epmd: ChildProcess | null = null;
  const stop = (): void => void epmd?.kill('SIGKILL');
  atExit.add(stop);
  return {
    env: {
      ERL_EPMD_PORT: port,
      RABBITMQ_NODENAME: `aimak-${port}@localhost`,
      RABBITMQ_DIST_PORT: String(await freePort()),
    },
    start() {
      epmd = spawn('epmd', ['-port', port, '-address', '127.0.0.1'], { stdio: 'ignore' });
    },
    stop,
  };
}

/** RabbitMQ and NATS open the port before they let anybody in. */
function answers(port: number, isReady: boolean): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const done = (isAnswered: boolean): void => {
      socket.destroy();
      resolve(isAnswered);
    };
    socket.setTimeout(2_000, () => done(false));
    socket.on('error', () => done(false));
    socket.on('close', () => done(false));
    socket.on('data', (bytes) => done(bytes[0] === 0x20 && bytes[3] === 0));
    socket.on('connect', () => (isReady ? socket.write(ANYBODY) : done(true)));
  });
}

/** CONNECT of `who`, clean, without a name or a password. */
const ANYBODY = Buffer.from([0x10, 15, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2, 0, 10, 0, 3, 0x77, 0x68, 0x6f]);
