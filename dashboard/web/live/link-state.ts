/** The honest connection: what arrived says whether the page sees the plant; the socket's own word is not asked. */

export type LinkState = 'connecting' | 'live' | 'weak' | 'blind';

/** The server speaks at least every 5 s. */
export const WEAK_AFTER_MS = 8_000;
const BLIND_AFTER_MS = 15_000;

export function linkState(lastFrameAt: number | null, startedAt: number, nowMs: number): LinkState {
  const silentMs = nowMs - (lastFrameAt ?? startedAt);
  if (silentMs > BLIND_AFTER_MS) return 'blind';
  if (lastFrameAt === null) return 'connecting';
  return silentMs > WEAK_AFTER_MS ? 'weak' : 'live';
}
