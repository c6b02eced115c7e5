/** Values in words and figures, the same on every view. */
export function ago(at: string | number | null | undefined, now: number): string {
  if (at === null || at === undefined) return 'never';
  const seconds = Math.max(0, Math.round((now - new Date(at).getTime()) / 1_000));
  if (seconds < 2) return 'just now';
  if (seconds < 90) return `${seconds} s ago`;
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 129_600) return `${Math.round(seconds / 3_600)} h ago`;
  return `${Math.round(seconds / 86_400)} d ago`;
}

/** With a minus that is one, as wide as a plus. */
export function signed(value: number, digits: number): string {
  return value.toFixed(digits).replace('-', '\u2212');
}

export function clock(at: string | number): string {
  return new Date(at).toLocaleTimeString([], {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hour12: false,
  });
}

export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

export function plain(name: string): string {
  return name.replaceAll('_', ' ').replaceAll('-', ' ');
}

export function short(id: string): string {
  return id.length > 13 ? `…${id.slice(-8)}` : id;
}

export function bytes(count: number): string {
  return count < 1_024 ? `${count} B` : `${(count / 1_024).toFixed(1)} KiB`;
}

export function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}
