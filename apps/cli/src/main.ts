// The majordomo command: runs what its arguments ask for and ends with the exit code of that.

import { allowBrokenPipes } from './output/screen.js';
import { run } from './program.js';

allowBrokenPipes();
process.exitCode = await run(process.argv.slice(2));
