// The command line: which commands there are, what they take, and what runs them.
//
// C1. Only what a command needs is loaded, when it runs: help comes at once.
// C2. commander takes the line apart; what is wrong in it is collected, so that the command can tell it together with wrong settings.

import { Command, CommanderError, Option } from 'commander';
import { readFileSync } from 'node:fs';
import { collect, tellParsing, unknownFlags } from './command-line.js';
import type { Command as RunnableCommand } from './commands/command.js';
import {
  BENCH_HELP,
  BROKER_HELP,
  CALL_HELP,
  DEAD_LETTERS_HELP,
  DEMO_HELP,
  programHelp,
  SUBMIT_HELP,
  TICKET_HELP,
} from './help-texts.js';
import { Screen } from './output/screen.js';
import { readEnvironment, type Environment } from './settings/environment.js';

/** Loads what runs a command. */
type Load = () => Promise<RunnableCommand>;

function version(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return manifest.version;
}

class Program {
  exitCode = 0;
  readonly root = new Command('majordomo');
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
    this.root
      .description('Request-reply services that lose nothing: a broker, and what asks it.')
      .version(version(), '-V, --version', 'print the version')
      .helpOption('-h, --help', 'print this help')
      .helpCommand(false)
      .option(
        '--broker <endpoints>',
        'broker to ask; may be repeated, or a list with commas (default: tcp://127.0.0.1:5555)',
        collect,
      )
      .option('--config <file>', 'YAML file with settings')
      .option('--json', 'results as JSON, for programs')
      .exitOverride()
      .configureOutput({ outputError: () => undefined })
      .configureHelp({ showGlobalOptions: true })
      .addHelpText('after', programHelp);
    this.#addBroker();
    this.#addCall();
    this.#addSubmit();
    this.#addTicket();
    this.#addBench();
    this.#addLists();
    this.#addDemo();
  }

  /** A command with what they all have in common; `takes` arguments at most. */
  #add(name: string, description: string, takes: number, load: Load): Command {
    const command = this.root.command(name).description(description);
    command.allowUnknownOption().allowExcessArguments();
    return command.action(async () => {
      this.exitCode = await this.#run(command, takes, await load());
    });
  }

  async #run(command: Command, takes: number, run: RunnableCommand): Promise<number> {
    const name = `majordomo ${command.name()}`;
    const flags = command.optsWithGlobals<Record<string, unknown>>();
    const { noColor, variables } = this.#environment;
    const { stdout, stderr } = process;
    const screen = new Screen({ stdout, stderr, json: flags['json'] === true, noColor });
    const { args, problems } = unknownFlags(command, takes);
    try {
      return await run({ command: name, args, flags, variables, problems, screen });
    } catch (error) {
      const { tellFailure } = await import('./output/failure.js');
      return tellFailure(screen, error, name);
    }
  }

  #addBroker(): void {
    const load: Load = async () => (await import('./commands/broker.js')).broker;
    const command = this.#add('broker', 'run a broker', 0, load);
    without(command, '--broker')
      .option('--print-config', 'print every setting and where it comes from, and end')
      .addHelpText('after', BROKER_HELP);
    this.root.hook('preSubcommand', async (_, chosen) => {
      // C1: the table of the broker's options comes with the broker.
      if (chosen === command) (await import('./commands/broker-flags.js')).addBrokerFlags(command);
    });
  }

  #addCall(): void {
    const load: Load = async () => (await import('./commands/call.js')).call;
    const command = this.#add('call', 'ask a method and print what it answers', 2, load)
      .argument('[service.method]', 'what is asked')
      .argument('[json]', 'its input; - reads it from stdin')
      .usage('[options] <service.method> [json]');
    withAsking(command)
      .option('--stream', 'print every value of a stream as it comes, a line for each')
      .option('--idempotency-key <key>', 'the same key is the same request: it runs once')
      .addHelpText('after', CALL_HELP);
  }

  #addSubmit(): void {
    const load: Load = async () => (await import('./commands/submit.js')).submit;
    const command = this.#add('submit', 'hand a request over for good and print its ticket', 2, load)
      .argument('[service.method]', 'what is asked')
      .argument('[json]', 'its input; - reads it from stdin')
      .usage('[options] <service.method> [json]')
      .option('--idempotency-key <key>', 'the same key is the same request, from whomever and after restarts too')
      .option('--ordering-key <key>', 'those of one service under one key are done one at a time, in their order')
      .option('--priority <number>', '0 to 9; the higher goes first among those that wait (default: 4)')
      .option('--expires <time>', 'how long it may take to be done (default: that of the broker, 24h after --run-at)')
      .option('--run-at <date>', 'not before then: an ISO date, or a time from now: 90s, 2h')
      .option('--wait', 'wait for its outcome and print it, as call does');
    withHeaders(withTimes(command)).addHelpText('after', SUBMIT_HELP);
  }

  #addTicket(): void {
    const load: Load = async () => (await import('./commands/ticket.js')).ticket;
    const command = this.#add('ticket', 'ask what became of a request that was handed over', 2, load)
      .argument('[action]', 'status, result or cancel')
      .argument('[ticket]', 'as submit printed it')
      .usage('[options] <status|result|cancel> <ticket>');
    withCodec(withTimes(command)).addHelpText('after', TICKET_HELP);
  }

  #addDeadLetters(): void {
    const load: Load = async () => (await import('./commands/dead-letters.js')).deadLetters;
    const command = this.#add('dead-letters', 'list, show, replay or purge the requests that were given up', 2, load)
      .argument('[action]', 'list (the default), show, replay or purge')
      .argument('[request]', 'its id, as list prints it')
      .usage('[options] [list | show <request> | replay <request> | purge <request> | purge --all]');
    withTimes(command)
      .option('--all', 'with purge: every one that the brokers keep')
      .addHelpText('after', DEAD_LETTERS_HELP);
  }

  #addBench(): void {
    const load: Load = async () => (await import('./commands/bench.js')).bench;
    const command = this.#add('bench', 'put load on a method and print how it answers', 2, load)
      .argument('[service.method]', 'what is asked')
      .argument('[json]', 'its input; - reads it from stdin')
      .usage('[options] <service.method> [json]')
      .option('--in-flight <count>', 'calls under way at most, over all connections (default: 100)')
      .option('--rate <count>', 'open loop: so many calls are due in a second, whatever became of those before')
      .option('--duration <time>', 'how long it is measured: 30s, 5m (default: 10s)')
      .option('--requests <count>', 'how many calls are measured, instead of --duration')
      .option('--warm-up <time>', 'load that is not counted, before it is measured (default: 1s)')
      .option('--connections <count>', 'clients that make the calls, each in turn (default: 1)')
      .option('--body-bytes <size>', 'input of so many bytes, instead of JSON: 100, 10kB, 1MiB');
    withAsking(command)
      .option('--stream', 'for methods that stream: a call ends with its last value')
      .option('--hdr <file>', 'write the distribution there, for the plotter of HdrHistogram; in ms')
      .addHelpText('after', BENCH_HELP);
  }

  #addLists(): void {
    const load = (kind: 'services' | 'workers' | 'queues'): Load => {
      return async () => {
        const { list } = await import('./commands/listing.js');
        return (line) => list(kind, line);
      };
    };
    withTimes(this.#add('services', 'list the services that are offered', 0, load('services')));
    withTimes(this.#add('workers', 'list the workers that are connected', 0, load('workers')));
    withTimes(this.#add('queues', 'list what waits', 0, load('queues')));
    this.#addDeadLetters();
  }

  #addDemo(): void {
    const load: Load = async () => (await import('./commands/demo.js')).demo;
    const command = this.#add('demo', 'watch a worker die in the middle of its work, and count what was lost', 0, load);
    without(command, '--broker', '--config')
      .option('--calls <count>', 'how many calls are made, 200 to 1000000 (default: 5000)')
      .addHelpText('after', DEMO_HELP);
  }
}

