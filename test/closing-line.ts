import type { Reporter, TestCase, TestModule } from 'vitest/node';

/** Says why each skipped test was skipped, and closes with the line that CI reads. */
export class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: string): number => tests.filter((test) => test.result().state === state).length;
    // A file that cannot even be loaded is a failure without a test.
    const broken = modules.filter((module) => module.errors().length > 0).length;
    for (const test of tests.filter((each) => each.result().state === 'skipped')) {
      console.log(`skipped: ${test.fullName}: ${reason(test)}`);
    }
    console.log(`${count('passed')} passed, ${count('failed') + broken} failed, ${count('skipped')} skipped`);
  }
}

function reason(test: TestCase): string {
  const result = test.result();
  return (result.state === 'skipped' && result.note) || 'no reason given';
}
