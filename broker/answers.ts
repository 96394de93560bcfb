/**
 * Acknowledges telemetry that is committed: all of a client in one write, where aedes would make three of each. In a turn of
 * its own, so that a commit of many messages becomes few writes.
 */
import type { Connection } from './connection.ts';

export interface Answers {
  /** A message is done with. Its id, or null where none is owed (QoS 0). */
  add(connection: Connection, messageId: number | null): void;
}

/** No message has it [MQTT-2.3.1-1]. */
const NO_ID = 0;
const PUBACK_BYTES = 4;
/** PUBACK, two bytes follow. */
const PUBACK = 0x4002;

export function createAnswers(): Answers {
  let due: Connection[] = [];

  function run(): void {
    const connections = due;
    due = [];
    for (const connection of connections) answer(connection);
  }

  return {
    add(connection, messageId) {
      const id = messageId ?? NO_ID;
      if (connection.answers !== null) {
        connection.answers.push(id);
        return;
      }
      connection.answers = [id];
      if (due.push(connection) === 1) setImmediate(run);
    },
  };
}

function answer(connection: Connection): void {
  const { client, answers } = connection;
  connection.answers = null;
  if (answers === null || client.closed || client.conn.destroyed) return;
  const pubacks = toPubacks(answers);
  if (pubacks.length > 0) client.conn.write(pubacks);
  for (let i = 0; i < answers.length; i++) client._nextBatch();
}

function toPubacks(ids: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(ids.length * PUBACK_BYTES);
  let end = 0;
  for (const id of ids) {
    if (id === NO_ID) continue;
    bytes.writeUInt16BE(PUBACK, end);
    bytes.writeUInt16BE(id, end + 2);
    end += PUBACK_BYTES;
  }
  return bytes.subarray(0, end);
}
