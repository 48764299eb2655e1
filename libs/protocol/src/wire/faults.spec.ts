// Every fault by its name, with the least message that has it (docs/protocol.md, section 8).

import { WIRE_LIMITS } from '../limits.js';
import { Kind } from '../records.js';
import { decodeMessage, isNative, type FaultName } from './decode.js';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const faultOf = (...frames: Uint8Array[]): FaultName | undefined => decodeMessage(frames).fault;
/** One batch with what is behind its opening. */
const batch = (text: string): Buffer => hex(`9d01 ${text}`);

const HEARTBEAT = '00000002 05 00';
/** DISPATCH, FINAL, REQUEST and OFFER up to a field, to be completed. */
const FINAL_TO_HEADERS = '1b 00 0000000000000001 00000000';
const REQUEST_TO_KEY = '11 00 0000000000000001 0000 00000001 00000000 00000000 00000000';
const HELLO_TO_IDENTITY = '01 00 01 01 01 0000000000000001 00000000 00000000 00000000';
const OFFER_TO_COUNT = '20 00 0000 00000000';

/** A record: its length is put in front. */
function record(text: string): string {
  return `${hex(text).length.toString(16).padStart(8, '0')}${text}`;
}

describe('what is not a native batch', () => {
  test('no frames at all are NOT_NATIVE', () => {
    expect(faultOf()).toBe('NOT_NATIVE');
  });

  test('an empty frame is NOT_NATIVE: so begins MDP/0.1 (W2)', () => {
    expect(faultOf(hex(''))).toBe('NOT_NATIVE');
    expect(isNative(hex(''))).toBe(false);
  });

  test('a first byte other than 9d is NOT_NATIVE (W2)', () => {
    expect(faultOf(hex('9c01 00000002 05 00'))).toBe('NOT_NATIVE');
    expect(faultOf(Buffer.from('MDPC02'), Buffer.from('01'))).toBe('NOT_NATIVE');
  });

  test('9d alone is NOT_NATIVE: the version is missing', () => {
    expect(faultOf(hex('9d'))).toBe('NOT_NATIVE');
  });

  test('another version is WRONG_VERSION, whatever follows (W15)', () => {
    expect(faultOf(hex('9d02'))).toBe('WRONG_VERSION');
    expect(faultOf(hex('9d00 00000002 05 00'))).toBe('WRONG_VERSION');
  });

  test('no record behind the opening is EMPTY_BATCH', () => {
    expect(faultOf(hex('9d01'))).toBe('EMPTY_BATCH');
  });
});

describe('lengths', () => {
  test.each(['00', '000000', '0000000205'])('a record that ends in its own header (%s) is TRUNCATED_RECORD', (text) => {
    expect(faultOf(batch(text))).toBe('TRUNCATED_RECORD');
  });

  test.each(['00000003 05 00', 'ffffffff 05 00', '7fffffff 05 00', '80000000 05 00'])(
    'a length that goes past the batch (%s) is TRUNCATED_RECORD (W5)',
    (text) => {
      expect(faultOf(batch(text))).toBe('TRUNCATED_RECORD');
    },
  );

  test.each(['00000000 05 00', '00000001 05 00'])(
    'a length with no room for kind and flags (%s) is BAD_LENGTH',
    (text) => {
      expect(faultOf(batch(text))).toBe('BAD_LENGTH');
    },
  );

  test('a record that is longer than its fields is BAD_LENGTH (W5)', () => {
    expect(faultOf(batch('00000003 05 00 00'))).toBe('BAD_LENGTH');
    expect(faultOf(batch(record('14 00 0000000000000001 00')))).toBe('BAD_LENGTH');
  });

  test('a record that is shorter than its fields is BAD_LENGTH, although more bytes follow it (W5)', () => {
    expect(faultOf(batch(`${record('14 00 00000000000000')}${HEARTBEAT}`))).toBe('BAD_LENGTH');
  });

  test('a text that goes past its record is BAD_LENGTH (W7)', () => {
    expect(faultOf(batch(record('10 00 0000 05 61626364')))).toBe('BAD_LENGTH');
    expect(faultOf(batch(`${record('10 00 0000 02 6162')}${HEARTBEAT}`))).toBe('BAD_LENGTH');
  });

  test('headers that go past their record are BAD_LENGTH', () => {
    expect(faultOf(batch(`${record(`${FINAL_TO_HEADERS} 00000002 80`)}${HEARTBEAT}`))).toBe('BAD_LENGTH');
  });

  test('a REQUEST whose key leaves no room for the length of the headers is BAD_LENGTH', () => {
    expect(faultOf(batch(record(`${REQUEST_TO_KEY} 04 61626364`)))).toBe('BAD_LENGTH');
  });

  test('an OFFER with fewer methods than it counts is BAD_LENGTH', () => {
    expect(faultOf(batch(record(`${OFFER_TO_COUNT} 0001 01 73`)))).toBe('BAD_LENGTH');
  });

  test('bytes behind the last method of an OFFER are BAD_LENGTH', () => {
    expect(faultOf(batch(record(`${OFFER_TO_COUNT} 0000 01 73 00`)))).toBe('BAD_LENGTH');
  });
});

