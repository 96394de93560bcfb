import { shortText } from '../model/short-text.ts';
import type { ErrorWire } from './wire.ts';

/** A sentence of ours names what the caller wrote; who writes kilobytes need not read them again. */
const MAX_MESSAGE_CHARS = 500;
const MAX_DETAILS = 50;

/** A fault of the caller or of a dependency, as the contract words it (contract 3.9). Thrown in handlers, caught at the root. */
export class HttpError extends Error {
  readonly status: number;
  readonly code: string;
  readonly details: readonly unknown[];

  constructor(status: number, code: string, message: string, details: readonly unknown[] = []) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
  }
}

export function errorBody(code: string, message: string, details: readonly unknown[] = []): ErrorWire {
  const told = details.slice(0, MAX_DETAILS).map(shortened);
  return { error: { code, message: shortText(message, MAX_MESSAGE_CHARS), ...(told.length > 0 && { details: told }) } };
}

function shortened(detail: unknown): unknown {
  if (typeof detail !== 'object' || detail === null) return detail;
  const texts = Object.entries(detail).map(([name, value]) => [
    name,
    typeof value === 'string' ? shortText(value, MAX_MESSAGE_CHARS) : value,
  ]);
  return Object.fromEntries(texts);
}
