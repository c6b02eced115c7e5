import type { Api } from './api.ts';

export interface StreamEvent {
  readonly event: string;
  readonly data: unknown;
}

export type Link = 'connecting' | 'live' | 'lost';

interface StreamOptions {
  readonly api: Api;
  readonly onEvent: (event: StreamEvent) => void;
  readonly onLink: (link: Link) => void;
  readonly onRefused: () => void;
}

const RETRY_MS_MIN = 1_000;
const RETRY_MS_MAX = 15_000;

/**
 * Reads `/api/v1/events` for as long as the page is open: a stream of fetch rather than an EventSource, because the latter
 * cannot send a token. After a break it resumes behind the last event it has seen.
 */
export function readEvents({ api, onEvent, onLink, onRefused }: StreamOptions): () => void {
  const ended = new AbortController();
  let lastId: string | undefined;

  const read = async (): Promise<void> => {
    const headers = { ...api.headers, ...(lastId !== undefined && { 'Last-Event-ID': lastId }) };
    const response = await fetch('/api/v1/events?beats=1', { headers, signal: ended.signal });
    if (response.status === 401) {
      onRefused();
      ended.abort();
    }
    if (!response.ok || !response.body) throw new Error(`events: ${response.status}`);
    onLink('live');
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const blocks = (rest + value).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) {
        const { id, event, data } = fieldsOf(block);
        if (data === undefined) continue;
        onEvent({ event: event ?? 'message', data: JSON.parse(data) });
        if (id !== undefined) lastId = id;
      }
    }
  };

  const follow = async (): Promise<void> => {
    let waitMs = RETRY_MS_MIN;
    while (!ended.signal.aborted) {
      const startedAt = performance.now();
      try {
        await read();
      } catch {
        // Whatever broke it, the cure is the same.
      }
      if (ended.signal.aborted) return;
      if (performance.now() - startedAt > RETRY_MS_MAX) waitMs = RETRY_MS_MIN;
      onLink('lost');
      await new Promise((resolve) => setTimeout(resolve, waitMs));
      waitMs = Math.min(waitMs * 2, RETRY_MS_MAX);
    }
  };
  void follow();
  return () => ended.abort();
}

function fieldsOf(block: string): { id?: string; event?: string; data?: string } {
  const fields: Record<string, string> = {};
  for (const line of block.split('\n')) {
    const at = line.indexOf(': ');
    if (at > 0) fields[line.slice(0, at)] = line.slice(at + 2);
  }
  return fields;
}
