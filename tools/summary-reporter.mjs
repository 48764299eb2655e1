// Prints "N passed, N failed[, N skipped]" alone on the last line of a Jest run; a suite that cannot load counts as a failure.
//
// It waits for the end of the process: Jest's own summary and its warnings about what is still open come after every reporter.

export default class SummaryReporter {
  #line = '';

  constructor() {
    process.once('exit', () => {
      if (this.#line !== '') process.stdout.write(`\n${this.#line}\n`);
    });
  }

  onRunComplete(_contexts, results) {
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests + results.numTodoTests;
    const tail = skipped > 0 ? `, ${skipped} skipped` : '';
    this.#line = `${results.numPassedTests} passed, ${failed} failed${tail}`;
  }
}
