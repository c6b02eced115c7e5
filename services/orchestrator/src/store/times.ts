import { type Instant } from '@whoosh/stdx';

/** Between the instants of the domain and the times of rows and views. */
export function toDate(at: Instant): Date;
export function toDate(at: Instant | null): Date | null;
export function toDate(at: Instant | null): Date | null {
  return at === null ? null : new Date(at);
}

export function toInstant(at: Date): Instant;
export function toInstant(at: Date | null): Instant | null;
export function toInstant(at: Date | null): Instant | null {
  return at === null ? null : at.getTime();
}

export function toText(at: Instant): string;
export function toText(at: Instant | null): string | null;
export function toText(at: Instant | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
