// Reads the kinds that are one value each and not plain: dates, big integers, typed arrays, undefined.

import { arrayOf } from './binary.js';
import { bigIntOf } from './bigint.js';
import { ByteReader, Fault } from './byte-reader.js';
import { Extension } from './format.js';
import { msOf } from './timestamp.js';

export class ExtensionReader extends ByteReader {
  /** @param length of the content, which comes next. */
  protected readScalar(type: number, length: number): unknown {
    const content = this.viewBytes(length);
    switch (type) {
      case Extension.undefined:
        return undefined;
      case Extension.bigint:
        if (length > 0) return bigIntOf(content);
        break;
      case Extension.timestamp:
        return dateOf(msOf(content));
      case Extension.typedArray:
        return (
          arrayOf(content[0] ?? -1, content.subarray(1)) ?? fault('a typed array in it has no kind, or half an element')
        );
      default:
    }
    return fault(`it has an extension of type ${type}, which says nothing here`);
  }
}

function dateOf(ms: number | undefined): unknown {
  const date = new Date(ms ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? fault('a date in it is none that JavaScript has') : date;
}

function fault(problem: string): never {
  throw new Fault(problem);
}
