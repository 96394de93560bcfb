/** A sign of life to a service that rings when it fails to come: the server's own silence must mean something, too. */
import type { Log } from '../../../model/log.ts';

export interface HeartbeatOptions {
  readonly url: string;
  readonly everyMs: number;
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 10_000;

/** Returns how to stop. */
export function startHeartbeat({ url, everyMs, timeoutMs = TIMEOUT_MS }: HeartbeatOptions, log: Log): () => void {
  const stopping = new AbortController();
  let isFailing = false;

  async function beat(): Promise<void> {
    const reason = await call();
    if (stopping.signal.aborted) return;
    if (reason !== null && !isFailing) log.warn({ reason }, 'the sign of life was not taken');
    if (reason === null && isFailing) log.info({}, 'the sign of life is taken again');
    isFailing = reason !== null;
  }

  /** What went wrong, in words without the address: that is a secret. */
  async function call(): Promise<string | null> {
    const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(timeoutMs)]);
    try {
      const response = await fetch(url, { signal, redirect: 'manual' });
      await response.body?.cancel();
      return response.ok ? null : `answered ${response.status}`;
    } catch (error) {
      const { name, cause } = error as Error & { cause?: { code?: string } };
      return cause?.code ?? name;
    }
  }

  void beat();
  const beating = setInterval(beat, everyMs);
  return () => {
    clearInterval(beating);
    stopping.abort();
  };
}
