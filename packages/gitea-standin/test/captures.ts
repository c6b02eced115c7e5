import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FIXTURES = join(import.meta.dirname, '..', 'fixtures');

/** One request to a real Gitea with its answer. Lists longer than three are cut; `body_items` is their length. */
export interface Capture {
  readonly file: string;
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly authorization: string | null;
    readonly body: unknown;
  };
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: unknown;
    readonly body_items?: number;
  };
}

/** One delivery of a real Gitea. */
export interface CapturedDelivery {
  readonly file: string;
  readonly after: string;
  readonly secret: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly raw_body: string;
}

export function apiCaptures(): Capture[] {
  return load<Capture>('api');
}

export function deliveryCaptures(): CapturedDelivery[] {
  return load<CapturedDelivery>('webhooks');
}

function load<T>(folder: string): T[] {
  const names = readdirSync(join(FIXTURES, folder)).toSorted();
  return names.map((name) => ({
    ...(JSON.parse(readFileSync(join(FIXTURES, folder, name), 'utf8')) as T),
    file: name.replace('.json', ''),
  }));
}
