/** A real InfluxDB 1.x for tests and benches: on a free port, its data in a folder that the caller removes. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../harness/free-port.ts';
import { eventually } from '../../harness/process.ts';

export interface Influxd {
  readonly url: string;
  readonly process: () => ChildProcess;
  /** Answer of a question in InfluxQL, as the server gives it. */
  query(statement: string, db?: string): Promise<InfluxAnswer>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** Again, with the same data and port. */
  start(): Promise<void>;
}

interface InfluxAnswer {
  readonly results: readonly {
    readonly series?: readonly { readonly name: string; readonly values: readonly (readonly unknown[])[] }[];
    readonly error?: string;
  }[];
}

export interface InfluxdOptions {
  readonly folder: string;
  /** Told of each process that is started, so that its owner can end it. */
  own(child: ChildProcess): void;
  readonly auth?: boolean;
}

export const hasInfluxd = spawnSync('influxd', ['version']).status === 0;
export const NO_INFLUXD = 'needs influxd on the path: apt-get install influxdb';

export async function startInfluxd({ folder, own, auth = false }: InfluxdOptions): Promise<Influxd> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  mkdirSync(folder, { recursive: true });
  const config = join(folder, 'influxdb.conf');
  writeFileSync(config, configOf({ folder, port, auth }));
  let child = launch();

  function launch(): ChildProcess {
    const started = spawn('influxd', ['-config', config], { stdio: 'ignore' });
    own(started);
    return started;
  }

  const isUp = (): Promise<boolean> =>
    fetch(`${url}/ping`).then(
      ({ status }) => status === 204,
      () => false,
    );
  await eventually(isUp, Boolean, 30_000);

  return {
    url,
    process: () => child,
    async query(statement, db = '') {
      const search = new URLSearchParams({ db, q: statement, epoch: 'ms' });
      return (await (await fetch(`${url}/query?${search}`, { method: 'POST' })).json()) as InfluxAnswer;
    },
    async kill() {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
    async start() {
      child = launch();
      await eventually(isUp, Boolean, 30_000);
    },
  };
}

function configOf({ folder, port, auth }: { folder: string; port: number; auth: boolean }): string {
  return `reporting-disabled = true
bind-address = "127.0.0.1:0"
[meta]
  dir = "${join(folder, 'meta')}"
[data]
  dir = "${join(folder, 'data')}"
  wal-dir = "${join(folder, 'wal')}"
  query-log-enabled = false
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:${port}"
  log-enabled = false
  auth-enabled = ${auth}
[logging]
  level = "error"
`;
}
