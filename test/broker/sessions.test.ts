import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Persistence } from '../../broker/sessions/persistence.ts';
import { eventually, temporaryFolder } from '../harness/server.ts';
import { message, payloads, world } from './session-world.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

const owed = ({ persistence }: { persistence: Persistence }, id: string) =>
  payloads(persistence.outgoingStream({ id }));

const client = { id: 'desk' };
const news = { clientId: 'desk', topic: 'news', qos: 1 } as const;

describe('sessions', () => {
  it('are all there after a restart: subscriptions, what they are owed in its order, and retained messages', async () => {
    const { open } = world();
    const before = open();
    await before.persistence.addSubscriptions(client, [
      { topic: 'news', qos: 1 },
      { topic: 'rest', qos: 0 },
    ]);
    for (const text of ['one', 'two', 'three'])
      await before.persistence.outgoingEnqueueCombi([news], message('news', text));
    await before.persistence.storeRetained(message('kept', 'old', { retain: true }));
    await before.persistence.storeRetained(message('kept', 'new', { retain: true }));
    before.close();

    const after = open();
    onTestFinished(after.close);
    expect(await after.persistence.subscriptionsByClient(client)).toEqual([
      { topic: 'news', qos: 1 },
      { topic: 'rest', qos: 0 },
    ]);
    expect(await after.persistence.subscriptionsByTopic('news')).toHaveLength(1);
    expect(await owed(after, 'desk')).toEqual(['one', 'two', 'three']);
    expect(await payloads(after.persistence.createRetainedStream('#'))).toEqual(['new']);
  });

  it('owe nothing after a restart that was acknowledged before', async () => {
    const { open } = world();
    const before = open();
    const { persistence } = before;
    const [first, second] = [message('news', 'one'), message('news', 'two')];
    for (const packet of [first, second]) await persistence.outgoingEnqueueCombi([news], packet);
    await persistence.outgoingUpdate(client, { ...first, messageId: 7 });
    expect(await persistence.outgoingClearMessageId(client, { cmd: 'publish', messageId: 7 })).toMatchObject({
      topic: 'news',
    });
    before.close();
    const after = open();
    onTestFinished(after.close);
    expect(await owed(after, 'desk')).toEqual(['two']);
  });

  it('take up the handshake of QoS 2 after a restart where it stood', async () => {
    const { open } = world();
    const before = open();
    const packet = message('news', 'once', { qos: 2 });
    await before.persistence.outgoingEnqueueCombi([news], packet);
    await before.persistence.outgoingUpdate(client, { ...packet, messageId: 9 });
    await before.persistence.outgoingUpdate(client, { cmd: 'pubrel', messageId: 9 });
    before.close();
    const after = open();
    onTestFinished(after.close);
    expect(await Array.fromAsync(after.persistence.outgoingStream(client))).toEqual([{ cmd: 'pubrel', messageId: 9 }]);
    expect(await after.persistence.outgoingClearMessageId(client, { cmd: 'publish', messageId: 9 })).toBeDefined();
  });

  it('write what they hold shortly after, without being closed', async () => {
    const { open, file } = world();
    const sessions = open();
    onTestFinished(sessions.close);
    await sessions.persistence.storeRetained(message('kept', 'x', { retain: true }));
    await eventually(
      () => sessions.counts().unsaved,
      (n) => n === 0,
    );
    const reader = new DatabaseSync(file, { readOnly: true });
    expect(reader.prepare('SELECT topic FROM retained').all()).toEqual([{ topic: 'kept' }]);
    reader.close();
  });

  it('never write what came and went in between', async () => {
    const sessions = world().open();
    onTestFinished(sessions.close);
    const packet = message('news', 'one');
    await sessions.persistence.outgoingEnqueueCombi([news], packet);
    await sessions.persistence.outgoingUpdate(client, { ...packet, messageId: 1 });
    await sessions.persistence.outgoingClearMessageId(client, { cmd: 'publish', messageId: 1 });
    expect(sessions.counts().unsaved).toBe(0);
  });

  it('keep the newest messages of a client, and count what they give up', async () => {
    const sessions = world().open({ queuedMessages: 3 });
    onTestFinished(sessions.close);
    for (let i = 1; i <= 5; i++) await sessions.persistence.outgoingEnqueueCombi([news], message('news', `${i}`));
    expect(await owed(sessions, 'desk')).toEqual(['3', '4', '5']);
    expect(sessions.counts().queued).toMatchObject({ messages: 3, dropped: 2 });
  });

  it('that are owed most give up their oldest when it is too much together, so that nobody pushes out another', async () => {
    const sessions = world().open({ queuedBytes: 5_000 });
    onTestFinished(sessions.close);
    for (const [i, clientId] of ['a', 'b', 'b', 'b', 'b', 'b', 'b'].entries()) {
      await sessions.persistence.outgoingEnqueueCombi([{ ...news, clientId }], message('news', `${i}`.padEnd(1_000)));
    }
    expect((await owed(sessions, 'a')).map((text) => text.trim())).toEqual(['0']);
    expect((await owed(sessions, 'b')).map((text) => text.trim())).toEqual(['5', '6']);
    expect(sessions.counts().queued).toMatchObject({ messages: 3, dropped: 4 });
    expect(sessions.counts().queued.bytes).toBeLessThanOrEqual(5_000);
  });

  it('give up the oldest as well when most of what came before is long gone', async () => {
    const sessions = world().open({ queuedBytes: 3_000 });
    onTestFinished(sessions.close);
    for (let i = 1; i <= 5_000; i++) {
      const packet = message('news', `${i}`.padEnd(500));
      await sessions.persistence.outgoingEnqueueCombi([news], packet);
      if (i % 100 === 0) continue;
      await sessions.persistence.outgoingUpdate(client, { ...packet, messageId: i });
      await sessions.persistence.outgoingClearMessageId(client, { cmd: 'publish', messageId: i });
    }
    expect((await owed(sessions, 'desk')).map((text) => text.trim())).toEqual(['4800', '4900', '5000']);
  });

  it('give up a message after its time, also where it passed while the process was down', async () => {
    const { open, clock } = world();
    const before = open();
    await before.persistence.outgoingEnqueueCombi([news], message('news', 'old'));
    clock.ms += 6 * DAY_MS;
    await before.persistence.outgoingEnqueueCombi([news], message('news', 'young'));
    before.close();
    clock.ms += 2 * DAY_MS;
    const after = open();
    onTestFinished(after.close);
    expect(await owed(after, 'desk')).toEqual(['young']);
    expect(after.counts().queued.expired).toBe(1);
  });

  it('end when nobody has returned to them for 30 days, but not while somebody is there', async () => {
    const { open, clock } = world();
    const sessions = open();
    onTestFinished(sessions.close);
    for (const id of ['gone', 'here']) await sessions.persistence.addSubscriptions({ id }, [{ topic: 'news', qos: 1 }]);
    sessions.setOnline('gone', false);
    clock.ms += 31 * DAY_MS;
    sessions.expire();
    expect(await Array.fromAsync(sessions.persistence.getClientList('news'))).toEqual(['here']);
  });

  it('refuse a new one when they are too many, and keep those that are there', async () => {
    const sessions = world().open({ sessions: 2 });
    onTestFinished(sessions.close);
    for (const id of ['first', 'second', 'third']) {
      await sessions.persistence.addSubscriptions({ id }, [{ topic: 'news', qos: 1 }]);
      sessions.setOnline(id, false);
    }
    expect(await Array.fromAsync(sessions.persistence.getClientList('news'))).toEqual(['first', 'second']);
    expect(['first', 'third'].map((id) => sessions.mayKeep(id, 'more'))).toEqual([true, false]);
  });

  it('leave nothing behind when their client comes with a clean one [MQTT-3.1.2-6]', async () => {
    const sessions = world().open();
    onTestFinished(sessions.close);
    await sessions.persistence.addSubscriptions(client, [{ topic: 'news', qos: 1 }]);
    await sessions.persistence.outgoingEnqueueCombi([news], message('news', 'one'));
    await sessions.persistence.cleanSubscriptions(client);
    expect(await owed(sessions, 'desk')).toEqual([]);
    expect(sessions.counts()).toMatchObject({ sessions: 0, queued: { messages: 0, bytes: 0 } });
  });

  it('keep a message that was not forwarded now: aedes asks to clear it without a number', async () => {
    const sessions = world().open();
    onTestFinished(sessions.close);
    await sessions.persistence.outgoingEnqueueCombi([news], message('news', 'one'));
    await sessions.persistence.outgoingClearMessageId(client, { cmd: 'publish', messageId: undefined });
    expect(await owed(sessions, 'desk')).toEqual(['one']);
  });

  it('refuse a file of another version and one that is none, without touching it', () => {
    const { file, open } = world();
    const db = new DatabaseSync(file);
    db.exec('PRAGMA user_version = 99');
    db.close();
    expect(open).toThrow(/schema version 99/);
    const folder = world(temporaryFolder());
    expect(folder.open).toThrow(expect.objectContaining({ code: 'ERR_SQLITE_ERROR' }));
  });
});

