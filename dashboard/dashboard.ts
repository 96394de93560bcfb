/** The HTTP API and the page (contract 3). The one place that knows Fastify's settings. */
import { existsSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { fileURLToPath } from 'node:url';
import compress from '@fastify/compress';
import serveStatic from '@fastify/static';
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { createLimitedLog } from '../model/limited-log.ts';
import type { Log } from '../model/log.ts';
import type { Plant } from '../model/plant.ts';
import type { Rule } from '../model/rule.ts';
import { type ApiDependencies, addApi } from './api.ts';
import { watchConnections } from './connections.ts';
import { addErrors } from './errors.ts';
import { errorBody } from './http-error.ts';
import { SOCKET_PATH, startLiveFeed } from './live-feed.ts';
import { limitPipelining } from './pipelining.ts';
import { createWhoIs, type WhoIs } from './who-is.ts';

export interface DashboardOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly plant: Plant;
  readonly rules: readonly Rule[];
  /** Of the command line, where there is one. */
  readonly runToken?: string;
  /** Default: whoever is signed in, or bears that token. */
  readonly whoIs?: WhoIs;
  readonly deadlines?: Deadlines;
}

export interface DashboardDependencies extends ApiDependencies {
  readonly log: Log;
}

export interface Dashboard {
  readonly port: number;
  stop(): Promise<void>;
}

/** How long a connection may keep the server waiting. */
export interface Deadlines {
  /** Of what comes before a body. */
  readonly headersMs: number;
  /** Of a whole request, its body too: on a bad line an act takes seconds. */
  readonly requestMs: number;
  /** Without a byte to or fro. */
  readonly silentMs: number;
  /** Between two requests. */
  readonly keepAliveMs: number;
  /** How often they are looked at. */
  readonly checkMs: number;
}

const DEADLINES: Deadlines = {
  headersMs: 15_000,
  requestMs: 45_000,
  silentMs: 60_000,
  keepAliveMs: 20_000,
  checkMs: 5_000,
};

/** Above the longest body that anything asks for. */
const BODY_BYTES = 64 * 1024;
const COMPRESS_FROM_BYTES = 1024;
const STREAM_FROM_BYTES = 256 * 1024;
const LOG_TICK_MS = 10_000;
const PAGE = fileURLToPath(new URL('./web/dist', import.meta.url));

export async function startDashboard(
  options: DashboardOptions,
  dependencies: DashboardDependencies,
): Promise<Dashboard> {
  const { host, port, plant, rules, runToken = null, whoIs = createWhoIs(dependencies.people, runToken) } = options;
  const log = createLimitedLog(dependencies.log, () => performance.now());
  const { headersMs, requestMs, silentMs, keepAliveMs, checkMs } = options.deadlines ?? DEADLINES;
  const app = Fastify({
    requestTimeout: requestMs,
    connectionTimeout: silentMs,
    keepAliveTimeout: keepAliveMs,
    bodyLimit: BODY_BYTES,
    // An offer to speak another protocol (h2c) may be passed over, and is answered as if it were not there.
    http: { headersTimeout: headersMs, connectionsCheckingInterval: checkMs, shouldUpgradeCallback: isWebsocket },
    forceCloseConnections: true,
    // Bodies are checked by zod. What would compile JSON schemas is not even loaded.
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    // An alarm's id names rule, device and time.
    routerOptions: { maxParamLength: 400 },
    frameworkErrors: (error, _request, reply: FastifyReply) => {
      reply.code(error.statusCode ?? 400).send(errorBody('bad-request', error.message));
    },
  });
  // A page of another origin can post plain text without asking first; JSON it cannot.
  app.removeContentTypeParser('text/plain');
  addErrors(app, log);
  // In one piece: a stream would come back to a busy server once for every few kilobytes.
  await app.register(compress, { threshold: COMPRESS_FROM_BYTES, syncThreshold: STREAM_FROM_BYTES });
  addApi(app, { plant, rules, whoIs }, dependencies);
  await addPage(app, dependencies.log);
  await app.ready();
  const feed = startLiveFeed(app.server, { plant, rules }, { ...dependencies, log });
  limitPipelining(app.server);
  const connections = watchConnections(app.server, SOCKET_PATH, { log });
  const ticking = setInterval(log.tick, LOG_TICK_MS).unref();
  const stop = async (): Promise<void> => {
    clearInterval(ticking);
    connections.stop();
    await feed.stop();
    await app.close();
  };
  try {
    await app.listen({ host, port });
  } catch (error) {
    await stop();
    throw error;
  }
  const address = app.server.address();
  return { port: typeof address === 'object' && address ? address.port : port, stop };
}

function isWebsocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket';
}

function noSchemas(): never {
  throw new Error('no route has a JSON schema');
}

async function addPage(app: FastifyInstance, log: Log): Promise<void> {
  if (!existsSync(PAGE)) {
    log.warn({ folder: PAGE }, 'the page has not been built (npm run prepare); only the API is served');
    return;
  }
  await app.register(serveStatic, {
    root: PAGE,
    preCompressed: true,
    // File names carry a hash of their content, but for index.html.
    setHeaders(reply, file) {
      const isHashed = file.includes('/assets/');
      reply.header('cache-control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
}
