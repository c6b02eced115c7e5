/** An agent that proves who it is and then neither hears that it shall stop nor obeys a SIGTERM. */
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';

const { WHOOSH_AGENT_RECORD: path = '', WHOOSH_AGENT_NONCE: nonce } = process.env;

process.on('SIGTERM', () => undefined);
const server = createServer((request, response) => {
  if (request.url === '/agent') response.end(JSON.stringify({ nonce, pid: process.pid }));
  else response.writeHead(202).end();
});
server.listen(0, '127.0.0.1', () => {
  const admin_url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  void readFile(path, 'utf8').then((text) =>
    writeFile(path, JSON.stringify({ ...(JSON.parse(text) as object), pid: process.pid, admin_url })),
  );
});
