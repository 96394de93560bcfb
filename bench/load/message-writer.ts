/** Ready-made packets, one a device, in which only what differs is written anew: encoding must not limit the load. */
import { type MessagePlan, plannedMessage, plannedThousandths } from './message-plan.ts';
import { messageIdAt, publishPacket } from './mqtt-packet.ts';

export interface MessageWriter {
  /** The packet of message `n`, to be sent at once. */
  write(n: number, messageId: number): Buffer;
  /** The last packet is still on its way out: the next of its device is written elsewhere. */
  keepLast(): void;
}

interface Template {
  packet: Buffer;
  readonly idAt: number;
  readonly tsAt: number;
  readonly valuesAt: readonly number[];
}

const TS_DIGITS = 13;
const NO_TS = '0'.repeat(TS_DIGITS);
const NO_VALUE = '0.000';

export function createMessageWriter(plan: MessagePlan, qos: 0 | 1): MessageWriter {
  const payload = templatePayload(plan);
  const templates = plan.topics.map((topic) => createTemplate(topic, payload, qos));
  let last: Template | undefined;

  function write(n: number, messageId: number): Buffer {
    const { device, ts } = plannedMessage(n, plan);
    const template = templates[device];
    if (!template) throw new Error(`message ${n} is of no device`);
    last = template;
    const { packet, idAt, tsAt, valuesAt } = template;
    if (qos === 1) packet.writeUInt16BE(messageId, idAt);
    if (valuesAt.length === 0) return packet;
    writeDigits(packet, tsAt, ts, TS_DIGITS);
    for (let i = 0; i < valuesAt.length; i++) writeValue(packet, valuesAt[i] ?? 0, plannedThousandths(ts, i));
    return packet;
  }

  return {
    write,
    keepLast() {
      if (last) last.packet = Buffer.from(last.packet);
    },
  };
}

function templatePayload({ metrics, payloadBytes }: MessagePlan): string {
  const values = metrics.map((metric) => `"${metric}":${NO_VALUE}`).join(',');
  const json = metrics.length === 0 ? '' : `{"ts":${NO_TS},"values":{${values}}}`;
  return json.padEnd(payloadBytes, ' ');
}

function createTemplate(topic: string, payload: string, qos: 0 | 1): Template {
  const packet = publishPacket(topic, Buffer.from(payload), qos);
  const idAt = messageIdAt(packet, payload.length);
  const payloadAt = packet.length - payload.length;
  const valuesAt = [...payload.matchAll(/0\.000/g)].map(({ index }) => payloadAt + index);
  return { packet, idAt, tsAt: payloadAt + payload.indexOf(NO_TS), valuesAt };
}

const DIGIT_0 = 0x30;

function writeDigits(packet: Buffer, at: number, value: number, digits: number): void {
  let left = value;
  for (let i = at + digits - 1; i >= at; i--) {
    const next = Math.floor(left / 10);
    packet[i] = DIGIT_0 + left - next * 10;
    left = next;
  }
}

/** Thousandths of four digits as `d.ddd`. */
function writeValue(packet: Buffer, at: number, thousandths: number): void {
  packet[at] = DIGIT_0 + Math.floor(thousandths / 1_000);
  writeDigits(packet, at + 2, thousandths % 1_000, 3);
}
