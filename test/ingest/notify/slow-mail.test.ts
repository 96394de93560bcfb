/** A mail server that says a byte now and then: no step of the exchange is overdue, and none ends. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { openEmail } from '../../../ingest/alarms/notify/channels/email.ts';

it('is given up when the whole takes too long, and may be tried again', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    const dripping = setInterval(() => socket.write('220-well\r\n'), 20);
    socket.on('close', () => clearInterval(dripping));
    onTestFinished(() => void socket.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const at = { host: '127.0.0.1', port, from: 'watch@example.org', isSecure: false };
  const channel = openEmail({ ...at, timeoutMs: 60_000, sendWithinMs: 300 });
  const notice = { id: '1', subject: 's', text: 't', facts: { kind: 'alarm', step: 0, alarms: [] }, acknowledge: null };
  expect(await channel.send('aida@example.org', notice as never)).toMatchObject({
    kind: 'failed',
    reason: 'no end of the exchange within 0.3 s',
    mayRetry: true,
  });
});