/** Its help leaves out flags of the program that are not for it. */
function without(command: Command, ...flags: readonly string[]): Command {
  return command.configureHelp({
    showGlobalOptions: true,
    visibleGlobalOptions: ({ parent }) => parent?.options.filter(({ long }) => !flags.includes(long ?? '')) ?? [],
  });
}

/** What a request may be told, beside its input. */
function withAsking(command: Command): Command {
  return withHeaders(
    withTimes(command).option('--wait', 'wait for a worker that offers the service, until the time is over'),
  );
}

function withHeaders(command: Command): Command {
  const withAll = command.option(
    '--header <name=value>',
    'sent along, for the handler to read; may be repeated',
    collect,
  );
  return withCodec(withAll);
}

function withCodec(command: Command): Command {
  return command.option('--codec <name>', 'for plain Majordomo workers, how bytes are meant: msgpack, json or raw');
}

function withTimes(command: Command): Command {
  const addTime = (flag: string, help: string): void => {
    command.addOption(new Option(flag, help));
  };
  addTime('--timeout <time>', 'how long the answer is worth having: 250ms, 5s, 2m (default: 30s)');
  addTime('--connect-timeout <time>', 'how long a broker may take to answer at all (default: 2s)');
  return command;
}

/**
 * Runs one command line to its end.
 *
 * @param argv the arguments, without the program.
 * @returns the exit code. It throws only for bugs.
 */
export async function run(argv: readonly string[]): Promise<number> {
  const program = new Program(readEnvironment());
  // `majordomo help broker` is `majordomo broker --help`, whose flags are added when it is chosen.
  const [first, ...rest] = argv;
  const wanted = first === 'help' ? [...rest.slice(0, 1), '--help'] : argv;
  try {
    await program.root.parseAsync(wanted, { from: 'user' });
    return program.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return tellParsing(error, wanted);
    throw error;
  }
}
