/** The command `aimak`: one word chooses the tool, none starts everything. */
import { HELP } from './help.ts';
import { ConfigError, StartError } from './start-error.ts';

// Loaded when called for: a server that runs for years need not hold its tools in memory.
type Command = (argv: readonly string[], env: NodeJS.ProcessEnv) => Promise<void> | void;

const TOOLS: Readonly<Record<string, Command>> = {
  'accept-loss': async (...args) => (await import('./folder/accept-loss.ts')).runAcceptLoss(...args),
  bridge: async (...args) => (await import('./bridge.ts')).runBridge(...args),
  'check-config': async (...args) => (await import('./config/check-config.ts')).runCheckConfig(...args),
  fault: async (...args) => (await import('./fault-command.ts')).runFault(...args),
  probe: async (argv) => (await import('./probe.ts')).runProbe(argv),
  user: async (...args) => (await import('./user/user.ts')).runUser(...args),
  notify: async (...args) => (await import('./notify-test.ts')).runNotify(...args),
  repair: async (...args) => (await import('./repair.ts')).runRepair(...args),
  replay: async (...args) => (await import('./replay/replay.ts')).runReplay(...args),
  sim: async (...args) => (await import('./simulate.ts')).runSim(...args),
};

/** Exit codes: 2 a fault of the configuration, 1 of start-up, both in plain sentences; anything else is a mistake of ours. */
export async function runCommand([word = '', ...rest]: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const tool = Object.hasOwn(TOOLS, word) ? TOOLS[word] : undefined;
  try {
    if (tool) await tool(rest, env);
    else if (word === 'help') process.stdout.write(HELP);
    else await (await import('./run-parts.ts')).runParts(word === '' ? rest : [word, ...rest], env);
  } catch (error) {
    if (error instanceof ConfigError)
      fail(2, ['cannot start with this configuration:', ...error.faults.map((f) => `  ${f}`)]);
    else if (error instanceof StartError) fail(1, [error.message]);
    else throw error;
  }
}

function fail(code: number, lines: readonly string[]): void {
  process.stderr.write(`aimak: ${lines.join('\n')}\n`);
  process.exitCode = code;
}
