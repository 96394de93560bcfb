/** Answers that many ask for and that seldom change: written and compressed once, and not sent again to who has them. */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';

export interface KeptAnswer {
  readonly body: Buffer;
  readonly etag: string;
  /** Made when somebody first asks for it. */
  readonly zipped: () => Promise<Buffer>;
}

const ZIP_FROM_BYTES = 1024;
const zip = promisify(gzip);
const TAKES_GZIP = /\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/;

export function keepAnswer(content: unknown): KeptAnswer {
  const body = Buffer.from(JSON.stringify(content));
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  let zipping: Promise<Buffer> | null = null;
  return {
    body,
    etag,
    zipped: () => {
      zipping ??= zip(body, { level: 5 });
      return zipping;
    },
  };
}

export async function sendKept(
  { headers }: FastifyRequest,
  reply: FastifyReply,
  { body, etag, zipped }: KeptAnswer,
): Promise<FastifyReply> {
  // `no-cache`: keep it, and ask whether it still holds.
  reply.header('cache-control', 'no-cache').header('vary', 'accept-encoding').header('etag', etag);
  if (headers['if-none-match']?.includes(etag)) return reply.code(304).send();
  reply.type('application/json; charset=utf-8');
  if (body.length < ZIP_FROM_BYTES || !TAKES_GZIP.test(headers['accept-encoding'] ?? '')) return reply.send(body);
  return reply.header('content-encoding', 'gzip').send(await zipped());
}
