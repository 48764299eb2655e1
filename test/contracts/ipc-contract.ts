// What every port that listens on ipc:// must keep, whatever carries it: a path is taken only when nobody loses anything by it.

import { once } from 'node:events';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ListeningPort } from '@majordomo/runtime';
import { staleSocketAt } from './stale-socket.js';

/** How a listener answers at a path. */
async function isListening(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

const SOCKET_PATH_BYTES = 107;

/** Runs the contract. @param makeRouter makes a port that nobody else has. */
export function ipcContract(name: string, makeRouter: () => ListeningPort): void {
  describe(`${name} over ipc`, () => {
    let folder: string;
    let path: string;
    const ports: ListeningPort[] = [];
    const servers: Server[] = [];
    const otherProgram = async (): Promise<void> => {
      const server = createServer().listen(path);
      servers.push(server);
      await once(server, 'listening');
    };
    const bind = (where: string): Promise<string> => {
      const port = makeRouter();
      ports.push(port);
      return port.bind(`ipc://${where}`);
    };
    const refusal = (reason: string) => ({ code: 'INVALID_OPTION', details: { reason } });

    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'mj-'));
      path = join(folder, 'broker.sock');
    });
    afterEach(async () => {
      await Promise.all(ports.splice(0).map((port) => port.shutdown(0)));
      for (const server of servers.splice(0)) server.close();
      rmSync(folder, { recursive: true });
    });

    test('a path on which a broker listens is refused, and that broker stays reachable when the second one has gone', async () => {
      await bind(path);
      await expect(bind(path)).rejects.toMatchObject(refusal('EADDRINUSE'));
      await ports.pop()?.shutdown(0);
      await expect(isListening(path)).resolves.toBe(true);
    });

    test('a path on which another program listens is refused', async () => {
      await otherProgram();
      await expect(bind(path)).rejects.toMatchObject(refusal('EADDRINUSE'));
      await expect(isListening(path)).resolves.toBe(true);
    });

    test('what is not a socket is refused and left alone: a file, a folder, a link', async () => {
      writeFileSync(path, 'precious');
      mkdirSync(join(folder, 'folder'));
      symlinkSync(path, join(folder, 'link'));
      symlinkSync(join(folder, 'nowhere'), join(folder, 'dangling'));
      for (const each of ['broker.sock', 'folder', 'link', 'dangling']) {
        await expect(bind(join(folder, each))).rejects.toMatchObject(refusal('EEXIST'));
      }
      expect(readFileSync(path, 'utf8')).toBe('precious');
      expect(lstatSync(join(folder, 'link')).isSymbolicLink()).toBe(true);
    });

    test('a socket that a killed process left is replaced', async () => {
      await staleSocketAt(path);
      await expect(bind(path)).resolves.toBe(`ipc://${path}`);
      await expect(isListening(path)).resolves.toBe(true);
    });

    test('of many that start on a stale socket at the same time one gets it, and it is reachable', async () => {
      await staleSocketAt(path);
      const ends = await Promise.allSettled(Array.from({ length: 12 }, () => bind(path)));
      const refused = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as unknown] : []));
      expect(refused).toHaveLength(11);
      for (const reason of refused) expect(reason).toMatchObject(refusal('EADDRINUSE'));
      await expect(isListening(path)).resolves.toBe(true);
    });

    test('the path is free after a shutdown, and nothing else is left in its folder', async () => {
      await bind(path);
      await ports.pop()?.shutdown(0);
      expect(readdirSync(folder)).toEqual([]);
      await expect(bind(path)).resolves.toBe(`ipc://${path}`);
      expect(readdirSync(folder)).toEqual(['broker.sock']);
    });

    test('a path that leads to the socket of another process by now is left to it', async () => {
      await bind(path);
      unlinkSync(path);
      await otherProgram();
      await ports.pop()?.shutdown(0);
      await expect(isListening(path)).resolves.toBe(true);
    });

    test('a lock that a killed process left long ago keeps nobody out', async () => {
      writeFileSync(`${path}.lock`, '1');
      utimesSync(`${path}.lock`, new Date(0), new Date(0));
      await expect(bind(path)).resolves.toBe(`ipc://${path}`);
      expect(existsSync(`${path}.lock`)).toBe(false);
    });

    test('a directory that is missing, is none or may not be written is named as the reason', async () => {
      writeFileSync(path, '');
      await expect(bind(join(folder, 'missing', 'x'))).rejects.toMatchObject(refusal('ENOENT'));
      await expect(bind(join(path, 'x'))).rejects.toMatchObject(refusal('ENOTDIR'));
      await expect(bind('/sys/majordomo.sock')).rejects.toMatchObject(refusal('EACCES'));
    });

    test('the longest path that fits can be used, a longer one is refused', async () => {
      const longest = join(folder, 'x'.repeat(SOCKET_PATH_BYTES - folder.length - 1));
      await expect(bind(longest)).resolves.toBe(`ipc://${longest}`);
      await expect(isListening(longest)).resolves.toBe(true);
      await expect(bind(`${longest}x`)).rejects.toMatchObject(refusal('EINVAL'));
    });

    test('a relative path is one of the working directory', async () => {
      const before = process.cwd();
      process.chdir(folder);
      try {
        await bind('broker.sock');
        await expect(isListening(path)).resolves.toBe(true);
      } finally {
        process.chdir(before);
      }
      await ports.pop()?.shutdown(0);
      expect(existsSync(path)).toBe(false);
    });
  });
}
