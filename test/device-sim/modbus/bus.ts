/** A bus of simulated Modbus units on this machine, and one who asks it byte by byte. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import {
  type ModbusUnits,
  type ModbusUnitsOptions,
  startModbusUnits,
} from '../../../device-sim/modbus/modbus-units.ts';
import { type BridgeFile, parseBridgeFile } from '../../../model/bridge-file.ts';
import { shippedProfiles } from '../../model/shipped-profiles.ts';

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

export function bridgeFile(...buses: object[]): BridgeFile {
  const parsed = parseBridgeFile({ site: 'toru', gateway: 'gw-1', buses }, shippedProfiles());
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.value;
}

/** Whoever starts units here ends them with the test. */
export function createUnitsFor(onTestFinished: (end: () => Promise<void>) => void) {
  return async (options: ModbusUnitsOptions): Promise<ModbusUnits> => {
    const units = await startModbusUnits(options, { log: quiet });
    onTestFinished(() => units.stop());
    return units;
  };
}

export interface Asker {
  /** What comes back for these bytes, once so many are there. */
  ask(request: Uint8Array, answerBytes: number): Promise<Uint8Array>;
  end(): void;
}

export async function connectAsker(port: number): Promise<Asker> {
  const socket: Socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  let held = Buffer.alloc(0);
  let onBytes: () => void = () => undefined;
  socket.on('data', (bytes) => {
    held = Buffer.concat([held, bytes as Buffer]);
    onBytes();
  });
  socket.on('close', () => onBytes());
  return {
    ask(request, answerBytes) {
      held = Buffer.alloc(0);
      socket.write(request);
      return new Promise((resolve, reject) => {
        onBytes = () => {
          if (held.length >= answerBytes) resolve(Uint8Array.from(held));
          else if (socket.closed) reject(new Error('the connection was closed'));
        };
      });
    },
    end: () => socket.destroy(),
  };
}
