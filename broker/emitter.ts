/**
 * Hands a message to those who subscribed: the `mq` of aedes. Its own calls itself once for each message that waits, and
 * overflows the stack in a flood. This one has no line of waiting messages: a publisher goes on in the next turn of the
 * event loop, when the writes to the subscribers have been made, and waits for none of them to read.
 */
import type { AedesPublishPacket } from 'aedes';
import { createTopicIndex } from './topic-index.ts';

type Done = (error?: Error) => void;
type Listener = (packet: AedesPublishPacket, done: Done) => void;

export interface Emitter {
  on(filter: string, listener: Listener, done?: Done): void;
  removeListener(filter: string, listener: Listener, done?: Done): void;
  emit(packet: AedesPublishPacket, done?: Done): void;
  isHeard(topic: string): boolean;
  close(done: Done): void;
}

export function createEmitter(): Emitter {
  const listeners = createTopicIndex<Listener>();
  const nextTurn = createNextTurn();
  let isClosed = false;
  return {
    // Both at once: a turn in the middle of signing in or ending is one in which the connection may go or be taken over, and
    // aedes then loses count of who is there.
    on(filter, listener, done = nothing) {
      listeners.add(filter, listener);
      done();
    },
    removeListener(filter, listener, done = nothing) {
      listeners.remove(filter, listener);
      done();
    },
    emit(packet, done = nothing) {
      if (isClosed) return done(new Error('the broker has stopped'));
      const called = listeners.match(packet.topic);
      if (called.length === 0) return done();
      for (const listener of called) listener(packet, nothing);
      nextTurn(done);
    },
    isHeard: (topic) => listeners.match(topic).length > 0,
    close(done) {
      isClosed = true;
      nextTurn(done);
    },
  };
}

/** One immediate for all that a turn brings. */
function createNextTurn(): (done: Done) => void {
  let waiting: Done[] = [];
  const run = (): void => {
    const due = waiting;
    waiting = [];
    for (const done of due) done();
  };
  return (done) => {
    if (waiting.push(done) === 1) setImmediate(run);
  };
}

function nothing(): void {}
