/** What the page asks the server to do. */
import type { ErrorWire } from '../../wire.ts';

const TIMEOUT_MS = 15_000;

export type Method = 'GET' | 'POST' | 'DELETE';

/** The server has refused; the message is its own sentence. */
export class RefusedError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Rejects with a `RefusedError`, or with whatever kept the answer away. */
export async function call<T>(method: Method, address: string, body?: object): Promise<T> {
  const response = await fetch(address, {
    method,
    // What a person has done is sent even if the page is closed meanwhile.
    keepalive: method !== 'GET',
    signal: AbortSignal.timeout(TIMEOUT_MS),
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  const answer = (await response.json()) as T & Partial<ErrorWire>;
  if (!response.ok) throw new RefusedError(response.status, answer.error?.message ?? `${response.status}`);
  return answer;
}
