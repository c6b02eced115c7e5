import type { ComponentChildren } from 'preact';
import { useNow } from '../live/cell.ts';
import { ago } from '../live/words.ts';

export function Ago({ at }: { at: string | null | undefined }) {
  const now = useNow();
  return <time dateTime={at ?? undefined}>{ago(at, now)}</time>;
}

/** What to say where there is nothing yet: what it would be, and how it comes to be. */
export function Empty({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <div class="empty">
      <h3>{title}</h3>
      <p>{children}</p>
    </div>
  );
}

/** A share from 0 to 1, with its figure for those who read rather than look. */
export function Meter({ share, label }: { share: number; label: string }) {
  return (
    <span class="meter" role="img" aria-label={label} title={label}>
      <span style={{ inlineSize: `${Math.round(Math.min(1, Math.max(0, share)) * 100)}%` }} />
    </span>
  );
}
