/**
 * How much the broker takes on. Every limit that drops or refuses something has a counter in `BrokerHealth`. Unread bytes are
 * those beyond what the kernel takes; of small messages each costs some ten times its size in memory.
 */

import type { PotLimits } from './pot.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

export interface BrokerLimits {
  readonly connections: number;
  /** Of them, those that have not said CONNECT yet; beyond, the oldest of these is cut off. */
  readonly strangers: number;
  /** From the connection to CONNECT. */
  readonly connectTimeoutMs: number;
  /** Of a packet that is not whole yet, before CONNECT is. */
  readonly connectBytes: number;
  readonly clientIdBytes: number;
  /** Of wills: topic and payload. */
  readonly wills: PotLimits;
  /** Far above a telemetry message, so that one that is merely too large still gets its acknowledgement and its reject. */
  readonly packetBytes: number;
  /** Of all packets that are not whole yet: beyond, whoever has sent most of one is cut off. */
  readonly partialBytes: number;
  /** So long may a packet take. */
  readonly partialMs: number;
  /** Packets of one client in work; beyond, nothing more of it is read until half of them are done. */
  readonly clientPackets: number;
  /** Telemetry of one client that waits for its commit; likewise. */
  readonly clientHeldBytes: number;
  /** Unread by one client: beyond, nothing more of it is read, lest its PUBACKs pile up. */
  readonly answerBytes: number;
  /** Of all clients: beyond, nothing more is read of those that wait already; beyond twice that, telemetry is refused. */
  readonly heldMessages: number;
  readonly heldBytes: number;
  /** A client whose oldest telemetry waits longer is disconnected: it keeps its message and sends it again. */
  readonly heldMs: number;
  /** Unread by one subscriber: beyond, QoS 0 is dropped for it. */
  readonly unreadSoftBytes: number;
  /** Beyond, it is cut off. */
  readonly unreadHardBytes: number;
  /** Above the soft limit, of all subscribers together: who adds more is cut off. */
  readonly unreadExcessBytes: number;
  /** A connection with something to read that takes not a byte of it for this long is cut off. */
  readonly unreadMs: number;
  /** Of one client. */
  readonly filters: number;
  /** Of filters of clean sessions, in memory; the others have limits of their own (session-limits.ts). */
  readonly filterBytes: PotLimits;
}

/** MQTT asks for 23 at least; a device's is a serial number, a name or a UUID. */
export const MAX_CLIENT_ID_BYTES = 256;

export const DEFAULT_LIMITS: BrokerLimits = {
  connections: 20_000,
  strangers: 2_000,
  connectTimeoutMs: 10_000,
  connectBytes: 160 * KIB,
  clientIdBytes: MAX_CLIENT_ID_BYTES,
  wills: { ownBytes: KIB, eachBytes: 130 * KIB, totalBytes: 4 * MIB },
  packetBytes: 2 * MIB,
  partialBytes: 32 * MIB,
  partialMs: 120_000,
  clientPackets: 1_000,
  clientHeldBytes: MIB,
  answerBytes: 64 * KIB,
  heldMessages: 50_000,
  heldBytes: 64 * MIB,
  heldMs: 10_000,
  unreadSoftBytes: 256 * KIB,
  unreadHardBytes: 2 * MIB,
  unreadExcessBytes: 16 * MIB,
  unreadMs: 10_000,
  filters: 1_000,
  filterBytes: { ownBytes: 4 * KIB, eachBytes: 4 * MIB, totalBytes: 16 * MIB },
};

/** The clock of all that takes seconds: ages are counted in sweeps. */
export const SWEEP_MS = 1_000;
