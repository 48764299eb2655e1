// The house rules about sources, each a question to a house whose answer is the list of what breaks it.
//
// R1. A rule names the place (path, and line where there is one) and what is wrong there, one entry for each.
import { posix } from 'node:path';
import { isInCore, isPure, isSpec, packageOf, resolveImport, sourcePaths, type House } from './house.js';
import { lineAt } from './source.js';

const FACES = ['broker', 'caller', 'client', 'protocol', 'runtime', 'worker'];

// The floors (ARCHITECTURE.md): what each package may import of the others. A package without a row may not exist.
const FLOORS: Readonly<Record<string, readonly string[]>> = {
  'libs/protocol': [],
  'libs/runtime': ['protocol'],
  'libs/caller': ['protocol', 'runtime'],
  'apps/broker': ['protocol', 'runtime'],
  'apps/worker-sdk': ['caller', 'protocol', 'runtime'],
  'apps/client-sdk': ['caller', 'protocol', 'runtime'],
  'apps/cli': FACES,
  'apps/nestjs': FACES,
  'apps/dashboard': FACES,
};

// What the protocol may use beyond the language: the types of schemas.
const PROTOCOL_USES = ['@standard-schema/spec'];

const isRelative = (specifier: string): boolean => specifier.startsWith('.');

function isNode(specifier: string, ...modules: string[]): boolean {
  return modules.some((name) => specifier === `node:${name}` || specifier === name);
}

function floorFault(house: House, path: string, specifier: string): string | undefined {
  const home = packageOf(path) ?? '';
  const floors = FLOORS[home];
  if (floors === undefined) return `${home} has no floor`;
  if (isRelative(specifier)) {
    const target = posix.join(posix.dirname(path), specifier);
    if (!target.startsWith(`${home}/`)) return `leaves its package for ${target}`;
    if (isPure(path) && isInCore(path) && !isInCore(target)) return `leaves the core for ${target}`;
    return undefined;
  }
  const sibling = /^@majordomo\/([^/]+)(\/.*)?$/.exec(specifier);
  if (sibling !== null) {
    if (sibling[2] !== undefined) return `goes past the door of a package: ${specifier}`;
    if (!floors.includes(sibling[1] ?? '')) return `${home} may not import ${specifier}`;
    if (isPure(path) && sibling[1] !== 'protocol') return `a core may not import ${specifier}`;
    return undefined;
  }
  const allowed = home === 'libs/protocol' ? PROTOCOL_USES : [];
  return isPure(path) && !allowed.includes(specifier) ? `a pure room may not import ${specifier}` : undefined;
}

/** Imports that go to a floor that is not below, out of a package, or past its door. */
export function brokenFloors(house: House): string[] {
  return sourcePaths(house).flatMap((path) =>
    house.source(path).imports.flatMap((specifier) => {
      const fault = floorFault(house, path, specifier);
      return fault === undefined ? [] : [`${path}: ${fault}`];
    }),
  );
}

function filesOf(house: House, path: string, specifiers: readonly string[]): string[] {
  return specifiers
    .filter(isRelative)
    .flatMap((specifier) => resolveImport(house, path, specifier) ?? [])
    .filter((target) => /\.(?:ts|mts|tsx)$/.test(target));
}

/** Files that import each other in a circle, each circle once. An import of types counts: it binds two rooms as much as any. */
export function circles(house: House): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const seen = trail.indexOf(path);
    if (seen >= 0) found.push([...trail.slice(seen), path].join(' → '));
    if (seen >= 0 || done.has(path)) return;
    for (const next of filesOf(house, path, house.source(path).imports)) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of house.paths) if (/^(?:libs|apps|test)\/.*\.(?:ts|mts|tsx)$/.test(path)) visit(path, []);
  return found;
}

// A word that stands for itself: not a property, not part of a longer word, not the key of an object or a field.
const free = (word: string): RegExp => new RegExp(`(?<![.\\w$#])${word}\\b(?!\\s*\\??:)`, 'g');

