const MINUTE_MS = 60_000;

/** When a span from now ends, epoch ms: at a whole minute, as it is then shown, and never later, since the server allows no more. */
export function endOf(nowMs: number, hours: number): number {
  return Math.floor((nowMs + hours * 60 * MINUTE_MS) / MINUTE_MS) * MINUTE_MS;
}
