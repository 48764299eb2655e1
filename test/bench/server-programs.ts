// How each server is run: its program, its settings, and how it is greeted to find out that it listens and which version it is.

import { spawnSync } from 'node:child_process';
import { accessSync, constants, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import type { ServerName } from './catalogue.js';

export interface Program {
  readonly file: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** What is said to a server after connecting, and where in its answer the version stands. */
export interface Greeting {
  readonly ask: string;
  readonly version: RegExp;
}

/** What to start for a server, in this order: the server itself is the last. */
export interface Plan {
  readonly programs: readonly Program[];
  readonly port: number;
  readonly greeting: Greeting;
}

const NATS: Greeting = { ask: '', version: /"version":"([^"]+)"/ };
const REDIS: Greeting = { ask: 'INFO server\r\n', version: /redis_version:(\S+)/ };
const GREETINGS: Readonly<Record<ServerName, Greeting>> = {
  'nats-server': NATS,
  'nats-server, JetStream': NATS,
  'redis-server': REDIS,
  'redis-server, appendfsync': REDIS,
  // Its first frame is a table of properties; a string is its type, S, and its length in four bytes.
  'rabbitmq-server': { ask: 'AMQP\0\0\x09\x01', version: /versionS[^]{4}([\d.]+)/ },
};

/** Debian's rabbitmq-server on the PATH changes the user and drops the environment; this is what it calls. */
const RABBITMQ_UNWRAPPED = '/usr/lib/rabbitmq/bin/rabbitmq-server';

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

// Debian installs servers where a user who is not root does not look.
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/sbin'];

function found(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...SYSTEM_FOLDERS];
  return folders.map((folder) => join(folder, name)).find(isProgram);
}

/** Ports that were free a moment ago, all different. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  await Promise.all(servers.map((server) => new Promise<void>((done) => server.listen(0, '127.0.0.1', () => done()))));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}

/** What to start; the reason when its program is not there. */
export async function programsOf(name: ServerName, home: string): Promise<Plan | { readonly reason: string }> {
  // The same program may be run in more than one way.
  const [program = name] = name.split(',');
  const file = found(program);
  if (file === undefined) return { reason: `${program} is not on the PATH` };
  const [port = 0, ...more] = await freePorts(3);
  const greeting = GREETINGS[name];
  switch (name) {
    case 'nats-server':
      return { programs: [{ file, args: ['-a', '127.0.0.1', '-p', String(port)] }], port, greeting };
    case 'nats-server, JetStream':
      return { programs: [{ file, args: jetStream({ file, home, port }) }], port, greeting };
    case 'redis-server, appendfsync': {
      // Every write is on disk before its answer, and nothing is written anew meanwhile.
      const durable = ['--appendonly', 'yes', '--appendfsync', 'always', '--auto-aof-rewrite-percentage', '0'];
      const args = ['--bind', '127.0.0.1', '--port', String(port), '--dir', home, '--save', '', ...durable];
      return { programs: [{ file, args }], port, greeting };
    }
    case 'redis-server': {
      const args = ['--bind', '127.0.0.1', '--port', String(port), '--dir', home, '--save', '', '--appendonly', 'no'];
      return { programs: [{ file, args }], port, greeting };
    }
    case 'rabbitmq-server': {
      const epmd = found('epmd');
      if (epmd === undefined) return { reason: 'epmd, which rabbitmq-server needs, is not on the PATH' };
      return { programs: rabbitmq({ file, epmd, home, port, ports: more }), port, greeting };
    }
    default:
      return name satisfies never;
  }
}

/** As strict as this server can be: from 2.10 on it is told to be on disk before it answers; before that there is no such setting. */
function jetStream({
  file,
  home,
  port,
}: {
  readonly file: string;
  readonly home: string;
  readonly port: number;
}): string[] {
  const config = join(home, 'nats.conf');
  const write = (sync: string): void =>
    writeFileSync(config, `listen: "127.0.0.1:${port}"\njetstream { store_dir: "${home}"\n${sync} }\n`);
  write('sync_interval: always');
  const { status } = spawnSync(file, ['-t', '-c', config], { stdio: 'ignore' });
  if (status !== 0) write('');
  return ['-c', config];
}

interface RabbitmqInit {
  readonly file: string;
  readonly epmd: string;
  readonly home: string;
  readonly port: number;
  readonly ports: readonly number[];
}

// A node of its own name with a port mapper of its own, so that it neither meets nor leaves behind any other.
function rabbitmq({ file, epmd, home, port, ports }: RabbitmqInit): Program[] {
  const [mapperPort, distributionPort] = ports.map(String) as [string, string];
  const plugins = join(home, 'enabled_plugins');
  writeFileSync(plugins, '[].\n');
  const mapper = { ERL_EPMD_PORT: mapperPort, ERL_EPMD_ADDRESS: '127.0.0.1', HOME: home };
  const environment = {
    ...mapper,
    RABBITMQ_NODENAME: `bench-${process.pid}@localhost`,
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_DIST_PORT: distributionPort,
    RABBITMQ_MNESIA_BASE: join(home, 'mnesia'),
    RABBITMQ_LOG_BASE: join(home, 'log'),
    RABBITMQ_PID_FILE: join(home, 'pid'),
    RABBITMQ_ENABLED_PLUGINS_FILE: plugins,
    RABBITMQ_CONF_ENV_FILE: join(home, 'rabbitmq-env.conf'),
    RABBITMQ_CONFIG_FILE: join(home, 'rabbitmq'),
    // The script then becomes the server, rather than being a shell that waits for it: its pid is the one to look at and to end.
    RUNNING_UNDER_SYSTEMD: 'true',
  };
  return [
    { file: epmd, args: [], environment: mapper },
    { file: isProgram(RABBITMQ_UNWRAPPED) ? RABBITMQ_UNWRAPPED : file, args: [], environment },
  ];
}
