import * as z from 'zod';
import { parseDurationMs } from '@whoosh/stdx';
import { Secret } from './secret.ts';

const PORT_MAX = 65_535;

/** A value that is masked wherever it is printed. It has no default; `.optional()` where it may be missing. */
export const secret = ({ lengthMin = 1 }: { lengthMin?: number } = {}) =>
  z
    .string()
    .min(lengthMin, `must have at least ${lengthMin} characters`)
    .transform((value) => new Secret(value));

const millis = z.string().transform((text, context) => {
  const ms = parseDurationMs(text);
  if (ms !== undefined) return ms;
  context.addIssue({ code: 'custom', message: 'must be a duration such as 250ms, 30s, 5m or 24h' });
  return z.NEVER;
});

/** A time span, given as `30s`, `5m`, `24h`, read as milliseconds. */
export const duration = (byDefault: string) => millis.prefault(byDefault);

/** A time span without a default; `.optional()` where it may be missing. */
export const requiredDuration = () => millis;

const FLAGS: Readonly<Record<string, boolean>> = {
  true: true,
  1: true,
  yes: true,
  on: true,
  false: false,
  0: false,
  no: false,
  off: false,
};

const switches = new WeakSet<object>();

/** Whether a variable is on or off, so that its flag may stand alone. */
export const isSwitch = (schema: object): boolean => switches.has(schema);

/** `true`, `1`, `yes`, `on` and their opposites, in any case. */
export const flag = (byDefault: boolean) => {
  const schema = z
    .string()
    .transform((text, context) => {
      const value = FLAGS[text.toLowerCase()];
      if (value !== undefined) return value;
      context.addIssue({ code: 'custom', message: 'must be true or false' });
      return z.NEVER;
    })
    .prefault(String(byDefault));
  switches.add(schema);
  return schema;
};

/** Parts divided by commas or line ends, trimmed, without the empty ones. None when not given. */
export const list = () =>
  z
    .string()
    .transform((text) =>
      text
        .split(/[,\n]/)
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    )
    .prefault('');

interface Range {
  readonly min?: number;
  readonly max?: number;
}

/** A decimal number within its range, both ends included. */
export const number = (byDefault: number, range: Range = {}) =>
  requiredNumber(range).prefault(String(byDefault));

/** A decimal number without a default; `.optional()` where it may be missing. */
export const requiredNumber = (range: Range = {}) => numeric(/^-?\d+(\.\d+)?$/, 'a number', range);

/** A whole number within its range, both ends included. */
export const integer = (byDefault: number, range: Range = {}) =>
  requiredInteger(range).prefault(String(byDefault));

/** A whole number without a default; `.optional()` where it may be missing. */
export const requiredInteger = (range: Range = {}) => numeric(/^-?\d+$/, 'a whole number', range);

/** A TCP port; 0 lets the system choose a free one. */
export const port = (byDefault: number) => integer(byDefault, { min: 0, max: PORT_MAX });

function numeric(form: RegExp, kind: string, { min, max }: Range) {
  const least = min ?? Number.MIN_SAFE_INTEGER;
  const most = max ?? Number.MAX_SAFE_INTEGER;
  return z.string().transform((text, context) => {
    const value = Number(text);
    if (form.test(text) && value >= least && value <= most) return value;
    context.addIssue({ code: 'custom', message: `must be ${kind}${rangeText(min, max)}` });
    return z.NEVER;
  });
}

function rangeText(min: number | undefined, max: number | undefined): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  if (min !== undefined) return `, at least ${min}`;
  return max === undefined ? '' : `, at most ${max}`;
}
