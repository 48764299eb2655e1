// The majordomo command: reads the arguments and runs what they ask for.

process.stderr.write('majordomo: no command is written yet\n');
process.exitCode = 1;
