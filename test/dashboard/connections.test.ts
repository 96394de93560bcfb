/** What an open TCP connection may cost (contract 3, 4), against the dashboard and against a server with small limits. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CONNECTION_LIMITS, type Connections, watchConnections } from '../../dashboard/connections.ts';
import { type Dashboard, type Deadlines, startDashboard } from '../../dashboard/dashboard.ts';
import { noAccounts } from '../harness/accounts.ts';
import { openDesk } from '../harness/alarms.ts';
import { eventually } from '../harness/process.ts';
import { silentLog, smallPlant } from '../harness/readings.ts';

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** Holds its own half open, whatever the server does. */
function open(port: number) {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  sockets.push(socket);
  const line = { socket, text: '', isEnded: false };
  const end = () => {
    line.isEnded = true;
  };
  socket.on('end', end).on('close', end).on('error', end);
  socket.on('data', (chunk) => {
    line.text += chunk;
  });
  return line;
}
type Line = ReturnType<typeof open>;

const said = (line: Line, text: RegExp) =>
  eventually(
    () => line.text,
    (all) => text.test(all),
  );
const ended = (line: Line) =>
  eventually(
    () => line.isEnded,
    (isEnded) => isEnded,
  );
const connectionsOf = (server: Server) => () =>
  new Promise<number>((resolve) => server.getConnections((_, count) => resolve(count)));

const get = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nHost: here\r\n${more}\r\n`;
const upgrade = (path: string, to = 'websocket') =>
  get(
    path,
    `Connection: Upgrade\r\nUpgrade: ${to}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n`,
  );
/** A frame of text as a client sends it. */
const frame = (text: string) => Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0, ...Buffer.from(text)]);
const WEBSOCKET = upgrade('/socket.io/?EIO=4&transport=websocket');

let asked = 0;

function start(deadlines?: Deadlines): Promise<Dashboard> {
  asked = 0;
  return startDashboard(
    { host: '127.0.0.1', port: 0, plant: smallPlant(), rules: [], ...(deadlines && { deadlines }) },
    {
      live: { values: () => [], onChange: () => () => undefined },
      alarms: openDesk({ plant: smallPlant() }).desk,
      people: noAccounts,
      history: () => Promise.reject(new Error('not asked')),
      health() {
        asked++;
        return { status: 'ok' };
      },
      simulator: null,
      log: silentLog,
      now: () => 0,
    },
  );
}

describe('a connection to the dashboard', () => {
  let dashboard: Dashboard;

  beforeEach(async () => {
    dashboard = await start();
  });
  afterEach(() => dashboard.stop());

  it.each([
    ['an upgrade of another path', '/elsewhere'],
    ['an upgrade of the API', '/api/health'],
    ['a page that the socket does not know', '/socket.io/?EIO=4&transport=websocket&sid=nobody'],
    ['a transport that the socket does not know', '/socket.io/?EIO=4&transport=pigeon'],
  ])('is closed at once for %s, also after an answer', async (_, path) => {
    const line = open(dashboard.port);
    line.socket.write(get('/api/health'));
    await said(line, /"status":"ok"/);
    line.socket.write(upgrade(path));
    await ended(line);
    expect(line.text).toMatch(/HTTP\/1.1 400/);
    // Both halves: what the client still writes finds nobody.
    await eventually(
      () => {
        line.socket.write('x');
        return line.socket.destroyed;
      },
      (isGone) => isGone,
    );
  });

  it('is closed for CONNECT, and an offer of HTTP/2 is passed over', async () => {
    const line = open(dashboard.port);
    line.socket.write('CONNECT elsewhere:443 HTTP/1.1\r\nHost: elsewhere\r\n\r\n');
    await ended(line);
    const other = open(dashboard.port);
    other.socket.write(upgrade('/api/health', 'h2c'));
    await said(other, /200 OK[\s\S]*"status":"ok"/);
    other.socket.write(get('/api/plant'));
    await said(other, /"sites"/);
  });

  it('does not hold up the stop, whatever it is in the middle of', async () => {
    const slow = open(dashboard.port);
    slow.socket.write('POST /api/session HTTP/1.1\r\nHost: here\r\nContent-Length: 10\r\n\r\n{');
    const page = open(dashboard.port);
    page.socket.write(WEBSOCKET);
    await said(page, /101 Switching/);
    const silent = open(dashboard.port);
    await once(silent.socket, 'connect');
    const beganMs = performance.now();
    await dashboard.stop();
    expect(performance.now() - beganMs).toBeLessThan(3_000);
    await Promise.all([slow, page, silent].map(ended));
  });

  it('is closed where it asks a thousand things before the first answer', async () => {
    const line = open(dashboard.port);
    line.socket.write(get('/api/health').repeat(1_000));
    await ended(line);
    expect(asked).toBeLessThan(100);
    const patient = open(dashboard.port);
    patient.socket.write(get('/api/health').repeat(5));
    await eventually(
      () => patient.text.match(/200 OK/g)?.length,
      (count) => count === 5,
    );
  });

  it('is closed where a page says more than a page has to say', async () => {
    const subscribe = frame('42/live,["subscribe",{"site":"all"}]');
    const line = open(dashboard.port);
    line.socket.write(WEBSOCKET);
    await said(line, /101 Switching/);
    line.socket.write(frame('40/live,'));
    line.socket.write(subscribe);
    await said(line, /"snapshot"/);
    line.socket.write(Buffer.concat(Array.from({ length: 1_000 }, () => subscribe)));
    await ended(line);
    expect(line.text.match(/"snapshot"/g)?.length).toBeLessThan(5);
  });

  it('is closed for frames below those of a page, too', async () => {
    const line = open(dashboard.port);
    line.socket.write(WEBSOCKET);
    await said(line, /101 Switching/);
    const ping = Buffer.from([0x89, 0x80, 0, 0, 0, 0]);
    line.socket.write(Buffer.concat(Array.from({ length: 20_000 }, () => ping)));
    await ended(line);
  });

  it('says what the caller wrote in an error, and not all of it', async () => {
    const response = await fetch(`http://127.0.0.1:${dashboard.port}/api/${'x'.repeat(8_000)}`);
    expect(response.ok).toBe(false);
    expect((await response.text()).length).toBeLessThan(1_000);
    const query = Array.from({ length: 500 }, (_, i) => `unknown-${i}=1`).join('&');
    const refused = await fetch(`http://127.0.0.1:${dashboard.port}/api/live?${query}`);
    expect(refused.status).toBe(400);
    expect((await refused.text()).length).toBeLessThan(2_000);
  });
});

