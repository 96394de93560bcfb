/** Where our MQTT clients connect to, and as whom. */
import { readFileSync } from 'node:fs';
import type { Settings } from './config/settings.ts';
import { StartError } from './start-error.ts';

export interface BrokerAccess {
  readonly url: string;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** PEM. */
  readonly ca?: string | undefined;
}

/** `ownUrl`: the broker to use where none is configured. It knows no users. */
export function brokerAccess({ mqtt }: Pick<Settings, 'mqtt'>, ownUrl: string): BrokerAccess {
  if (mqtt.url === undefined) return { url: ownUrl };
  const { url, user, passwordFile, ca } = mqtt;
  return {
    url,
    user,
    password: passwordFile === undefined ? undefined : readText(passwordFile, 'password file').trimEnd(),
    ca: ca === undefined ? undefined : readText(ca, 'certificate'),
  };
}

function readText(file: string, what: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new StartError(`${file}: the ${what} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** The server takes its readings from a broker elsewhere. */
export function isOutside({ mqtt }: Settings): boolean {
  return mqtt.url !== undefined;
}

/** How this machine reaches a listener of its own. */
export function loopbackUrl(scheme: 'http' | 'mqtt', host: string, port: number): string {
  const everywhere: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };
  const address = everywhere[host] ?? host;
  return `${scheme}://${address.includes(':') ? `[${address}]` : address}:${port}`;
}
