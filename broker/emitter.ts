/**
 * Hands a message to those who subscribed: the `mq` of aedes. Its own calls itself once for each message that waits, and
 * overflows the stack in a flood. Here a publisher goes on in the next turn of the event loop, when the writes to the
 * subscribers have been made, and waits for none of them to read. In one turn there are only so many deliveries: a small
 * message for thousands of filters would otherwise cost seconds and all memory, times the messages in a piece.
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
  /** Messages that found no room to wait for the next turn. */
  dropped(): number;
  close(done: Done): void;
}

interface Waiting {
  readonly packet: AedesPublishPacket;
  readonly done: Done;
}

/** Each costs some microseconds, and a few hundred bytes until it is written. */
const TURN_DELIVERIES = 10_000;
/** Of messages for the next turns; beyond, one is dropped for those who are connected. */
const MAX_WAITING = 20_000;
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

export function createEmitter(turnDeliveries = TURN_DELIVERIES): Emitter {
  const listeners = createTopicIndex<Listener>();
  const nextTurn = createNextTurn();
  let isClosed = false;
  let deliveries = 0;
  let waiting: Waiting[] = [];
  let waitingBytes = 0;
  let dropped = 0;

  function beginTurn(): void {
    deliveries = 0;
    let next = 0;
    for (; next < waiting.length && deliveries < turnDeliveries; next++) {
      const { packet, done } = waiting[next] as Waiting;
      waitingBytes -= packet.payload.length;
      deliver(packet, listeners.match(packet.topic), done);
    }
    if (next > 0) waiting = waiting.slice(next);
  }

  function deliver(packet: AedesPublishPacket, called: readonly Listener[], done: Done): void {
    // Before what follows of this turn, so that what waits comes first.
    if (deliveries === 0) nextTurn(beginTurn);
    deliveries += called.length + 1;
    for (const listener of called) listener(packet, nothing);
    nextTurn(done);
  }

  function wait(packet: AedesPublishPacket, done: Done): void {
    if (waiting.length >= MAX_WAITING || waitingBytes + packet.payload.length > MAX_WAITING_BYTES) {
      dropped++;
      nextTurn(done);
      return;
    }
    waitingBytes += packet.payload.length;
    waiting.push({ packet, done });
  }

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
      if (waiting.length > 0 || deliveries >= turnDeliveries) wait(packet, done);
      else deliver(packet, called, done);
    },
    isHeard: (topic) => listeners.match(topic).length > 0,
    dropped: () => dropped,
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
