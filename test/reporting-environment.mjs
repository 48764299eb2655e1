// The environment of the tests in this folder: one that does not end in its time prints what every thread and socket was doing.

import { TestEnvironment } from 'jest-environment-node';

export default class ReportingEnvironment extends TestEnvironment {
  /** Called by the runner at every step of a test, while what hangs still hangs. */
  async handleTestEvent(event) {
    if (event.name !== 'test_fn_failure' && event.name !== 'hook_failure') return;
    const message = event.error?.message ?? event.error?.[0]?.message ?? String(event.error);
    if (!message.startsWith('Exceeded timeout')) return;
    const { whatHangs } = await import('./dist/e2e/what-hangs.js');
    process.stderr.write(`"${event.test?.name ?? 'a hook'}" has not ended in its time.\n${whatHangs()}\n`);
  }
}