describe('retained messages', () => {
  it('are refused beyond their number, with one line, while known topics still change', async () => {
    const { open, lines } = world();
    const sessions = open({ retainedMessages: 4 });
    onTestFinished(sessions.close);
    for (const topic of ['a', 'b', 'c', 'd', 'a']) {
      await sessions.persistence.storeRetained(message(topic, `${topic}!`, { retain: true }));
    }
    expect((await payloads(sessions.persistence.createRetainedStream('+'))).toSorted()).toEqual(['a!', 'b!']);
    expect(sessions.counts().retained).toMatchObject({ messages: 2, refused: 2 });
    expect(new Set(lines).size).toBe(1);
  });

  it('leave half of their room to what the contract knows: the states of devices', async () => {
    const sessions = world().open({ retainedMessages: 4 });
    onTestFinished(sessions.close);
    const states = ['one', 'two', 'three'].map((device) => `aimak/v1/toru/${device}/status`);
    for (const topic of ['a', 'b', 'c', ...states]) {
      await sessions.persistence.storeRetained(message(topic, topic, { retain: true }));
    }
    const kept = await payloads(sessions.persistence.createRetainedStream('#'));
    expect(kept).toEqual(['a', 'b', ...states.slice(0, 2)]);
  });

  it('are refused beyond their bytes, and an outdated one does not stay', async () => {
    const sessions = world().open({ retainedBytes: 2_000 });
    onTestFinished(sessions.close);
    await sessions.persistence.storeRetained(message('a', 'small', { retain: true }));
    await sessions.persistence.storeRetained(message('a', 'large'.padEnd(3_000), { retain: true }));
    expect(sessions.counts().retained).toEqual({ messages: 0, bytes: 0, refused: 1 });
  });
});

describe('a broker.db that cannot be written', () => {
  it('takes nobody down: it is told once, memory holds what it held, and all is written when the disk is back', async () => {
    const { open, lines, file } = world();
    const sessions = open({ queuedMessages: 10 });
    onTestFinished(sessions.close);
    const blocker = new DatabaseSync(file);
    blocker.exec('BEGIN IMMEDIATE');
    for (let i = 0; i < 1_000; i++) await sessions.persistence.outgoingEnqueueCombi([news], message('news', `${i}`));
    await eventually(
      () => lines.length,
      (n) => n === 1,
    );
    for (let i = 0; i < 1_000; i++) await sessions.persistence.outgoingEnqueueCombi([news], message('news', `${i}`));
    expect(sessions.counts()).toMatchObject({ queued: { messages: 10 }, unsaved: 10 });
    blocker.exec('ROLLBACK');
    await eventually(
      () => sessions.counts().unsaved,
      (n) => n === 0,
    );
    expect(lines).toHaveLength(2);
    expect(blocker.prepare('SELECT count(*) AS n FROM queued').get()).toEqual({ n: 10 });
    blocker.close();
  });
});
