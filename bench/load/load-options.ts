import type { MessagePlan } from './message-plan.ts';

export interface LoadOptions {
  readonly port: number;
  readonly plan: MessagePlan;
  readonly qos: 0 | 1;
  /** Unacknowledged messages at most, a connection; 0: it connects and says nothing. */
  readonly window: number;
  /** Messages a second of all connections together; null: as fast as they are acknowledged, or taken. */
  readonly ratePerS: number | null;
  /** Sent before measuring begins. */
  readonly warmUpS: number;
  /** Measured; null: until told to stop, or until every connection is gone. */
  readonly seconds: number | null;
  /** Sent in all, then it ends; null: as long as `seconds` says. */
  readonly messages: number | null;
  /** A lost connection comes back and sends again what was not acknowledged, as a device does. */
  readonly isReturning: boolean;
  /** For the numbers of all acknowledged messages, one float64 each. */
  readonly ackFile: string | null;
  /** Whose CPU time and written bytes to read at begin and end of the measurement. */
  readonly watchPid: number | null;
}

/** What is told every quarter of a second, of the whole run. */
export interface LoadProgress {
  readonly atMs: number;
  readonly sent: number;
  readonly acknowledged: number;
  readonly connected: number;
  /** Connections lost, those that came back included. */
  readonly lost: number;
}

export interface LoadReport extends LoadProgress {
  /** In the measured time, unlike the counts above. */
  readonly measured: {
    readonly seconds: number;
    readonly sentPerS: number;
    readonly acknowledgedPerS: number;
    /** From the write of the PUBLISH to the reading of the PUBACK. */
    readonly p50Ms: number;
    readonly p99Ms: number;
    readonly maxMs: number;
    /** Of the generator itself: near 100 %, and it was the limit. */
    readonly ownCpuPercent: number;
    /** Of the watched process. */
    readonly watchedCpuS: number;
    /** To the disk, by the watched process; NaN where the system does not tell. */
    readonly watchedWrittenBytes: number;
  };
  /** Sent and, after some waiting, still not acknowledged. */
  readonly unanswered: number;
  /** PUBACKs that nobody waited for. */
  readonly unexpected: number;
}