it.each([
  ['a body that never ends', 'POST /api/session HTTP/1.1\r\nHost: here\r\nContent-Length: 60000\r\n\r\n{'],
  ['a body that is refused before it ends', 'POST /elsewhere HTTP/1.1\r\nHost: here\r\nContent-Length: 60000\r\n\r\n{'],
  ['a head that never ends', 'GET /api/health HTTP/1.1\r\nX-Long: '],
])('a connection with %s is closed, however it dribbles on', async (_, text) => {
  const deadlines = { headersMs: 200, requestMs: 400, silentMs: 60_000, keepAliveMs: 60_000, checkMs: 50 };
  const dashboard = await start(deadlines);
  const line = open(dashboard.port);
  line.socket.write(text);
  const dribbling = setInterval(() => line.socket.write('x'), 50);
  await ended(line);
  clearInterval(dribbling);
  await dashboard.stop();
});

it.each([
  ['nothing to say', '', { silentMs: 200, keepAliveMs: 60_000 }],
  ['nothing more to ask', get('/api/health'), { silentMs: 60_000, keepAliveMs: 200 }],
])('a connection with %s is closed', async (_, text, deadlines) => {
  const dashboard = await start({ headersMs: 60_000, requestMs: 60_000, checkMs: 50, ...deadlines });
  const line = open(dashboard.port);
  line.socket.write(text);
  await ended(line);
  await dashboard.stop();
});

describe('connections', () => {
  let server: Server;
  let connections: Connections;
  let uptimeMs = 0;
  const told: string[] = [];

  async function listen(limits: Partial<typeof CONNECTION_LIMITS>): Promise<number> {
    server = createServer((_, response) => response.end('here'));
    server.on('upgrade', (_, socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n'));
    const options = {
      limits: { ...CONNECTION_LIMITS, graceMs: 10, ...limits },
      uptimeMs: () => uptimeMs,
      log: { warn: (_: object, sentence: string) => void told.push(sentence) },
    };
    connections = watchConnections(server, '/socket', options);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }
  afterEach(() => {
    connections.stop();
    server.close();
  });

  it('beyond their number are closed, and there is room again when one has gone', async () => {
    const port = await listen({ connections: 3 });
    const three = [open(port), open(port), open(port)];
    await eventually(connectionsOf(server), (count) => count === 3);
    await ended(open(port));
    expect(told.at(-1)).toBe('a connection to the page is refused: there are too many');
    three[0]?.socket.destroy();
    await eventually(connectionsOf(server), (count) => count === 2);
    const next = open(port);
    next.socket.write(get('/'));
    await said(next, /here/);
  });

  it('that are upgraded may say so much', async () => {
    const port = await listen({ said: { atOnce: 1_000, perS: 100 } });
    const line = open(port);
    line.socket.write(upgrade('/socket'));
    await said(line, /101/);
    line.socket.write(Buffer.alloc(900));
    await delay(100);
    expect(line.isEnded).toBe(false);
    line.socket.write(Buffer.alloc(200));
    await ended(line);
  });

  it('that are upgraded and read nothing are closed after a minute, and not while they read a little', async () => {
    const port = await listen({ sweepMs: 20, unreadMs: 60_000 });
    server.on('upgrade', (_, socket) => socket.write(Buffer.alloc(64 * 1024 * 1024)));
    const [silent, slow] = [open(port), open(port)];
    for (const { socket } of [silent, slow]) socket.write(upgrade('/socket'));
    await Promise.all([said(silent, /101/), said(slow, /101/)]);
    silent.socket.pause();
    slow.socket.pause();
    for (let i = 0; i < 8; i++) {
      uptimeMs += 10_000;
      slow.socket.resume();
      await delay(5);
      slow.socket.pause();
      await delay(60);
    }
    expect(slow.socket.destroyed || slow.isEnded).toBe(false);
    expect(await connectionsOf(server)()).toBe(1);
    expect(told.at(-1)).toBe('a connection to the page is closed: it reads nothing');
  });

  it('are all closed a moment after the stop, and none is taken any more', async () => {
    const port = await listen({});
    const line = open(port);
    await once(line.socket, 'connect');
    connections.stop();
    await ended(line);
    await ended(open(port));
  });
});
