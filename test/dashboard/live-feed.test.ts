import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type LiveFeed, startLiveFeed } from '../../dashboard/live-feed.ts';
import type { AlarmDesk } from '../../dashboard/ports.ts';
import type { AlarmWire } from '../../dashboard/wire.ts';
import type { Alarm } from '../../model/alarm.ts';
import type { DeviceId, MetricName, SiteId } from '../../model/ids.ts';
import type { LiveValue } from '../../model/reading.ts';
import { raiseOfServer } from '../../model/server-condition.ts';
import { openDesk, raisedAlarm } from '../harness/alarms.ts';
import { silentLog, smallPlant, tankLow } from '../harness/readings.ts';

const subscribeTo = (site: string) => `42/live,["subscribe",{"site":"${site}"}]`;

/** Separates the packets of one poll (Engine.IO 4). */
const RECORD_SEPARATOR = '\u001e';

function level(value: number): LiveValue {
  const [site, device, metric] = ['toru' as SiteId, 'tank-1-level' as DeviceId, 'level' as MetricName];
  return { site, device, metric, value, ts: 1, quality: 'good' };
}

describe('the live feed, to a page that polls now and then', () => {
  let http: Server;
  let feed: LiveFeed;
  let change: (values: readonly LiveValue[]) => void;
  let raise: (alarm: Alarm) => void;
  let list: AlarmDesk['list'];
  let url: string;

  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    list = () => [];
    http = createServer().listen(0, '127.0.0.1');
    await once(http, 'listening');
    feed = startLiveFeed(
      http,
      { plant: smallPlant(), rules: [] },
      {
        live: {
          values: () => [],
          onChange(listener) {
            change = listener;
            return () => undefined;
          },
        },
        alarms: {
          list: (query) => list(query),
          children: () => new Map(),
          onChange(listener) {
            raise = listener;
            return () => undefined;
          },
        },
        simulator: null,
        log: silentLog,
        now: () => 1,
      },
    );
    const base = `http://127.0.0.1:${(http.address() as AddressInfo).port}/socket.io/?EIO=4&transport=polling`;
    const [, handshake] = /^0(.*)/.exec(await (await fetch(base)).text()) ?? [];
    url = `${base}&sid=${JSON.parse(handshake ?? '{}').sid}`;
    await post('40/live,');
    await poll();
    await post(subscribeTo('all'));
    expect(await poll()).toMatchObject([['snapshot', {}]]);
  });
  afterEach(async () => {
    await feed.stop();
    vi.useRealTimers();
  });

  const post = (packet: string) => fetch(url, { method: 'POST', body: packet });
  const poll = async (): Promise<[string, { changes: { value: number }[]; alarms: AlarmWire[] }][]> => {
    const packets = (await (await fetch(url)).text()).split(RECORD_SEPARATOR);
    return packets.filter((packet) => packet.startsWith('42/live,')).map((packet) => JSON.parse(packet.slice(8)));
  };

  it('gives in a snapshot what is open, and what somebody has set aside though it is over', async () => {
    const { desk } = openDesk();
    list = desk.list;
    const idOf = ({ key, at }: typeof tankLow) => `${key}.${at}`;
    const condition = (key: string) => ({ ...tankLow, key });
    const [shelved, over, open] = [condition('shelved'), condition('over'), condition('open')];
    desk.applyAll([shelved, over, open]);
    desk.act(idOf(shelved), { kind: 'out-of-service', by: 'bek', reason: 'at the workshop' });
    desk.act(idOf(over), { kind: 'acknowledge', by: 'bek', note: null });
    for (const { key } of [shelved, over]) desk.apply({ kind: 'return', key, at: tankLow.at + 1, isHistorical: false });
    await post(subscribeTo('all'));
    const [[, snapshot] = []] = await poll();
    expect(snapshot?.alarms.map(({ id, state }) => [id, state])).toEqual([
      [idOf(open), 'unacknowledged'],
      [idOf(shelved), 'normal'],
    ]);
  });

  it('keeps the last value for it while it does not ask', async () => {
    change([level(1)]);
    vi.advanceTimersByTime(250);
    for (const value of [2, 3, 4]) {
      change([level(value)]);
      vi.advanceTimersByTime(250);
    }
    const [first] = await poll();
    expect(first?.[1].changes.map(({ value }) => value)).toEqual([1]);
    vi.advanceTimersByTime(250);
    const [second] = await poll();
    expect(second?.[1].changes.map(({ value }) => value)).toEqual([4]);
  });

  it('tells it of an alarm of the server, whatever site it is subscribed to', async () => {
    await post(subscribeTo('toru'));
    await poll();
    raise(raisedAlarm(raiseOfServer('disk-low', 1)));
    vi.advanceTimersByTime(250);
    expect(await poll()).toMatchObject([['alarm', { rule: 'disk-low', site: null, priority: 'high' }]]);
  });

  it('tells it the latest of an alarm, and of a storm of them by a snapshot', async () => {
    const alarm = raisedAlarm(tankLow);
    raise(alarm);
    raise({ ...alarm, state: 'acknowledged' });
    vi.advanceTimersByTime(250);
    expect(await poll()).toMatchObject([['alarm', { id: alarm.id, state: 'acknowledged' }]]);
    for (let i = 0; i < 2_000; i++) raise({ ...alarm, id: `storm-${i}` });
    vi.advanceTimersByTime(250);
    expect((await poll()).map(([event]) => event)).toEqual(['snapshot']);
  });
});
