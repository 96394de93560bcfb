/** The files that `compose.yaml` puts together. Containers cannot be run here; what they are told can be checked. */
import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { openInfluxStore } from '../../ingest/store/influx-store.ts';
import { reading, silentLog } from '../harness/readings.ts';
import { eventually, ROOT, temporaryFolder } from '../harness/server.ts';
import { hasInfluxd, NO_INFLUXD, startInfluxd } from '../ingest/store/influxd.ts';

const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
});

interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets: readonly { readonly query: string }[] }[];
  readonly templating: { readonly list: readonly { readonly query: string }[] };
}

const dashboard: Dashboard = JSON.parse(
  readFileSync(join(ROOT, 'config/compose/grafana/dashboards/aimak-village.json'), 'utf8'),
);

/** What Grafana puts in before it asks. */
function asAsked(query: string): string {
  return query.replaceAll('$timeFilter', 'time > now() - 1h').replaceAll('$__interval', '1m').replaceAll('$site', '.*');
}

describe('compose.yaml', () => {
  it('mounts files that are there, and names no secret itself', () => {
    const text = readFileSync(join(ROOT, 'compose.yaml'), 'utf8');
    const { services } = parse(text) as { services: Record<string, { volumes?: string[] }> };
    const mounted = Object.values(services).flatMap(({ volumes = [] }) => volumes.map((v) => v.split(':')[0] ?? ''));
    const files = mounted.filter((path) => path.startsWith('./'));
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) expect(existsSync(join(ROOT, file)), file).toBe(true);
    expect(text).not.toMatch(/(password|token): *[a-z0-9]{8}/i);
  });
});

describe('the Grafana dashboard', () => {
  beforeEach(({ skip }) => skip(!hasInfluxd, NO_INFLUXD));

  it('finds what the store has written, in every panel', async () => {
    const influxd = await startInfluxd({ folder: temporaryFolder(), own: (child) => void children.push(child) });
    const kinds: Record<string, string> = { tank: 'reservoir_level', meter: 'flow_meter', logger: 'pressure_logger' };
    const store = await openInfluxStore(
      {
        url: influxd.url,
        api: 'v1',
        bucket: 'aimak',
        file: join(temporaryFolder(), 'outbox.db'),
        outboxBytes: 1e8,
        placeOf: (device) => ({ site: 'toru', kind: kinds[device] ?? 'circuit_monitor' }),
      },
      { log: silentLog },
    );
    const ts = Date.now() - 60_000;
    await store.append([
      reading('tank', 'level', ts, 2.4),
      reading('tank', 'level', ts + 1, null),
      reading('meter', 'flow_rate', ts, 12.5),
      reading('meter', 'volume_total', ts, 88_210),
      reading('logger', 'pressure', ts, 3.1),
      reading('circuit', 'active_power', ts, 840),
    ]);
    await eventually(store.health, ({ pending }) => pending === 0);
    await store.stop();
    for (const { title, targets } of dashboard.panels) {
      for (const { query } of targets) {
        const answer = JSON.stringify(await influxd.query(asAsked(query), 'aimak'));
        expect(answer, title).toContain('"values"');
      }
    }
    for (const { query } of dashboard.templating.list) {
      expect(JSON.stringify(await influxd.query(query, 'aimak'))).toContain('toru');
    }
  });
});
