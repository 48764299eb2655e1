// What every thread and every socket of a process, and of its children, is doing now: for a test that hangs, read from /proc.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** States of TCP as the kernel numbers them. */
const TCP_STATES = [
  '',
  'ESTABLISHED',
  'SYN_SENT',
  'SYN_RECV',
  'FIN_WAIT1',
  'FIN_WAIT2',
  'TIME_WAIT',
  'CLOSE',
  'CLOSE_WAIT',
  'LAST_ACK',
  'LISTEN',
  'CLOSING',
];
const LINES_MAX = 400;

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

function entries(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

/** Name, state (R runs, S sleeps, D waits for a device, T is stopped), the kernel function it waits in, and its CPU time in ticks. */
function threadsOf(pid: string): string[] {
  return entries(`/proc/${pid}/task`).map((id) => {
    const base = `/proc/${pid}/task/${id}`;
    const [state = '?', , , , , , , , , , , user = '?', system = '?'] = read(`${base}/stat`)
      .replace(/^.*\) /, '')
      .split(' ');
    return `  thread ${id} ${read(`${base}/comm`)}: ${state}, waits in ${read(`${base}/wchan`) || '?'}, ${user}+${system} ticks`;
  });
}

/** By inode: where from, where to, state, and bytes in the queues to send and to read. */
function connectionsOf(pid: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const name of ['tcp', 'tcp6']) {
    for (const line of read(`/proc/${pid}/net/${name}`).split('\n').slice(1)) {
      const [, local = '', remote = '', state = '', queues = '', , , , , inode = ''] = line.trim().split(/\s+/);
      const [send = '0', receive = '0'] = queues.split(':').map((each) => String(parseInt(each, 16)));
      const portOf = (address: string): number => parseInt(address.split(':').pop() ?? '', 16);
      const what = TCP_STATES[parseInt(state, 16)] ?? state;
      found.set(inode, `port ${portOf(local)} to ${portOf(remote)} ${what}, ${send} to send, ${receive} to read`);
    }
  }
  return found;
}

function socketsOf(pid: string): string[] {
  const connections = connectionsOf(pid);
  const others = new Map<string, number>();
  const lines: string[] = [];
  for (const number of entries(`/proc/${pid}/fd`)) {
    const target = link(`/proc/${pid}/fd/${number}`);
    const connection = connections.get(/^socket:\[(\d+)\]$/.exec(target)?.[1] ?? '');
    if (connection !== undefined) lines.push(`  descriptor ${number}: ${connection}`);
    else {
      const kind = target.replace(/:\[\d+\]$/, '');
      others.set(kind, (others.get(kind) ?? 0) + 1);
    }
  }
  for (const [kind, count] of others) if (/^(?:anon_inode|socket|pipe)/.test(kind)) lines.push(`  ${count} of ${kind}`);
  return lines;
}

function withChildren(pid: string): string[] {
  const children = entries(`/proc/${pid}/task`).flatMap((id) =>
    read(`/proc/${pid}/task/${id}/children`)
      .split(' ')
      .filter((child) => child !== ''),
  );
  return [pid, ...children.flatMap(withChildren)];
}

/**
 * Describes a process and its children.
 *
 * @returns lines of text, bounded; where there is no /proc only what Node knows of this process.
 */
export function whatHangs(pid = process.pid): string {
  const lines = withChildren(String(pid)).flatMap((each) => [
    `process ${each}: ${read(`/proc/${each}/cmdline`).replaceAll('\0', ' ').slice(0, 200)}`,
    ...threadsOf(each),
    ...socketsOf(each),
  ]);
  if (pid === process.pid) lines.push(`waiting in this process: ${process.getActiveResourcesInfo().join(', ')}`);
  const left = lines.length - LINES_MAX;
  return [...lines.slice(0, LINES_MAX), ...(left > 0 ? [`and ${left} lines more`] : [])].join('\n');
}
