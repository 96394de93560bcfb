/** A bus over whatever line: one request at a time, and a line anew where nobody answers on it. */
import type { BusLine } from '../../model/bridge-file.ts';
import { createLimitedLog } from '../../model/limited-log.ts';
import type { Log } from '../../model/log.ts';
import { createConnectionSilence } from './connection-silence.ts';
import type { Exchange } from './exchange.ts';
import { describeLine, type Line, startLine } from './line.ts';
import {
  failed,
  type ModbusBus,
  noCounters,
  type ReadRequest,
  type ReadResult,
  type UnitCounters,
} from './modbus-bus.ts';
import { createRtuExchange } from './rtu-exchange.ts';
import { createTcpExchange } from './tcp-exchange.ts';

const LATE = 'the unit answers after its time is over; raise its timeoutMs';
const UNASKED =
  'answers come late, or twice, that nobody waits for: what cannot be told from them is not taken; a converter that keeps answers is set right in its own settings';

export function openBus(target: BusLine, log: Log): ModbusBus {
  const byUnit = new Map<number, UnitCounters>();
  const listeners: (() => void)[] = [];
  const lateListeners: ((unit: number) => void)[] = [];
  const silence = createConnectionSilence();
  const limited = createLimitedLog(log, () => performance.now());
  let queue: Promise<unknown> = Promise.resolve();
  let isStopped = false;

  function counters(unit: number): UnitCounters {
    const known = byUnit.get(unit) ?? noCounters();
    byUnit.set(unit, known);
    return known;
  }

  function late(unit: number): void {
    counters(unit).late++;
    for (const listener of lateListeners) listener(unit);
    limited.warn({ line: describeLine(target), unit, late: counters(unit).late }, LATE, `${LATE} ${unit}`);
  }

  /** Nobody waited for it: that says nothing of how much time the unit needs. */
  function unasked(unit: number): void {
    counters(unit).late++;
    limited.warn({ line: describeLine(target), unit, late: counters(unit).late }, UNASKED, `${UNASKED} ${unit}`);
  }

  const onChange = (): void => {
    exchange.lineChanged();
    for (const listener of listeners) listener();
  };
  const line: Line = startLine(target, { onBytes: (bytes) => exchange.heard(bytes), onChange }, log);
  const exchange: Exchange =
    target.kind === 'tcp'
      ? createTcpExchange({ line, counters, late, unasked })
      : createRtuExchange(
          { line, counters, late, unasked },
          { baud: target.baud, isStream: target.kind === 'rtuOverTcp' },
        );

  async function readNow(request: ReadRequest): Promise<ReadResult> {
    if (isStopped || !line.isOpen()) return failed('closed');
    const result = await exchange.ask(request);
    count(counters(request.unit), result);
    if (silence.isTooLong(request.unit, result) && target.kind !== 'rtu') {
      line.reset('nothing answers on this connection');
    }
    return result;
  }

  return {
    read(request) {
      const reading = queue.then(() => readNow(request));
      queue = reading;
      return reading;
    },
    state: line.state,
    counters,
    onChange: (listener) => void listeners.push(listener),
    onLate: (listener) => void lateListeners.push(listener),
    async stop() {
      isStopped = true;
      line.stop();
      exchange.lineChanged();
      await queue;
    },
  };
}

function count(counters: UnitCounters, result: ReadResult): void {
  if (result.ok) counters.answered++;
  else if (result.failure === 'exception') counters.exceptions++;
  else if (result.failure === 'timeout') counters.timeouts++;
  else if (result.failure !== 'closed') counters[result.failure]++;
}