const IMPURE: Readonly<Record<string, RegExp>> = {
  // A date that is given, and the methods of one, tell no time.
  Date: /(?<![.\w$#])(?<!new )Date\b(?!\s*\??:|\.prototype\.)|(?<![.\w$#])new Date\b(?!\([^)\s])/g,
  performance: free('performance'),
  'Math.random': /\bMath\s*(?:\.\s*random\b|\[)/g,
  crypto: free('crypto'),
  globalThis: free('globalThis'),
  process: /(?<![.\w$#])process\s*(?:\.|\?\.|\[)/g,
  timers: /\b(?:setTimeout|setInterval|setImmediate|queueMicrotask)\b/g,
  zeromq: free('zeromq'),
  async: /(?<![.\w$#])async\s/g,
  await: /(?<![.\w$#])await\b/g,
};

function places(house: House, path: string, what: string, pattern: RegExp, view: 'code' | 'text' = 'code'): string[] {
  const source = house.source(path);
  return [...source[view].matchAll(pattern)].map((match) => `${path}:${lineAt(source.text, match.index)}: ${what}`);
}

/** Clocks, timers, chance, processes, sockets and promises in the cores and the protocol. Their imports are a matter of floors. */
export function impurities(house: House): string[] {
  return sourcePaths(house)
    .filter(isPure)
    .flatMap((path) => Object.entries(IMPURE).flatMap(([what, pattern]) => places(house, path, what, pattern)));
}

/** Real timers and sockets outside libs/runtime. */
export function strayTimersAndSockets(house: House): string[] {
  return sourcePaths(house)
    .filter((path) => packageOf(path) !== 'libs/runtime')
    .flatMap((path) => [
      ...places(house, path, 'a real timer', /\b(?:setTimeout|setInterval)\b|\bAbortSignal\s*\.\s*timeout\b/g),
      ...house
        .source(path)
        .imports.filter((specifier) => isNode(specifier, 'timers', 'timers/promises'))
        .map((specifier) => `${path}: a real timer, by ${specifier}`),
      ...house
        .source(path)
        .imports.filter((specifier) => /^zeromq(?:\/|$)/.test(specifier))
        .map(() => `${path}: a real socket`),
    ]);
}

// The brackets keep this file from breaking its own rule.
const UNFINISHED = /\b(?:TO[D]O|FIX[M]E|X[X]X)\b/g;
const SILENCED = /@ts-(?:ignor[e]|nochec[k])\b/g;
const ANY = /(?:[:<,|&(=[]|=>|\b(?:as|extends|is|readonly|satisfies))\s*any\b(?!\s*[(:?.]|\s*=>)/g;
const DEFAULT_EXPORT = /\bexport\s+default\b|\bexport\s*\{[^}]*\bas\s+default\b|\bexport\s*=(?!=)/g;

/** Marks of unfinished work, the `any` type, silenced type errors, default exports. */
export function shortcuts(house: House): string[] {
  return house.paths
    .filter((path) => /^(?:libs|apps|test)\/.*\.(?:ts|mts|tsx)$/.test(path))
    .flatMap((path) => [
      ...places(house, path, 'unfinished work', UNFINISHED, 'text'),
      ...places(house, path, 'a silenced type error', SILENCED, 'text'),
      ...places(house, path, 'the type any', ANY),
      ...places(house, path, 'a default export', DEFAULT_EXPORT),
    ]);
}

const EMPTY_WORDS = /^(?:utils?|helpers?|common|misc|managers?|impl)$/;

/** Files and folders whose name says nothing about what is inside. */
export function emptyNames(house: House): string[] {
  return house.paths.filter(
    (path) =>
      /^(?:libs|apps|test|tools|examples)\//.test(path) &&
      path.split('/').some((part) => {
        const stem = part.split('.')[0] ?? '';
        const words = stem.replace(/([a-z0-9])([A-Z])/g, '$1-$2').toLowerCase();
        return words.split(/[-_]/).some((word) => EMPTY_WORDS.test(word));
      }),
  );
}

const HANDWRITTEN = /^(?:(?:libs|apps)\/[^/]+\/(?:src|bin)|test|tools|examples)\/.*\.(?:[cm]?ts|tsx|[cm]?js)$/;

/** Files whose first line is not a comment with at least two words in it. A shebang may stand before it. */
export function unannounced(house: House): string[] {
  return house.paths.filter((path) => {
    if (!HANDWRITTEN.test(path)) return false;
    const [first = '', second = ''] = (house.text(path) ?? '').replace(/^#!.*\n/, '').split('\n');
    const comment = /^\/\*\*?\s*$/.test(first) ? second : /^\/[/*]/.test(first) ? first : '';
    return (comment.match(/[A-Za-z]{2,}/g) ?? []).length < 2;
  });
}

/** The most lines that a source may have. */
export const LINES_MAX = 400;

/** Sources too long to be one room. */
export function overlong(house: House): string[] {
  return sourcePaths(house).flatMap((path) => {
    const lines = (house.text(path) ?? '').replace(/\n$/, '').split('\n').length;
    return lines > LINES_MAX ? [`${path}: ${lines} lines`] : [];
  });
}

// Where a package can be entered: its index, its main, its specs, its bin files, and what package.json exports.
function doors(house: House): string[] {
  const manifests = house.paths.filter((path) => /^(?:libs|apps)\/[^/]+\/package\.json$/.test(path));
  const exported = manifests.flatMap((path) => {
    const home = posix.dirname(path);
    const named = (house.text(path) ?? '').match(/"\.\/(?:src|dist\/(?:esm|cjs))\/[^"*]+\.(?:[cm]?ts|[cm]?js)"/g) ?? [];
    return named.map((name) => sourceOfBuilt(house, posix.join(home, name.slice(3, -1))));
  });
  const bins = house.paths
    .filter((path) => /^(?:libs|apps)\/[^/]+\/bin\/.*\.[cm]?js$/.test(path))
    .flatMap((path) =>
      house.source(path).imports.map((name) => sourceOfBuilt(house, posix.join(posix.dirname(path), name))),
    );
  const named = sourcePaths(house).filter((path) => isSpec(path) || /\/src\/(?:index|main)\.tsx?$/.test(path));
  return [...exported, ...bins].filter((path) => path !== undefined).concat(named);
}

// The source of a path that package.json or a bin names, be it in src or in a dist that is built from it.
function sourceOfBuilt(house: House, path: string): string | undefined {
  const source = path.replace(/\/dist\/(?:esm|cjs)\//, '/src/').replace(/\.d\.ts$/, '.js');
  return resolveImport(house, '.', source);
}

/** Sources that no door of their package leads to. */
export function deadFiles(house: House): string[] {
  const alive = new Set<string>();
  const visit = (path: string): void => {
    if (alive.has(path)) return;
    alive.add(path);
    const { imports, urls } = house.source(path);
    filesOf(house, path, [...imports, ...urls]).forEach(visit);
  };
  doors(house).forEach(visit);
  return sourcePaths(house).filter((path) => !alive.has(path));
}

/** Packages that a source imports and its package.json does not name, so that they would be missing where it is installed. */
export function undeclared(house: House): string[] {
  return sourcePaths(house)
    .filter((path) => !isSpec(path))
    .flatMap((path) => {
      const manifest = JSON.parse(house.text(`${packageOf(path)}/package.json`) ?? '{}') as Manifest;
      const known = { ...manifest.dependencies, ...manifest.peerDependencies };
      return house
        .source(path)
        .imports.filter((specifier) => !isRelative(specifier) && !specifier.startsWith('node:'))
        .map((specifier) => /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier)
        .filter((name) => !(name in known))
        .map((name) => `${path}: ${name}`);
    });
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}
