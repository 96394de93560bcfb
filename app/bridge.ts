/** `aimak bridge`, in little memory: what it does in a second an interpreter does in milliseconds (ADR 0018). */
import { setFlagsFromString } from 'node:v8';

export async function runBridge(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  // V8's compilers, their code and what they keep beside each function: 15 MB.
  for (const flag of ['--no-opt', '--no-maglev', '--no-sparkplug']) setFlagsFromString(flag);
  const { runBridge: run } = await import('./run-bridge.ts');
  await run(argv, env);
}
