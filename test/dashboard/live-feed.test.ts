import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type LiveFeed, startLiveFeed } from '../../dashboard/live-feed.ts';
import { createPageReader, noteValue, takeValues } from '../../dashboard/page-reader.ts';
import type { AlarmDesk } from '../../dashboard/ports.ts';
import type { AlarmWire } from '../../dashboard/wire.ts';
import type { Alarm } from '../../model/alarm.ts';
import type { DeviceId, MetricName, SiteId } from '../../model/ids.ts';
import type { LiveValue } from '../../model/reading.ts';
import { raiseOfServer } from '../../model/server-condition.ts';
import { openDesk, raisedAlarm } from '../harness/alarms.ts';
import { eventually } from '../harness/process.ts';
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
  let base: string;
  let uptimeMs: number;

  beforeEach(async () => {
    uptimeMs = 0;
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
        uptimeMs: () => uptimeMs,
        limits: { pages: 3, ofOneNetwork: 3, said: { atOnce: 30, perS: 2 } },
      },
    );
    base = `http://127.0.0.1:${(http.address() as AddressInfo).port}/socket.io/?EIO=4&transport=polling`;
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

  it('answers all it has asked for with one snapshot while it has one unread', async () => {
    for (let i = 0; i < 20; i++) await post(subscribeTo('all'));
    vi.advanceTimersByTime(250);
    expect((await poll()).map(([event]) => event)).toEqual(['snapshot']);
    vi.advanceTimersByTime(250);
    await new Promise(setImmediate);
    change([level(5)]);
    vi.advanceTimersByTime(250);
    const events = (await poll()).map(([event]) => event);
    expect(events.filter((event) => event === 'snapshot').length).toBeLessThanOrEqual(1);
  });

  it('is cut off when it says more than a page has to say, of whatever kind', async () => {
    for (const packet of ['42/live,["unknown"]', '3', '43/live,1[]']) {
      for (let i = 0; i < 10; i++) await post(packet);
    }
    expect((await fetch(url)).status).toBe(400);
  });

  it('may answer pings for hours', async () => {
    for (let i = 0; i < 60; i++) {
      uptimeMs += 25_000;
      expect((await post('3')).status).toBe(200);
    }
  });

  it('is cut off when it has left something unread for a minute, though it answers', async () => {
    change([level(1)]);
    vi.advanceTimersByTime(250);
    uptimeMs += 59_000;
    vi.advanceTimersByTime(5_000);
    expect((await post('3')).status).toBe(200);
    uptimeMs += 5_000;
    vi.advanceTimersByTime(5_000);
    await eventually(
      () => fetch(url),
      ({ status }) => status === 400,
    );
  });

  it('finds no room where there are pages enough', async () => {
    expect((await fetch(base)).status).toBe(200);
    expect((await fetch(base)).status).toBe(200);
    expect((await fetch(base)).status).toBe(403);
    expect((await post('3')).status).toBe(200);
  });
});

describe('what is kept for a page that does not read', () => {
  it('is the latest of each series, and a snapshot where that is less', () => {
    const reader = createPageReader('toru');
    reader.isSnapshotDue = false;
    for (let i = 0; i < 100; i++) noteValue(reader, level(i), 50);
    expect(reader.unsentCount).toBe(1);
    expect(takeValues(reader).map(({ value }) => value)).toEqual([99]);
    for (let i = 0; i < 1_000; i++) noteValue(reader, { ...level(i), device: `device-${i}` as DeviceId }, 50);
    expect(reader.isSnapshotDue).toBe(true);
    expect(reader.unsent.size).toBe(0);
  });
});
