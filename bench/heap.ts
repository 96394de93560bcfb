/** What a server holds in memory once its rubbish is collected, by way of its inspector. */
import { eventually } from '../test/harness/process.ts';

export interface Heap {
  /** What is still in use after a collection: objects, and the bytes of buffers. NaN where the server does not answer. */
  usedMb(): Promise<number>;
  close(): void;
}

/** For NODE_OPTIONS of the server. */
export const INSPECTED = '--inspect=127.0.0.1:0';

const LISTENING = /ws:\/\/127\.0\.0\.1:\d+\/[0-9a-f-]+/;
const ANSWER_WITHIN_MS = 20_000;
const MIB = 1024 * 1024;

interface Usage {
  readonly usedSize: number;
  readonly embedderHeapUsedSize?: number;
  readonly backingStorageSize?: number;
}

/** `log` is the server's so far: its first line names the address. */
export async function openHeap(log: () => string): Promise<Heap> {
  const url = await eventually(
    () => LISTENING.exec(log())?.[0] ?? '',
    (found) => found !== '',
  );
  const socket = new WebSocket(url);
  const waiting = new Map<number, (result: unknown) => void>();
  let id = 0;
  socket.addEventListener('message', ({ data }) => {
    const { id: of, result } = JSON.parse(String(data));
    waiting.get(of)?.(result);
    waiting.delete(of);
  });
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve);
    socket.addEventListener('error', () => reject(new Error('the inspector of the server does not answer')));
  });

  function call<T>(method: string): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const timer = setTimeout(() => reject(new Error(`${method}: no answer`)), ANSWER_WITHIN_MS);
    waiting.set(++id, (result) => {
      clearTimeout(timer);
      resolve(result as T);
    });
    socket.send(JSON.stringify({ id, method }));
    return promise;
  }

  async function usedMb(): Promise<number> {
    // The second time for what was held by what the first has freed.
    for (let i = 0; i < 2; i++) await call('HeapProfiler.collectGarbage');
    const { usedSize, embedderHeapUsedSize = 0, backingStorageSize = 0 } = await call<Usage>('Runtime.getHeapUsage');
    return (usedSize + embedderHeapUsedSize + backingStorageSize) / MIB;
  }

  return {
    usedMb: () => usedMb().catch(() => Number.NaN),
    close: () => socket.close(),
  };
}
