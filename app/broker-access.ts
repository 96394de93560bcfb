/** Where our MQTT clients connect to, and as whom. */
import { readFileSync } from 'node:fs';
import type { Settings } from './config/settings.ts';
import { StartError } from './start-error.ts';

export interface BrokerAccess {
  readonly url: string;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
}

/** `ownUrl`: the broker to use where none is configured. It knows no users. */
export function brokerAccess({ mqtt }: Settings, ownUrl: string): BrokerAccess {
  if (mqtt.url === undefined) return { url: ownUrl };
  return { url: mqtt.url, user: mqtt.user, password: readPassword(mqtt.passwordFile) };
}

function readPassword(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  try {
    return readFileSync(file, 'utf8').trimEnd();
  } catch (error) {
    throw new StartError(`${file}: the password file cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** How this machine reaches a listener of its own. */
export function loopbackUrl(scheme: 'http' | 'mqtt', host: string, port: number): string {
  const everywhere: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };
  const address = everywhere[host] ?? host;
  return `${scheme}://${address.includes(':') ? `[${address}]` : address}:${port}`;
}
