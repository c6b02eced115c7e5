import { type IncomingMessage, type ServerResponse } from 'node:http';

/** A request body on an admin port is a few numbers; more is refused. */
export const ADMIN_BODY_BYTES_MAX = 64 * 1024;

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

export type JsonBody =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly status: 400 | 413; readonly reason: string };

/** The JSON body of a request, of bounded size; undefined when there is none. */
export async function readJson(request: IncomingMessage, bytesMax = ADMIN_BODY_BYTES_MAX): Promise<JsonBody> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    // Read on without keeping: cutting the connection would lose the answer.
    if (bytes <= bytesMax) chunks.push(chunk);
  }
  if (bytes > bytesMax) return { ok: false, status: 413, reason: `the body has more than ${bytesMax} bytes` };
  if (bytes === 0) return { ok: true, value: undefined };
  try {
    return { ok: true, value: JSON.parse(Buffer.concat(chunks).toString()) };
  } catch {
    return { ok: false, status: 400, reason: 'the body is not JSON' };
  }
}
