/** Takes a village's reports to the broker: lives on to a time, delivers, and knows what is acknowledged. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Log } from '../model/log.ts';
import type { Clock } from './clock.ts';
import { deliver, type Publish } from './delivery.ts';
import type { Gate } from './gate.ts';
import type { SimFiles } from './sim-files.ts';
import type { Town, TownMessage } from './town.ts';

const HOUR_MS = 3_600_000;
const RETRY_AFTER_MS = 5000;

export interface Courier {
  /** Lives on without telling: what was delivered before a restart, or is too old to be delivered. */
  skipUntil(untilMs: number): Promise<void>;
  /** Delivers everything up to a time, however often it takes. `everyAtLeastS` as of `Town.step`. */
  deliverUntil(untilMs: number, everyAtLeastS: number): Promise<void>;
}

export interface CourierParts {
  readonly town: Town;
  /** The village does not live on while something holds it. */
  readonly gate: Gate;
  readonly files: Pick<SimFiles, 'tell'>;
  readonly publish: Publish;
  readonly clock: Clock;
  readonly log: Log;
  /** Then all ends as soon as it can, with what was not acknowledged left over. */
  readonly stopping: AbortSignal;
  /** All up to the village's present is with the broker, and its truth is told. */
  readonly onAcknowledged: () => void;
}

export function createCourier({
  town,
  gate,
  files,
  publish,
  clock,
  log,
  stopping,
  onAcknowledged,
}: CourierParts): Courier {
  /** An hour at a time, so that nobody else waits long. */
  async function live(untilMs: number, hour: (endMs: number) => void): Promise<void> {
    while (town.nowMs < untilMs && !stopping.aborted) {
      await gate.pass();
      hour(Math.min(untilMs, town.nowMs + HOUR_MS));
      await nextTurn();
    }
  }

  /** Whether all was acknowledged. */
  async function isDelivered(messages: readonly TownMessage[]): Promise<boolean> {
    try {
      await deliver(messages, publish);
      return true;
    } catch (error) {
      if (!stopping.aborted) {
        log.warn({ err: error, frames: messages.length }, 'simulator: publishing failed, trying again');
        await clock.sleep(RETRY_AFTER_MS, stopping);
      }
      return false;
    }
  }

  return {
    skipUntil: (untilMs) => live(untilMs, (endMs) => town.skip(endMs)),
    async deliverUntil(untilMs, everyAtLeastS) {
      const messages: TownMessage[] = [];
      await live(untilMs, (endMs) => {
        for (const message of town.step(endMs, everyAtLeastS)) messages.push(message);
      });
      while (!stopping.aborted) {
        if (!(await isDelivered(messages))) continue;
        await files.tell(town.takeTruth());
        onAcknowledged();
        return;
      }
    },
  };
}
