// The one door of the command line, for programs that run the command and want to know what it says.

export { EXIT_CODES, exitCodeOf, type ExitReason } from './exit-codes.js';
