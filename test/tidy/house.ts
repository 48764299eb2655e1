// The repository as the house rules see it: every file that is written by hand, with its text.
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sourceOf, type Source } from './source.js';

/** All files by their path from the root, with forward slashes. Rules take a house, so that they can be shown a bad one. */
export interface House {
  readonly paths: readonly string[];
  /** The text, or undefined when there is no such file. */
  text(path: string): string | undefined;
  /** The text taken apart. Throws when there is no such file. */
  source(path: string): Source;
}

const GENERATED = new Set(['node_modules', 'dist', 'coverage', '.git', '.nx', 'package-lock.json']);

/** A house of the texts given. */
export function houseOf(texts: ReadonlyMap<string, string>): House {
  const sources = new Map<string, Source>();
  return {
    paths: [...texts.keys()].sort(),
    text: (path) => texts.get(path),
    source: (path) => {
      const text = texts.get(path);
      if (text === undefined) throw new Error(`no file ${path}`);
      const source = sources.get(path) ?? sourceOf(text);
      sources.set(path, source);
      return source;
    },
  };
}

/** This repository, without what is generated. Files that are not text are read as if they were. */
export function readHouse(): House {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const texts = new Map<string, string>();
  const walk = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      if (GENERATED.has(entry.name)) continue;
      const path = posix.join(folder, entry.name);
      if (entry.isDirectory()) walk(path);
      else if (entry.isFile()) texts.set(path, readFileSync(join(root, path), 'utf8'));
    }
  };
  walk('');
  return houseOf(texts);
}

/** `libs/protocol` for a path in that package, undefined for one in none. */
export function packageOf(path: string): string | undefined {
  return /^(?:libs|apps)\/[^/]+(?=\/)/.exec(path)?.[0];
}

/** Sources of the published packages, specs included. */
export function sourcePaths(house: House): string[] {
  return house.paths.filter((path) => /^(?:libs|apps)\/[^/]+\/src\/.*\.(?:ts|mts|tsx)$/.test(path));
}

/** Is it a test of a package, beside what it tests? */
export function isSpec(path: string): boolean {
  return /\.spec\.tsx?$/.test(path);
}

/** Is it in a room that must be pure: a core, or the protocol? Specs are not. */
export function isPure(path: string): boolean {
  return !isSpec(path) && (isInCore(path) || path.startsWith('libs/protocol/src/'));
}

/** Is it below a core folder? */
export function isInCore(path: string): boolean {
  return /^(?:libs|apps)\/[^/]+\/src\/(?:.*\/)?core\//.test(path);
}

/** The file that a relative import means, whatever extension it is written with; undefined when there is none. */
export function resolveImport(house: House, from: string, specifier: string): string | undefined {
  const target = posix.join(posix.dirname(from), specifier);
  const stem = target.replace(/\.[cm]?js$/, '');
  return [`${stem}.ts`, `${stem}.tsx`, `${stem}.mts`, target].find((path) => house.text(path) !== undefined);
}
