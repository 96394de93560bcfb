/** Somebody at the page while the power goes: signs in, and acknowledges the alarm that a device raises again and again. */
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import mqtt from 'mqtt';
import { spawnAimak } from '../../test/harness/process.ts';
import { type BenchServer, FIRST_DEVICE } from '../bench-server.ts';
import type { RunContext } from '../run-context.ts';

export interface Operator {
  /** Whether the password was taken. */
  signIn(server: BenchServer): Promise<boolean>;
  /** Until the server is gone. */
  act(server: BenchServer): Promise<void>;
  /** How many of the alarms whose acknowledgement was answered with 200 are acknowledged. */
  check(server: BenchServer): Promise<{ readonly kept: number; readonly forgotten: number }>;
}

interface Alarm {
  readonly id: string;
  readonly rule: string;
  readonly state: string;
}

const [USER, PASSWORD] = ['aida', 'a long password'];
const TOPIC = 'aimak/v1/my-village/tank-1-level/telemetry';
const [LOW_M, WELL_M] = [0.5, 2.5];
const EVERY_MS = 50;
/** Those of before must hold too, but not all of them need be asked for each time. */
const CHECKED = 200;

/** The plant of one reservoir, with somebody who may sign in. */
export async function writePowerPlant({ folder }: RunContext): Promise<{ config: string; dataDir: string }> {
  const [config, dataDir] = [join(folder, 'aimak.yaml'), join(folder, 'data')];
  const first = join(FIRST_DEVICE, '..');
  mkdirSync(dataDir);
  writeFileSync(config, `plant: ${first}/plant.yaml\nrules: rules.yaml\ndataDir: data\n`);
  // Each way down is an episode, each way up its end.
  writeFileSync(join(folder, 'rules.yaml'), '- {id: tank-low, below: 1.0 m, onDelayS: 0, offDelayS: 0}\n');
  writeFileSync(join(folder, 'password.txt'), PASSWORD);
  const password = ['--password-file', join(folder, 'password.txt')];
  const adding = spawnAimak(['user', 'add', USER, '--role', 'operator', ...password, '--config', config]);
  adding.stdout.resume();
  adding.stderr.resume();
  const [code] = await once(adding, 'exit');
  if (code !== 0) throw new Error(`user add ended with ${code}`);
  return { config, dataDir };
}

export function createOperator(): Operator {
  const acknowledged = new Set<string>();
  let cookie = '';

  async function acknowledge(url: string): Promise<void> {
    const alarms = (await (await fetch(`${url}/api/alarms`)).json()) as readonly Alarm[];
    const open = alarms.find(({ rule, state }) => rule === 'tank-low' && state.endsWith('unacknowledged'));
    if (!open) return;
    const path = `${url}/api/alarms/${open.id}/acknowledge`;
    if ((await fetch(path, { method: 'POST', headers: { cookie } })).status === 200) acknowledged.add(open.id);
  }

  return {
    async signIn({ url }) {
      const answer = await fetch(`${url}/api/session`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ user: USER, password: PASSWORD }),
      });
      cookie = answer.headers.getSetCookie()[0]?.split(';')[0] ?? '';
      return answer.ok;
    },
    async act(server) {
      // A session that stays, so that `broker.db` is written too.
      const options = { clientId: 'power-operator', clean: false, reconnectPeriod: 0 };
      const device = await mqtt.connectAsync(`mqtt://127.0.0.1:${server.mqttPort}`, options).catch(() => null);
      if (!device) return;
      device.on('error', () => undefined);
      device.subscribe('aimak/v1/my-village/#', { qos: 1 });
      for (let isLow = true; server.process.signalCode === null; isLow = !isLow) {
        const level = isLow ? LOW_M : WELL_M;
        device.publish(TOPIC, JSON.stringify({ ts: Date.now(), values: { level } }), { qos: 1 });
        await delay(EVERY_MS);
        // The server goes while it is asked.
        await acknowledge(server.url).catch(() => undefined);
      }
      device.end(true);
    },
    async check({ url }) {
      let forgotten = 0;
      for (const id of [...acknowledged].slice(-CHECKED)) {
        const alarm = (await (await fetch(`${url}/api/alarms/${id}`)).json()) as Partial<Alarm>;
        // Of one that was acknowledged and is over nothing is asked any more.
        if (alarm.state === 'acknowledged' || alarm.state === 'normal') continue;
        forgotten++;
        console.error(`alarm ${id} was acknowledged and is ${JSON.stringify(alarm)}`);
        acknowledged.delete(id);
      }
      return { kept: acknowledged.size, forgotten };
    },
  };
}