describe('kinds and flags', () => {
  const known = new Set<number>(Object.values(Kind));
  const unknown = Array.from({ length: 256 }, (_, kind) => kind).filter((kind) => !known.has(kind));

  test('each of the kinds that version 1 does not know is UNKNOWN_KIND, the reserved 3 and 4 among them (W10)', () => {
    expect(unknown).toEqual(expect.arrayContaining([0, 3, 4, 255]));
    for (const kind of unknown)
      expect(faultOf(batch(record(`${kind.toString(16).padStart(2, '0')} 00`)))).toBe('UNKNOWN_KIND');
  });

  test('a flag that the kind does not know is UNKNOWN_FLAG (W10)', () => {
    expect(faultOf(batch('00000002 05 01'))).toBe('UNKNOWN_FLAG');
    expect(faultOf(batch(record('13 02 0000000000000001 00000000 00000000')))).toBe('UNKNOWN_FLAG');
    expect(faultOf(batch(record('11 10 0000000000000001 0000 00000001 00000000 00000000 00000000 00 00000000')))).toBe(
      'UNKNOWN_FLAG',
    );
  });

  test('a body frame for a kind without body is UNKNOWN_FLAG', () => {
    expect(faultOf(batch('00000002 05 80'), hex('00'))).toBe('UNKNOWN_FLAG');
  });

  test('an unknown flag of a method is UNKNOWN_FLAG', () => {
    expect(faultOf(batch(record(`${OFFER_TO_COUNT} 0001 01 73 04 00000000 0000 01 6d`)))).toBe('UNKNOWN_FLAG');
  });
});

describe('numbers and texts', () => {
  test('a number over 2^53 - 1 is NUMBER_OUT_OF_RANGE (W6)', () => {
    expect(faultOf(batch(record('14 00 001fffffffffffff')))).toBeUndefined();
    expect(faultOf(batch(record('14 00 0020000000000000')))).toBe('NUMBER_OUT_OF_RANGE');
    expect(faultOf(batch(record('14 00 ffffffffffffffff')))).toBe('NUMBER_OUT_OF_RANGE');
  });

  test('a time over 2^31 - 1 ms is NUMBER_OUT_OF_RANGE (W6)', () => {
    const error = '1c 00 0000000000000001 0005 00 01';
    expect(faultOf(batch(record(`${error} 7fffffff`)))).toBeUndefined();
    expect(faultOf(batch(record(`${error} 80000000`)))).toBe('NUMBER_OUT_OF_RANGE');
  });

  test('an expiry or a delay over 10 years is NUMBER_OUT_OF_RANGE (W6)', () => {
    const submit = (expires: string, delay: string): string =>
      record(`15 00 0000000000000001 0000 00000000 ${expires} ${delay} 00 00 00 00000000`);
    const [most, more] = ['000000496cebb800', '000000496cebb801'];
    expect(faultOf(batch(submit(most, most)))).toBeUndefined();
    expect(faultOf(batch(submit(more, most)))).toBe('NUMBER_OUT_OF_RANGE');
    expect(faultOf(batch(submit(most, more)))).toBe('NUMBER_OUT_OF_RANGE');
  });

  test.each([
    ['a CANCEL reason', '12 00 0000000000000001 06'],
    ['a storage', '18 00 0000000000000001 03 0000000000000000 0000000000000000'],
    ['a priority', '15 00 0000000000000001 0000 00000000 0000000000000000 0000000000000000 0a 00 00 00000000'],
    ['a word for whether it ran', '23 00 0000000000000001 03'],
    ['a stage', '1c 00 0000000000000001 0005 00 05 00000000'],
  ])('%s that is not in its list is NUMBER_OUT_OF_RANGE', (_what, text) => {
    expect(faultOf(batch(record(text)))).toBe('NUMBER_OUT_OF_RANGE');
  });

  test.each([
    ['a NUL', '00'],
    ['a line feed', '0a'],
    ['DEL', '7f'],
    ['a byte that begins no character', 'ff'],
    ['half a character', 'c3'],
    ['a surrogate', 'eda080'],
    ['an overlong slash', 'c0af'],
  ])('%s in a text is BAD_TEXT (W7)', (_what, bytes) => {
    const length = (bytes.length / 2).toString(16).padStart(2, '0');
    expect(faultOf(batch(record(`${HELLO_TO_IDENTITY} ${length} ${bytes} 00`)))).toBe('BAD_TEXT');
    expect(faultOf(batch(record(`06 00 0000 ${bytes}`)))).toBe('BAD_TEXT');
  });

  test('an error number that this version does not know is no fault: it reads as INTERNAL', () => {
    expect(decodeMessage([batch(record('1c 00 0000000000000001 ffff 00 01 00000000'))])).toMatchObject({
      records: [{ code: 'INTERNAL' }],
    });
  });
});

