// ZMTP 3.0 (RFC 23) written by hand over bare TCP: for connections that stop in the middle, lie, or say nothing.

import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';

/** Ten bytes, then two of version, the mechanism, and that it is no server. */
export const SIGNATURE = Buffer.from('ff00000000000000017f', 'hex');
export const GREETING = Buffer.concat([SIGNATURE, Buffer.of(3, 0), Buffer.from('NULL'), Buffer.alloc(16 + 1 + 31)]);

const Flag = { more: 1, long: 2, command: 4 } as const;

/** A command frame. */
export function command(name: string, ...properties: readonly Buffer[]): Buffer {
  const body = Buffer.concat([Buffer.of(name.length), Buffer.from(name), ...properties]);
  return Buffer.concat([Buffer.of(Flag.command, body.length), body]);
}

export function property(name: string, value: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(value.length);
  return Buffer.concat([Buffer.of(name.length), Buffer.from(name), length, Buffer.from(value)]);
}

export const READY = command('READY', property('Socket-Type', 'DEALER'));

/** A message frame; `more`: another one follows. */
export function frame(body: string, more: boolean): Buffer {
  return Buffer.concat([Buffer.of(more ? Flag.more : 0, body.length), Buffer.from(body, 'latin1')]);
}

/** A long message frame of this length, of which only the head is sent. */
export function headOf(length: bigint): Buffer {
  const head = Buffer.alloc(9);
  head[0] = Flag.long;
  head.writeBigUInt64BE(length, 1);
  return head;
}

/** A TCP connection, and what has come on it and was not taken yet. */
export class RawConnection {
  #heard = Buffer.alloc(0);

  private constructor(readonly socket: Socket) {
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => (this.#heard = Buffer.concat([this.#heard, chunk])));
  }

  static async open(endpoint: string): Promise<RawConnection> {
    const { hostname: host, port } = new URL(endpoint);
    const connection = new RawConnection(createConnection({ host, port: Number(port) }));
    await once(connection.socket, 'connect');
    return connection;
  }

  async say(...pieces: readonly Buffer[]): Promise<void> {
    for (const piece of pieces) await new Promise((resolve) => this.socket.write(piece, resolve));
  }

  async sayBytewise(bytes: Buffer): Promise<void> {
    for (const byte of bytes) await this.say(Buffer.of(byte));
  }

  /** Takes so many bytes, when they have come. @throws when the connection ends before. */
  async take(bytes: number): Promise<Buffer> {
    while (this.#heard.length < bytes) {
      if (this.socket.destroyed) throw new Error(`closed after ${this.#heard.toString('latin1')}`);
      await Promise.race([once(this.socket, 'data'), once(this.socket, 'close')]);
    }
    const taken = this.#heard.subarray(0, bytes);
    this.#heard = this.#heard.subarray(bytes);
    return taken;
  }

  /** Takes a short frame. */
  async takeFrame(): Promise<{ readonly isCommand: boolean; readonly isLast: boolean; readonly body: string }> {
    const [flags = 0, length = 0] = await this.take(2);
    const body = (await this.take(length)).toString('latin1');
    return { isCommand: (flags & Flag.command) !== 0, isLast: (flags & Flag.more) === 0, body };
  }

  /** Takes a message, and what commands stand before it. */
  async takeMessage(): Promise<string[]> {
    const bodies: string[] = [];
    for (;;) {
      const { isCommand, isLast, body } = await this.takeFrame();
      if (isCommand) continue;
      bodies.push(body);
      if (isLast) return bodies;
    }
  }

  close(): void {
    this.socket.destroy();
  }
}
