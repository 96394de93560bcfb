/** Why a broker does not let us in, as a person can act on it. */

const CERTIFICATE = /CERT|UNABLE_TO_|SELF_SIGNED/;
/** CONNACK's return codes [MQTT-3.2.2.3]. */
const REFUSALS: Readonly<Record<number, string>> = {
  1: 'it does not speak MQTT 3.1.1',
  2: 'it does not take this client id',
  3: 'it is not ready',
  4: 'wrong user name or password',
  5: 'this user is not allowed in',
};

export function describeFailure(error: Error & { code?: string | number }): string {
  const { code, message } = error;
  if (typeof code === 'number') return `the broker refuses the login: ${REFUSALS[code] ?? message}`;
  if (code === undefined) return message;
  if (code === 'ECONNREFUSED') return 'nothing listens there (ECONNREFUSED)';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `there is no such host, or no name server (${code})`;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return `the broker’s certificate is for another host (${message})`;
  if (CERTIFICATE.test(code)) return `the broker’s certificate is not trusted (${code}); name its authority: --mqtt-ca`;
  return `${message || 'no connection'} (${code})`;
}
