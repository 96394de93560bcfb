/** A POST of JSON with a time limit, for the channels that speak HTTP. */

export interface HttpCall {
  readonly url: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Ends the call early. */
  readonly signal?: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  /** At most the first 64 KiB. */
  readonly text: string;
  readonly retryAfterMs: number | null;
}

const MAX_ANSWER_BYTES = 65_536;

/** Rejects with a sentence that names no URL: that of a bot holds its token. */
export async function postJson({ url, body, headers, timeoutMs, signal }: HttpCall): Promise<HttpAnswer> {
  const ending = new AbortController();
  const end = (): void => ending.abort();
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    end();
  }, timeoutMs);
  signal?.addEventListener('abort', end);
  try {
    signal?.throwIfAborted();
    const request = { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } };
    // A redirect would carry the message, and its signature, to where nobody meant it to go.
    const response = await fetch(url, { ...request, redirect: 'manual', signal: ending.signal });
    const { status } = response;
    return { status, text: await textOf(response), retryAfterMs: secondsToMs(response.headers.get('retry-after')) };
  } catch (error) {
    if (isLate) throw new Error(`no answer within ${timeoutMs / 1000} s`);
    throw new Error(causeOf(error as Error));
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', end);
  }
}

/** Whether the same call may succeed later. */
export function isTemporary(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || status >= 500;
}

async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= MAX_ANSWER_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, MAX_ANSWER_BYTES).toString();
}

function secondsToMs(text: string | null): number | null {
  return text !== null && /^\d+$/.test(text) ? Number(text) * 1000 : null;
}

/** `fetch failed` says nothing; the reason lies beneath. */
function causeOf({ message, cause }: Error): string {
  const { code } = (cause ?? {}) as { code?: string };
  return code ?? message;
}
