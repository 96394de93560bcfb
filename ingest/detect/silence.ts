/** Silence: nothing heard for longer than was promised. In the server's uptime, which no wrong clock moves. */

export interface SilenceMemory {
  readonly isActive: boolean;
  /** When it was heard again, uptime ms; null while it is silent. */
  readonly backAt: number | null;
}

export interface Hearing {
  /** Uptime ms. */
  readonly heardAt: number;
  readonly nowMs: number;
}

export interface SilenceDelays {
  readonly afterMs: number;
  readonly offDelayMs: number;
}

const NOT_SILENT: SilenceMemory = { isActive: false, backAt: null };
const SILENT: SilenceMemory = { isActive: true, backAt: null };

/** It is over once the device has been heard again, and goes on being heard for the off-delay. */
export function evaluateSilence(delays: SilenceDelays, memory: SilenceMemory, hearing: Hearing): SilenceMemory {
  const { heardAt, nowMs } = hearing;
  if (nowMs - heardAt > delays.afterMs) return memory.isActive && memory.backAt === null ? memory : SILENT;
  if (!memory.isActive) return memory;
  const backAt = memory.backAt ?? heardAt;
  if (nowMs - backAt >= delays.offDelayMs) return NOT_SILENT;
  return backAt === memory.backAt ? memory : { isActive: true, backAt };
}
