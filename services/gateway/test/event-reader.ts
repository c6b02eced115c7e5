import { type backbeat } from '@whoosh/contracts';

export interface Got {
  readonly id?: string;
  readonly event?: string;
  readonly data?: string;
}

/** A reader of the event stream, as far as a test needs one. */
export async function readEvents(url: string, bearer: string, lastEventId?: number) {
  const ended = new AbortController();
  const response = await fetch(url, {
    signal: ended.signal,
    headers: {
      Authorization: `Bearer ${bearer}`,
      ...(lastEventId !== undefined && { 'Last-Event-ID': String(lastEventId) }),
    },
  });
  const got: Got[] = [];
  let isOver = false;
  const follow = async () => {
    let rest = '';
    const stream = response.body?.pipeThrough(new TextDecoderStream());
    for await (const text of stream ?? []) {
      const blocks = (rest + text).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) {
        const fields = Object.fromEntries(
          block
            .split('\n')
            .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
        );
        if ('data' in fields) got.push(fields);
      }
    }
  };
  void follow()
    .catch(() => undefined)
    .finally(() => {
      isOver = true;
    });
  return {
    status: response.status,
    headers: response.headers,
    got,
    names: () => got.map(({ event }) => event),
    isOver: () => isOver,
    [Symbol.dispose]: () => ended.abort(),
  };
}

export function beatsOf(got: readonly Got[]): backbeat.BeatFrame[] {
  return got
    .filter(({ event }) => event === 'beat')
    .map(({ data }) => JSON.parse(data ?? '') as backbeat.BeatFrame);
}
