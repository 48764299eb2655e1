// Big integers as bytes: two's complement, big-endian, as few bytes as they take.

/** @returns at least one byte. */
export function bytesOfBigInt(value: bigint): Buffer {
  // What has to fit beside the sign: of -1 it is 0, as of 0.
  const magnitude = value < 0n ? -value - 1n : value;
  const digits = magnitude.toString(16);
  const needsByteForSign = digits.length % 2 === 0 && Number.parseInt(digits.charAt(0), 16) >= 8;
  const length = Math.ceil(digits.length / 2) + (needsByteForSign ? 1 : 0);
  const complement = value < 0n ? (1n << BigInt(8 * length)) + value : value;
  return Buffer.from(complement.toString(16).padStart(2 * length, '0'), 'hex');
}

/** @param bytes at least one. */
export function bigIntOf(bytes: Uint8Array): bigint {
  const digits = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
  const complement = BigInt(`0x${digits}`);
  const isNegative = (bytes[0] as number) >= 0x80;
  return isNegative ? complement - (1n << BigInt(8 * bytes.length)) : complement;
}