describe('sizes', () => {
  test('headers over their limit are TOO_LARGE before anything of them is looked at', () => {
    const over = (WIRE_LIMITS.headersBytesMax + 1).toString(16).padStart(8, '0');
    expect(faultOf(batch(record(`${FINAL_TO_HEADERS} ${over}`)))).toBe('TOO_LARGE');
    expect(faultOf(batch(record(`${FINAL_TO_HEADERS} ffffffff`)))).toBe('TOO_LARGE');
  });

  test('a reason of GOODBYE over its limit is TOO_LARGE', () => {
    const reason = (length: number): string => '61'.repeat(length);
    expect(faultOf(batch(record(`06 00 0000 ${reason(WIRE_LIMITS.reasonBytesMax)}`)))).toBeUndefined();
    expect(faultOf(batch(record(`06 00 0000 ${reason(WIRE_LIMITS.reasonBytesMax + 1)}`)))).toBe('TOO_LARGE');
  });

  test('more methods than a service may have are TOO_LARGE', () => {
    expect(faultOf(batch(record(`${OFFER_TO_COUNT} 0101 01 73`)))).toBe('TOO_LARGE');
  });

  test('more bytes in all frames together than were agreed are TOO_LARGE (W11)', () => {
    const frames = [batch(`${record('1a 80 0000000000000001')}`), Buffer.alloc(100)];
    expect(decodeMessage(frames, 118).fault).toBeUndefined();
    expect(decodeMessage(frames, 113).fault).toBe('TOO_LARGE');
  });

  test('one record more than a batch may hold is TOO_MANY_RECORDS', () => {
    const one = hex(HEARTBEAT);
    const full = Buffer.concat([hex('9d01'), Buffer.alloc(one.length * WIRE_LIMITS.recordsPerMessageMax, one)]);
    expect(decodeMessage([full])).toMatchObject({ records: { length: WIRE_LIMITS.recordsPerMessageMax } });
    expect(faultOf(Buffer.concat([full, one]))).toBe('TOO_MANY_RECORDS');
  });

  test('one body frame more than a message may have is TOO_MANY_FRAMES', () => {
    const frame = Buffer.from('x');
    const many = Array.from({ length: WIRE_LIMITS.bodyFramesMax }, () => frame);
    const records = record('1a 80 0000000000000001').repeat(WIRE_LIMITS.bodyFramesMax);
    expect(faultOf(batch(records), ...many)).toBeUndefined();
    expect(faultOf(batch(records), ...many, frame)).toBe('TOO_MANY_FRAMES');
  });
});

describe('body frames', () => {
  const PROGRESS_IN_FRAME = record('1a 80 0000000000000001');

  test('a record whose body frame is not there is BODY_FRAME_MISSING (W8)', () => {
    expect(faultOf(batch(PROGRESS_IN_FRAME))).toBe('BODY_FRAME_MISSING');
    expect(faultOf(batch(PROGRESS_IN_FRAME + PROGRESS_IN_FRAME), hex('00'))).toBe('BODY_FRAME_MISSING');
  });

  test('a frame that no record asks for is BODY_FRAME_SPARE (W8)', () => {
    expect(faultOf(batch(HEARTBEAT), hex(''))).toBe('BODY_FRAME_SPARE');
    expect(faultOf(batch(PROGRESS_IN_FRAME), hex('00'), hex('00'))).toBe('BODY_FRAME_SPARE');
  });

  test('a record with its body in a frame and bytes inline as well is BAD_LENGTH (W8)', () => {
    expect(faultOf(batch(record('1a 80 0000000000000001 00')), hex('00'))).toBe('BAD_LENGTH');
  });

  test('an empty body frame is a body of no bytes', () => {
    expect(decodeMessage([batch(PROGRESS_IN_FRAME), hex('')])).toMatchObject({ records: [{ body: { length: 0 } }] });
  });
});

describe('one bad record', () => {
  test('spoils its whole message: nothing before it is taken (W9)', () => {
    expect(decodeMessage([batch(`${HEARTBEAT}${HEARTBEAT}00000002 03 00`)])).toEqual({
      fault: 'UNKNOWN_KIND',
      at: expect.any(Number),
    });
  });

  test('leaves nothing behind: the next message is read as if nothing had been', () => {
    expect(faultOf(batch('ffffffff 05 00'))).toBe('TRUNCATED_RECORD');
    expect(faultOf(batch(HEARTBEAT))).toBeUndefined();
  });

  test('is told with the byte at which it was seen', () => {
    expect(decodeMessage([batch(`${HEARTBEAT}00000000 0500`)])).toEqual({ fault: 'BAD_LENGTH', at: 12 });
    expect(decodeMessage([hex('9d07')])).toEqual({ fault: 'WRONG_VERSION', at: 1 });
  });
});
