/** A small HTTP server in the place of InfluxDB 2 or 3: it notes every request, and answers as it is told. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { gunzipSync } from 'node:zlib';

interface RecordedRequest {
  readonly method: string;
  /** With the query's parameters. */
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly atMs: number;
}

/** Undefined: no answer, ever. */
export type Answer =
  | { readonly status: number; readonly body?: string; readonly headers?: Readonly<Record<string, string>> }
  | undefined;

export interface InfluxRecorder {
  readonly port: number;
  readonly requests: RecordedRequest[];
  /** All lines that were answered with 204. */
  readonly written: string[];
  onWrite: (lines: readonly string[]) => Answer;
  onQuery: (question: URL) => Answer;
  stop(): Promise<void>;
}

export const TAKEN: Answer = { status: 204 };

export async function startInfluxRecorder(port = 0): Promise<InfluxRecorder> {
  const server = createServer(async (request, response) => respond(await record(request), response));
  server.listen(port, '0.0.0.0');
  await once(server, 'listening');
  const recorder: InfluxRecorder = {
    port: (server.address() as { port: number }).port,
    requests: [],
    written: [],
    onWrite: () => TAKEN,
    onQuery: noSeries,
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };

  async function record(request: IncomingMessage): Promise<RecordedRequest> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const bytes = Buffer.concat(chunks);
    const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes;
    const { method = '', url = '/', headers } = request;
    const noted = {
      method,
      url: new URL(url, 'http://influx'),
      headers,
      body: body.toString(),
      atMs: performance.now(),
    };
    recorder.requests.push(noted);
    return noted;
  }

  function respond({ url, body }: RecordedRequest, response: ServerResponse): void {
    const lines = body.split('\n');
    const answer = url.pathname.endsWith('/query') ? recorder.onQuery(url) : recorder.onWrite(lines);
    if (!answer) return;
    if (!url.pathname.endsWith('/query') && answer.status === 204) recorder.written.push(...lines);
    response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers }).end(answer.body);
  }

  return recorder;
}

/** To each statement an empty result. */
function noSeries(url: URL): Answer {
  const statements = (url.searchParams.get('q') ?? '').split(';');
  return { status: 200, body: JSON.stringify({ results: statements.map((_, statement_id) => ({ statement_id })) }) };
}
