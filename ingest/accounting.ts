/** The count that must close (contract 2.7): received = stored + duplicates + rejected + inFlight, in readings since start. */
import type { Accepted, RejectReason } from './accept.ts';
import { createSeqGaps } from './seq-gaps.ts';
import type { AppendOutcome } from './store/reading-store.ts';

export interface IngestCounts {
  /** Telemetry messages; all else counts readings. */
  readonly messages: number;
  readonly received: number;
  readonly stored: number;
  readonly duplicates: number;
  readonly rejected: Readonly<Partial<Record<RejectReason, number>>>;
  readonly inFlight: number;
  /** Messages that devices numbered and that never came. */
  readonly seqGaps: number;
}

export interface Accounting {
  /** `latestTs`: a time after it is none. */
  accepted(accepted: Accepted, latestTs: number): void;
  committed(outcomes: readonly AppendOutcome[]): void;
  counts(inFlight: number): IngestCounts;
}

export function createAccounting(): Accounting {
  let messages = 0;
  let received = 0;
  let stored = 0;
  let duplicates = 0;
  const rejected: Partial<Record<RejectReason, number>> = {};
  const seqGaps = createSeqGaps();

  function reject(reason: RejectReason): void {
    rejected[reason] = (rejected[reason] ?? 0) + 1;
  }

  return {
    accepted(accepted, latestTs) {
      messages++;
      received += accepted.received;
      for (const { reason } of accepted.rejects) reject(reason);
      if (accepted.device !== null) seqGaps.heard(accepted.device, accepted.frames, latestTs);
    },
    committed(outcomes) {
      for (const outcome of outcomes) {
        if (outcome === 'stored') stored++;
        else if (outcome === 'duplicate') duplicates++;
        else reject(outcome === 'conflict' ? 'conflict' : 'too-old');
      }
    },
    counts: (inFlight) => ({
      messages,
      received,
      stored,
      duplicates,
      rejected: { ...rejected },
      inFlight,
      seqGaps: seqGaps.total(),
    }),
  };
}
