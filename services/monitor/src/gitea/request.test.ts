import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { openLog } from '@whoosh/telemetry';
import { GiteaRequests } from './request.ts';

/** A server that does what it is asked and then answers with what is left in `answers`, at last with 200. */
async function serve(answers: (number | 'cut')[]) {
  const asked: string[] = [];
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    asked.push(request.method ?? '');
    const next = answers.shift() ?? 200;
    if (next === 'cut') request.socket.destroy();
    else
      response
        .writeHead(next, { 'content-type': 'application/json', 'retry-after': '0' })
        .end(JSON.stringify({ id: 7 }));
  };
  const server = createServer(answer);
  const { promise: listening, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await listening;
  const requests = new GiteaRequests({
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token: 'secret',
    retriesMax: 3,
    retryDelayMs: 1,
    debugUrls: false,
    log: openLog({ service: 'test', level: 'silent', pretty: false }),
  });
  return { asked, requests, [Symbol.dispose]: () => void server.close() };
}

test.each([500, 504, 'cut'] as const)(
  'a POST that ends with %s is not said again: it may have been carried out',
  async (failure) => {
    using gitea = await serve([failure]);
    await expect(gitea.requests.send('POST', '/repos/a/b/issues/1/comments', {})).rejects.toMatchObject({
      code: 'unavailable',
    });
    expect(gitea.asked).toEqual(['POST']);
  },
);

test('a POST that was turned away is said again', async () => {
  using gitea = await serve([429]);
  await expect(gitea.requests.send('POST', '/repos/a/b/issues/1/comments', {})).resolves.toMatchObject({
    data: { id: 7 },
  });
  expect(gitea.asked).toEqual(['POST', 'POST']);
});

test.each(['GET', 'PATCH', 'DELETE'])(
  'a %s is repeated after every failure of the server',
  async (method) => {
    using gitea = await serve([500, 'cut']);
    await expect(gitea.requests.send(method, '/repos/a/b')).resolves.toMatchObject({ status: 200 });
    expect(gitea.asked).toEqual([method, method, method]);
  },
);
