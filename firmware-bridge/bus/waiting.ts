import type { ReadRequest, ReadResult } from './modbus-bus.ts';

/** A request that is on the bus, until its answer or the end of patience. */
export interface Waiting {
  readonly request: ReadRequest;
  readonly done: Promise<ReadResult>;
  settle(result: ReadResult): void;
  /** No longer than that from now on. */
  hasten(ms: number): void;
}

/** `giveUp` says why, once the time is over. */
export function startWaiting(request: ReadRequest, ms: number, giveUp: () => ReadResult): Waiting {
  const { promise, resolve } = Promise.withResolvers<ReadResult>();
  const untilMs = performance.now() + ms;
  // One turn later: after a pause of this process the answer may lie there unread.
  const end = (): void => void setImmediate(() => resolve(giveUp()));
  let timer = setTimeout(end, ms);
  return {
    request,
    done: promise,
    settle(result) {
      clearTimeout(timer);
      resolve(result);
    },
    hasten(patienceMs) {
      clearTimeout(timer);
      timer = setTimeout(end, Math.max(0, Math.min(untilMs - performance.now(), patienceMs)));
    },
  };
}
