// The majordomo command: runs what its arguments ask for and ends with the exit code of that.

import { endQuietlyWithoutReader } from './output/screen.js';
import { run } from './program.js';

endQuietlyWithoutReader();
process.exitCode = await run(process.argv.slice(2));
