/** The `{name}` tokens of a pattern: `'a.{b}.{c}'` gives `'b' | 'c'`. */
type TokenName<Pattern extends string> = Pattern extends `${string}{${infer Name}}${infer Rest}`
  ? Name | TokenName<Rest>
  : never;

type Tokens<Pattern extends string> = Readonly<Record<TokenName<Pattern>, string>>;

export interface Subject<Pattern extends string = string> {
  readonly pattern: Pattern;
  /** What a server subscribes to: every `{token}` becomes `*`. */
  readonly wildcard: string;
  /** The concrete subject for these tokens. Throws if a token could escape its place. */
  at(tokens: Tokens<Pattern>): string;
  /** The tokens of a concrete subject, or undefined when it is not one of ours. */
  match(subject: string): Tokens<Pattern> | undefined;
}

// Narrower than NATS allows: no dot, no wildcard, nothing that a shell, a file name or a metric
// label would have to escape. The colon is here because agent ids carry one ("agent:7").
const TOKEN = /^[A-Za-z0-9_:-]{1,128}$/;
const PLACEHOLDER = /^\{([a-z][A-Za-z]*)\}$/;

export function subject<const Pattern extends string>(pattern: Pattern): Subject<Pattern> {
  const parts = pattern.split('.').map((part) => {
    const name = PLACEHOLDER.exec(part)?.[1];
    if (name === undefined && !TOKEN.test(part)) throw new TypeError(`bad subject part: '${part}'`);
    return { literal: part, name };
  });

  return {
    pattern,
    wildcard: parts.map(({ literal, name }) => (name ? '*' : literal)).join('.'),

    at(tokens) {
      const values = tokens as Readonly<Record<string, string>>;
      return parts.map(({ literal, name }) => (name ? checked(name, values[name]) : literal)).join('.');
    },

    match(subject) {
      const actual = subject.split('.');
      if (actual.length !== parts.length) return undefined;
      const found: Record<string, string> = {};
      for (const [index, { literal, name }] of parts.entries()) {
        const value = actual[index] ?? '';
        if (name) found[name] = value;
        else if (value !== literal) return undefined;
      }
      return found as Tokens<Pattern>;
    },
  };
}

function checked(name: string, value: string | undefined): string {
  if (value === undefined || !TOKEN.test(value)) {
    throw new TypeError(`subject token '${name}' may not be '${value}'`);
  }
  return value;
}
