/** What was delivered and waits for its commit: bounded, and acknowledged in the order it came [MQTT-4.6.0-2]. */

export interface HoldLimits {
  readonly messages: number;
  readonly bytes: number;
}

/** One message; a chain of them is the order. */
export interface Held {
  readonly messageId: number;
  readonly bytes: number;
  isDone: boolean;
  next: Held | null;
}

/** The messages of one connection. */
interface Acknowledgements {
  add(messageId: number, bytes: number): Held;
  /** Without a commit it is never acknowledged, and so nothing behind it is: its connection is to be ended. */
  settle(held: Held, isCommitted: boolean): void;
}

/** Of all connections together: what a lost one had delivered still waits for the disk. */
export interface Hold {
  readonly messages: number;
  readonly bytes: number;
  isFull(): boolean;
  /** Calls once there is room again. */
  whenRoom(go: () => void): void;
  /** `send` is told whose turn it is; it may find its connection gone. */
  acknowledgements(send: (messageId: number) => void): Acknowledgements;
}

export function createHold(limits: HoldLimits): Hold {
  let messages = 0;
  let bytes = 0;
  let waiting: (() => void)[] = [];
  const isFull = (): boolean => messages >= limits.messages || bytes >= limits.bytes;

  function leave(held: Held): void {
    messages--;
    bytes -= held.bytes;
    if (waiting.length === 0 || isFull()) return;
    const going = waiting;
    waiting = [];
    for (const go of going) go();
  }

  return {
    get messages() {
      return messages;
    },
    get bytes() {
      return bytes;
    },
    isFull,
    whenRoom: (go) => waiting.push(go),
    acknowledgements(send) {
      let first: Held | null = null;
      let last: Held | null = null;
      return {
        add(messageId, size) {
          const held: Held = { messageId, bytes: size, isDone: false, next: null };
          if (last) last.next = held;
          else first = held;
          last = held;
          messages++;
          bytes += size;
          return held;
        },
        settle(held, isCommitted) {
          held.isDone = isCommitted;
          leave(held);
          for (; first?.isDone; first = first.next) send(first.messageId);
          if (!first) last = null;
        },
      };
    },
  };
}
