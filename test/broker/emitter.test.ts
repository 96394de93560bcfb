import type { AedesPublishPacket } from 'aedes';
import { describe, expect, it } from 'vitest';
import { createEmitter, type Emitter } from '../../broker/emitter.ts';

const packet = (topic: string) => ({ topic }) as AedesPublishPacket;

/** The topics that a listener to the filter heard of. */
function listenTo(emitter: Emitter, filter: string) {
  const heard: string[] = [];
  const listener = ({ topic }: AedesPublishPacket): void => {
    heard.push(topic);
  };
  emitter.on(filter, listener);
  return { heard, leave: () => emitter.removeListener(filter, listener) };
}

describe('the emitter', () => {
  it('hands a message to all whose filter matches, and to nobody else', () => {
    const emitter = createEmitter();
    const [exact, one, all, other] = ['a/b', 'a/+', '#', 'a/c'].map((filter) => listenTo(emitter, filter));
    emitter.emit(packet('a/b'));
    expect([exact, one, all, other].map((each) => each?.heard)).toEqual([['a/b'], ['a/b'], ['a/b'], []]);
  });

  it('counts an empty level as a level [MQTT-4.7.1-3]', () => {
    const emitter = createEmitter();
    const { heard } = listenTo(emitter, '+/finance');
    emitter.emit(packet('/finance'));
    expect(heard).toEqual(['/finance']);
  });

  it('knows of a subscription and of its end on a topic that it has met before', () => {
    const emitter = createEmitter();
    emitter.emit(packet('a'));
    expect(emitter.isHeard('a')).toBe(false);
    const listener = listenTo(emitter, 'a');
    expect(emitter.isHeard('a')).toBe(true);
    emitter.emit(packet('a'));
    listener.leave();
    emitter.emit(packet('a'));
    expect(listener.heard).toEqual(['a']);
  });

  it('lets the publisher go on although a subscriber never says that it is done', async () => {
    const emitter = createEmitter();
    emitter.on('a', () => undefined);
    await expect(new Promise((resolve) => emitter.emit(packet('a'), resolve))).resolves.toBeUndefined();
  });

  it.each([true, false])(
    'keeps its stack flat when each message brings the next (with a subscriber: %s)',
    async (isHeard) => {
      const emitter = createEmitter();
      const { heard, leave } = listenTo(emitter, 'a');
      if (!isHeard) leave();
      let left = 20_000;
      await new Promise<void>((resolve) => {
        // As a publisher does: what is done with makes room for the next, many of them in one turn.
        const next = (): void => {
          if (--left === 0) resolve();
          else if (left > 0)
            isHeard ? emitter.emit(packet('a'), next) : emitter.emit(packet('a'), () => setImmediate(next));
        };
        for (let i = 0; i < 1_000; i++) next();
      });
      expect(heard.length > 0).toBe(isHeard);
    },
  );

  it('says so when it is closed', async () => {
    const emitter = createEmitter();
    await new Promise<void>((resolve) => emitter.close(() => resolve()));
    const error = await new Promise((resolve) => emitter.emit(packet('a'), resolve));
    expect(error).toBeInstanceOf(Error);
  });
});
