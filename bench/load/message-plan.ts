/** Which message says what. Whoever checks the store afterwards works it out from the message's number again. */

export interface MessagePlan {
  readonly connections: number;
  /** One a device. With no fewer devices than connections, each device keeps to one connection. */
  readonly topics: readonly string[];
  /** Names of the readings of a message; none: the payload is padding alone, and no telemetry. */
  readonly metrics: readonly string[];
  /** Spaces behind the JSON bring the payload to this size. */
  readonly payloadBytes: number;
  readonly firstTs: number;
  /** From one message of a device to its next. */
  readonly stepMs: number;
}

export interface PlannedMessage {
  /** Index in `topics`. */
  readonly device: number;
  readonly ts: number;
}

/** Message `n` is the message `n / connections` of connection `n % connections`. No two have the same device and ts. */
export function plannedMessage(n: number, plan: MessagePlan): PlannedMessage {
  const { connections, firstTs, stepMs } = plan;
  const devices = plan.topics.length;
  if (devices < connections) return { device: (n % connections) % devices, ts: firstTs + n * stepMs };
  const connection = n % connections;
  const turn = Math.floor(n / connections);
  const own = Math.ceil((devices - connection) / connections);
  return { device: connection + connections * (turn % own), ts: firstTs + Math.floor(turn / own) * stepMs };
}

const HALF_PERIOD = 3_989;

/**
 * The value of the `metric`-th metric at a ts: a slow way up and down between 1 and 4.988, in steps of 0.001, each
 * metric another tenth of the way further.
 */
export function plannedValue(ts: number, metric: number): number {
  return plannedThousandths(ts, metric) / 1_000;
}

/** Four digits. */
export function plannedThousandths(ts: number, metric: number): number {
  const at = (ts + metric * 799) % (2 * HALF_PERIOD);
  return 1_000 + (at < HALF_PERIOD ? at : 2 * HALF_PERIOD - 1 - at);
}
