/** The village as Modbus units: it answers where the bridge of the same file asks. */
import type { BridgeBus, BridgeFile } from '../../model/bridge-file.ts';
import type { Log } from '../../model/log.ts';
import { exceptionAnswer } from '../../model/modbus-frame.ts';
import type { Faults } from '../faults.ts';
import { listenTcp } from './listen-tcp.ts';
import { toReply } from './misbehaviour.ts';
import { createPace } from './pace.ts';
import { createRtuReader, createTcpReader, type ModbusRequest } from './request-frames.ts';
import { openSerialLine } from './serial-line.ts';
import type { Listening, StartTalk } from './talk.ts';
import { createSimUnit, type DeviceValues, type SimUnit } from './unit.ts';

export interface ModbusUnitsOptions {
  readonly bridgeFile: BridgeFile;
  /** What a device's registers hold now; every metric null: it has no power. */
  readonly values: (device: string) => DeviceValues;
  readonly faults?: Pick<Faults, 'acting'>;
  /** In village time, for the faults. */
  readonly nowMs?: () => number;
  /** A serial line is as slow as its baud rate says (default). */
  readonly isPaced?: boolean;
}

export interface ModbusUnits {
  counts(): Readonly<ModbusCounts>;
  stop(): Promise<void>;
}

interface ModbusCounts {
  requests: number;
  answers: number;
  /** Left unanswered: an unknown unit, a silent one, one without power. */
  silent: number;
  /** Asked faster than the line can answer. */
  dropped: number;
}

const NO_UNIT_ANSWERED = 11;
const NO_FAULTS: Pick<Faults, 'acting'> = { acting: () => undefined };

/** Rejects with one sentence where a port cannot be had. */
export async function startModbusUnits(options: ModbusUnitsOptions, { log }: { log: Log }): Promise<ModbusUnits> {
  const counts: ModbusCounts = { requests: 0, answers: 0, silent: 0, dropped: 0 };
  const listening: Listening[] = [];
  const stop = async () => {
    await Promise.all(listening.splice(0).map((each) => each.stop()));
  };
  try {
    for (const bus of options.bridgeFile.buses) {
      listening.push(await listen(bus, createTalks(bus, options, counts), log));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { counts: () => counts, stop };
}

function listen({ id, line }: BridgeBus, startTalk: StartTalk, log: Log): Promise<Listening> {
  if (line.kind !== 'rtu') return listenTcp({ bus: id, host: line.host, port: line.port }, startTalk, log);
  if (line.simPath !== undefined) return openSerialLine({ ...line, path: line.simPath }, startTalk, log);
  const why = `rtu.simPath is the end of ${line.path} where the simulator is to answer`;
  return Promise.reject(new Error(`bus "${id}" has no rtu.simPath: ${why}`));
}

function createTalks(bus: BridgeBus, options: ModbusUnitsOptions, counts: ModbusCounts): StartTalk {
  const { faults = NO_FAULTS, nowMs = Date.now, isPaced = true } = options;
  const units = unitsOf(bus, options.values);
  const { line } = bus;
  const pace = createPace(line.kind === 'tcp' || !isPaced ? null : line.baud);

  function replyTo(request: ModbusRequest) {
    const unit = units.get(request.unit);
    // A converter says that nobody answered; on the line itself there is nobody to say so.
    const absent = request.header ? exceptionAnswer(request.pdu[0] ?? 0, NO_UNIT_ANSWERED) : null;
    const answer = unit ? unit.answer(request.pdu) : absent;
    return answer && toReply(request, answer, { faults, devices: unit?.devices ?? [], nowMs: nowMs() });
  }

  return (send) => {
    const reader = line.kind === 'tcp' ? createTcpReader() : createRtuReader();
    const timers = new Set<NodeJS.Timeout>();

    function take(request: ModbusRequest): void {
      counts.requests++;
      const reply = replyTo(request);
      const saidInMs = pace.msUntilSaid(request.pdu.length, reply?.bytes.length ?? 0);
      if (!reply) counts.silent++;
      else if (timers.size >= MAX_WAITING) counts.dropped++;
      else answerIn(saidInMs + reply.lateMs, reply.bytes);
    }

    function answerIn(ms: number, bytes: Uint8Array): void {
      const timer = setTimeout(() => {
        timers.delete(timer);
        counts.answers++;
        send(bytes);
      }, ms);
      timers.add(timer);
    }

    return {
      take(bytes) {
        for (const request of reader.take(bytes)) take(request);
      },
      end() {
        for (const timer of timers) clearTimeout(timer);
      },
    };
  };
}

/** Answers that one talk may have on their way. */
const MAX_WAITING = 64;

function unitsOf({ units }: BridgeBus, values: ModbusUnitsOptions['values']): ReadonlyMap<number, SimUnit> {
  const byUnit = Map.groupBy(units, ({ unit }) => unit);
  return new Map([...byUnit].map(([unit, members]) => [unit, createSimUnit(members, values)]));
}
