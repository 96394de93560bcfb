/** Notices a subscription that was granted and brings nothing: in silence, a message of our own has to come through it. */

export interface Probe {
  /** The subscription stands, from now on. */
  begin(): void;
  end(): void;
  /** Anything came through it, the probe itself included. */
  heard(): void;
  /** Whether to send a probe now. */
  isDue(): boolean;
  /** Nothing came for too long, not even the probes. */
  isSilent(): boolean;
}

const MISSED = 2;

export function createProbe(everyMs: number, uptimeMs: () => number): Probe {
  /** Of the last message, probe or begin. */
  let lastMs: number | null = null;
  let unanswered = 0;
  let isSilent = false;

  return {
    begin() {
      lastMs = uptimeMs();
      unanswered = 0;
    },
    end() {
      lastMs = null;
    },
    heard() {
      if (lastMs !== null) lastMs = uptimeMs();
      unanswered = 0;
      isSilent = false;
    },
    isDue() {
      if (lastMs === null || uptimeMs() - lastMs < everyMs) return false;
      lastMs = uptimeMs();
      if (unanswered >= MISSED) isSilent = true;
      unanswered++;
      return true;
    },
    isSilent: () => isSilent,
  };
}
