import type { ErrorWire } from './wire.ts';

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
  return { error: { code, message, ...(details.length > 0 && { details }) } };
}
