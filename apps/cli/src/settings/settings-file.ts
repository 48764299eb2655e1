// The file with settings: YAML, a map whose keys are the names of the options.
//
// F1. It is read only where it is named, by --config or MAJORDOMO_CONFIG: what a broker does must not depend on the folder it is started in.

import { readFile } from 'node:fs/promises';
import type { SettingsFile } from './settings.js';
import { UsageError } from './usage-error.js';

/** @throws UsageError when it cannot be read, is not YAML, or is not a map; with line and column where there is one. */
export async function readSettingsFile(path: string): Promise<SettingsFile> {
  const text = await readOrRefuse(path);
  const { parseDocument } = await import('yaml');
  const document = parseDocument(text, { prettyErrors: true });
  if (document.errors.length > 0) {
    // The first line of the message says what and where; an excerpt follows.
    throw new UsageError(
      document.errors.map((error) => `${path}: ${(error.message.split('\n')[0] ?? '').replace(/:$/, '')}`),
    );
  }
  const values: unknown = document.toJS();
  // An empty file, or one of comments alone.
  if (values === null || values === undefined) return { path, values: {} };
  if (typeof values !== 'object' || Array.isArray(values)) {
    throw new UsageError([`${path}: must be a map of settings, like "bind: tcp://127.0.0.1:5555"`]);
  }
  return { path, values: values as Record<string, unknown> };
}

async function readOrRefuse(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a folder' : String(code);
    throw new UsageError([`${path}: the file of settings cannot be read: ${why}`]);
  }
}
