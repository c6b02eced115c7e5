/** The routes that agents use, turned into calls: what stands between an agent process and the bus in these tests. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { type AddressInfo } from 'node:net';
import { type Bus } from '@whoosh/bus';
import {
  agents,
  type CallContract,
  CallError,
  councils,
  ERRORS,
  type Principal,
  tasks,
} from '@whoosh/contracts';
import { sha256Hex } from '@whoosh/stdx';
import { jwtVerify } from 'jose';
import { JWT_SECRET } from './world.ts';

interface Door {
  readonly method: string;
  readonly path: RegExp;
  /** Names of the fields that the path's groups fill. */
  readonly fields: readonly string[];
  readonly contract: CallContract;
}

function door(method: string, path: RegExp, fields: readonly string[], contract: unknown): Door {
  return { method, path, fields, contract: contract as CallContract };
}

const DOORS: readonly Door[] = [
  door('POST', /^\/agents\/register$/, [], agents.registerAgent),
  door('PUT', /^\/agents\/([^/]+)\/status$/, ['agent_id'], agents.setAgentStatus),
  door('GET', /^\/tasks\/([^/]+)$/, ['id'], tasks.getTask),
  door('GET', /^\/councils\/([^/]+)$/, ['id'], councils.getCouncil),
  door('POST', /^\/councils\/([^/]+)\/claims$/, ['council_id'], councils.claimRole),
  door('POST', /^\/councils\/([^/]+)\/artifacts$/, ['council_id'], councils.addArtifact),
  door(
    'GET',
    /^\/councils\/([^/]+)\/artifacts\/([^/]+)$/,
    ['council_id', 'artifact_id'],
    councils.getArtifact,
  ),
  door('POST', /^\/councils\/([^/]+)\/votes$/, ['council_id'], councils.castVote),
];

export const SERVICE_TOKEN = 'the service token of these tests';

export interface RestDoor extends AsyncDisposable {
  readonly url: string;
}

export async function openRestDoor(bus: Bus): Promise<RestDoor> {
  const server = createServer((request, response) => void answer(bus, request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function answer(bus: Bus, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const reply = (status: number, body: object) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  };
  try {
    const path = (request.url ?? '').replace(/^\/api\/v1/, '');
    const found = DOORS.find((one) => one.method === request.method && one.path.test(path));
    if (found === undefined) throw new CallError('not_found', `no route ${request.method} ${path}`);
    const values = found.path.exec(path)?.slice(1) ?? [];
    const named = Object.fromEntries(found.fields.map((field, at) => [field, values[at]]));
    const principal = await principalOf(request);
    const data = await bus.call(found.contract, { ...(await bodyOf(request)), ...named }, { principal });
    reply(200, { status: 'success', data });
  } catch (cause) {
    const error = cause instanceof CallError ? cause : new CallError('internal', String(cause));
    const details = { ...error.details, code: error.code };
    reply(ERRORS[error.code].http, { status: 'error', error: error.message, details });
  }
}

async function principalOf(request: IncomingMessage): Promise<Principal> {
  const token = (request.headers.authorization ?? '').replace(/^Bearer /, '');
  if (token === SERVICE_TOKEN) return { kind: 'service', id: 'service:test', role: 'service' };
  if (token.split('.').length !== 3) {
    return { kind: 'join', id: 'join', role: 'none', token_sha256: sha256Hex(token) };
  }
  const { payload } = await jwtVerify(token, new TextEncoder().encode(JWT_SECRET)).catch((cause: unknown) => {
    throw new CallError('unauthenticated', 'the token is not valid', { cause });
  });
  const deployment_id = payload['deployment_id'] as string | undefined;
  return {
    kind: 'agent',
    id: String(payload['user_id']),
    role: 'agent',
    ...(deployment_id !== undefined && { deployment_id }),
  };
}

async function bodyOf(request: IncomingMessage): Promise<object> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return chunks.length === 0 ? {} : (JSON.parse(Buffer.concat(chunks).toString()) as object);
}
