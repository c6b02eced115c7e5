/** Server-Sent Events, as the HTML standard writes them. */
export interface Frame {
  /** Stream sequence; what a reader sends back as Last-Event-ID. */
  readonly id?: number;
  readonly event: string;
  /** One line of JSON. */
  readonly data: string;
}

export function sseFrame({ id, event, data }: Frame): string {
  const head = id === undefined ? '' : `id: ${id}\n`;
  return `${head}event: ${event}\ndata: ${data}\n\n`;
}

/** A comment, which readers ignore and proxies count as life. */
export const SSE_HEARTBEAT = ': alive\n\n';

/** The sequence a reader says it has seen last; undefined when it says none, `malformed` when it makes no sense. */
export function lastEventId(header: string | undefined): number | undefined | 'malformed' {
  if (header === undefined || header === '') return undefined;
  if (!/^\d{1,16}$/.test(header)) return 'malformed';
  const sequence = Number(header);
  return Number.isSafeInteger(sequence) ? sequence : 'malformed';
}
