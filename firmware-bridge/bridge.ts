/** The Modbus bridge: polls the units of a bridge file and delivers every reading, whatever becomes of the link. */
import type { MqttLink } from '../link/mqtt-link.ts';
import type { Outbox } from '../link/outbox.ts';
import type { BridgeFile, BusLine } from '../model/bridge-file.ts';
import type { Log } from '../model/log.ts';
import type { ModbusBus } from './bus/modbus-bus.ts';
import { openBus } from './bus/open-bus.ts';
import type { BridgeClock } from './clock.ts';
import { startBusLoop } from './poll/bus-loop.ts';
import { startSender } from './send/sender.ts';
import { type BridgeHealth, bridgeStatusTopic, type RunRecord, startStatus } from './status.ts';

export interface BridgeOptions {
  readonly file: BridgeFile;
  readonly run: RunRecord;
  /** Readings that have waited for longer are dropped. */
  readonly maxAgeMs: number;
}

export interface BridgeParts {
  readonly outbox: Outbox;
  readonly link: Pick<MqttLink, 'publish' | 'publishNow' | 'onConnect'>;
  readonly clock: BridgeClock;
  readonly log: Log;
  /** For tests; a line of the real world where it is left out. */
  readonly openBus?: (line: BusLine, log: Log) => ModbusBus;
}

export interface Bridge {
  health(): BridgeHealth;
  /** Ends the polling, saves what was read and says so. Outbox and link are still open then. */
  stop(): Promise<void>;
}

export function startBridge({ file, run, maxAgeMs }: BridgeOptions, parts: BridgeParts): Bridge {
  const { outbox, link, clock, log } = parts;
  const sender = startSender(
    { site: file.site, maxAgeMs },
    { outbox, link, clock, log, onUnsaved: () => status.changed() },
  );
  const open = parts.openBus ?? openBus;
  const loops = file.buses.map((bus) =>
    startBusLoop(bus, {
      modbus: open(bus.line, log),
      clock,
      log,
      record: sender.record,
      onChange: () => status.changed(),
    }),
  );
  const health = (): BridgeHealth => ({
    ...run,
    clock: { isSet: clock.isSet(), source: clock.source() },
    outbox: { ...outbox.counts(), unsaved: sender.unsaved(), overdueMs: outbox.overdueMs() },
    buses: loops.map((loop) => loop.health()),
  });
  const status = startStatus(bridgeStatusTopic(file), { link, clock, log, health });

  return {
    health,
    async stop() {
      await Promise.all(loops.map((loop) => loop.stop()));
      await status.stop();
      await sender.stop();
    },
  };
}
