/** The package.json that a library is published with, made from the one it is written with. */

export interface SourceManifest {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly license: string;
  /** Door → TypeScript file below `./src/`. */
  readonly exports: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

export interface PackedManifest extends Omit<SourceManifest, 'exports'> {
  readonly type: 'module';
  readonly engines: { readonly node: string };
  readonly files: readonly string[];
  readonly exports: Readonly<Record<string, { readonly types: string; readonly default: string }>>;
}

/** As old as what the compiled code needs: explicit resource management comes with it. */
const NODE = '>=24';

/**
 * @param versions those of our own packages that are published beside it
 * @throws when it depends on one of ours that is not
 */
export function packedManifest(
  { name, version, description, license, exports, dependencies = {} }: SourceManifest,
  versions: ReadonlyMap<string, string>,
): PackedManifest {
  return {
    name,
    version,
    description,
    license,
    type: 'module',
    engines: { node: NODE },
    files: ['dist'],
    exports: Object.fromEntries(
      Object.entries(exports).map(([door, file]) => {
        const built = file.replace('./src/', './dist/').replace(/\.ts$/, '');
        return [door, { types: `${built}.d.ts`, default: `${built}.js` }];
      }),
    ),
    dependencies: Object.fromEntries(
      Object.entries(dependencies).map(([other, wanted]) => [other, wanted === '*' ? ours(other) : wanted]),
    ),
  };

  function ours(other: string): string {
    const known = versions.get(other);
    if (known === undefined) throw new Error(`${name} depends on ${other}, which is not published`);
    return known;
  }
}
